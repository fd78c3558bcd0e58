"""The desk: who may speak, and that everything is answered."""

import random
from dataclasses import replace
from typing import Any

import pytest

from adapters.base import ChatRef
from adapters.owner_port import Press, Shown
from bot import keys
from bot.drafts import read_draft
from bot.owner.cards import token_of
from bot.owner.notices import notify
from tests.bot.owner.conftest import Owner, drafted

IMPOSTORS = [
    ("telegram", "8"),
    ("telegram", ""),
    ("telegram", "07"),
    ("telegram", "7 "),
    ("telegram", "user7"),
    ("telegram", "@tilda"),
    ("telegram", "local"),
    ("discord", "7"),
    ("web", "7"),
    ("web", ""),
    ("terminal", "7"),
    ("test", "7"),
    ("", "7"),
]


@pytest.mark.parametrize(("platform", "user_id"), IMPOSTORS)
async def test_should_be_deaf_to_everybody_but_the_owner(owner: Owner, platform: str, user_id: str) -> None:
    draft = await drafted(owner)
    impostor = replace(owner, platform=platform, user_id=user_id)
    await owner.desk.shown_as("telegram", "99", token_of("edit", draft))
    before = await snapshot(owner)
    for text in ("/panic", "/status", "/autoreply auto for stranger", f"/send {draft.no}", "/help", "/unpair", "pair"):
        assert await impostor.asks(text) is None
    for verb in ("send", "edit", "discard", "regenerate", "takeover"):
        token = token_of(verb, draft)
        assert await owner.desk.press(Press(platform, user_id, token)) is None
        assert await owner.desk.press(Press(platform, user_id, token, "my words")) is None
    assert await impostor.asks("my words", answers="99") is None
    assert await snapshot(owner) == before
    assert (await read_draft(owner.bot.client, draft.no)) == draft
    assert await owner.bot.deliver() == []


async def snapshot(owner: Owner) -> dict[str, bytes | None]:
    return {key: await owner.bot.client.dump(key) for key in await owner.bot.all_keys()}


async def test_should_show_nothing_for_a_wrong_code(owner: Owner) -> None:
    local = replace(owner, platform="terminal", user_id="local")
    await local.says("pair")
    stranger = replace(owner, user_id="8")
    assert await stranger.asks("/pair AAAA-AAAA") == Shown()
    assert await stranger.asks("/status") is None


async def test_should_show_a_code_on_the_console_only(owner: Owner) -> None:
    text = await replace(owner, platform="terminal", user_id="local").says("/pair")
    code = text.splitlines()[0]
    assert f"/pair {code}" in text
    assert "Within 10 minutes" in text
    assert code not in await owner.is_refused("pair"), "an owner who is paired gets no code to pass on"


async def test_should_let_the_owner_go(owner: Owner) -> None:
    assert "not the owner here any more" in await owner.says("/unpair")
    assert await owner.asks("/status") is None


async def test_should_answer_within_a_screen_whatever_there_is_to_say(owner: Owner) -> None:
    for number in range(60):
        await owner.bot.line(str(number), sender_id=f"id{number}", sender_name=f"Somebody Called {number} " + "x" * 40)
    await owner.bot.turns.step()
    for text in ("/status", "/chats", "/contact", "/help", "/drafts", "/blend"):
        said = await owner.says(text)
        assert len(said) <= 2_000, text
    assert "… and " in await owner.says("/chats")


async def test_should_say_so_when_the_store_is_away(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(owner.bot.client, "zrevrange", away)
    assert "The store does not answer" in await owner.is_refused("/status")


async def test_should_offer_menus(owner: Owner) -> None:
    assert ("status", "What applies where, and why") in owner.desk.owner_commands()
    assert [name for name, _ in owner.desk.contact_commands()] == ["start", "help", "privacy", "human", "forgetme"]


async def test_should_answer_a_contacts_word_but_not_in_a_panic(owner: Owner) -> None:
    chat = ChatRef("test", "1")
    assert "Tilda" in str(await owner.desk.contact_word(chat, "ann", "Ann", "start"))
    await owner.says("/panic")
    assert await owner.desk.contact_word(chat, "ann", "Ann", "start") is None


PIECES = (
    *("/autoreply", "/pause", "/resume", "/drafts", "/contact", "/blend", "/why", "/undo", "/schedule", "/digest"),
    *("/chats", "/status", "/help", "/panic", "off", "draft", "clear", "for", "in", "until", "2h", "18:00", "monday"),
    *("ann", "stranger", "nobody", "test:1", "list", "show", "type", "name", "merge", "into", "mode", "block", "to"),
    *("unblock", "core=0.5", "core=x", "add", "daily", "22:00-07:00", "quiet", "remove", "zone", "Europe/Berlin", "1"),
    *('"', "@", "\x00", "\ud83d\ude00", "7" * 30, "/", "", "\n"),
)


async def test_should_answer_anything_and_send_nothing_that_was_not_approved(owner: Owner) -> None:
    """Random words of the owner's language without those that approve: each gets an answer, none sends a word."""
    draft = await drafted(owner)
    dice = random.Random(3)
    for _ in range(150):
        text = " ".join(dice.choices(PIECES, k=dice.randint(1, 6)))
        shown = await owner.asks(text)
        assert shown is not None, text
        assert shown.screen is not None, text
        assert 0 < len(shown.screen.text) <= 2_000, text
        assert "That failed" not in shown.screen.text, (text, shown.screen.text)
        await owner.bot.client.delete(keys.HALT)
    await owner.bot.turns.step()
    await owner.bot.collect()
    await owner.bot.deliver()
    assert owner.bot.adapter.sent == []
    assert (await read_draft(owner.bot.client, draft.no)) == draft


async def test_should_name_the_problems_of_the_last_day_only(owner: Owner) -> None:
    await owner.bot.client.xadd(keys.DEAD, letter("long ago"), id="1000-1")
    assert "long ago" not in await owner.says("/status")
    await owner.bot.client.xadd(keys.DEAD, letter("expired"))
    assert "! dead: test:1: expired" in await owner.says("/status")


def letter(reason: str) -> dict[Any, Any]:
    return {"request_id": "test:1:1", "chat_key": "test:1", "state": "dead", "reason": reason}


async def test_should_tell_again_what_the_owner_was_told_lately(owner: Owner) -> None:
    """The page is all that some owners have."""
    await notify(owner.bot.client, "Noor asked for you in person.")
    await notify(owner.bot.client, "for another account", to=("telegram", "9"))
    cards = await owner.desk.told()
    assert (cards[-1].screen.text, cards[-1].screen.rows) == ("Noor asked for you in person.", ())
    assert "for another account" not in [card.screen.text for card in cards]
