"""The first result of an open turn should count, and nothing a worker says should stop the loop."""

import pytest
from redis.exceptions import ResponseError

from bot import keys
from model_server.contract import BOTS, RESULTS, ReplyFailed
from model_server.redis_link import ensure_group
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk


async def test_should_answer_once_when_two_workers_answered(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    [request] = await desk.requests()
    await desk.publish(await desk.reply(request, "first"))
    await desk.publish(await desk.reply(request, "second"))
    await desk.collect()
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "first"]
    assert await desk.client.xlen(RESULTS) == 0


async def test_should_handle_what_a_dead_bot_left_pending(make_desk: MakeDesk) -> None:
    dead, alive = make_desk(), make_desk(lease_ms=1)
    dead.results._consumer = "dead"
    await dead.line()
    await dead.turns.step()
    await dead.answer_all()
    await ensure_group(dead.client, RESULTS, BOTS)
    assert len(await dead.results._read_stream(">", None)) == 1
    alive.results._linked = True
    await alive.collect_pending()
    await dead.deliver()
    assert dead.adapter.texts == ["notice", "well"]


async def test_should_handle_what_it_left_pending_itself(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.answer_all()
    await ensure_group(desk.client, RESULTS, BOTS)
    assert len(await desk.results._read_stream(">", None)) == 1
    await desk.results.step()  # not linked yet: its own pending entries come first
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "well"]


async def test_should_link_again_when_its_group_is_gone(desk: Desk) -> None:
    await desk.collect()
    await desk.client.xgroup_destroy(RESULTS, BOTS)
    await desk.line()
    await desk.turns.step()
    await desk.answer_all()
    with pytest.raises(ResponseError, match="NOGROUP"):
        await desk.results.step()
    await desk.collect()
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "well"]


async def test_should_drain_all_it_left_pending_before_it_reads_on(desk: Desk) -> None:
    await ensure_group(desk.client, RESULTS, BOTS)
    for _ in range(40):
        await desk.publish(b"{")
    for _ in range(2):
        await desk.results._read_stream(">", None)
    for _ in range(3):
        await desk.results.step()
    assert await desk.client.xlen(RESULTS) == 0


async def test_should_keep_the_lines_that_came_while_it_answered(make_desk: MakeDesk) -> None:
    desk = make_desk(quiet_ms=5_000)
    await desk.line()
    await desk.lapse()
    await desk.turns.step()
    await desk.line()
    await desk.answer_all()
    await desk.collect()
    assert await desk.mailbox() == 1
    assert 4_000 < (await desk.due_in_ms() or 0) <= 5_000, "the rest of the burst has its own quiet time"


@pytest.mark.parametrize("reason", ["poison", "engine", "too_long"])
async def test_should_bury_a_turn_whose_reply_failed(desk: Desk, reason: str) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.publish(ReplyFailed("test:1:1", "test:1", reason))  # type: ignore[arg-type]
    await desk.line()
    await desk.collect()
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("dead", reason)
    await desk.whole_turn()
    assert await desk.state("test:1:2") == "answered", "the chat goes on"


@pytest.mark.parametrize("raw", [b"", b"{", b'{"type":"reply"}', b'{"type":"request"}', b"\xff\xfe"])
async def test_should_bury_what_it_cannot_read(desk: Desk, raw: bytes) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.publish(raw)
    await desk.answer_all()
    await desk.collect()
    assert await desk.client.xlen(keys.DEAD) == 1
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "well"]


async def test_should_tell_the_owner_what_was_wrong(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.publish(ReplyFailed("test:1:1", "test:1", "too_long", "one line makes a prompt of 9000 tokens"))
    await desk.collect()
    [letter] = await desk.dead_letters()
    assert letter["reason"] == "too_long: one line makes a prompt of 9000 tokens"


async def test_should_keep_no_more_dead_letters_than_anybody_reads(desk: Desk) -> None:
    async with desk.client.pipeline(transaction=False) as pipe:
        for n in range(10_001):
            pipe.xadd(keys.DEAD, {"reason": n})
        await pipe.execute()
    await desk.publish(b"{")
    await desk.collect()
    letters = await desk.dead_letters()
    assert len(letters) == 10_000
    assert letters[-1]["reason"] == "unreadable result"
    await desk.line()
    await desk.turns.step()
    await desk.publish(ReplyFailed("test:1:1", "test:1", "poison"))
    await desk.collect()
    letters = await desk.dead_letters()
    assert (len(letters), letters[-1]["reason"]) == (10_000, "poison")


async def test_should_show_the_owner_that_a_worker_could_not_read_a_request(desk: Desk) -> None:
    await desk.publish(ReplyFailed("", "", "unreadable", "entry 1-1"))
    await desk.collect()
    [letter] = await desk.dead_letters()
    assert letter["reason"] == "unreadable request"


async def test_should_try_once_more_and_then_give_up(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.answer_all("   ")
    await desk.collect()
    [again] = await desk.requests()
    assert again.request_id == "test:1:1:r1"
    assert [line.line_id for line in again.lines] == ["1"]
    await desk.answer_all("")
    await desk.collect()
    assert (await desk.state("test:1:1:r1"), await desk.reason("test:1:1:r1")) == ("dead", "guard: empty")
    assert await desk.mailbox() == 0


async def test_should_send_the_second_try_when_it_is_good(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.answer_all("<|im_start|>user")
    await desk.collect()
    await desk.answer_all("sorry, hi!")
    await desk.collect()
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "sorry, hi!"]


async def test_should_refuse_a_private_number_at_once(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.answer_all("call me: +49 170 1234567")
    await desk.collect()
    assert await desk.reason("test:1:1") == "guard: private number"
    assert await desk.requests() == []


async def overtaken(desk: Desk, hand: str) -> str:
    """A bot has read the result of line 1 and decided; before it acts, line 2 has replaced the request."""
    await desk.line()
    await desk.turns.step()
    [request] = await desk.requests()
    reply = await desk.reply(request, "to line 1 only")
    entry_id = await desk.publish(reply)
    await desk.line()
    await desk.turns.step()
    if hand == "commit":
        return await desk.results._commits.commit(entry_id, reply, request, reply.text)
    return await desk.results._commits.regenerate(entry_id, reply, request)


@pytest.mark.parametrize("hand", ["commit", "regenerate"])
async def test_should_not_act_on_what_was_overtaken_while_it_decided(desk: Desk, hand: str) -> None:
    assert await overtaken(desk, hand) == "stale"
    assert await desk.mailbox() == 2
    assert await desk.client.xlen(RESULTS) == 0
    assert [request.request_id for request in await desk.requests()] == ["test:1:1", "test:1:2"]
    await desk.answer_all("to both")
    await desk.collect()
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "to both"]
