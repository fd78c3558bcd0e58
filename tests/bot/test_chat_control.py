"""The owner's hand on one chat should do what it says, at once, and as often as he says it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.base import ChatRef, OutboundMessage, OutcomeHidden, Refused, RetryLater, SentReceipt
from bot import keys
from bot.adapter_memory import AdapterMemory
from bot.chat_control import forget, resume_chat, rouse, say, stand_down, undo
from bot.order_store import set_pause, set_rule
from bot.orders import ModeRule
from bot.outcomes import read_outcome
from model_server.contract import BOTS, REQUESTS, RESULTS, WORKERS
from model_server.redis_link import ensure_group
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk, Recorder, committed
from tests.waiting import until


@dataclass
class Unsending(Recorder):
    """A platform on which bubbles can be taken back."""

    taken_back: list[str] = field(default_factory=list)
    trouble: Exception | None = None

    async def unsend(self, chat: ChatRef, message_ids: tuple[str, ...]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.taken_back += message_ids


async def test_should_stand_down_until_told_otherwise(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    until_ms = int(await desk.now_ms()) + 60_000
    await stand_down(desk.scripts, "test:1", until_ms)
    await desk.answer_all()
    await desk.collect()
    await desk.turns.step()
    assert await desk.deliver() == [], "what was being written is dropped"
    assert await desk.client.zscore(keys.DUE, "test:1") == until_ms
    await resume_chat(desk.scripts, "test:1")
    await desk.whole_turn()
    assert desk.adapter.texts == ["notice", "well"]
    assert await desk.client.ttl(keys.of_chat("test:1").chat) > 0


async def test_should_leave_a_reply_in_flight_alone_when_it_goes_on(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await resume_chat(desk.scripts, "test:1")
    await desk.turns.step()
    assert len(await desk.requests()) == 1


async def test_should_look_again_when_a_pause_is_over(desk: Desk) -> None:
    await set_pause(desk.client, int(await desk.now_ms()) + 3_600_000)
    await desk.line()
    await desk.turns.step()
    assert 3_500_000 < (await desk.due_in_ms() or 0) <= 3_600_000
    await set_pause(desk.client, 0)
    assert await rouse(desk.scripts) == 1
    await desk.whole_turn()
    assert desk.adapter.texts == ["notice", "well"]


async def test_should_not_send_what_was_being_written_when_it_was_switched_off(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await set_rule(desk.client, ("chat", "test:1"), ModeRule("off", None, 1))
    await rouse(desk.scripts)
    await desk.answer_all()
    await desk.collect()
    await desk.turns.step()
    assert await desk.deliver() == []
    assert (await desk.state("test:1:1")) == "skipped"


async def test_should_hold_what_was_being_written_when_drafts_were_ordered(desk: Desk) -> None:
    await desk.line()
    await desk.turns.step()
    await set_rule(desk.client, ("chat", "test:1"), ModeRule("draft", None, 1))
    await rouse(desk.scripts)
    await desk.turns.step()
    await desk.answer_all()
    await desk.collect()
    assert await desk.deliver() == []
    assert (await desk.state("test:1:1")) == "held"


async def test_should_answer_a_contacts_word_once_behind_the_notice(desk: Desk) -> None:
    assert [await say(desk.scripts, "test:1", "5", ("what we keep", "how to end it")) for _ in range(2)] == [
        "said",
        "already",
    ]
    assert await desk.line(line_id="5") == "duplicate"
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "what we keep", "how to end it"]
    outcome = await read_outcome(desk.client, "test:1:5")
    assert outcome is not None
    assert (outcome.state, outcome.reason, outcome.line_ids) == ("answered", "contact word", ("5",))
    assert await desk.remembered() == []
    assert await desk.mailbox() == 0


async def test_should_take_a_text_that_discloses_for_the_notice(desk: Desk) -> None:
    await say(desk.scripts, "test:1", "5", ("a machine answers here",), discloses=True)
    await desk.deliver()
    await desk.line()
    await desk.whole_turn()
    assert desk.adapter.texts == ["a machine answers here", "well"]
    assert await desk.state("test:1:5") == "answered"


@pytest.mark.parametrize(("trouble", "state"), [(OutcomeHidden(), "unknown"), (Refused("no"), "dead")])
async def test_should_owe_the_notice_when_its_text_did_not_arrive(desk: Desk, trouble: Exception, state: str) -> None:
    desk.adapter.script = [trouble]
    await say(desk.scripts, "test:1", "5", ("a machine answers here",), discloses=True)
    await desk.deliver()
    assert await desk.state("test:1:5") == state
    await desk.line()
    await desk.whole_turn()
    assert desk.adapter.texts == ["notice", "well"]


async def test_should_let_a_word_end_unanswered(desk: Desk) -> None:
    assert await say(desk.scripts, "test:1", "5", (), skipped="said just before") == "said"
    assert await desk.deliver() == []
    assert (await desk.state("test:1:5"), await desk.reason("test:1:5")) == ("skipped", "said just before")


async def answered(desk: Desk, text: str = "one\ntwo") -> None:
    await desk.line()
    await desk.whole_turn(text)


async def test_should_take_the_last_reply_back(desk: Desk) -> None:
    platform = Unsending()
    await answered(desk)
    assert await undo(desk.scripts, desk.client, {"test": platform}, "test:1") == "done"
    assert platform.taken_back == ["p2", "p3"], "not the notice"
    assert (await desk.ledger("test:1:1"))["test:1:1#1"] == "deleted p3"
    assert [line.text for line in await desk.history()] == ["hi", "notice"]
    assert [line.text for line in await desk.remembered()] == ["hi"]
    assert await undo(desk.scripts, desk.client, {"test": platform}, "test:1") == "nothing"


async def test_should_say_no_more_of_a_reply_that_is_taken_back_while_it_leaves(desk: Desk) -> None:
    platform = Unsending()
    await answered(desk, "before")
    await desk.line()
    await desk.turns.step()
    await desk.answer_all("one\ntwo\nthree")
    await desk.collect()
    await desk.courier.send_next("test:1")
    assert await undo(desk.scripts, desk.client, {"test": platform}, "test:1") == "done"
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "before", "one"]
    assert platform.taken_back == ["p3"]
    await desk.line()
    await desk.turns.step()
    await desk.answer_all("again")
    await desk.collect()
    assert await undo(desk.scripts, desk.client, {}, "test:1") == "done", "nothing of it had left"
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "before", "one"]


async def test_should_wait_for_a_bubble_in_flight_before_saying_that_it_is_gone(desk: Desk) -> None:
    platform = Unsending()
    on_its_way, may_arrive = asyncio.Event(), asyncio.Event()

    async def slow(message: OutboundMessage) -> SentReceipt:
        on_its_way.set()
        await may_arrive.wait()
        return SentReceipt(message.text)

    await committed(desk)
    desk.courier._adapter = SimpleNamespace(send=slow, resend_safe_ms=lambda chat: 0)
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.courier.send_next("test:1"))
        await on_its_way.wait()
        undoing = group.create_task(undo(desk.scripts, desk.client, {"test": platform}, "test:1"))
        await until(partial(desk.client.hexists, keys.of_chat("test:1").chat, "takeover_ms"))
        assert not undoing.done()
        may_arrive.set()
    assert (undoing.result(), platform.taken_back) == ("done", ["one"])


async def test_should_not_call_deleted_what_may_be_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden, and to be tried again: nobody knows."""
    monkeypatch.setattr("bot.chat_control._IN_FLIGHT_S", 0)
    desk.adapter.resend_safe = 60_000
    await committed(desk)
    desk.adapter.script = [OutcomeHidden()]
    await desk.courier.send_next("test:1")
    assert await undo(desk.scripts, desk.client, {"test": Unsending()}, "test:1") == "later"
    await desk.lapse()
    await desk.deliver()
    assert await undo(desk.scripts, desk.client, {"test": Unsending()}, "test:1") == "refused"


@pytest.mark.parametrize(
    ("trouble", "told"),
    [(Refused("too old"), "refused"), (RetryLater(1), "later"), (OutcomeHidden(), "later"), (None, "cannot")],
)
async def test_should_say_why_a_reply_stays(desk: Desk, trouble: Exception | None, told: str) -> None:
    await answered(desk)
    platform = Unsending(trouble=trouble) if trouble else desk.adapter
    assert await undo(desk.scripts, desk.client, {"test": platform}, "test:1") == told
    assert [line.text for line in await desk.history()] == ["hi", "notice", "one", "two"]
    assert await undo(desk.scripts, desk.client, {"test": platform}, "test:2") == "nothing"


async def test_should_forget_a_chat_and_no_other(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft")
    for stream, group in ((REQUESTS, WORKERS), (RESULTS, BOTS)):
        await ensure_group(desk.client, stream, group)
    for chat in ("1", "1*", "11"):
        for text in ("my secret", "another"):
            await desk.line(chat=chat, text=text)
            draft = await desk.drafted(chat=chat)
        await desk.drafts.send(draft.no)
        await desk.deliver(f"test:{chat}")
        await desk.line(chat=chat, text="mine", from_owner=True)
        await say(desk.scripts, f"test:{chat}", "w", ("privacy",))
        await desk.client.hdel(keys.of_chat(f"test:{chat}").chat, "stand_down_until_ms")
        await desk.line(chat=chat)
        await desk.turns.step()
        [request] = [one for one in await desk.requests() if one.chat_key == f"test:{chat}"]
        await desk.publish(await desk.reply(request))
        await desk.client.xadd(keys.DEAD, {"chat_key": f"test:{chat}", "request_id": f"test:{chat}:9"})
    others = await traces(desk, "test:1*", "test:11")
    assert await forget(desk.scripts, "test:1") > 20
    assert await traces(desk, "test:1") == []
    assert await traces(desk, "test:1*", "test:11") == others
    assert await forget(desk.scripts, "test:1") == 0


async def traces(desk: Desk, *chats: str) -> list[str]:
    """Every place in Redis that names one of these chats, as `key` or `key member`."""
    client: Any = desk.client
    look: dict[bytes, Callable[[bytes], Awaitable[Any]]] = {
        b"stream": client.xrange,
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"hash": client.hgetall,
    }
    found = []
    for key in sorted(await client.keys()):
        kind = await client.type(key)
        held = await look[kind](key) if kind in look else []
        members = sorted(held.items()) if isinstance(held, dict) else held
        places = [key.decode(), *(f"{key.decode()} {one!r}" for one in members)]
        found += [place for place in places if any(_names(place, chat) for chat in chats)]
    return found


def _names(text: str, chat: str) -> bool:
    at = text.find(chat)
    while at >= 0:
        after = text[at + len(chat) : at + len(chat) + 1]
        if not after or after not in "*1":
            return True
        at = text.find(chat, at + 1)
    return False


async def test_should_find_no_taker_for_what_was_going_on_in_a_forgotten_chat(desk: Desk) -> None:
    await desk.line()
    claimed = await desk.claim()
    await forget(desk.scripts, "test:1")
    await desk.line(line_id="2", text="anew")
    assert await desk.turns.act(claimed) == "lost", "a fence is never given out twice"
    await desk.turns.step()
    assert [line.text for line in (await desk.requests())[-1].lines] == ["anew"]


async def test_should_keep_an_adapters_facts(desk: Desk) -> None:
    memory, other = AdapterMemory(desk.client, "telegram"), AdapterMemory(desk.client, "discord")
    for name in ("mark:2", "mark:1", "offset"):
        await memory.put(name, f"{name} é")
    assert await memory.get("mark:1") == "mark:1 é"
    assert await memory.names("mark:") == ("mark:1", "mark:2")
    await memory.drop("mark:1")
    await memory.drop("mark:1")
    assert (await memory.get("mark:1"), await other.names("")) == (None, ())


async def test_should_rewrite_the_file_that_still_holds_what_was_forgotten(desk: Desk) -> None:
    await desk.line(text="my secret is a heron")

    async def rewritten() -> bool:
        return not (await desk.client.info("persistence"))["aof_rewrite_in_progress"]

    async def holds_it() -> bool:
        places = await desk.client.config_get("dir", "appenddirname")
        folder = Path(str(places["dir"])) / str(places["appenddirname"])
        return any(b"heron" in path.read_bytes() for path in folder.iterdir())

    await until(rewritten)
    assert await holds_it()
    await forget(desk.scripts, "test:1")

    async def gone() -> bool:
        return not await holds_it()

    await until(gone)
