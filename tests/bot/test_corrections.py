"""What the owner did should be kept, with the chat up to it and both texts."""

from typing import Any

import pytest

from bot.corrections import Correction, read_corrections
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk


@pytest.fixture
def drafting(make_desk: MakeDesk) -> Desk:
    return make_desk(autoreply="draft", takeover_ms=0)


def told(correction: Correction) -> tuple[Any, ...]:
    lines = [line.text for line in correction.lines]
    return correction.outcome, correction.request_id, lines, correction.proposed, correction.final


async def test_should_keep_every_outcome_of_a_draft(drafting: Desk) -> None:
    for n in range(1, 5):
        await drafting.line(text=f"q{n}", line_id=f"{n}")
        draft = await drafting.drafted(f"a{n}")
        match n:
            case 1:
                await drafting.drafts.send(draft.no)
            case 2:
                await drafting.drafts.edit(draft.no, "better")
            case 3:
                await drafting.drafts.discard(draft.no)
            case _:
                await drafting.line(text="mine", from_owner=True, line_id="o")
        await drafting.deliver()
    found = await drafting.corrections()
    assert [told(one) for one in found] == [
        ("sent", "test:1:1", ["q1"], "a1", "a1"),
        ("edited", "test:1:2", ["q1", "a1", "q2"], "a2", "better"),
        ("discarded", "test:1:3", ["q1", "a1", "q2", "better", "q3"], "a3", ""),
        ("answered", "test:1:4", ["q1", "a1", "q2", "better", "q3", "q4"], "a4", "mine"),
    ]
    assert {(one.contact_id, one.contact_name, one.contact_type) for one in found} == {("test:ann", "Ann", "stranger")}
    assert all(one.blend == {"core": 1.0} and one.chat_key == "test:1" and one.at_ms > 0 for one in found)


async def test_should_keep_what_the_owner_said_instead_of_a_reply_in_flight(desk: Desk) -> None:
    await desk.line(text="q1")
    await desk.turns.step()
    await desk.line(text="mine", from_owner=True)
    await desk.client.hdel("ss:{s0}:chat:test:1", "stand_down_until_ms")
    await desk.line(text="q2")
    await desk.turns.step()
    await desk.answer_all("a2")
    await desk.collect()
    await desk.line(text="mine too", from_owner=True)
    assert [told(one) for one in await desk.corrections()] == [
        ("answered", "test:1:1", ["q1"], "", "mine"),
        ("answered", "test:1:3", ["q1", "mine", "q2", "a2"], "a2", "mine too"),
    ]


async def test_should_keep_every_further_line_of_the_owners_own(drafting: Desk) -> None:
    await drafting.line(text="q1")
    await drafting.drafted()
    for text in ("one", "two"):
        await drafting.line(text=text, from_owner=True)
    assert [told(one) for one in await drafting.corrections()] == [
        ("answered", "test:1:1", ["q1"], "well", "one"),
        ("takeover", "", ["q1", "one"], "", "two"),
    ]


async def test_should_keep_an_act_once(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    for _ in range(2):
        await drafting.drafts.discard(draft.no)
        await drafting.line(text="me", from_owner=True, line_id="o")
    assert [one.outcome for one in await drafting.corrections()] == ["discarded", "takeover"]


async def test_should_keep_no_more_than_forty_lines_and_read_on_from_a_place(drafting: Desk) -> None:
    for n in range(60):
        await drafting.line(text=f"{n}", from_owner=True)
    found = await read_corrections(drafting.client, most=59)
    assert len(found) == 59
    [(_, last)] = await read_corrections(drafting.client, after=found[-1][0])
    assert [line.text for line in last.lines] == [f"{n}" for n in range(19, 59)]


async def test_should_know_an_owner_who_writes_first(drafting: Desk) -> None:
    await drafting.line(text="hello", from_owner=True)
    [one] = await drafting.corrections()
    assert (one.contact_id, one.lines, one.final) == ("", (), "hello")
