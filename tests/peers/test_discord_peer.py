"""The Discord adapter on a Discord that others wrote."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import discord.gateway
import discord.http
import pytest

from adapters.base import ChatRef, OutboundMessage
from adapters.discord_adapter import DiscordAdapter
from adapters.discord_settings import DiscordSettings
from adapters.owner_port import Screen, Shown
from tests.adapters.discord_stage import DeskDouble, InboxDouble, MemoryDouble, quicken
from tests.peers.discord_peer import DiscordPeer, missing
from tests.waiting import until

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture
async def peer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordPeer]:
    # the adapter sets both for the whole process: they are put back afterwards
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    before = discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", before)
    quicken(monkeypatch)
    async with DiscordPeer() as running:
        yield running


async def test_a_line_should_come_in_and_a_reply_go_out(peer: DiscordPeer) -> None:
    inbox, desk = InboxDouble(), DeskDouble(owner=peer.user, on_word=Shown(Screen("draft for everybody")))
    chosen = peer.channels[0]
    settings = DiscordSettings(
        token=peer.token, owner_name="Alex Rivera", api_base=peer.api, channels=frozenset({int(chosen)})
    )
    adapter = DiscordAdapter(settings, desk, MemoryDouble())
    running = asyncio.create_task(adapter.run(inbox))
    try:
        await until(lambda: running.done() or (adapter._client is not None and adapter._client.is_ready()))
        chat = ChatRef("discord", chosen)
        await peer.ask("write", channel=peer.channels[1], text="not for us")
        asked = await peer.ask("write", channel=chosen, text="are you there?")
        await until(lambda: inbox.lines)
        await adapter.show_typing(chat)
        sent = await adapter.send(OutboundMessage(chat, "b-1", "I am here."))
        assert await peer.said(chosen) == ["I am here."]
        assert len(await peer.ask("typed", channel=chosen)) == 1

        await peer.ask("edit", channel=chosen, message=asked["id"], text="are you there tonight?")
        await until(lambda: inbox.edits)
        await peer.ask("remove", channel=chosen, message=asked["id"])
        await until(lambda: inbox.deletions)
        assert inbox.texts == ["are you there?"], "neither its own words nor another channel's"
        assert [edit.text for edit in inbox.edits] == ["are you there tonight?"]
        assert inbox.deletions == [(asked["id"],)]

        await adapter.unsend(chat, (sent.message_id,))
        assert await peer.said(chosen) == []

        await peer.ask("slash", channel=chosen, name="status")
        await until(lambda: desk.words)
        assert desk.words[0].text == "/status"

        async def answered() -> bool:
            return await peer.said(chosen) == ["draft for everybody"]

        await until(answered)
        shown = (await peer.ask("shown", channel=chosen))[-1]
        assert shown["flags"] & 64, "an owner's answer is ephemeral"
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
