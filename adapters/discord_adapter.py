"""Discord as a platform: a bot account in DMs and servers, its owner's desk in his DM, and the webhook voice.

Knows no Redis and no model. Every `run` opens a client of its own; whoever runs us starts us again when it ends. Chats
are channels: `discord:<channel id>`.
"""

import asyncio
import contextlib
import hashlib
import time

import discord
import structlog

from adapters.base import ChatRef, Inbox, Memory, OutboundMessage, Refused, RetryLater, SentReceipt
from adapters.discord_backfill import Watermarks
from adapters.discord_cards import LONGEST
from adapters.discord_client import GatewayClient, NoStartsLeft, hush_library
from adapters.discord_commands import CommandTree
from adapters.discord_convert import PLATFORM
from adapters.discord_errors import one_try, promptly
from adapters.discord_inbound import Ears
from adapters.discord_lanes import Lanes
from adapters.discord_screens import Screens
from adapters.discord_settings import DiscordSettings
from adapters.discord_voice import Voice
from adapters.owner_port import Desk, Screen

_NONCE_SAFE_MS = 120_000
"""Discord remembers a nonce for "a few minutes"; two are certain."""
_NOT_CONNECTED_S = 2.0
_CLOSING_S = 5.0
_TO_MEND_S = 600.0
"""A refused token is not tried every minute: Discord takes a token away that starts too many sessions."""
_log = structlog.get_logger()


class DiscordAdapter:
    """A `PlatformAdapter`, an `OwnerChannel`, and `Unsends`."""

    platform = PLATFORM

    def __init__(self, settings: DiscordSettings, desk: Desk, memory: Memory) -> None:
        self._settings = settings
        self._desk = desk
        self._memory = memory
        self._voice = Voice(settings, memory)
        self._client: GatewayClient | None = None

    def resend_safe_ms(self, chat: ChatRef) -> int:
        """A bot's send carries a nonce; a webhook's cannot."""
        return 0 if self._voice.speaks_in(int(chat.chat_id)) else _NONCE_SAFE_MS

    async def run(self, inbox: Inbox) -> None:
        """Receive until cancelled or the connection ends for good; raises what ended it."""
        hush_library()
        marks, lanes = Watermarks(self._memory), Lanes()
        await marks.load()
        self._voice = Voice(self._settings, self._memory)
        await self._voice.load()
        client = GatewayClient(self._settings)
        tree = CommandTree(client, self._desk)
        screens = Screens(client, self._desk)
        client.listener = Ears(
            client=client,
            settings=self._settings,
            desk=self._desk,
            inbox=inbox,
            marks=marks,
            voice=self._voice,
            screens=screens,
            lanes=lanes,
        )
        syncing: asyncio.Task[None] | None = None
        try:
            await client.login(self._settings.token)
            self._client = client
            syncing = asyncio.create_task(self._sync(tree))
            await client.connect()
        except (discord.LoginFailure, discord.PrivilegedIntentsRequired, NoStartsLeft) as error:
            await self._tell_and_wait(client, error)
            raise
        finally:
            self._client = None
            if syncing is not None:
                syncing.cancel()
            await lanes.close()
            await _close(client)

    async def send(self, message: OutboundMessage) -> SentReceipt:
        """One bubble, at most 2,000 characters, that mentions nobody and shows no preview."""
        asked_s, client, channel_id = time.monotonic(), self._connected(), int(message.chat.chat_id)
        if len(message.text) > LONGEST:
            raise Refused(f"longer than {LONGEST} characters")
        if self._voice.speaks_in(channel_id):
            spoken = await self._voice.send(client, channel_id, message.text, asked_s)
            if spoken is not None:
                return SentReceipt(spoken)
        saying = client.get_partial_messageable(channel_id).send(
            message.text,
            nonce=nonce_of(message.bubble_id),  # discord.py adds enforce_nonce
            allowed_mentions=discord.AllowedMentions.none(),
            suppress_embeds=True,
        )
        with one_try():
            sent = await promptly(saying, asked_s)
        return SentReceipt(str(sent["id"]))

    async def show_typing(self, chat: ChatRef) -> None:
        """Shown for ten seconds; not where a webhook speaks, for it would be the bot that types."""
        channel_id = int(chat.chat_id)
        if self._client is None or self._voice.speaks_in(channel_id):
            return
        with contextlib.suppress(Exception), one_try():
            await self._client.get_partial_messageable(channel_id).typing()

    async def unsend(self, chat: ChatRef, message_ids: tuple[str, ...]) -> None:
        """Delete bubbles of ours. One that is gone already is done."""
        client, channel_id = self._connected(), int(chat.chat_id)
        for message_id in map(int, message_ids):
            if self._voice.speaks_in(channel_id) and await self._voice.unsay(client, channel_id, message_id):
                continue
            with one_try():
                try:
                    await client.get_partial_messageable(channel_id).get_partial_message(message_id).delete()
                except discord.NotFound:
                    continue

    async def show_owner(self, user_id: str, screen: Screen) -> str:
        """Send a screen to the owner's DM."""
        return await Screens(self._connected(), self._desk).show(user_id, screen)

    async def change_shown(self, user_id: str, message_id: str, screen: Screen) -> None:
        """Replace what a message in the owner's DM shows."""
        await Screens(self._connected(), self._desk).change(user_id, message_id, screen)

    def _connected(self) -> GatewayClient:
        if self._client is None or self._client.is_closed():
            raise RetryLater(_NOT_CONNECTED_S)
        return self._client

    async def _sync(self, tree: CommandTree) -> None:
        try:
            await tree.sync_if_changed(self._memory)
        except (discord.DiscordException, OSError) as error:
            _log.error("discord.sync_failed", kind=type(error).__name__, next_step="it is tried at the next start")

    async def _tell_and_wait(self, client: GatewayClient, error: Exception) -> None:
        match error:
            case discord.LoginFailure():
                step, wait_s = "copy the token again: Developer Portal, your application, Bot, Reset Token", _TO_MEND_S
            case discord.PrivilegedIntentsRequired():
                step = "switch on Message Content Intent: Developer Portal, Bot; or empty [discord] channels"
                wait_s = _TO_MEND_S
            case NoStartsLeft(after_s=after_s):
                step, wait_s = "Discord allows no new session for now; it is tried again by itself", after_s
            case _:
                raise AssertionError(error)
        _log.error("discord.refused", kind=type(error).__name__, next_step=step)
        await _close(client)
        await asyncio.sleep(wait_s)


def nonce_of(bubble_id: str) -> str:
    """Stable for a bubble, at most 25 characters."""
    return hashlib.sha256(bubble_id.encode()).hexdigest()[:25]


async def _close(client: GatewayClient) -> None:
    with contextlib.suppress(TimeoutError, discord.DiscordException, OSError):
        await asyncio.wait_for(client.close(), _CLOSING_S)
