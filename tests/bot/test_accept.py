"""A line should be durable once, wait for the end of its burst, and be refused loudly when there is no room."""

import msgspec
import redis.asyncio

from bot import keys
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk


async def test_should_take_a_line_once(desk: Desk) -> None:
    assert await desk.line(line_id="7") == "taken"
    assert await desk.line(line_id="7") == "duplicate"
    assert await desk.mailbox() == 1
    assert await desk.client.llen(keys.of_chat("test:1").history) == 1


async def test_should_know_a_line_again_after_it_was_answered(desk: Desk) -> None:
    await desk.line(line_id="7")
    await desk.whole_turn()
    assert await desk.line(line_id="7") == "duplicate"
    assert await desk.mailbox() == 0


async def test_should_forget_a_chat_after_months_of_silence(desk: Desk) -> None:
    of = keys.of_chat("test:1")
    for act in (desk.line, desk.whole_turn):
        await act()
        for name in (of.chat, of.history, of.shown):
            assert await desk.client.exists(name)
            assert 89 * 86_400 < await desk.client.ttl(name) <= 90 * 86_400
            await desk.client.expire(name, 1_000)


async def test_should_take_equal_line_ids_of_different_chats(desk: Desk) -> None:
    assert [await desk.line(chat=chat, line_id="7") for chat in ("1", "2")] == ["taken", "taken"]


async def test_should_wait_until_a_burst_is_over(make_desk: MakeDesk) -> None:
    desk = make_desk(quiet_ms=5_000, longest_wait_ms=60_000)
    await desk.line()
    first = await desk.client.zscore(keys.DUE, "test:1")
    assert 4_000 < (await desk.due_in_ms() or 0) <= 5_000
    await desk.line()
    second = await desk.client.zscore(keys.DUE, "test:1")
    assert first is not None
    assert second is not None
    assert second >= first
    await desk.turns.step()
    assert await desk.requests() == []


async def test_should_not_wait_longer_than_the_longest_wait(make_desk: MakeDesk) -> None:
    desk = make_desk(quiet_ms=60_000, longest_wait_ms=2_000)
    await desk.line()
    await desk.line()
    assert (await desk.due_in_ms() or 0) <= 2_000


async def test_should_answer_a_burst_as_one_turn(desk: Desk) -> None:
    for _ in range(3):
        await desk.line()
    await desk.turns.step()
    [request] = await desk.requests()
    assert [line.line_id for line in request.lines] == ["1", "2", "3"]
    assert request.request_id == "test:1:3"


async def test_should_refuse_what_a_full_mailbox_cannot_hold(make_desk: MakeDesk) -> None:
    desk = make_desk(mailbox_lines=2)
    assert [await desk.line() for _ in range(3)] == ["taken", "taken", "full"]
    assert await desk.client.hget(keys.COUNTS, "full") == b"1"
    assert await desk.client.llen(keys.of_chat("test:1").history) == 2
    await desk.whole_turn()
    assert await desk.line(line_id="3") == "taken", "a refused line was not marked as seen"


async def test_should_end_what_waits_when_the_owner_answers_himself(make_desk: MakeDesk) -> None:
    desk = make_desk(takeover_ms=60_000)
    await desk.line()
    await desk.turns.step()
    await desk.line()
    await desk.line(text="me again", from_owner=True)
    assert (await desk.state("test:1:2"), await desk.reason("test:1:2")) == ("skipped", "owner answered")
    await desk.answer_all()
    await desk.collect()
    assert await desk.deliver() == []
    assert desk.adapter.sent == [], "the reply to the cancelled turn is dropped"


async def test_should_stand_down_after_a_takeover_and_answer_when_it_is_over(make_desk: MakeDesk) -> None:
    desk = make_desk(takeover_ms=60_000)
    await desk.line(from_owner=True)
    await desk.line()
    await desk.turns.step()
    assert await desk.requests() == []
    assert 55_000 < (await desk.due_in_ms() or 0) <= 60_000
    await desk.client.hset(keys.of_chat("test:1").chat, "stand_down_until_ms", "1")
    await desk.lapse()
    await desk.turns.step()
    [request] = await desk.requests()
    assert [(line.author, line.line_id) for line in request.lines] == [("owner", "1"), ("contact", "2")]


async def test_should_store_text_that_no_json_can_hold(desk: Desk, redis_client: redis.asyncio.Redis) -> None:
    assert await desk.line(text="a\ud800b \u2028 \x00 🦭", sender_name="\udfff") == "taken"
    claimed = await desk.claim()
    assert claimed.mailbox[0].line.text == "a?b \u2028 \x00 🦭"
    assert msgspec.json.encode(claimed.mailbox[0])


async def test_should_take_lines_of_a_chat_that_is_put_off_however_many_come(make_desk: MakeDesk) -> None:
    """A pause of days must not stop the platform: what waited too long ends, visibly; the persona still reads it."""
    desk = make_desk(mailbox_lines=2, takeover_ms=60_000)
    await desk.line(from_owner=True)
    for _ in range(2):
        await desk.line()
    assert await desk.line(line_id="9") == "full", "nobody has looked yet"
    await desk.turns.step()
    assert await desk.line(line_id="9") == "taken"
    assert (await desk.state("test:1:3"), await desk.reason("test:1:3")) == ("skipped", "too many lines waited")
    assert await desk.mailbox() == 1
    assert len(await desk.remembered()) == 4


async def test_should_know_which_chats_there_are(desk: Desk) -> None:
    for chat in ("2", "1"):
        await desk.line(chat=chat)
    await desk.client.zadd(keys.CHATS, {"test:gone": 1})
    await desk.line(chat="2")
    assert await desk.client.zrange(keys.CHATS, 0, -1) == [b"test:1", b"test:2"]
