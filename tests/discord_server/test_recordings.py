"""Events in the shape Discord sends them: discord.py reads them, and this server's own events have the same shape."""

import json
from pathlib import Path
from typing import Any

import discord
import pytest

from tests.discord_server.bot import Bot
from tests.discord_server.server import DiscordServer
from tests.discord_server.state import Channel, Json, User
from tests.waiting import until

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "discord"
DECORATION = {"avatar_decoration_data", "clan", "primary_guild", "collectibles", "display_name_styles"}
LEFT_OUT = DECORATION | {
    "nonce", "position", "banner", "communication_disabled_until", "unusual_dm_activity_until", "entitlement_sku_ids",
    "theme_color", "icon_emoji", "display_name",
}  # fmt: skip
"""What Discord adds for looks, or only sometimes; no bot of ours reads it."""


def recorded(name: str) -> Json:
    """One recorded event, whole."""
    found: Json = json.loads((RECORDINGS / f"{name}.json").read_text())
    return found


async def test_recorded_events_should_be_read_by_discord_py(server: DiscordServer, bot: Bot) -> None:
    names = sorted(path.stem for path in RECORDINGS.glob("*.json"))
    for name in names:
        event = recorded(name)
        server.plays(event["t"], event["d"])
    await until(lambda: len(bot.asked) == 3)
    heard = {message.id: message for message in bot.heard}
    assert len(heard) == sum(name.startswith("message_") and recorded(name)["t"] == "MESSAGE_CREATE" for name in names)
    silent = heard[1440000000000000104]
    assert isinstance(silent.reference, discord.MessageReference)
    assert (silent.type, silent.content, silent.mentions) == (discord.MessageType.reply, "", [])
    gone = heard[1440000000000000105].reference
    assert gone is not None
    assert isinstance(gone.resolved, discord.DeletedReferencedMessage)
    assert heard[1440000000000000107].webhook_id == 1090000000000000050
    assert [event.message.edited_at is None for event in bot.edited] == [False, True]
    assert {interaction.type.value for interaction in bot.asked} == {2, 3, 5}


def missing(ours: Any, theirs: Any, where: str = "") -> set[str]:
    """The paths of keys that a recording has and our own event has not."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        lost = {f"{where}.{key}" for key in theirs if key not in ours and key not in LEFT_OUT}
        shared = [key for key in theirs if key in ours]
        return lost.union(*(missing(ours[key], theirs[key], f"{where}.{key}") for key in shared))
    if isinstance(theirs, list) and isinstance(ours, list) and theirs and ours:
        return missing(ours[0], theirs[0], f"{where}[]")
    return set()


@pytest.fixture
def played(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Json]]:
    """What the server dispatches, for a session that may read all."""
    told: list[tuple[str, Json]] = []
    tell = server.gateway.tell

    def listen(event: str, channel: Channel | None, make: Any, *rest: Any) -> None:
        told.append((event, make(1 << 15)))
        tell(event, channel, make, *rest)

    monkeypatch.setattr(server.gateway, "tell", listen)
    return told


async def test_own_events_should_have_everything_that_recorded_ones_have(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot, played: list[tuple[str, Json]]
) -> None:
    await bot.http.bulk_upsert_global_commands(
        int(bot.application_id or 0),
        [{"name": "autoreply", "description": "x", "options": [{"name": "mode", "description": "x", "type": 3}]}],
    )
    private = server.dm(robin)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Send", custom_id="d:send:17:1"))
    await bot.place(private.id).send("card", view=view)
    card = server.shown(private)[0]
    await bot.place(channel.id).send("mine")
    played.clear()
    mine = server.shown(channel)[0]
    hello = server.writes(robin, channel, "hello", mentions=(server.bot,))
    server.writes(robin, private, "psst")
    server.writes(robin, channel, "great", reply_to=mine)
    server.webhook_writes(channel, "News", "headline")
    server.edits(hello, "changed")
    server.deletes(hello)
    server.deletes(server.writes(robin, channel, "a"), server.writes(robin, channel, "b"))
    server.slash(robin, "autoreply", channel, mode="draft")
    server.press(robin, card, "d:send:17:1")
    names = [
        "message_in_guild_mention", "message_in_dm", "message_reply_pinging", "message_by_webhook", "message_edited",
        "message_deleted", "", "", "messages_bulk_deleted", "interaction_slash_in_guild", "interaction_button_in_dm",
    ]  # fmt: skip
    for name, (event, data) in zip(names, played, strict=True):
        if name:
            assert event == recorded(name)["t"]
            assert missing(data, recorded(name)["d"]) == set(), name
