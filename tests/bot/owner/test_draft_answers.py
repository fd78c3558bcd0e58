"""Drafts in the owner's hand: typed, pressed, pressed twice and too late; on real Redis."""

import asyncio
from dataclasses import replace

import pytest

from bot import keys
from bot.drafts import read_draft
from bot.owner.answers import SCREEN_LIMIT_CHARS
from bot.owner.cards import token_of
from tests.bot.owner.conftest import Owner, drafted


async def test_should_send_a_draft_once_however_often_it_is_pressed(owner: Owner) -> None:
    draft = await drafted(owner)
    first = await owner.presses(token_of("send", draft))
    assert first.toast == "On its way to Ann: well"
    for again in (await owner.presses(token_of("send", draft)), await owner.presses(token_of("discard", draft))):
        assert again.toast.startswith("already sent as proposed")
    assert (await owner.says(f"/send {draft.no}")).startswith("already sent")
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == ["notice", "well"]


async def test_should_act_on_an_old_button_only_when_its_text_still_stands(owner: Owner) -> None:
    draft = await drafted(owner, "well")
    assert "written anew" in (await owner.presses(token_of("regenerate", draft))).toast
    assert "already being written anew" in (await owner.presses(token_of("regenerate", draft))).toast
    await owner.bot.answer_all("better")
    await owner.bot.collect()
    for verb in ("send", "discard", "regenerate", "edit"):
        old = await owner.presses(token_of(verb, draft))
        assert (old.ok, old.toast, old.ask_token) == (False, "This draft has changed; look at its card again.", None)
    assert owner.bot.adapter.sent == []
    fresh = await read_draft(owner.bot.client, draft.no)
    assert fresh is not None
    await owner.presses(token_of("send", fresh))
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == ["notice", "better"]


async def test_should_ask_for_the_owners_own_words_and_send_them(owner: Owner) -> None:
    draft = await drafted(owner)
    asked = await owner.presses(token_of("edit", draft))
    assert asked.screen is not None
    assert (asked.ask_token, asked.ask_prefill) == (token_of("edit", draft), "well")
    await owner.desk.shown_as("telegram", "41", asked.ask_token or "")
    shown = await owner.asks("on my way", answers="41")
    assert shown is not None
    assert shown.screen is not None
    assert shown.screen.text == "On its way to Ann: on my way"
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == ["notice", "on my way"]
    [correction] = await owner.bot.corrections()
    assert (correction.outcome, correction.proposed, correction.final) == ("edited", "well", "on my way")


@pytest.mark.parametrize(
    "words", ["\u200b", "\u2060 \ufeff\n\u00a0", "x" * 2_001, "a\nb\nc\n" + "d" * 1_000 + "\n" + "e" * 1_000]
)
async def test_should_refuse_words_that_no_platform_takes(owner: Owner, words: str) -> None:
    draft = await drafted(owner)
    await owner.is_refused(f"/edit {draft.no} {words}")
    pressed = await owner.presses(token_of("edit", draft), words)
    assert (pressed.ok, pressed.toast[:17]) == (False, "Nothing was sent:")
    await owner.bot.deliver()
    assert owner.bot.adapter.sent == []
    assert "On its way" in await owner.says(f"/edit {draft.no} {'x' * 2_000}")


async def test_should_take_the_words_of_a_form_at_once(owner: Owner) -> None:
    draft = await drafted(owner)
    assert (await owner.presses(token_of("edit", draft), "  ")).toast == "Nothing was sent: no words."
    assert (await owner.presses(token_of("edit", draft), "on my way")).toast == "On its way to Ann: on my way"
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == ["notice", "on my way"]


@pytest.mark.parametrize("command", ["/discard {no}", "/status", "/panic", "panic", "/nonsense"])
async def test_should_never_send_a_command_to_a_contact(owner: Owner, command: str) -> None:
    """The owner's app has put a reply to our question into his hands, and he types a command."""
    draft = await drafted(owner)
    await owner.desk.shown_as("telegram", "41", token_of("edit", draft))
    await owner.asks(command.format(no=draft.no), answers="41")
    await owner.bot.client.delete(keys.HALT)
    await owner.bot.deliver()
    assert owner.bot.adapter.sent == []


async def test_should_leave_a_draft_that_a_newer_line_has_made_stale(owner: Owner) -> None:
    draft = await drafted(owner)
    await owner.bot.line()
    pressed = await owner.presses(token_of("send", draft))
    assert not pressed.ok
    assert pressed.toast.startswith(f"Draft {draft.no} is over: stale")
    assert (await owner.presses(token_of("edit", draft))).ask_token is None
    await owner.bot.deliver()
    assert owner.bot.adapter.sent == []


async def test_should_give_the_chat_to_the_owner(owner: Owner) -> None:
    draft = await drafted(owner)
    assert (await owner.presses(token_of("takeover", draft))).toast.startswith("The chat with Ann is yours until")
    assert "you took over" in (await owner.presses(token_of("takeover", draft))).toast
    assert "yours alone: Ann" in await owner.says("/status")


async def test_should_list_what_waits(owner: Owner) -> None:
    assert await owner.says("/drafts") == "No draft waits for you."
    draft = await drafted(owner, "well", text="are you there?")
    assert (await owner.says("/drafts")).splitlines() == [
        "1 waiting:",
        f"{draft.no} · Ann (stranger)",
        "  > are you there?",
        "  well",
        "/send N, /edit N TEXT, /discard N, /regenerate N, /takeover N",
    ]
    [card] = await owner.desk.board()
    assert "are you there?" in card.screen.text
    assert "Edit draft 1 to what?" in await owner.is_refused("/edit 1")
    assert "no draft 99" in await owner.is_refused("/send 99")


async def test_a_long_list_should_still_say_what_may_be_done_and_how_many_are_left(owner: Owner) -> None:
    for number in range(12):
        await drafted(owner, "w" * 300, str(number), text="are you there?")
    said = await owner.says("/drafts")
    assert len(said) <= SCREEN_LIMIT_CHARS
    *_, more, verbs = said.splitlines()
    shown = said.count("> are you there?")
    assert more == f"… and {12 - shown} more, once you have seen to these"
    assert verbs.startswith("/send N, /edit N TEXT")


async def test_should_let_one_hand_win_when_several_devices_press_at_once(owner: Owner) -> None:
    draft = await drafted(owner)
    laptop = replace(owner, platform="terminal", user_id="local")
    presses = [who.presses(token_of("send", draft)) for who in (owner, laptop) * 5]
    words = [owner.presses(token_of("discard", draft)), laptop.presses(token_of("edit", draft), "mine")]
    toasts = [shown.toast for shown in await asyncio.gather(*presses, *words)]
    assert (
        len([toast for toast in toasts if toast.startswith("On its way")]) + sum("discarded;" in t for t in toasts) == 1
    )
    assert all(toast.startswith(("On its way", "already", "Draft 1 discarded;")) for toast in toasts)
    await owner.bot.deliver()
    assert len(owner.bot.adapter.sent) in (0, 2)
