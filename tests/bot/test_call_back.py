"""A reply that is called back should lose nobody's line: what has not begun to leave is decided anew."""

import msgspec
import pytest

from adapters.base import OutboundMessage, OutcomeHidden, RetryLater, SentReceipt
from bot import keys
from bot.chat_control import recall, resume_chat, stand_down, undo
from bot.drafts import open_drafts, read_draft
from bot.order_store import add_window, set_rule
from bot.orders import ModeRule, Window
from bot.sending import halt, resume
from bot.typing_sign import TypingSign
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk, Recorder, committed
from tests.bot.test_chat_control import Unsending


async def called_back(desk: Desk) -> int:
    """As the desk does when orders have changed."""
    return await recall(desk.scripts, desk.contacts, await desk.orders(), ["test"], int(await desk.now_ms()))


async def ordered(desk: Desk, mode: str) -> int:
    await set_rule(desk.client, ("chat", "test:1"), ModeRule(mode, None, 1))  # type: ignore[arg-type]
    return await called_back(desk)


async def test_should_decide_anew_on_the_lines_of_a_reply_that_is_called_back(desk: Desk) -> None:
    await committed(desk)
    assert await ordered(desk, "draft") == 1
    await desk.line(text="more")
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("skipped", "called back")
    draft = await desk.drafted("both")
    assert [line.text for line in draft.lines] == ["hi", "more"]
    assert draft.request_id == "test:1:2~1"
    assert await desk.ledger("test:1:1") == {"test:1:1#0": "withdrawn", "test:1:1#1": "withdrawn"}
    await desk.drafts.send(draft.no)
    await desk.deliver()
    assert desk.adapter.texts == ["both"]
    assert [line.text for line in await desk.remembered()] == ["hi", "more", "both"]


async def test_should_end_a_reply_of_which_a_part_has_left(desk: Desk) -> None:
    await committed(desk)
    await desk.courier.send_next("test:1")
    assert await ordered(desk, "off") == 1
    await desk.deliver()
    assert desk.adapter.texts == ["one"]
    assert await desk.state("test:1:1") == "answered"
    assert await desk.mailbox() == 0


async def test_should_take_back_a_reply_whose_first_try_was_put_off_meanwhile(desk: Desk) -> None:
    """Called back while the platform is thinking: only afterwards is it certain that nothing left."""
    await committed(desk)

    class Slow(Recorder):
        async def send(self, message: OutboundMessage) -> SentReceipt:
            await ordered(desk, "draft")
            assert await desk.mailbox() == 0
            raise RetryLater(0)

    desk.courier._adapter = Slow()
    assert await desk.courier.send_next("test:1") == "later"
    await desk.lapse()
    assert await desk.courier.send_next("test:1") == "ended"
    assert [line.text for line in (await desk.drafted()).lines] == ["hi"]


async def test_should_end_what_may_have_left(desk: Desk) -> None:
    await committed(desk)
    desk.adapter.script = [OutcomeHidden()]
    await desk.courier.send_next("test:1")
    await ordered(desk, "draft")
    await desk.deliver()
    assert await desk.state("test:1:1") == "unknown"
    assert await desk.mailbox() == 0


async def test_should_decide_anew_behind_a_notice_that_has_left(desk: Desk) -> None:
    await committed(desk, "one", disclosed=False)
    await desk.courier.send_next("test:1")
    await ordered(desk, "draft")
    await desk.drafts.send((await desk.drafted("two")).no)
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "two"]


async def test_should_decide_anew_on_all_that_follows(desk: Desk) -> None:
    """A newer draft would answer before the older line is answered."""
    await committed(desk)
    await set_rule(desk.client, ("chat", "test:1"), ModeRule("draft", None, 1))
    await desk.line(text="more")
    newer = await desk.drafted("to more")
    await called_back(desk)
    stale = await read_draft(desk.client, newer.no)
    assert stale is not None
    assert stale.state == "stale"
    assert [line.text for line in (await desk.drafted()).lines] == ["hi", "more"]
    assert len(await open_drafts(desk.client)) == 1


async def test_should_not_overtake_what_the_owner_approved(desk: Desk) -> None:
    await committed(desk)
    await set_rule(desk.client, ("chat", "test:1"), ModeRule("draft", None, 1))
    await desk.line(text="more")
    await desk.drafts.send((await desk.drafted("to more")).no)
    assert await called_back(desk) == 1
    await desk.deliver()
    assert desk.adapter.texts == ["to more"]
    assert (await desk.state("test:1:1"), await desk.mailbox()) == ("skipped", 0)


async def test_should_keep_a_line_while_the_chat_stands_down(desk: Desk) -> None:
    await committed(desk)
    await stand_down(desk.scripts, "test:1", int(await desk.now_ms()) + 60_000)
    await desk.turns.step()
    assert (await desk.deliver(), await desk.mailbox()) == ([], 1)
    await resume_chat(desk.scripts, "test:1")
    await desk.whole_turn("again")
    assert desk.adapter.texts == ["again"]


async def test_should_not_say_again_what_the_owner_undid(desk: Desk) -> None:
    await committed(desk)
    await undo(desk.scripts, desk.client, {"test": Unsending()}, "test:1")
    await ordered(desk, "draft")
    await desk.deliver()
    assert (await desk.mailbox(), await desk.state("test:1:1")) == (0, "skipped")


# ── words that changed ───────────────────────────────────────────────────────────────────────────────────────────


async def test_should_answer_the_new_words_of_a_line_whose_reply_waits_to_leave(desk: Desk) -> None:
    await committed(desk, "at five")
    assert await desk.edit("1", "and at six?") == "taken"
    await desk.deliver()
    await desk.whole_turn("at six")
    assert desk.adapter.texts == ["at six"]
    assert [line.text for line in await desk.remembered()] == ["and at six?", "at six"]


async def test_should_say_no_more_to_old_words(desk: Desk) -> None:
    await committed(desk)
    await desk.courier.send_next("test:1")
    await desk.edit("1", "other")
    await desk.deliver()
    assert (desk.adapter.texts, await desk.mailbox()) == (["one"], 0)


async def test_should_answer_the_other_lines_of_a_turn_when_one_is_taken_back(desk: Desk) -> None:
    await desk.client.hset(keys.of_chat("test:1").chat, "disclosed_ms", "1")
    for text in ("a", "b"):
        await desk.line(text=text)
    await desk.turns.step()
    await desk.answer_all()
    await desk.collect()
    assert await desk.take_back("2") == "taken"
    assert await desk.client.hget(keys.outcome("test:1:2"), "lines") == b'["2"]'
    await desk.turns.step()
    assert [[line.text for line in request.lines] for request in await desk.requests()] == [["a"]]


# ── orders, panic ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_should_call_back_what_quiet_hours_meet_on_its_way(desk: Desk) -> None:
    await committed(desk)
    assert await called_back(desk) == 0
    for start, end in ((0, 720), (720, 0)):
        await add_window(desk.client, Window(0, (0, 1, 2, 3, 4, 5, 6), start, end, "quiet"))
    assert await called_back(desk) == 1
    await desk.turns.step()
    assert await desk.deliver() == []
    assert await desk.mailbox() == 1


async def test_should_know_somebody_anew_before_calling_back(desk: Desk) -> None:
    """The owner has just sorted a stranger among those who get drafts."""
    await committed(desk)
    await set_rule(desk.client, ("type", "work"), ModeRule("draft", None, 1))
    assert await called_back(desk) == 0
    ann = {"name": "Ann", "type": "work", "ids": ["test:ann"]}
    desk.contacts_file.write_bytes(msgspec.json.encode({"contacts": [ann]}))
    assert await called_back(desk) == 1


async def test_should_decide_anew_after_a_panic(desk: Desk) -> None:
    await committed(desk)
    await halt(desk.client)
    await desk.deliver()
    await desk.line(text="more")
    await desk.turns.step()
    assert await desk.requests() == [], "nothing is written under the kill switch"
    assert (desk.adapter.texts, await desk.mailbox()) == ([], 2)
    assert 0 < (await desk.due_in_ms() or 0) <= 10_000
    await resume(desk.client)
    await desk.lapse()
    await desk.whole_turn("calm")
    assert desk.adapter.texts == ["calm"]


async def test_should_not_send_what_slept_through_a_panic(desk: Desk) -> None:
    """Its platform had asked for patience, and nobody looked at it under the kill switch."""
    await committed(desk)
    await halt(desk.client)
    await resume(desk.client)
    await desk.lapse()
    await desk.deliver()
    assert (desk.adapter.texts, await desk.mailbox()) == ([], 1)


async def test_should_call_nothing_back_where_there_was_no_panic(desk: Desk) -> None:
    await committed(desk)
    await resume(desk.client)
    await desk.deliver()
    assert desk.adapter.texts == ["one", "two"]


async def test_should_skip_under_the_kill_switch_what_is_off_anyway(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="off")
    await halt(desk.client)
    await desk.line()
    await desk.turns.step()
    assert await desk.state("test:1:1") == "skipped"


@pytest.mark.parametrize("halted", [True, False])
async def test_should_show_no_typing_under_the_kill_switch(desk: Desk, halted: bool) -> None:
    await desk.line()
    await desk.turns.step()
    if halted:
        await halt(desk.client)
    await TypingSign(desk.client, desk.adapter).step()
    assert bool(desk.adapter.typing) is not halted
