"""The connection: discord.py's client with few rights and few words, and how one session is opened.

Knows no desk and no inbox; whoever listens is a `Listener`. It keeps no messages, mentions nobody and logs nothing that
people said.
"""

import logging
import sys
from typing import Protocol

import discord
import structlog
import yarl

from adapters.discord_errors import watch_requests
from adapters.discord_settings import DiscordSettings

SERVERS_ARRIVE_S = 2.0
"""A session is ready when no further server has arrived for so long."""
_FEW_STARTS = 5
_log = structlog.get_logger()


class NoStartsLeft(Exception):
    """Discord allows no new session for `after_s` seconds (a token that goes on trying is taken away)."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"no session for {after_s:.0f} s")
        self.after_s = after_s


class Listener(Protocol):
    """Who is told what the gateway says. The plain methods must not wait: what is said later stands behind them."""

    def begin_session(self) -> None:
        """A new session: what was said since the last one was not told."""
        ...

    def ready(self) -> None:
        """The servers of this session have arrived."""
        ...

    def heard(self, message: discord.Message) -> None:
        """Somebody said something."""
        ...

    def edited(self, message: discord.Message) -> None:
        """Somebody changed what he had said."""
        ...

    def deleted(self, channel_id: int, message_ids: tuple[int, ...]) -> None:
        """Messages are gone."""
        ...

    async def interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        """A button was pressed or a form sent (slash commands go through their tree)."""
        ...


def intents_of(settings: DiscordSettings) -> discord.Intents:
    """The least that works: servers, their messages and DMs; what is said beside us only where a channel was chosen."""
    intents = discord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.dm_messages = True
    intents.message_content = bool(settings.channels)
    return intents


class GatewayClient(discord.Client):
    """One connection, used for one `run`."""

    def __init__(self, settings: DiscordSettings) -> None:
        discord.http.Route.BASE = settings.api_base.rstrip("/")
        super().__init__(
            intents=intents_of(settings),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=SERVERS_ARRIVE_S,
            http_trace=watch_requests(),
        )
        self.listener: Listener | None = None

    async def setup_hook(self) -> None:
        """Ask where the gateway is, and whether it will have us. Raises NoStartsLeft."""
        _, url, starts = await self.http.get_bot_gateway()
        if starts["remaining"] < _FEW_STARTS:
            raise NoStartsLeft(starts["reset_after"] / 1_000)
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)

    async def on_connect(self) -> None:
        """discord.py says this for a new session only, not for one resumed."""
        if self.listener is not None:
            self.listener.begin_session()

    async def on_ready(self) -> None:
        """The servers of a new session have arrived."""
        if self.listener is not None:
            self.listener.ready()

    async def on_resumed(self) -> None:
        """Nothing was missed: Discord has replayed it."""
        _log.info("discord.resumed")

    async def on_message(self, message: discord.Message) -> None:
        """Said in a DM or in a server."""
        if self.listener is not None:
            self.listener.heard(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """A link preview that arrives is an update too: only what a person changed has a time of edit."""
        if self.listener is not None and payload.message.edited_at is not None:
            self.listener.edited(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """One message is gone."""
        if self.listener is not None:
            self.listener.deleted(payload.channel_id, (payload.message_id,))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """A moderator cleaned up."""
        if self.listener is not None:
            self.listener.deleted(payload.channel_id, tuple(sorted(payload.message_ids)))

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        """A button or a form, by its raw id: it works for cards that an earlier process showed."""
        if self.listener is not None:
            await self.listener.interaction(interaction)

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """A flaw of ours in a handler: its kind and place, never what it was about."""
        error = sys.exception()
        _log.error("discord.flaw", during=event_method, kind=type(error).__name__)


def hush_library() -> None:
    """discord.py logs payloads, URLs with webhook tokens and tracebacks: of its warnings only the place is told."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we make no calls
    logger = logging.getLogger("discord")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logger.handlers = [_PlaceOnly()]


class _PlaceOnly(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        _log.warning("discord.library", place=f"{record.module}:{record.lineno}", kind=kind)
