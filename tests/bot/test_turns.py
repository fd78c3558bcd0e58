"""A chat should have one open turn, whoever dies in between."""

from typing import cast

import msgspec
import pytest
import redis.asyncio

from adapters.base import ChatRef
from bot import claims, keys, turns
from bot.order_store import set_pause, set_rule
from bot.orders import ModeRule
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk


async def test_should_give_a_due_chat_to_one(desk: Desk) -> None:
    await desk.line()
    assert await desk.claim() is not None
    assert await desk.claim() is None


async def test_should_come_due_again_when_its_claimer_died(desk: Desk) -> None:
    await desk.line()
    first = await desk.claim()
    assert 14_000 < (await desk.due_in_ms() or 0) <= 15_000
    await desk.lapse()
    second = await desk.claim()
    assert second.mailbox == first.mailbox
    assert await desk.turns.act(first) == "lost", "who was asleep in between does nothing"
    assert await desk.turns.act(second) == "opened"
    assert len(await desk.requests()) == 1


async def test_should_publish_a_request_once_when_the_answer_of_redis_was_lost(desk: Desk) -> None:
    await desk.line()
    claimed = await desk.claim()
    assert await desk.turns.act(claimed) == "opened"
    assert await desk.turns.act(claimed) == "already"
    assert len(await desk.requests()) == 1


async def test_should_not_open_on_what_has_changed_since_the_claim(desk: Desk) -> None:
    await desk.line()
    claimed = await desk.claim()
    await desk.line()
    assert await desk.turns.act(claimed) == "lost"
    await desk.turns.step()
    assert [request.request_id for request in await desk.requests()] == ["test:1:2"]


async def test_should_replace_a_request_when_newer_lines_came(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.line()
    await desk.turns.step()
    assert [request.request_id for request in await desk.requests()] == ["test:1:1", "test:1:2"]
    await desk.answer_all()
    await desk.collect()
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "well"], "the first reply found no open turn"
    assert await desk.state("test:1:1") == ""
    assert await desk.state("test:1:2") == "answered"


async def test_should_not_replace_for_ever(make_desk: MakeDesk) -> None:
    desk = make_desk(longest_wait_ms=0)
    await desk.line()
    await desk.turns.step()
    await desk.line()
    await desk.turns.step()
    assert [request.request_id for request in await desk.requests()] == ["test:1:1"]
    await desk.answer_all()
    await desk.collect()
    await desk.turns.step()
    [second] = await desk.requests()
    assert [line.line_id for line in second.lines] == ["1", "test:1:1", "2"], "the slower reply stands before line 2"


async def test_should_give_up_at_the_deadline(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await desk.client.hset(keys.of_chat("test:1").chat, "deadline_ms", "1")
    await desk.lapse()
    assert await desk.turns.act(await desk.claim()) == "ended"
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("dead", "expired")
    [letter] = await desk.dead_letters()
    assert letter == {"request_id": "test:1:1", "chat_key": "test:1", "state": "dead", "reason": "expired"}
    await desk.answer_all()
    await desk.collect()
    assert await desk.deliver() == [], "a reply after the deadline is nobody's"
    assert await desk.client.zcard(keys.DUE) == 0


async def test_should_look_again_only_at_the_deadline_while_a_request_is_in_flight(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    assert 599_000 < (await desk.due_in_ms() or 0) <= 601_000


async def test_should_not_skip_what_it_has_not_seen(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="off")
    await desk.line()
    claimed = await desk.claim()
    await desk.line()
    assert await desk.turns.act(claimed) == "lost"
    assert await desk.mailbox() == 2


async def broken_mailbox(client: redis.asyncio.Redis, chat: str) -> None:
    """A line as another version wrote it."""
    line = {"line": {"line_id": "9", "author": "somebody"}}
    await client.rpush(keys.of_chat(chat).mailbox, b"1 " + msgspec.json.encode(line))


async def test_should_end_a_turn_it_cannot_read_and_go_on_with_the_others(desk: Desk) -> None:
    for chat in ("1", "2", "3"):
        await desk.line(chat=chat)
    await broken_mailbox(desk.client, "test:1")
    await desk.turns.step()
    assert [request.chat_key for request in await desk.requests()] == ["test:2", "test:3"]
    assert (await desk.state("test:1:9"), await desk.reason("test:1:9")) == ("dead", "flaw: ValidationError")
    [letter] = await desk.dead_letters()
    assert letter["request_id"] == "test:1:9"
    assert await desk.mailbox() == 0, "the next line finds a chat that works"


async def test_should_end_a_turn_that_meets_a_flaw_of_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(chat_key: str, *about: object, **more: object) -> None:
        raise KeyError(chat_key)

    await desk.line()
    monkeypatch.setattr(turns, "build_request", build)
    await desk.turns.step()
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("dead", "flaw: KeyError")


async def test_should_not_end_what_came_after_the_claim_for_a_flaw(desk: Desk) -> None:
    await desk.line()
    await broken_mailbox(desk.client, "test:1")
    taken = await claims.take(desk.scripts, "test:1")
    assert taken is not None
    await desk.line()
    assert await desk.turns.handle(taken) == "lost"
    assert await desk.mailbox() == 3


@pytest.mark.parametrize("raw", [b'{"contacts":[{"name":"\xff"}]}', b"{", b"[]"])
async def test_should_keep_the_people_it_knew_when_their_file_cannot_be_read(desk: Desk, raw: bytes) -> None:
    path = desk.turns._contacts._path
    path.write_text('{"contacts":[{"name":"Ann V","type":"family","ids":["test:ann"]}]}')
    await desk.line()
    await desk.turns.step()
    path.write_bytes(raw)
    await desk.line(chat="2")
    await desk.turns.step()
    assert [request.contact_type for request in await desk.requests()] == ["family", "family"]


class Gate:
    def __init__(self, why: str | None) -> None:
        self.why = why

    def refusal(self, chat: ChatRef) -> str | None:
        return self.why if chat == ChatRef("test", "1") else None


async def test_should_ask_the_platform_before_a_reply_is_made(desk: Desk) -> None:
    desk.refusals["test"] = Gate("the connection is switched off")
    for chat in ("1", "2"):
        await desk.line(chat=chat)
    await desk.turns.step()
    assert await desk.reason("test:1:1") == "the connection is switched off"
    assert [request.chat_key for request in await desk.requests()] == ["test:2"]


async def test_should_not_answer_when_the_window_is_closed(desk: Desk) -> None:
    await desk.line(answer_until_ms=1)
    await desk.turns.step()
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("skipped", "window closed")


async def test_should_keep_who_and_why_with_the_outcome(desk: Desk) -> None:
    await desk.line(suggested_type="friend")
    await desk.whole_turn()
    raw = cast(dict[bytes, bytes], await desk.client.hgetall(keys.outcome("test:1:1")))
    kept = {name.decode(): value.decode() for name, value in raw.items()}
    assert (kept["contact_id"], kept["contact_name"], kept["contact_type"]) == ("test:ann", "Ann", "friend")
    assert kept["decision"] == "auto: as configured, nothing was ordered"
    assert int(kept["first_ms"]) <= int(kept["opened_ms"]) <= int(kept["committed_ms"]) <= int(kept["ended_ms"])
    assert await desk.client.hget(keys.of_chat("test:1").chat, "last_request") == b"test:1:1"
    assert await desk.client.zscore(keys.ENDED, "test:1:1") == int(kept["ended_ms"])
    await set_rule(desk.client, ("contact", "test:ann"), ModeRule("block", None, 1))
    await desk.line()
    await desk.turns.step()
    skipped = await desk.client.hmget(keys.outcome("test:1:2"), "state", "contact_type", "reason", "decision")
    assert skipped[:2] == [b"skipped", b"stranger"]
    assert skipped[2] == skipped[3]
    assert b"blocked for this contact" in (skipped[2] or b"")


async def test_should_wait_for_the_last_of_two_reasons_to_wait(make_desk: MakeDesk) -> None:
    desk = make_desk(takeover_ms=60_000)
    await set_pause(desk.client, int(await desk.now_ms()) + 30_000)
    await desk.line(from_owner=True)
    await desk.line()
    await desk.turns.step()
    assert 55_000 < (await desk.due_in_ms() or 0) <= 60_000
