"""A chat should have one open turn, whoever dies in between."""

from bot import keys
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


async def test_should_give_up_at_the_deadline(make_desk: MakeDesk) -> None:
    desk = make_desk(deadline_ms=1)
    await desk.line()
    await desk.turns.step()
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
