"""A draft should leave once, only by the owner's word, and be over as soon as the chat has moved on."""

from typing import cast

import msgspec
import pytest

from bot import keys
from bot.drafts import Done, Draft, DraftBook, expire, open_drafts, read_draft
from bot.outcomes import read_outcome, recent_outcomes
from model_server.contract import REQUESTS, ReplyFailed
from tests.bot.conftest import MakeDesk
from tests.bot.desk import NOW_MS, Desk


@pytest.fixture
def drafting(make_desk: MakeDesk) -> Desk:
    return make_desk(autoreply="draft", takeover_ms=60_000)


async def reread(desk: Desk, draft: Draft) -> Draft:
    found = await read_draft(desk.client, draft.no)
    assert found is not None
    return found


async def counts(desk: Desk) -> dict[str, int]:
    raw = cast(dict[bytes, bytes], await desk.client.hgetall(keys.COUNTS))
    return {name.decode(): int(count) for name, count in raw.items() if int(count)}


async def test_should_show_all_that_the_owner_decides_on(drafting: Desk) -> None:
    await drafting.line(text="soup?", answer_until_ms=NOW_MS)
    draft = await drafting.drafted("yes")
    assert (draft.no, draft.request_id, draft.chat_key, draft.state, draft.version) == (
        1,
        "test:1:1",
        "test:1",
        "open",
        1,
    )
    assert (draft.contact_id, draft.contact_name, draft.contact_type) == ("test:ann", "Ann", "stranger")
    assert [line.text for line in draft.lines] == ["soup?"]
    assert (draft.text, draft.blend, draft.deadline_ms, draft.regenerating) == ("yes", {"core": 1.0}, NOW_MS, False)
    assert await counts(drafting) == {"held": 1}


async def test_should_leave_like_any_reply_when_approved(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted("one\ntwo")
    assert await drafting.deliver() == []
    assert await drafting.drafts.send(draft.no, seen="one\ntwo") == "done"
    assert await drafting.drafts.send(draft.no) == "already"
    assert await drafting.drafts.edit(draft.no, "three") == "already"
    await drafting.deliver()
    assert drafting.adapter.texts == ["notice", "one", "two"]
    assert [line.text for line in await drafting.remembered()] == ["hi", "one\ntwo"]
    sent = await reread(drafting, draft)
    assert (sent.state, sent.final, sent.version) == ("sent", "one\ntwo", 2)
    outcome = await read_outcome(drafting.client, "test:1:1")
    assert outcome is not None
    assert (outcome.state, outcome.reply, outcome.line_ids) == ("answered", "one\ntwo", ("1",))
    assert await counts(drafting) == {"answered": 1}
    assert [one.state for one in await recent_outcomes(drafting.client, 9)] == ["answered"]
    assert 0 < await drafting.client.ttl(keys.draft(draft.no)) <= 7 * 86_400


async def test_should_say_the_owners_words_instead(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted("yes")
    with pytest.raises(ValueError, match="words"):
        await drafting.drafts.edit(draft.no, " \n ")
    assert await drafting.drafts.edit(draft.no, " no,\nsorry ") == "done"
    await drafting.deliver()
    assert drafting.adapter.texts == ["notice", "no,", "sorry"]
    edited = await reread(drafting, draft)
    assert (edited.state, edited.text, edited.final) == ("edited", "yes", "no,\nsorry")


async def test_should_send_only_what_the_owner_saw(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted("yes")
    assert await drafting.drafts.send(draft.no, seen="something older") == "changed"
    assert (await reread(drafting, draft)).state == "open"
    assert await drafting.deliver() == []


async def test_should_say_nothing_when_discarded(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    assert [await drafting.drafts.discard(draft.no) for _ in range(2)] == ["done", "already"]
    assert (await drafting.state("test:1:1"), await drafting.reason("test:1:1")) == ("skipped", "discarded")
    assert await open_drafts(drafting.client) == []
    assert await drafting.deliver() == []


async def test_should_keep_out_of_a_chat_that_the_owner_took_over(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    assert [await drafting.drafts.take_over(draft.no) for _ in range(2)] == ["done", "already"]
    taken = await reread(drafting, draft)
    assert (taken.state, taken.reason) == ("stale", "took over")
    assert await drafting.reason("test:1:1") == "draft went stale: took over"
    await drafting.line()
    await drafting.turns.step()
    assert 55_000 < (await drafting.due_in_ms() or 0) <= 60_000


async def test_should_know_no_draft_that_never_was(drafting: Desk) -> None:
    acts = drafting.drafts
    found: list[Done] = [await acts.send(7), await acts.edit(7, "x"), await acts.discard(7)]
    assert [*found, await acts.take_over(7), await acts.regenerate(7)] == ["unknown"] * 5


async def test_should_go_stale_when_a_newer_line_comes(drafting: Desk) -> None:
    await drafting.line(text="soup?")
    draft = await drafting.drafted()
    await drafting.line(text="or not?")
    stale = await reread(drafting, draft)
    assert (stale.state, stale.reason, stale.version) == ("stale", "a newer line came", 2)
    assert await drafting.drafts.send(draft.no) == "stale"
    assert (await drafting.state("test:1:1"), await drafting.reason("test:1:1")) == (
        "skipped",
        "draft went stale: a newer line came",
    )
    newer = await drafting.drafted("soup")
    assert (newer.no, [line.text for line in newer.lines]) == (2, ["soup?", "or not?"]), "the reply is to both"
    assert await drafting.deliver() == []


async def test_should_be_no_draft_at_all_when_newer_lines_wait_already(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft", longest_wait_ms=0)
    await desk.line()
    await desk.turns.step()
    await desk.line()
    await desk.answer_all()
    await desk.collect()
    assert await open_drafts(desk.client) == []
    assert await desk.reason("test:1:1") == "draft went stale: a newer line came"
    assert [line.line_id for line in (await desk.drafted()).lines] == ["1", "2"]


async def test_should_end_when_the_owner_answers_himself(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    await drafting.line(text="me", from_owner=True)
    assert (await reread(drafting, draft)).state == "answered"
    assert (await drafting.state("test:1:1"), await drafting.reason("test:1:1")) == ("skipped", "owner answered")
    assert await drafting.drafts.send(draft.no) == "stale"
    assert await drafting.deliver() == []


async def test_should_be_withdrawn_when_the_owner_writes_between_approval_and_send(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    await drafting.drafts.send(draft.no)
    await drafting.line(text="me", from_owner=True)
    await drafting.deliver()
    assert drafting.adapter.texts == []
    assert (await drafting.state("test:1:1"), await drafting.reason("test:1:1")) == ("skipped", "owner answered")
    assert (await reread(drafting, draft)).reason == "not sent: owner answered"
    assert [line.text for line in await drafting.remembered()] == ["hi", "me"]


async def test_should_wait_while_everything_is_halted(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    await drafting.client.set(keys.HALT, 1)
    assert await drafting.drafts.send(draft.no) == "done"
    assert await drafting.deliver() == ["halted"]
    assert drafting.adapter.texts == []
    assert await drafting.client.ttl(keys.outcome("test:1:1")) == -1


async def test_should_give_up_a_regeneration_that_nobody_answers(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    await drafting.drafts.regenerate(draft.no)
    assert (await reread(drafting, draft)).regenerating
    await drafting.client.hset(keys.draft(draft.no), "until_ms", int(await drafting.now_ms()) - 1)
    before = await reread(drafting, draft)
    assert not before.regenerating
    assert [await expire(drafting.scripts) for _ in range(2)] == [0, 0]
    assert (await reread(drafting, draft)).version == before.version + 1
    assert await drafting.drafts.regenerate(draft.no) == "done"


async def test_should_end_at_its_deadline(drafting: Desk) -> None:
    now_ms = int(await drafting.now_ms())
    await drafting.line(answer_until_ms=now_ms + 60_000)
    late = await drafting.drafted()
    await drafting.client.hset(keys.draft(late.no), "deadline_ms", now_ms - 1)
    assert await drafting.drafts.send(late.no) == "closed"
    assert (await reread(drafting, late)).reason == "the time to answer is over"
    await drafting.line(chat="2", answer_until_ms=now_ms + 60_000)
    swept = await drafting.drafted(chat="2")
    assert await expire(drafting.scripts) == 0
    await drafting.client.hset(keys.draft(swept.no), "deadline_ms", now_ms - 1)
    assert [await expire(drafting.scripts) for _ in range(2)] == [1, 0]
    assert (await reread(drafting, swept)).state == "stale"


async def test_should_not_wait_for_ever(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    assert await expire(drafting.scripts) == 0
    await drafting.client.hset(keys.draft(draft.no), "created_ms", int(await drafting.now_ms()) - 31 * 86_400_000)
    assert await expire(drafting.scripts) == 1


async def regenerated(desk: Desk, text: str | None) -> None:
    """The model answers the second request; None: it fails."""
    [request] = await desk.requests()
    if text is None:
        await desk.publish(ReplyFailed(request.request_id, request.chat_key, "engine"))
        await desk.client.delete(REQUESTS)
    else:
        await desk.answer_all(text)
    await desk.collect()


async def test_should_propose_another_text_when_asked(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted("yes")
    assert [await drafting.drafts.regenerate(draft.no) for _ in range(2)] == ["done", "already"]
    [request] = await drafting.requests()
    assert (request.request_id, [line.line_id for line in request.lines]) == ("test:1:1:d1", ["1"])
    asked = await reread(drafting, draft)
    assert (asked.text, asked.regenerating, asked.version) == ("yes", True, 2)
    await regenerated(drafting, "maybe")
    newer = await reread(drafting, draft)
    assert (newer.text, newer.regenerating, newer.version, newer.state) == ("maybe", False, 3, "open")
    assert await drafting.drafts.send(draft.no, seen="yes") == "changed"
    assert await drafting.drafts.regenerate(draft.no) == "done"
    assert [one.request_id for one in await drafting.requests()] == ["test:1:1:d2"]
    assert await drafting.drafts.send(draft.no, seen="maybe") == "done", "the old text can be sent meanwhile"
    await regenerated(drafting, "too late")
    await drafting.deliver()
    assert drafting.adapter.texts == ["notice", "maybe"]


@pytest.mark.parametrize("text", [None, "", "call +49 (0)170 1234567"])
async def test_should_keep_the_old_text_when_no_other_may_be_said(drafting: Desk, text: str | None) -> None:
    await drafting.line()
    draft = await drafting.drafted("yes")
    await drafting.drafts.regenerate(draft.no)
    await regenerated(drafting, text)
    kept = await reread(drafting, draft)
    assert (kept.text, kept.state, kept.regenerating, kept.version) == ("yes", "open", False, 3)
    assert await drafting.drafts.regenerate(draft.no) == "done"


async def test_should_ask_again_when_a_request_was_lost(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft", deadline_ms=1)
    await desk.line()
    await desk.turns.step()
    [request] = await desk.requests()
    await desk.publish(await desk.reply(request))
    await desk.collect()
    await desk.client.delete(REQUESTS)
    book = DraftBook(desk.scripts, msgspec.structs.replace(desk.config))
    assert await book.regenerate(1) == "done"
    while (again := await book.regenerate(1)) == "already":
        pass
    assert again == "done"
    assert [one.request_id for one in await desk.requests()] == ["test:1:1:d1", "test:1:1:d2"]


async def test_should_give_an_open_draft_a_place_in_time(drafting: Desk) -> None:
    for chat in ("2", "1"):
        await drafting.line(chat=chat)
        await drafting.drafted(chat=chat)
    assert [draft.chat_key for draft in await open_drafts(drafting.client)] == ["test:2", "test:1"]


async def test_should_take_no_text_that_comes_too_late(drafting: Desk) -> None:
    """A bot read it while it was wanted; meanwhile the owner has asked for yet another one."""
    await drafting.line()
    draft = await drafting.drafted("yes")
    await drafting.drafts.regenerate(draft.no)
    [request] = await drafting.requests()
    late = await drafting.reply(request, "late")
    await regenerated(drafting, "second")
    await drafting.drafts.regenerate(draft.no)
    entry_id = await drafting.publish(late)
    assert await drafting.results._commits.redraft(entry_id, late, "late") == "stale"
    now = await reread(drafting, draft)
    assert (now.text, now.regenerating) == ("second", True)


async def test_should_leave_when_it_was_approved_after_something_else_was_withdrawn(drafting: Desk) -> None:
    await drafting.line()
    draft = await drafting.drafted()
    await drafting.client.hset(keys.of_chat("test:1").chat, "takeover_ms", int(await drafting.now_ms()))
    moment = await drafting.now_ms()
    while await drafting.now_ms() <= moment + 1:
        pass
    await drafting.drafts.send(draft.no)
    await drafting.deliver()
    assert drafting.adapter.texts == ["notice", "well"]
