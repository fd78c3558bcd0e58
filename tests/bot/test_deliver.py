"""Bubbles should leave in order, once, and whatever became of one should be written down."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.base import FOREVER_MS, OutcomeHidden, Refused, RetryLater
from bot import keys
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk, committed


async def test_should_write_down_what_the_platform_called_each_bubble(desk: Desk) -> None:
    await committed(desk)
    assert await desk.deliver() == ["next", "ended"]
    assert await desk.ledger("test:1:1") == {"test:1:1#0": "sent p1", "test:1:1#1": "sent p2"}


async def test_should_wait_for_this_chat_alone_when_told_to(desk: Desk) -> None:
    await committed(desk)
    desk.adapter.script = [RetryLater(30)]
    assert await desk.deliver() == ["later"]
    moment = await desk.client.zscore(keys.outboxes("test"), "test:1")
    assert moment is not None
    assert 29_000 < moment - await desk.now_ms() <= 30_000
    await desk.line(chat="2")
    await desk.turns.step()
    await desk.answer_all()
    await desk.collect()
    await desk.deliver("test:2")
    assert [m.chat.chat_id for m in desk.adapter.sent] == ["2", "2"]
    assert await desk.deliver() == [], "not before its time"
    await desk.lapse()
    await desk.deliver()
    assert desk.adapter.texts[2:] == ["one", "two"]


async def test_should_drop_the_rest_of_a_refused_reply(desk: Desk) -> None:
    await committed(desk)
    desk.adapter.script = [None, Refused("blocked")]
    assert await desk.deliver() == ["next", "ended"]
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("dead", "blocked")
    assert await desk.client.xlen(keys.DEAD) == 1


async def test_should_forget_words_that_never_left(desk: Desk) -> None:
    await committed(desk, "one\ntwo\nthree")
    desk.adapter.script = [Refused("blocked")]
    assert await desk.deliver() == ["ended"]
    assert [line.author for line in await desk.history()] == ["contact"]
    assert [line.author for line in await desk.remembered()] == ["contact"]


@pytest.mark.parametrize("trouble", [OutcomeHidden(), ConnectionResetError(), ValueError("flaw")])
async def test_should_call_a_hidden_send_unknown_and_say_the_rest(desk: Desk, trouble: Exception) -> None:
    await committed(desk)
    desk.adapter.script = [trouble]
    assert await desk.deliver() == ["next", "ended"]
    assert await desk.ledger("test:1:1") == {"test:1:1#0": "unknown", "test:1:1#1": "sent p1"}
    assert await desk.state("test:1:1") == "unknown"


async def test_should_send_a_hidden_bubble_again_where_that_is_safe(make_desk: MakeDesk) -> None:
    desk = make_desk(resend_safe=FOREVER_MS)
    await committed(desk)
    desk.adapter.script = [OutcomeHidden()]
    assert await desk.deliver() == ["later"]
    await desk.lapse()
    await desk.deliver()
    assert [message.bubble_id for message in desk.adapter.sent] == ["test:1:1#0", "test:1:1#1"]
    assert await desk.state("test:1:1") == "answered"


async def test_should_not_send_again_for_ever_what_fails_each_time(make_desk: MakeDesk) -> None:
    desk = make_desk(resend_safe=FOREVER_MS)
    await committed(desk)
    desk.adapter.script = [ValueError("flaw")] * 20
    pauses_ms = []
    for _ in range(19):
        assert await desk.deliver() == ["later"]
        moment = await desk.client.zscore(keys.outboxes("test"), "test:1")
        pauses_ms.append((moment or 0) - await desk.now_ms())
        await desk.lapse()
    assert pauses_ms[0] <= 500 < pauses_ms[1] <= 1_000
    assert 55_000 < pauses_ms[-1] <= 60_000
    with capture_logs() as logs:
        assert await desk.deliver() == ["next", "ended"]
    assert "bubble.unknown" in {entry["event"] for entry in logs}
    assert await desk.ledger("test:1:1") == {"test:1:1#0": "unknown", "test:1:1#1": "sent p1"}
    assert await desk.state("test:1:1") == "unknown"
    assert not await desk.client.hexists(keys.of_chat("test:1").chat, "send_tries"), "the next bubble starts anew"


async def begun(desk: Desk) -> int:
    """A process has begun to send the first bubble and died. Its fence."""
    fence, bubble = await desk.scripts.run("claim_send", "test:1", notice="notice")
    assert b"#0" in bubble
    assert await desk.begin(fence) == "go"
    assert await desk.begin(fence) == "go", "who knows that it has not sent yet may ask again"
    await desk.lapse()
    return int(fence)


async def test_should_not_send_blindly_what_a_dead_process_had_begun(desk: Desk) -> None:
    await committed(desk)
    await begun(desk)
    assert await desk.deliver() == ["next", "ended"]
    assert desk.adapter.texts == ["two"]
    assert await desk.state("test:1:1") == "unknown"


async def test_should_send_what_a_dead_process_had_begun_where_that_is_safe(make_desk: MakeDesk) -> None:
    desk = make_desk(resend_safe=FOREVER_MS)
    await committed(desk)
    await begun(desk)
    assert await desk.deliver() == ["next", "ended"]
    assert desk.adapter.texts == ["one", "two"]


async def test_should_forget_nothing_that_still_waits_to_be_sent(desk: Desk) -> None:
    """However long the platform asks for patience, or no bot runs."""
    await committed(desk)
    desk.adapter.script = [RetryLater(1)]
    await desk.deliver()
    assert await desk.client.ttl(keys.outcome("test:1:1")) == await desk.client.ttl(keys.ledger("test:1:1")) == -1
    await desk.lapse()
    await desk.deliver()
    assert await desk.client.ttl(keys.outcome("test:1:1")) > 0
    assert await desk.client.ttl(keys.ledger("test:1:1")) > 0


async def test_should_show_what_may_have_been_seen_and_what_was_said_before_a_takeover(desk: Desk) -> None:
    await committed(desk, "one\ntwo\nthree", disclosed=False)
    desk.adapter.script = [None, OutcomeHidden()]
    for _ in range(2):
        await desk.courier.send_next("test:1")
    await desk.line(from_owner=True, text="it is me")
    await desk.deliver()
    assert [line.text for line in await desk.history()] == ["hi", "notice", "one", "it is me"]


async def test_should_withdraw_what_was_not_said_when_the_owner_writes(desk: Desk) -> None:
    await committed(desk)
    await desk.line(from_owner=True)
    assert await desk.deliver() == ["ended"]
    assert desk.adapter.sent == []
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("skipped", "owner answered")
    assert [line.author for line in await desk.history()] == ["contact", "owner"]
    assert [line.author for line in await desk.remembered()] == ["contact", "owner"]


async def test_should_keep_the_order_of_replies(desk: Desk) -> None:
    await committed(desk, "one\ntwo")
    await desk.line()
    await desk.turns.step()
    await desk.answer_all("three")
    await desk.collect()
    await desk.deliver()
    assert desk.adapter.texts == ["one", "two", "three"]
    assert [await desk.state(f"test:1:{n}") for n in (1, 2)] == ["answered", "answered"]


async def test_should_never_reply_before_the_notice(desk: Desk) -> None:
    await committed(desk, disclosed=False)
    desk.adapter.script = [OutcomeHidden()]
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "one", "two"], "a hidden notice is said again"
    assert await desk.state("test:1:1") == "answered"
    assert sorted(await desk.ledger("test:1:1")) == [
        "test:1:1#0", "test:1:1#1", "test:1:1#notice", "test:1:1#notice1"
    ]  # fmt: skip


async def test_should_not_repeat_a_hidden_notice_for_ever(desk: Desk) -> None:
    await committed(desk, disclosed=False)
    desk.adapter.script = [OutcomeHidden()] * 3
    await desk.deliver()
    assert desk.adapter.texts == ["one", "two"]
    [letter] = await desk.dead_letters()
    assert letter == {
        "request_id": "test:1:1",
        "chat_key": "test:1",
        "state": "unknown",
        "reason": "its notice was hidden each time",
    }, "the owner hears that his contact may never have been told"


async def test_should_owe_the_notice_when_it_was_withdrawn(desk: Desk) -> None:
    await committed(desk, disclosed=False)
    await desk.line(from_owner=True)
    await desk.deliver()
    await desk.client.hset(keys.of_chat("test:1").chat, "stand_down_until_ms", "1")
    await desk.line()
    await desk.whole_turn()
    assert desk.adapter.texts == ["notice", "well"]


async def test_should_not_write_down_what_a_late_sender_says(make_desk: MakeDesk) -> None:
    desk = make_desk(resend_safe=FOREVER_MS)
    await committed(desk)
    old_fence = await begun(desk)
    new_fence, _ = await desk.scripts.run("claim_send", "test:1", notice="notice")
    about: dict[str, Any] = {"request_id": "test:1:1", "bubble_id": "test:1:1#0", "after_ms": 0, "notice_tries": 3}
    assert new_fence > old_fence
    assert await desk.scripts.say("finish", "test:1", fence=old_fence, verdict="failed no", **about) == "lost"
    await desk.begin(new_fence)
    assert await desk.scripts.say("finish", "test:1", fence=new_fence, verdict="sent p1", **about) == "next"
