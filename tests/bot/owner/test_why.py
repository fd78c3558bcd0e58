"""Why a reply reads as it does: everything that was decided on, and nothing that is not known."""

import redis.asyncio

from bot import keys
from bot.owner.why import explain, why
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk

ANSWERED = {
    "state": "answered",
    "reason": "",
    "chat_key": "telegram:7",
    "contact_id": "telegram:user7",
    "contact_name": "Noor",
    "contact_type": "friend",
    "decision": "auto for friend since 12:03",
    "reply": "sure,\nsee you at 8",
    "blend": '{"friend":0.4,"core":0.6}',
    "facet_versions": '{"core":"v3","friend":"v1"}',
    "first_ms": "1000",
    "opened_ms": "3500",
    "queue_ms": "120",
    "generate_ms": "1100",
    "ended_ms": "5240",
}


def test_should_say_who_what_and_why() -> None:
    assert explain(ANSWERED).splitlines() == [
        "Noor (friend): answered",
        "Decision: auto for friend since 12:03",
        "Reply: “sure, see you at 8”",
        "Voice: core 0.6 (v3) · friend 0.4 (v1)",
        "Memories: none are kept yet",
        "Times: waited 2.5 s · queued 0.1 s · generated 1.1 s · in all 4.2 s",
    ]


def test_should_speak_of_no_voice_where_nothing_was_said() -> None:
    skipped = {
        **{name: ANSWERED[name] for name in ("chat_key", "contact_name", "contact_type", "first_ms", "ended_ms")},
        "state": "skipped",
        "reason": "autoreply is off",
        "decision": "",
        "opened_ms": "0",  # it was never opened
    }
    assert explain(skipped).splitlines() == ["Noor (friend): skipped: autoreply is off", "Times: in all 4.2 s"]


def test_should_say_that_the_base_model_spoke_alone_and_clip_a_long_reply() -> None:
    said = explain({**ANSWERED, "blend": "{}", "facet_versions": "{}", "reply": "well " * 200})
    assert "Voice: the base model alone" in said
    assert max(len(line) for line in said.splitlines()) < 120


def test_should_name_a_contact_without_a_name_by_its_id() -> None:
    held = {**ANSWERED, "contact_name": "", "contact_type": "", "state": "held", "reason": "waits for the owner"}
    assert explain(held).startswith("telegram:user7: held for you\n")


def test_should_not_tell_how_an_approved_draft_waited_as_how_it_ended() -> None:
    said = explain({**ANSWERED, "state": "sending", "reason": "waits for the owner"})
    assert said.startswith("Noor (friend): is being sent\n")
    assert "in all" not in said


async def test_should_know_when_there_is_nothing_to_explain(redis_client: redis.asyncio.Redis) -> None:
    assert (await why(redis_client, "telegram:7")).startswith("Nothing was decided in this chat")
    await redis_client.hset(keys.of_chat("telegram:7").chat, "last_request", "telegram:7:1")
    assert (await why(redis_client, "telegram:7")).startswith("That turn is too long ago")


async def test_should_explain_a_reply_that_was_really_sent(desk: Desk) -> None:
    await desk.line(text="hi")
    await desk.turns.step()
    await desk.answer_all("well hello")
    await desk.collect()
    await desk.deliver()
    said = (await why(desk.client, "test:1")).splitlines()
    assert said[0] == "Ann (stranger): answered"
    assert said[1].startswith("Decision: ")
    assert said[2:5] == ["Reply: “well hello”", "Voice: core 1 (v1)", "Memories: none are kept yet"]
    assert "generated 0.0 s" in said[5]


async def test_should_not_call_the_owners_words_the_voices(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft", autoreply_strangers="draft")
    await desk.line()
    draft = await desk.drafted("well")
    await desk.drafts.edit(draft.no, "entirely mine")
    await desk.deliver()
    said = (await why(desk.client, "test:1")).splitlines()
    assert said[2:5] == ["Reply: “entirely mine” (your own words)", "Proposed: “well”", "Voice: core 1 (v1)"]


async def test_should_say_who_approved(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft", autoreply_strangers="draft")
    await desk.line()
    await desk.drafts.send((await desk.drafted("well")).no)
    await desk.deliver()
    assert "Reply: “well” (approved by you)" in await why(desk.client, "test:1")


def test_should_tell_what_was_taken_back_and_let_no_name_write_lines() -> None:
    said = explain({**ANSWERED, "undone_ms": "6000", "contact_name": "Mum\n\nPANIC is on" + "x" * 100})
    assert said.startswith("Mum PANIC is onxxx")
    assert "(friend): answered and taken back\n" in said
    assert "x" * 61 not in said


async def test_should_explain_a_turn_that_was_left_unanswered(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="off", autoreply_strangers="off")
    await desk.line(text="hi")
    await desk.turns.step()
    assert "skipped" in await why(desk.client, "test:1")
