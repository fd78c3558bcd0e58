"""A worker should answer each request once, whoever dies, sleeps or sends nonsense meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
import redis.asyncio

from model_server.contract import (
    FIELD,
    REQUESTS,
    RESULTS,
    WORKERS,
    Line,
    Reply,
    ReplyFailed,
    ReplyRequest,
    Result,
    decode_result,
    encode,
)
from model_server.errors import EngineStopped
from model_server.redis_link import connect_blocking
from model_server.streams import Lease, LeaseKeeper, RequestQueue
from model_server.worker import Worker, WorkerSettings
from tests.waiting import until

QUICK = WorkerSettings(slots=4, lease_ms=300, most_deliveries=2, drain_s=0.2)


def request(name: str, deadline_in_ms: int = 60_000) -> ReplyRequest:
    now = int(time.time() * 1000)
    line = Line(line_id=name, author="contact", text="hello", at_ms=now)
    return ReplyRequest(f"test:1:{name}", "test:1", "c", "Bram", "friend", (line,), now, now + deadline_in_ms)


def reply_to(asked: ReplyRequest, text: str = "hi") -> Reply:
    return Reply(asked.request_id, asked.chat_key, text, asked.contact_type, {}, {}, 1, 1, 0, 0, "stop")


class Scripted:
    """Stands where the model would: answers by the function it is given and remembers what it was asked."""

    def __init__(self, script: Callable[[ReplyRequest], Awaitable[Reply]]) -> None:
        self.script = script
        self.asked: list[str] = []

    async def answer(self, request: ReplyRequest) -> Reply:
        self.asked.append(request.request_id)
        return await self.script(request)


async def at_once(asked: ReplyRequest) -> Reply:
    return reply_to(asked)


async def never(_asked: ReplyRequest) -> Reply:
    await asyncio.Event().wait()
    raise AssertionError


class Lazy(LeaseKeeper):
    """Renews nothing: the process was stopped for a while, or its link to Redis was."""

    def beat(self, lease: Lease) -> bool:
        return True


@asynccontextmanager
async def working(
    client: redis.asyncio.Redis,
    url: str,
    answerer: Scripted,
    name: str = "w1",
    settings: WorkerSettings = QUICK,
    *,
    keeper: type[LeaseKeeper] = LeaseKeeper,
    ready: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Worker]:
    blocking = connect_blocking(url)
    queue = RequestQueue(client, name, settings.lease_ms)
    worker, stopping = Worker(queue, keeper(blocking, name), answerer, settings, ready), asyncio.Event()
    running = asyncio.create_task(worker.run(stopping))
    try:
        yield worker
    finally:
        stopping.set()
        await running
        blocking.close()


async def ask(client: redis.asyncio.Redis, *requests: ReplyRequest) -> None:
    for one in requests:
        await client.xadd(REQUESTS, {FIELD: encode(one)})


async def results(client: redis.asyncio.Redis) -> list[Result]:
    entries = cast(list[tuple[bytes, dict[bytes, bytes]]], await client.xrange(RESULTS))
    return [decode_result(fields[FIELD]) for _, fields in entries]


async def nothing_left(client: redis.asyncio.Redis) -> bool:
    return await client.xlen(REQUESTS) == 0 and (await client.xpending(REQUESTS, WORKERS))["pending"] == 0


async def test_should_answer_each_request_and_leave_nothing(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    asked = [request(f"l{n}") for n in range(20)]
    await ask(redis_client, *asked)
    async with working(redis_client, redis_url, Scripted(at_once)):
        await until(lambda: nothing_left(redis_client))
    assert sorted(r.request_id for r in await results(redis_client)) == sorted(a.request_id for a in asked)


async def test_should_hold_no_more_than_its_slots(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    await ask(redis_client, *(request(f"l{n}") for n in range(10)))
    stuck = Scripted(never)
    async with working(redis_client, redis_url, stuck):
        await until(lambda: len(stuck.asked) == QUICK.slots)
        assert (await redis_client.xpending(REQUESTS, WORKERS))["pending"] == QUICK.slots


async def test_should_keep_its_lease_through_a_long_answer(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    gate = asyncio.Event()

    async def slowly(asked: ReplyRequest) -> Reply:
        await gate.wait()
        return reply_to(asked, "slow")

    slow, other = Scripted(slowly), Scripted(at_once)
    await ask(redis_client, request("long"))
    async with working(redis_client, redis_url, slow, "slow"):
        await until(lambda: slow.asked)
        async with working(redis_client, redis_url, other, "other"):
            started = time.monotonic()
            await until(lambda: time.monotonic() - started > 3 * QUICK.lease_ms / 1000)
            assert other.asked == []
            gate.set()
            await until(lambda: nothing_left(redis_client))
    assert [r.text for r in await results(redis_client) if isinstance(r, Reply)] == ["slow"]


async def test_should_take_over_from_a_dead_worker(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    dead = RequestQueue(redis_client, "dead", QUICK.lease_ms)
    await dead.prepare()
    await ask(redis_client, request("left"))
    assert len(await dead.take(1, wait_ms=100)) == 1
    async with working(redis_client, redis_url, Scripted(at_once)):
        await until(lambda: nothing_left(redis_client))
    assert [r.request_id for r in await results(redis_client)] == ["test:1:left"]


async def test_should_refuse_the_result_of_a_worker_that_woke_up_late(
    redis_client: redis.asyncio.Redis, redis_url: str
) -> None:
    zombie = RequestQueue(redis_client, "zombie", QUICK.lease_ms)
    await zombie.prepare()
    await ask(redis_client, request("fought-over"))
    (lease,) = await zombie.take(1, wait_ms=100)
    async with working(redis_client, redis_url, Scripted(at_once)):
        await until(lambda: nothing_left(redis_client))
    assert not await zombie.publish(lease, reply_to(request("fought-over"), "too late"))
    assert [r.text for r in await results(redis_client) if isinstance(r, Reply)] == ["hi"]


async def test_should_not_renew_or_publish_under_an_overtaken_delivery(
    redis_client: redis.asyncio.Redis, redis_url: str
) -> None:
    """The same consumer name twice (a restart that kept it): the older delivery is fenced off by its count."""
    queue = RequestQueue(redis_client, "same", lease_ms=0)
    await queue.prepare()
    await ask(redis_client, request("twice"))
    (old,) = await queue.take(1, wait_ms=100)
    (new,) = await queue.reclaim(1)
    assert (old.deliveries, new.deliveries) == (1, 2)
    keeper = LeaseKeeper(connect_blocking(redis_url), "same")
    assert (keeper.beat(old), keeper.beat(new)) == (False, True)
    assert not await queue.publish(old, reply_to(request("twice")))
    assert await queue.publish(new, reply_to(request("twice")))


async def test_should_try_again_when_the_engine_died_under_a_request(
    redis_client: redis.asyncio.Redis, redis_url: str
) -> None:
    async def second_time(asked: ReplyRequest) -> Reply:
        if len(shaky.asked) == 1:
            raise EngineStopped("the engine is not running", "start it")
        return reply_to(asked)

    shaky = Scripted(second_time)
    await ask(redis_client, request("shaken"))
    async with working(redis_client, redis_url, shaky):
        await until(lambda: nothing_left(redis_client))
    assert [type(r) for r in await results(redis_client)] == [Reply]


async def test_should_not_count_the_deaths_of_the_engine_towards_poison(
    redis_client: redis.asyncio.Redis, redis_url: str
) -> None:
    async def in_the_end(asked: ReplyRequest) -> Reply:
        if len(shaky.asked) <= 2 * QUICK.most_deliveries:
            raise EngineStopped("the engine is not running", "start it")
        return reply_to(asked)

    shaky = Scripted(in_the_end)
    await ask(redis_client, request("healthy"))
    async with working(redis_client, redis_url, shaky):
        await until(lambda: nothing_left(redis_client))
    assert [type(r) for r in await results(redis_client)] == [Reply]


async def test_should_take_nothing_while_it_cannot_answer(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    looks = 0
    running = False

    def ready() -> bool:
        nonlocal looks
        looks += 1
        return running

    answerer = Scripted(at_once)
    await ask(redis_client, request("early"))
    async with working(redis_client, redis_url, answerer, ready=ready):
        await until(lambda: looks >= 3)
        assert answerer.asked == []
        running = True
        await until(lambda: nothing_left(redis_client))
    assert answerer.asked == ["test:1:early"]


async def test_should_end_an_older_delivery_of_its_own_before_it_serves_the_new_one(
    redis_client: redis.asyncio.Redis, redis_url: str
) -> None:
    """Its own lease ran out and came back to it: one request, computed once at a time, held until it is answered."""
    gate = asyncio.Event()
    running = most = 0

    async def slowly(asked: ReplyRequest) -> Reply:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await gate.wait()
            return reply_to(asked)
        finally:
            await asyncio.sleep(0)  # as the engine, which ends a cancelled generation one step later
            running -= 1

    forgetful = WorkerSettings(slots=2, lease_ms=100, most_deliveries=1000)
    slow = Scripted(slowly)
    await ask(redis_client, request("mine"))
    async with working(redis_client, redis_url, slow, settings=forgetful, keeper=Lazy) as worker:
        await until(lambda: len(slow.asked) >= 4)
        assert (most, len(worker._held)) == (1, 1)
        gate.set()
        await until(lambda: nothing_left(redis_client))
    assert len(await results(redis_client)) == 1


async def test_should_give_up_on_poison_with_a_reason(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    async def burst(_asked: ReplyRequest) -> Reply:
        raise ZeroDivisionError

    poisonous = Scripted(burst)
    await ask(redis_client, request("poison"), request("fine"))
    async with working(redis_client, redis_url, poisonous):
        await until(lambda: nothing_left(redis_client))
    found = await results(redis_client)
    assert {r.reason for r in found if isinstance(r, ReplyFailed)} == {"poison"}
    assert len(found) == 2
    assert poisonous.asked.count("test:1:poison") == QUICK.most_deliveries


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (encode(request("late", deadline_in_ms=-1)), "expired"),
        (b"{nonsense", "unreadable"),
        (b"\xff\xfe", "unreadable"),
    ],
)
async def test_should_not_work_on_what_nobody_wants(
    redis_client: redis.asyncio.Redis, redis_url: str, entry: bytes, reason: str
) -> None:
    idle = Scripted(at_once)
    await redis_client.xadd(REQUESTS, {FIELD: entry})
    async with working(redis_client, redis_url, idle):
        await until(lambda: nothing_left(redis_client))
    (failed,) = await results(redis_client)
    assert isinstance(failed, ReplyFailed)
    assert (failed.reason, idle.asked) == (reason, [])


async def test_should_reach_abandoned_requests_behind_many_fresh_ones(redis_client: redis.asyncio.Redis) -> None:
    """With a sweep that always starts at 0-0, the fresh ones in front would hide the abandoned ones for ever."""
    busy, gone = RequestQueue(redis_client, "busy", 0), RequestQueue(redis_client, "gone", 0)
    await busy.prepare()
    await ask(redis_client, *(request(f"fresh{n}") for n in range(300)))
    fresh = await busy.take(300, wait_ms=100)
    await ask(redis_client, request("abandoned"))
    (abandoned,) = await gone.take(1, wait_ms=100)
    sweeper = RequestQueue(redis_client, "sweeper", lease_ms=5_000)
    aged = {"name": REQUESTS, "groupname": WORKERS, "min_idle_time": 0, "idle": 60_000, "justid": True}
    await redis_client.xclaim(consumername="gone", message_ids=[abandoned.entry_id], **aged)  # type: ignore[arg-type]
    found = [lease.entry_id for _ in range(40) for lease in await sweeper.reclaim(1)]
    assert found == [abandoned.entry_id]
    assert len(fresh) == 300


async def test_should_find_what_a_broken_link_hid(redis_client: redis.asyncio.Redis) -> None:
    """Redis delivered it, the answer never reached us: it is ours and we do not know it."""
    queue = RequestQueue(redis_client, "w1", QUICK.lease_ms)
    await queue.prepare()
    await ask(redis_client, request("known"), request("hidden"))
    known, hidden = await queue.take(2, wait_ms=100)
    (found,) = await queue.own_pending(besides={known.entry_id})
    assert (found.entry_id, found.body) == (hidden.entry_id, hidden.body)
    assert await queue.publish(found, reply_to(request("hidden")))


async def test_should_hand_over_at_once_when_told_to_stop(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    patient = WorkerSettings(slots=4, lease_ms=30_000, drain_s=0.1)
    stuck = Scripted(never)
    await ask(redis_client, request("unfinished"))
    async with working(redis_client, redis_url, stuck, "leaving", patient):
        await until(lambda: stuck.asked)
    (taken,) = await RequestQueue(redis_client, "next", patient.lease_ms).reclaim(1)
    assert taken.deliveries == 2


async def test_should_outlive_an_emptied_redis(redis_client: redis.asyncio.Redis, redis_url: str) -> None:
    async with working(redis_client, redis_url, Scripted(at_once)):
        await until(lambda: redis_client.exists(REQUESTS))
        await redis_client.flushall()
        await ask(redis_client, request("after"))
        await until(lambda: redis_client.xlen(RESULTS))
    assert [r.request_id for r in await results(redis_client)] == ["test:1:after"]
