"""Alarms on a real Redis: two processes set the same ones, each goes off once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import redis.asyncio
import time_machine
from redis.exceptions import ConnectionError as RedisGone

from bot.clock import FIRED_PREFIX, Clock
from bot.config import TurnsConfig
from bot.loops import Stopping
from bot.order_store import add_window, clear_rule, load_orders, set_digest, set_rule
from bot.orders import ModeRule, Scope, Window
from tests.waiting import until

FAMILY: Scope = ("type", "family")
SOON_MS = 250

Act = Callable[[], Awaitable[None]]


class Bell:
    """What went off, as `alarm` each time, over all clocks of a test."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self.rung: list[str] = []
        self.client = client

    def clock(self, on_boundary: Act | None = None, zone: str = "UTC", look_every_s: float = 0.02) -> Clock:
        async def ring(alarm: str) -> None:
            self.rung.append(alarm)

        load = partial(load_orders, self.client, TurnsConfig(), zone)
        boundary = on_boundary or partial(ring, "boundary")
        return Clock(
            self.client, load, boundary, partial(ring, "digest"), partial(ring, "sweep"), look_every_s=look_every_s
        )

    def heard(self, alarm: str) -> int:
        return self.rung.count(alarm)

    async def tries(self) -> int:
        """How often a clock has tried to claim a firing."""
        return await calls(self.client, "set")


@asynccontextmanager
async def running(*clocks: Clock) -> AsyncIterator[Stopping]:
    stopping = Stopping()
    async with asyncio.TaskGroup() as group:
        for clock in clocks:
            group.create_task(clock.run(stopping))
        try:
            yield stopping
        finally:
            stopping.set()


async def calls(client: redis.asyncio.Redis, command: str) -> int:
    stats = await client.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {}).get("calls", 0))


def now_ms() -> int:
    return int(time.time() * 1000)


async def order_until(client: redis.asyncio.Redis, until_ms: int) -> None:
    await set_rule(client, FAMILY, ModeRule("auto", until_ms, 0))


async def test_two_clocks_should_let_the_end_of_an_order_go_off_once_and_in_time(
    redis_client: redis.asyncio.Redis,
) -> None:
    bell = Bell(redis_client)
    await redis_client.config_resetstat()
    async with running(bell.clock(), bell.clock()):
        await until(lambda: _at_least(bell.tries(), 2))  # both have swept
        ends_ms = now_ms() + SOON_MS
        await order_until(redis_client, ends_ms)
        await until(lambda: bell.heard("boundary"))
        assert now_ms() >= ends_ms
        await until(lambda: _at_least(bell.tries(), 4))
    assert bell.heard("boundary") == 1
    assert await redis_client.exists(f"{FIRED_PREFIX}boundary:{ends_ms}")


async def test_every_boundary_should_go_off_also_when_the_facts_change_meanwhile(
    redis_client: redis.asyncio.Redis,
) -> None:
    bell = Bell(redis_client)
    async with running(bell.clock(), bell.clock()):
        for heard in (1, 2, 3):
            await order_until(redis_client, now_ms() + 100)
            await until(lambda heard=heard: bell.heard("boundary") == heard)  # type: ignore[misc]


async def test_two_boundaries_between_two_looks_should_both_go_off(redis_client: redis.asyncio.Redis) -> None:
    bell = Bell(redis_client)
    begun_ms = now_ms()
    await order_until(redis_client, begun_ms + SOON_MS)
    await set_rule(redis_client, ("type", "friend"), ModeRule("auto", begun_ms + SOON_MS + 1, 0))
    async with running(bell.clock(look_every_s=2 * SOON_MS / 1000)):
        await until(lambda: bell.heard("boundary") == 2)


async def test_an_alarm_whose_order_was_taken_back_should_not_go_off(redis_client: redis.asyncio.Redis) -> None:
    bell = Bell(redis_client)
    async with running(bell.clock()):
        first_ms = now_ms() + SOON_MS
        await order_until(redis_client, first_ms)
        await redis_client.config_resetstat()
        await until(lambda: _at_least(calls(redis_client, "hgetall"), 2))  # the alarm is set
        await clear_rule(redis_client, FAMILY)
        await set_rule(redis_client, ("type", "friend"), ModeRule("auto", first_ms + 100, 0))
        await until(lambda: bell.heard("boundary"))
        assert now_ms() >= first_ms + 100
    assert await redis_client.exists(f"{FIRED_PREFIX}boundary:{first_ms}") == 0


async def test_a_window_should_begin_at_the_jump_of_the_clock(redis_client: redis.asyncio.Redis) -> None:
    """02:30 does not exist in Amsterdam on 29 March 2026: the clock jumps from 02:00 to 03:00, at 01:00 UTC."""
    jump_ms = int(datetime.fromisoformat("2026-03-29T01:00Z").timestamp() * 1000)
    await add_window(redis_client, Window(0, (6,), 150, 360, "quiet"))
    bell = Bell(redis_client)
    with time_machine.travel((jump_ms - SOON_MS) / 1000, tick=True):
        async with running(bell.clock(zone="Europe/Amsterdam"), bell.clock(zone="Europe/Amsterdam")):
            await until(lambda: bell.heard("boundary"))
            assert jump_ms <= now_ms() < jump_ms + 5_000
    assert bell.heard("boundary") == 1
    assert await redis_client.exists(f"{FIRED_PREFIX}boundary:{jump_ms}")


async def test_a_digest_missed_while_nobody_ran_should_come_late_and_once(redis_client: redis.asyncio.Redis) -> None:
    bell = Bell(redis_client)
    at = datetime.now(UTC)
    await set_digest(redis_client, at.hour * 60 + at.minute)
    async with running(bell.clock(), bell.clock()):
        await until(lambda: bell.heard("digest"))
    async with running(bell.clock()):  # after a restart
        await redis_client.config_resetstat()
        await until(lambda: _at_least(bell.tries(), 2))  # its digest and its sweep
    assert bell.heard("digest") == 1


async def test_a_sweep_should_happen_once_a_minute_however_many_clocks_there_are(
    redis_client: redis.asyncio.Redis,
) -> None:
    bell = Bell(redis_client)
    await redis_client.config_resetstat()
    async with running(bell.clock(), bell.clock(), bell.clock()):
        await until(lambda: _at_least(bell.tries(), 3))
    minutes = [key async for key in redis_client.scan_iter(f"{FIRED_PREFIX}sweep:*")]
    assert bell.heard("sweep") == len(minutes) >= 1


async def test_a_flaw_in_a_callback_should_cost_that_firing_only(redis_client: redis.asyncio.Redis) -> None:
    bell = Bell(redis_client)

    async def flawed() -> None:
        bell.rung.append("flaw")
        raise ValueError("a flaw of ours")

    async with running(bell.clock(flawed)):
        for heard in (1, 2):
            await order_until(redis_client, now_ms() + 50)
            await until(lambda heard=heard: bell.heard("flaw") == heard)  # type: ignore[misc]


async def test_a_callback_should_be_repeated_until_redis_answers(redis_client: redis.asyncio.Redis) -> None:
    bell = Bell(redis_client)

    async def troubled() -> None:
        bell.rung.append("boundary")
        if bell.heard("boundary") == 1:
            raise RedisGone

    async with running(bell.clock(troubled)):
        await order_until(redis_client, now_ms() + 50)
        await until(lambda: bell.heard("boundary") == 2)


async def test_stopping_should_wait_for_what_went_off(redis_client: redis.asyncio.Redis) -> None:
    bell = Bell(redis_client)
    go_on = asyncio.Event()

    async def slow() -> None:
        bell.rung.append("begun")
        await go_on.wait()
        bell.rung.append("done")

    stopping = Stopping()
    run = asyncio.create_task(bell.clock(slow).run(stopping))
    await order_until(redis_client, now_ms() + 50)
    await until(lambda: bell.heard("begun"))
    stopping.set()
    await asyncio.wait({run}, timeout=0.1)
    assert not run.done()
    go_on.set()
    await run
    assert bell.rung[-2:] == ["begun", "done"]


async def _at_least(found: Awaitable[int], wanted: int) -> bool:
    return await found >= wanted
