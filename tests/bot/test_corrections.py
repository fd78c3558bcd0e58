"""What the owner did should be kept, with the chat up to it and both texts."""

from typing import Any

import pytest

from model_server.corrections import Correction, read_corrections
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
        ("takeover", "", ["one"], "", "two"),
    ]


async def test_should_keep_no_line_again_and_again(drafting: Desk) -> None:
    """What was said before his last line is kept with that one."""
    for n in range(3):
        await drafting.line(text=f"mine {n}", from_owner=True)
        await drafting.line(text=f"q{n}")
        await drafting.client.delete("ss:{s0}:mailbox:test:1")  # nothing waits: the chat is his
    kept = [[line.text for line in one.lines] for one in await drafting.corrections()]
    assert kept == [[], ["mine 0", "q0"], ["mine 1", "q1"]]


async def test_should_keep_what_was_proposed_before_a_takeover(drafting: Desk) -> None:
    """He takes over by the button, and says something else then."""
    await drafting.line(text="q1")
    await drafting.drafts.take_over((await drafting.drafted("a1")).no)
    await drafting.line(text="mine", from_owner=True)
    await drafting.line(text="and this", from_owner=True)
    assert [told(one) for one in await drafting.corrections()] == [
        ("answered", "test:1:1", ["q1"], "a1", "mine"),
        ("takeover", "", ["mine"], "", "and this"),
    ]


@pytest.mark.parametrize("edited", [False, True])
async def test_should_keep_one_act_of_an_approval_that_he_overtook(drafting: Desk, edited: bool) -> None:
    """Approved, then said otherwise before any of it left."""
    await drafting.line(text="q1")
    draft = await drafting.drafted("a1")
    await (drafting.drafts.edit(draft.no, "better") if edited else drafting.drafts.send(draft.no))
    await drafting.line(text="mine", from_owner=True)
    assert await drafting.deliver() == ["ended"]
    [one] = await drafting.corrections()
    assert (one.outcome, one.request_id, one.proposed, one.final) == ("answered", "test:1:1", "a1", "mine")


async def test_should_keep_both_acts_when_a_part_had_left(drafting: Desk) -> None:
    await drafting.client.hset("ss:{s0}:chat:test:1", "disclosed_ms", "1")
    await drafting.line(text="q1")
    await drafting.drafts.send((await drafting.drafted("one\ntwo")).no)
    await drafting.courier.send_next("test:1")
    await drafting.line(text="mine", from_owner=True)
    assert [one.outcome for one in await drafting.corrections()] == ["sent", "answered"]


async def test_should_keep_an_act_once(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    for _ in range(2):
        await drafting.drafts.discard(draft.no)
        await drafting.line(text="me", from_owner=True, line_id="o")
    assert [one.outcome for one in await drafting.corrections()] == ["discarded", "takeover"]


async def test_should_keep_no_more_than_forty_lines_and_read_on_from_a_place(drafting: Desk) -> None:
    for n in range(60):
        await drafting.line(text=f"{n}")
        if n % 4 == 3:
            await drafting.client.delete("ss:{s0}:mailbox:test:1")  # it holds fewer
    for n in range(3):
        await drafting.line(text=f"mine {n}", from_owner=True)
    found = await read_corrections(drafting.client, most=1)
    [(_, first)] = found
    assert [line.text for line in first.lines] == [f"{n}" for n in range(20, 60)]
    assert [one.final for _, one in await read_corrections(drafting.client, after=found[-1][0])] == ["mine 1", "mine 2"]


async def test_should_know_an_owner_who_writes_first(drafting: Desk) -> None:
    await drafting.line(text="hello", from_owner=True)
    [one] = await drafting.corrections()
    assert (one.contact_id, one.lines, one.final) == ("", (), "hello")


async def test_should_stand_down_for_words_it_cannot_read_and_learn_nothing_from_them(desk: Desk) -> None:
    """Discord tells that the owner wrote in a channel, not what."""
    await desk.line()
    await desk.line(line_id="2", text="", from_owner=True)
    assert await desk.state("test:1:1") == "skipped"
    assert await desk.corrections() == []
    assert [line.text for line in await desk.history()] == ["hi"]
