"""What the gateway says becomes lines for the inbox and words for the desk.

Knows no ledger and no reply. In a DM the owner speaks to the desk; everybody else, and everybody in a server, is heard
only where `discord_convert` says that it was meant for us. Before the first line of a channel in a new session comes
what was said there in between; where that cannot be read for now, it comes later, and the watermark waits for it.
"""

import asyncio
from functools import partial
from typing import Any

import discord
import structlog

from adapters.base import DeletedMessages, EditedMessage, Inbound, InboundMessage, Inbox, OutcomeHidden, SendFailed
from adapters.discord_backfill import Watermarks, missed
from adapters.discord_cards import AnyInteraction, respond, typed
from adapters.discord_convert import (
    PLATFORM,
    at_ms,
    chat_of,
    is_active,
    is_speech,
    is_to_us,
    line_of,
    place_of,
    roles_of,
    text_of,
    type_from_roles,
    word_of,
)
from adapters.discord_errors import one_try
from adapters.discord_guard import LoopGuard
from adapters.discord_lanes import FLAWS, Lanes
from adapters.discord_screens import Screens
from adapters.discord_settings import DiscordSettings
from adapters.discord_voice import Voice
from adapters.owner_port import Desk, Press, Screen, Shown

_FULL_PAUSES_S = (1.0, 2.0, 4.0)
_LATE = "You wrote while I was away. I have not carried that out: what still holds, please send again."
_CATCHING_UP = 4
"""Channels whose history is read at once."""
_HISTORY_S, _HISTORY_PAUSES_S = 30.0, (0.5, 1.0, 2.0)
"""For so long live lines stand behind a history that cannot be read."""
_HISTORY_AGAIN_S = 60.0
_log = structlog.get_logger()


class Ears:
    """The `Listener` of one run."""

    def __init__(
        self,
        *,
        client: discord.Client,
        settings: DiscordSettings,
        desk: Desk,
        inbox: Inbox,
        marks: Watermarks,
        voice: Voice,
        screens: Screens,
        lanes: Lanes,
    ) -> None:
        self._client = client
        self._settings = settings
        self._desk = desk
        self._inbox = inbox
        self._marks = marks
        self._voice = voice
        self._screens = screens
        self._lanes = lanes
        self._guard = LoopGuard(settings.bot_lines)
        self._arrived = asyncio.Event()  # discord.py's own stays set when a later session begins
        self._caught_up: set[int] = set()
        self._first_live: dict[int, int] = {}
        self._refused: dict[int, set[int]] = {}
        self._session = 0
        self._catching_up = asyncio.Semaphore(_CATCHING_UP)

    def begin_session(self) -> None:
        """Every channel has a gap until it has caught up."""
        self._arrived.clear()
        self._caught_up.clear()
        self._first_live.clear()
        self._refused.clear()
        self._session += 1
        for channel_id in self._marks.known():
            self._lanes.put(channel_id, partial(self._catch_up, channel_id, self._session))

    def ready(self) -> None:
        """A chosen channel begins its memory here: what is said later is never missed, what was said before is past."""
        self._arrived.set()
        for channel_id in self._settings.channels:
            self._lanes.put(channel_id, partial(self._begin_memory, channel_id))

    def heard(self, message: discord.Message) -> None:
        """In the channel's lane."""
        self._first_live.setdefault(message.channel.id, message.id)
        self._lanes.put(message.channel.id, partial(self._take, message))

    def edited(self, message: discord.Message) -> None:
        """In the channel's lane."""
        self._lanes.put(message.channel.id, partial(self._take_edit, message))

    def deleted(self, channel_id: int, message_ids: tuple[int, ...]) -> None:
        """In the channel's lane."""
        self._lanes.put(channel_id, partial(self._take_back, channel_id, message_ids))

    async def interaction(self, interaction: AnyInteraction) -> None:
        """A button or a form. Nothing is shown to anybody but the owner."""
        data: dict[str, Any] = dict(interaction.data or {})
        form = interaction.type is discord.InteractionType.modal_submit
        if not form and interaction.type is not discord.InteractionType.component:
            return
        press = Press(PLATFORM, str(interaction.user.id), str(data.get("custom_id")), typed(data) if form else None)
        await respond(interaction, self._desk.press(press), "")

    async def _begin_memory(self, channel_id: int) -> None:
        channel = self._client.get_channel(channel_id)
        if self._marks.of(channel_id) is None and isinstance(channel, discord.TextChannel | discord.VoiceChannel):
            await self._marks.move(channel_id, channel.last_message_id or channel_id)

    async def _catch_up(self, channel_id: int, session: int) -> None:
        if session != self._session or channel_id in self._caught_up:
            return
        await self._arrived.wait()
        found, late = await self._history(channel_id), False
        whole, refused = found is not None, self._refused.setdefault(channel_id, set())
        for message in found or ():
            if message.id >= self._first_live.get(channel_id, message.id + 1):
                break  # told live meanwhile: it stands in the lane behind us
            refused.discard(message.id)
            try:
                late |= await self._hear(message, live=False)
            except FLAWS as error:
                _log.error("discord.flaw", channel=channel_id, line=message.id, kind=type(error).__name__)
            if message.id in refused:
                whole = False
                break
        if late:
            await self._show(channel_id, Shown(Screen(_LATE)))
        if session != self._session:
            return  # the next one's own look back stands in the lane
        if not whole:
            self._marks.hold(channel_id)
            self._lanes.put_later(channel_id, partial(self._catch_up, channel_id, session), _HISTORY_AGAIN_S)
            return
        self._caught_up.add(channel_id)
        if not refused:
            await self._marks.release(channel_id)

    async def _history(self, channel_id: int) -> list[discord.Message] | None:
        """What was missed; None: it cannot be read for now."""
        for pause_s in (*_HISTORY_PAUSES_S, None):
            try:
                async with self._catching_up, asyncio.timeout(_HISTORY_S):
                    with one_try():
                        return await missed(self._client, self._marks, channel_id, self._first_live.get(channel_id))
            except Exception as error:
                _log.warning("discord.history", channel=channel_id, kind=type(error).__name__, after_s=pause_s)
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        return None

    async def _take(self, message: discord.Message) -> None:
        await self._arrived.wait()
        await self._hear(message, live=True)

    async def _hear(self, message: discord.Message, live: bool) -> bool:
        """Take one line. True: it was a word of the owner's that came too late to be carried out."""
        channel_id = message.channel.id
        if not self._is_audible(message):
            return False
        if not self._guard.admits(channel_id, message.id, message.author.bot):
            if self._marks.of(channel_id) is not None:
                await self._marks.move(channel_id, message.id)  # decided: not to be read again after a restart
            return False
        if place_of(message, self._settings) != "dm":
            if (line := await self._server_line(message)) is not None:
                await self._offer(message, line)
            return False
        return await self._hear_in_private(message, live)

    async def _hear_in_private(self, message: discord.Message, live: bool) -> bool:
        channel_id = message.channel.id
        done = self._marks.is_carried_out(channel_id, message.id)
        by_owner = (done or not live) and await self._is_owner(message)
        if done and (by_owner or message.content.lstrip().startswith("/")):
            await self._marks.move(channel_id, message.id)
            return False
        if by_owner:
            await self._marks.carried_out(channel_id, message.id)
            return True
        shown = await self._desk.word(word_of(message, self._me)) or await self._contact_word(message)
        if shown is None:
            await self._offer(message, line_of(message, self._me))
            return False
        try:
            await self._marks.carried_out(channel_id, message.id)
        finally:  # carried out once, and answered, also if that cannot be kept just now
            await self._show(channel_id, shown)
        return False

    async def _contact_word(self, message: discord.Message) -> Shown | None:
        """A contact's command typed as plain text, where his app does not offer it."""
        author, text = message.author, message.content.strip()
        if author.bot or not text.startswith("/"):
            return None
        chat = chat_of(message.channel.id)
        answer = await self._desk.contact_word(chat, str(author.id), author.display_name, text[1:])
        return Shown(Screen(answer)) if answer else None

    def _is_audible(self, message: discord.Message) -> bool:
        author = message.author
        if author.id == self._me or not is_speech(message):
            return False
        return not author.bot or author.id in self._settings.allowed_bots

    async def _server_line(self, message: discord.Message) -> InboundMessage | None:
        """The line, when it was said to us, or is the owner's own where we are active."""
        chosen = place_of(message, self._settings) == "chosen"
        to_us = chosen or is_to_us(message, self._me, self._voice.ours)
        active = chosen or is_active(self._marks.latest(message.channel.id), at_ms(message.id))
        if not to_us and not active:
            return None
        if await self._is_owner(message):
            return line_of(message, self._me, from_owner=True)
        if not to_us:
            return None
        if not text_of(message, self._me):  # a reply that does not notify us, without the MESSAGE_CONTENT intent
            _log.warning("discord.unreadable", channel=message.channel.id, line=message.id)
            return None
        return line_of(message, self._me, await self._suggested_type(message))

    async def _suggested_type(self, message: discord.Message) -> str | None:
        """By the author's roles. History tells no roles: there the member is asked for."""
        author = message.author
        if not self._settings.roles or message.guild is None or author.bot:
            return None
        if not isinstance(author, discord.Member):
            try:
                author = await message.guild.fetch_member(author.id)
            except discord.HTTPException:
                return None  # he has left: nobody's friend by role
        return type_from_roles(roles_of(author), self._settings.roles)

    async def _take_edit(self, message: discord.Message) -> None:
        if message.author.bot or message.author.id == self._me or not is_speech(message):
            return
        if place_of(message, self._settings) != "dm":
            line = await self._server_line(message)
        elif await self._is_owner(message):
            return  # a word to the desk was carried out as it was said
        else:
            line = line_of(message, self._me)
        if line is not None:
            await self._inbox(EditedMessage(line))
        else:  # what once was said to us is not any more
            await self._take_back(message.channel.id, (message.id,))

    async def _take_back(self, channel_id: int, message_ids: tuple[int, ...]) -> None:
        mark = self._marks.latest(channel_id)
        seen = tuple(str(message_id) for message_id in message_ids if mark is not None and message_id <= mark)
        if seen:
            await self._inbox(DeletedMessages(chat_of(channel_id), seen))

    async def _offer(self, message: discord.Message, line: Inbound) -> None:
        for pause_s in (*_FULL_PAUSES_S, None):
            if await self._inbox(line) != "full":
                await self._marks.move(message.channel.id, message.id)
                return
            if pause_s is None:
                _log.error("discord.line_refused", channel=message.channel.id, line=message.id)
                self._refused.setdefault(message.channel.id, set()).add(message.id)
                self._marks.hold(message.channel.id)
                return
            await asyncio.sleep(pause_s)

    async def _show(self, channel_id: int, shown: Shown) -> None:
        """A word is carried out once, whether or not its answer gets through."""
        try:
            await self._screens.answer(channel_id, shown)
        except (SendFailed, OutcomeHidden) as error:
            _log.warning("discord.not_shown", channel=channel_id, kind=type(error).__name__)

    async def _is_owner(self, message: discord.Message) -> bool:
        return not message.author.bot and await self._desk.is_owner(PLATFORM, str(message.author.id))

    @property
    def _me(self) -> int:
        return self._client.user.id if self._client.user is not None else 0
