"""Before each send there is a last look: whoever may not send any more should not."""

from types import SimpleNamespace
from typing import Any

import pytest
import redis.exceptions

from adapters.base import OutcomeHidden, Refused, RetryLater
from bot import keys
from bot.sending import halt, resume
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk, committed


async def test_should_refuse_a_sender_whose_lease_was_taken(desk: Desk) -> None:
    await committed(desk)
    old, _ = await desk.scripts.run("claim_send", "test:1", notice="notice")
    await desk.lapse()
    await desk.scripts.run("claim_send", "test:1", notice="notice")
    assert await desk.begin(old) == "lost"


async def test_should_read_the_kill_switch_last(make_desk: MakeDesk) -> None:
    """What was approved waits; nobody reads what was not sent."""
    desk = make_desk(autoreply="draft")
    await desk.client.hset(keys.of_chat("test:1").chat, "disclosed_ms", "1")
    await desk.line()
    await desk.drafts.send((await desk.drafted("one\ntwo")).no)
    await halt(desk.client)
    assert await desk.deliver() == ["halted"]
    assert desk.adapter.sent == []
    assert [line.author for line in await desk.history()] == ["contact"]
    await resume(desk.client)
    await desk.lapse()
    await desk.deliver()
    assert desk.adapter.texts == ["one", "two"]
    assert [line.text for line in await desk.history()] == ["hi", "one", "two"]


async def test_should_hold_the_lease_from_the_last_look_on(desk: Desk) -> None:
    await committed(desk)
    fence, _ = await desk.scripts.run("claim_send", "test:1", notice="notice")
    await desk.lapse()
    assert await desk.begin(fence) == "go"
    assert await desk.scripts.run("claim_send", "test:1", notice="notice") is None
    moment = await desk.client.zscore(keys.outboxes("test"), "test:1")
    assert 14_000 < (moment or 0) - await desk.now_ms() <= 15_000


async def test_should_measure_its_time_from_the_last_look(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis took long to answer a first look; the one that counts is the second."""
    desk = make_desk(lease_ms=1_000)
    await committed(desk)
    begin, now_s = desk.courier._begin, [0.0]
    looks = 0

    async def slow(*about: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 1:
            now_s[0] += 60
            raise redis.exceptions.TimeoutError
        return await begin(*about)

    monkeypatch.setattr(desk.courier, "_begin", slow)
    monkeypatch.setattr("bot.deliver.time", SimpleNamespace(monotonic=lambda: now_s[0]))
    assert await desk.courier.send_next("test:1") == "next"


async def hidden_once(desk: Desk, first_ms_ago: int) -> None:
    """The first try of the first bubble was hidden, so long ago."""
    await committed(desk)
    desk.adapter.script = [OutcomeHidden()]
    assert await desk.deliver() == ["later"]
    entry = (await desk.ledger("test:1:1"))["test:1:1#0"].split()
    entry[2] = str(int(entry[2]) - first_ms_ago)
    await desk.client.hset(keys.ledger("test:1:1"), "test:1:1#0", " ".join(entry))
    await desk.lapse()


async def test_should_send_again_only_while_the_platform_would_show_it_once(make_desk: MakeDesk) -> None:
    desk = make_desk(resend_safe=60_000)
    await hidden_once(desk, 61_000)
    await desk.deliver()
    assert desk.adapter.texts == ["two"]
    assert await desk.state("test:1:1") == "unknown"


async def test_should_not_forget_the_first_try_when_told_to_wait(make_desk: MakeDesk) -> None:
    """Asked for patience on the second try: the first may be out all the same, and its time runs on."""
    desk = make_desk(resend_safe=60_000)
    await hidden_once(desk, 50_000)
    desk.adapter.script = [RetryLater(1)]
    assert await desk.deliver() == ["later"]
    entry = (await desk.ledger("test:1:1"))["test:1:1#0"].split()
    await desk.client.hset(
        keys.ledger("test:1:1"), "test:1:1#0", " ".join([*entry[:2], str(int(entry[2]) - 10_001), *entry[3:]])
    )
    await desk.lapse()
    await desk.deliver()
    assert desk.adapter.texts == ["two"]
    assert await desk.state("test:1:1") == "unknown"


async def test_should_not_call_refused_what_may_have_arrived_before(make_desk: MakeDesk) -> None:
    desk = make_desk(resend_safe=60_000)
    await hidden_once(desk, 0)
    desk.adapter.script = [Refused("window closed")]
    await desk.deliver()
    assert (await desk.ledger("test:1:1"))["test:1:1#0"] == "unknown"


async def test_should_not_send_again_after_a_takeover(make_desk: MakeDesk) -> None:
    desk = make_desk(resend_safe=60_000)
    await hidden_once(desk, 0)
    await desk.line(from_owner=True)
    await desk.deliver()
    assert desk.adapter.texts == []
    assert await desk.ledger("test:1:1") == {"test:1:1#0": "unknown", "test:1:1#1": "withdrawn"}
    assert await desk.state("test:1:1") == "unknown"


async def test_should_begin_no_bubble_when_the_platforms_window_is_closed(desk: Desk) -> None:
    await committed(desk)
    await desk.courier.send_next("test:1")
    await desk.client.hset(keys.of_chat("test:1").chat, "answer_until_ms", int(await desk.now_ms()) - 1)
    await desk.deliver()
    assert desk.adapter.texts == ["one"]
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("dead", "window closed")


async def test_should_send_while_the_window_is_open(desk: Desk) -> None:
    await desk.line(answer_until_ms=int(await desk.now_ms()) + 60_000)
    await desk.whole_turn()
    assert desk.adapter.texts == ["notice", "well"]


async def test_should_not_call_a_notice_alone_an_answer(desk: Desk) -> None:
    await committed(desk, disclosed=False)
    await desk.courier.send_next("test:1")
    await desk.line(from_owner=True)
    await desk.deliver()
    assert desk.adapter.texts == ["notice"]
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("skipped", "owner answered")
    assert [line.author for line in await desk.remembered()] == ["contact", "owner"]
