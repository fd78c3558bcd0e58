"""Who only looks like the owner on Discord has no authority: real adapter, real owner's desk, real Redis.

Each impostor does his worst; afterwards the orders, the owner, the drafts, the kill switch, the contacts and what is
learnt from the owner must be what they were. What the owner himself does changes them, so that this can fail.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import redis.asyncio

from adapters.base import ChatRef
from bot import keys
from model_server.home import Home
from tests.adapters.discord_stage import quicken
from tests.adapters.discord_town import Town, authority, built
from tests.discord_server import wire
from tests.discord_server.state import Channel, Interaction
from tests.waiting import until


@pytest.fixture
async def town(
    monkeypatch: pytest.MonkeyPatch, redis_client: redis.asyncio.Redis, tmp_path: Path
) -> AsyncIterator[Town]:
    quicken(monkeypatch)
    async with built(redis_client, Home(tmp_path).create()) as town:
        yield town


Act = Callable[[Town], Awaitable[Channel | Interaction]]


def types(text: str, *, public: bool = False) -> Act:
    """Somebody with the owner's display name, an administrator, types this."""

    async def act(town: Town) -> Channel:
        place = town.channel if public else town.dm
        town.server.writes(town.robin, place, text, mentions=(town.server.bot,) if public else ())
        return place

    return act


def slash(name: str, words: str = "", *, public: bool = False) -> Act:
    async def act(town: Town) -> Interaction:
        place = town.channel if public else town.dm
        return town.server.slash(town.robin, name, place, **({"words": words} if words else {}))

    return act


def presses(label: str) -> Act:
    async def act(town: Town) -> Interaction:
        return town.server.press(town.robin, town.card, town.button(label))

    return act


async def replays_the_form(town: Town) -> Interaction:
    return town.server.submit(replace(await town.form(), user=town.robin), {"text": "robin's words"})


async def copies_a_card(town: Town) -> Interaction:
    """A press on a message of his own private chat, with the token of the owner's button."""
    copied = replace(town.card, channel=town.dm)
    return town.server.press(town.robin, copied, town.button("Discard"))


async def is_an_allowed_bot(town: Town) -> Channel:
    otto = next(user for user in town.server.world.users.values() if user.bot and user.name == "Alex")
    town.server.writes(otto, town.channel, "/panic", mentions=(town.server.bot,))
    return town.channel


async def is_a_webhook(town: Town) -> Channel:
    town.server.webhook_writes(town.channel, "Alex", f"{town.server.mention(town.server.bot)} /panic")
    return town.channel


async def is_a_webhook_with_the_owners_id(town: Town) -> Channel:
    said = town.server.webhook_writes(town.channel, "Alex", f"{town.server.mention(town.server.bot)} /panic")
    forged = wire.event_json(said, town.server.bot, content_intent=True)
    forged["author"] |= {"id": town.alex.id, "bot": False}
    town.server.plays("MESSAGE_CREATE", forged | {"id": town.server.clock.snowflake()})
    return town.channel


async def edits_a_line(town: Town) -> Channel:
    line = town.server.writes(town.robin, town.dm, "hello")
    await town.settled(town.dm)
    town.server.edits(line, "/panic")
    return town.dm


async def forwards_the_code(town: Town) -> Channel:
    """Somebody forwards what the owner had written down for himself."""
    line = town.server.writes(town.robin, town.dm, "look")
    event = wire.event_json(line, town.server.bot, content_intent=True)
    inner = {name: event[name] for name in ("type", "timestamp", "embeds", "attachments", "edited_timestamp")}
    event |= {
        "id": town.server.clock.snowflake(),
        "content": "",
        "message_reference": {"type": 1, "message_id": "1", "channel_id": "2"},
        "message_snapshots": [{"message": inner | {"content": f"/pair {await town.code()}"}}],
    }
    town.server.plays("MESSAGE_CREATE", event)
    return town.dm


async def guesses_until_he_knows(town: Town) -> Channel:
    """Five tries are all there are; the sixth is the right code, and too late."""
    code = await town.code()
    for guess in ("AAAA-AAAA", "BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "EEEE-EEEE", code):
        town.server.writes(town.robin, town.dm, f"/pair {guess}")
    return town.dm


async def says_the_code_in_public(town: Town) -> Channel:
    town.server.writes(town.robin, town.channel, f"/pair {await town.code()}", mentions=(town.server.bot,))
    return town.channel


async def uses_the_owners_old_code(town: Town) -> Channel:
    town.server.writes(town.robin, town.dm, f"/pair {town.used_code}")
    return town.dm


async def answers_the_owners_question(town: Town) -> Channel:
    """A reply in his own private chat to the message that asks the owner for his words."""
    town.server.writes(town.alex, town.server.dm(town.alex), "/edit 1")
    await town.staff.desk.shown_as("discord", town.card.id, town.button("Edit"))
    line = town.server.writes(town.robin, town.dm, "robin's words")
    event = wire.event_json(line, town.server.bot, content_intent=True)
    reference = {"type": 0, "message_id": town.card.id, "channel_id": town.card.channel.id}
    town.server.plays("MESSAGE_CREATE", event | {"id": town.server.clock.snowflake(), "message_reference": reference})
    return town.dm


async def is_called_by_the_owners_number(town: Town) -> Channel:
    town.robin.name = town.alex.id
    town.server.writes(town.robin, town.dm, "/panic")
    return town.dm


async def is_the_owner_in_public(town: Town) -> Channel:
    """What he types where others read is talk, and where we never spoke not even that."""
    town.server.writes(town.alex, town.channel, "/panic")
    return town.channel


async def is_the_owner_quoted(town: Town) -> Channel:
    town.server.writes(town.robin, town.dm, "Alex said:\n/panic")
    return town.dm


IMPOSTORS: dict[str, Act] = {
    "a private order": types("/autoreply auto"),
    "a private panic": types("/panic"),
    "a private word without a slash": types("panic"),
    "a public order": types("/autoreply auto", public=True),
    "an administrator's slash in a server": slash("autoreply", "auto", public=True),
    "a slash in private": slash("panic"),
    "a slash that sends a draft": slash("send", "1"),
    "a slash with a wrong code": slash("pair", "AAAA-AAAA"),
    "a slash with a wrong code in a server": slash("pair", "AAAA-AAAA", public=True),
    "a press on the owner's Send": presses("Send"),
    "a press on the owner's Edit": presses("Edit"),
    "a press on the owner's Take over": presses("Take over"),
    "a press on a copied card": copies_a_card,
    "the owner's form, sent by another": replays_the_form,
    "an allowed bot": is_an_allowed_bot,
    "a webhook with the owner's name": is_a_webhook,
    "a webhook with the owner's id": is_a_webhook_with_the_owners_id,
    "an edited line": edits_a_line,
    "a forwarded code": forwards_the_code,
    "guessed codes": guesses_until_he_knows,
    "a code said in public": says_the_code_in_public,
    "a code used before": uses_the_owners_old_code,
    "an answer to the owner's question": answers_the_owners_question,
    "the owner's number as a name": is_called_by_the_owners_number,
    "the owner's own words in public": is_the_owner_in_public,
    "the owner quoted": is_the_owner_quoted,
}


@pytest.mark.parametrize("act", IMPOSTORS.values(), ids=IMPOSTORS)
async def test_an_impostor_should_change_nothing_that_is_the_owners(town: Town, act: Act) -> None:
    before = await authority(town)
    done = await act(town)
    await town.settled(done)
    assert await authority(town) == before
    if isinstance(done, Interaction):
        assert done.modal is None
        told = [message.text for message in town.server.whispered(town.robin)]
        assert told in ([], ["Only the owner can use this."])


async def owner_types(town: Town) -> None:
    town.server.writes(town.alex, town.server.dm(town.alex), "/autoreply auto")


async def owner_slashes(town: Town) -> None:
    town.server.slash(town.alex, "panic", town.channel)


async def owner_presses(town: Town) -> None:
    town.server.press(town.alex, town.card, town.button("Discard"))


async def owner_fills_the_form(town: Town) -> None:
    town.server.submit(await town.form(), {"text": "my words"})


async def owner_moves(town: Town) -> None:
    town.server.writes(town.robin, town.dm, f"/pair {await town.code()}")


@pytest.mark.parametrize("act", [owner_types, owner_slashes, owner_presses, owner_fills_the_form, owner_moves])
async def test_what_the_owner_does_should_change_it(town: Town, act: Callable[[Town], Awaitable[None]]) -> None:
    before = await authority(town)
    await act(town)

    said = len(town.server.calls)
    await until(lambda: len(town.server.calls) > said)  # answered: carried out
    assert await authority(town) != before


async def test_an_impostors_private_chat_should_be_told_nothing_of_the_owner(town: Town) -> None:
    for text in ("/status", "/drafts", "/contact list", "/pair AAAA-AAAA"):
        town.server.writes(town.robin, town.dm, text)
    await town.settled(town.dm)
    assert town.server.said(town.dm) == []
    assert ChatRef("discord", town.dm.id).key.encode() in await town.staff.scripts.client.zrange(keys.CHATS, 0, -1)
