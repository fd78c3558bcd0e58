"""Words that were changed or taken back should never be answered as they were."""

import pytest

from bot import keys
from bot.drafts import open_drafts, read_draft
from tests.bot.conftest import MakeDesk
from tests.bot.desk import NOW_MS, Desk, committed


async def lines_in(desk: Desk) -> tuple[list[str], list[str]]:
    """What the persona reads, and what people are shown."""
    return [line.text for line in await desk.remembered()], [line.text for line in await desk.history()]


async def test_should_answer_the_new_words_of_a_line_in_flight(desk: Desk) -> None:
    await desk.line(text="soup?")
    await desk.turns.step()
    assert await desk.edit("1", "stew?") == "taken"
    assert await desk.edit("1", "stew?") == "duplicate"
    await desk.turns.step()
    assert [(r.request_id, r.lines[-1].text) for r in await desk.requests()] == [
        ("test:1:1", "soup?"),
        ("test:1:1~1", "stew?"),
    ]
    await desk.answer_all()
    await desk.collect()
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "well"], "the reply to the old words found no turn"
    assert (await desk.state("test:1:1"), await desk.state("test:1:1~1")) == ("", "answered")
    assert await lines_in(desk) == (["stew?", "well"], ["stew?", "notice", "well"])


async def test_should_not_begin_anew_for_an_edit_that_leaves_the_words(desk: Desk) -> None:
    """A platform tells of link previews and reactions as edits."""
    await desk.line(text="soup?")
    await desk.turns.step()
    assert await desk.edit("1", "soup?", at_ms=NOW_MS + 1, sender_name="Ann V") == "duplicate"
    await desk.turns.step()
    assert [request.request_id for request in await desk.requests()] == ["test:1:1"]


async def test_should_refuse_a_decision_on_the_old_words(desk: Desk) -> None:
    await desk.line()
    claimed = await desk.claim()
    await desk.edit("1", "other")
    assert await desk.turns.act(claimed) == "lost"
    assert (await desk.due_in_ms() or 0) <= 0


async def test_should_leave_a_turn_alone_that_does_not_cover_the_line(make_desk: MakeDesk) -> None:
    desk = make_desk(longest_wait_ms=0)
    await desk.line()
    await desk.turns.step()
    await desk.line(text="more")
    await desk.edit("2", "less")
    await desk.answer_all()
    await desk.collect()
    await desk.deliver()
    assert await desk.state("test:1:1") == "answered"
    await desk.turns.step()
    [request] = await desk.requests()
    assert [line.text for line in request.lines] == ["hi", "well", "less"]


async def test_should_only_remember_the_edit_of_an_answered_line(desk: Desk) -> None:
    await desk.line()
    await desk.whole_turn()
    assert await desk.edit("1", "bye") == "taken"
    assert await lines_in(desk) == (["bye", "well"], ["bye", "notice", "well"])
    assert await desk.mailbox() == 0
    assert await desk.client.zcard(keys.DUE) == 0


async def test_should_take_an_edit_that_overtook_its_line(desk: Desk) -> None:
    now_ms = int(await desk.now_ms())
    assert await desk.edit("8", "old", at_ms=now_ms - 61_000) == "duplicate"
    assert await desk.mailbox() == 0
    assert await desk.edit("9", "new", at_ms=now_ms - 59_000) == "taken"
    assert await desk.line(line_id="9", text="as it was first") == "duplicate"
    assert (await lines_in(desk))[0] == ["new"]
    assert await desk.mailbox() == 1


async def test_should_draft_anew_when_a_line_of_it_was_edited(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft")
    await desk.line(text="soup?")
    await desk.line(text="today?")
    draft = await desk.drafted("yes")
    assert await desk.edit("1", "stew?") == "taken"
    stale = await read_draft(desk.client, draft.no)
    assert stale is not None
    assert (stale.state, stale.reason) == ("stale", "a line was edited")
    newer = await desk.drafted("stew, yes")
    assert (newer.request_id, [line.text for line in newer.lines]) == ("test:1:2~1", ["stew?", "today?"])
    assert await desk.drafts.send(draft.no) == "stale"
    assert await desk.drafts.send(newer.no) == "done"
    await desk.deliver()
    assert desk.adapter.texts == ["notice", "stew, yes"]
    assert (await desk.state("test:1:2"), await desk.state("test:1:2~1")) == ("skipped", "answered")


async def test_should_draft_anew_when_an_earlier_line_it_answers_was_edited(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft")
    await desk.line(text="soup?")
    await desk.drafted("yes")
    await desk.line(text="today?")
    await desk.drafted("yes, today")
    await desk.edit("1", "stew?")
    newer = await desk.drafted("stew, today")
    assert [line.text for line in newer.lines] == ["stew?", "today?"]
    assert len(await open_drafts(desk.client)) == 1


async def test_should_not_answer_what_was_taken_back(desk: Desk) -> None:
    await desk.line(text="I hate you")
    await desk.turns.step()
    assert await desk.take_back("1") == "taken"
    assert await desk.take_back("1") == "duplicate"
    await desk.answer_all()
    await desk.collect()
    assert await desk.deliver() == []
    assert (await desk.state("test:1:1~1"), await desk.reason("test:1:1~1")) == ("skipped", "taken back")
    assert await lines_in(desk) == ([], [])
    assert await desk.client.zcard(keys.DUE) == 0
    assert await desk.line(line_id="1") == "duplicate"


async def test_should_answer_what_is_left(desk: Desk) -> None:
    for text in ("a", "b", "c"):
        await desk.line(text=text)
    await desk.turns.step()
    assert await desk.take_back("2", "3") == "taken"
    await desk.turns.step()
    assert [line.text for line in (await desk.requests())[-1].lines] == ["a"]
    await desk.answer_all()
    await desk.collect()
    await desk.deliver()
    assert (await desk.state("test:1:3~1"), await desk.state("test:1:1~1")) == ("skipped", "answered")


async def test_should_keep_a_turn_whose_lines_all_stand(make_desk: MakeDesk) -> None:
    desk = make_desk(longest_wait_ms=0)
    await desk.line()
    await desk.turns.step()
    await desk.line()
    await desk.take_back("2")
    await desk.answer_all()
    await desk.collect()
    await desk.deliver()
    assert await desk.state("test:1:1") == "answered"
    assert await desk.mailbox() == 0


@pytest.mark.parametrize(("gone", "left"), [(("1",), ["b"]), (("2",), ["a"]), (("1", "2"), [])])
async def test_should_draft_anew_on_what_is_left(make_desk: MakeDesk, gone: tuple[str, ...], left: list[str]) -> None:
    desk = make_desk(autoreply="draft")
    for text in ("a", "b"):
        await desk.line(text=text)
    draft = await desk.drafted()
    assert await desk.take_back(*gone) == "taken"
    stale = await read_draft(desk.client, draft.no)
    assert stale is not None
    assert (stale.state, stale.reason) == ("stale", "a line was taken back")
    assert [line.text for line in stale.lines] == left
    assert await desk.reason("test:1:2") == "draft went stale: a line was taken back"
    assert await desk.mailbox() == len(left)
    if left:
        assert [line.text for line in (await desk.drafted()).lines] == left
    assert await desk.deliver() == []


async def test_should_not_take_a_line_that_was_taken_back_before_it_came(desk: Desk) -> None:
    assert await desk.take_back("5") == "duplicate"
    assert await desk.line(line_id="5") == "duplicate"


async def test_should_take_an_edit_of_the_owners_own_line_without_a_takeover(desk: Desk) -> None:
    await desk.line(from_owner=True, text="on my way")
    moment = await desk.client.hget(keys.of_chat("test:1").chat, "takeover_ms")
    assert await desk.edit("1", "on my way home", from_owner=True) == "taken"
    assert (await lines_in(desk))[0] == ["on my way home"]
    assert await desk.client.hget(keys.of_chat("test:1").chat, "takeover_ms") == moment
    assert await desk.mailbox() == 0


async def test_should_leave_unsaid_what_answers_a_line_that_was_taken_back(desk: Desk) -> None:
    """The reply waits to leave (its platform asked for patience) when the line goes."""
    await committed(desk)
    await desk.take_back("1")
    await desk.deliver()
    assert "one" not in desk.adapter.texts
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("skipped", "called back")
