"""What becomes of each update: to the desk, to the inbox, or nothing. Returns once everything is durable.

Knows neither polling nor webhook. Updates of one chat are handled in order, chats beside each other. Trouble of Redis
or the network is waited out; a flaw of ours in one update is logged by its id and passed: it must not hold the others.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

import structlog
from telegram import Bot, Message, Update
from telegram.constants import ChatType

from adapters.base import DeletedMessages, EditedMessage, Inbound, InboundMessage, Inbox, Memory
from adapters.owner_port import Desk, Screen, Shown
from adapters.telegram_authority import press_of, word_of
from adapters.telegram_business import Connections, business_line
from adapters.telegram_convert import (
    BotSelf,
    addressed,
    command_of,
    group_place,
    in_group,
    is_person,
    line_of,
    without_name,
)
from adapters.telegram_done import Done
from adapters.telegram_menus import Menus
from adapters.telegram_places import PLATFORM, Place
from adapters.telegram_screens import OwnerScreens

ALLOWED_UPDATES = (
    *("message", "edited_message", "callback_query"),
    *("business_connection", "business_message", "edited_business_message", "deleted_business_messages"),
)
"""Everything we look at, and nothing more is sent to us."""

_FLAWS = (TypeError, ValueError, LookupError, AttributeError, AssertionError)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_FULL_TRIES, _FULL_PAUSE_S, _FULL_FOR_S = 4, 0.5, 30.0
_GROUP = "group:"
_PAIR = re.compile(r"\s*/pair(?:@\w+)?(?:\s|$)", re.IGNORECASE)
"""A line that may hold a pairing code is nobody's but the desk's, whatever becomes of it there."""
_SORRY = Shown(Screen("That did not work, and nothing may have changed."), ok=False)

log = structlog.get_logger()

Raw = dict[str, Any]


class Intake:
    """Takes updates for one running bot."""

    def __init__(
        self,
        bot: Bot,
        inbox: Inbox,
        desk: Desk,
        memory: Memory,
        *,
        connections: Connections,
        screens: OwnerScreens,
        menus: Menus,
        groups: bool,
    ) -> None:
        self._bot = bot
        self._me = BotSelf(bot.id, bot.username)
        self._inbox = inbox
        self._desk = desk
        self._memory = memory
        self._connections = connections
        self._screens = screens
        self._menus = menus
        self._groups = groups
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._full_until: dict[str, float] = {}
        self._done = Done(memory)
        self._active: set[str] = set()
        self.newest_unread: OrderedDict[int, int] = OrderedDict()
        """The newest line of a contact in an owner's chat that was not marked as read: peer -> message id."""

    async def start(self) -> None:
        """Remember which words were acted on and which groups we speak in."""
        await self._done.load()
        self._active = {name.removeprefix(_GROUP) for name in await self._memory.names(_GROUP)}

    async def take(self, raws: Sequence[Raw]) -> None:
        """Handle updates; returns when the lines in them are durable and the words acted on."""
        chats: dict[str, list[Update]] = {}
        for raw in sorted(raws, key=id_of):
            if (read := self._read(raw)) is not None:
                chat, update = read
                chats.setdefault(chat, []).append(update)
        # a connection first: what is said over it refers to it
        await self._in_order("", chats.pop("", []))
        async with asyncio.TaskGroup() as group:
            for chat, updates in chats.items():
                group.create_task(self._in_order(chat, updates))

    def _read(self, raw: Raw) -> tuple[str, Update] | None:
        """The update and whose order it belongs to."""
        try:
            update = Update.de_json(raw, self._bot)
            return _chat_of(update), update
        except Exception as error:  # whatever the library makes of what Telegram invents
            log.error("telegram.update_unreadable", update=id_of(raw), error=type(error).__name__, lost="this update")
            return None

    async def _in_order(self, chat: str, updates: list[Update]) -> None:
        turn = self._turns.setdefault(chat, asyncio.Lock())
        async with turn:
            for update in updates:
                await self._persist(update)

    async def _persist(self, update: Update) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await self._handle(update)
            except _FLAWS as error:
                log.error("telegram.update_flaw", update=update.update_id, error=type(error).__name__)
                return None
            except Exception as error:
                log.warning("telegram.update_waits", update=update.update_id, error=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _handle(self, update: Update) -> None:
        if update.callback_query is not None:
            await self._once(update, self._pressed)
        elif update.business_connection is not None:
            await self._connections.learn(update.business_connection)
        elif (message := update.business_message or update.edited_business_message) is not None:
            await self._business(message, edited=update.business_message is None)
        elif update.deleted_business_messages is not None:
            gone = update.deleted_business_messages
            if await self._connections.owners(gone.business_connection_id, self._bot) is not None:
                ids = tuple(str(id_) for id_ in gone.message_ids)
                await self._offer(DeletedMessages(Place(gone.chat.id, business=True).chat, ids))
        elif (message := update.message or update.edited_message) is not None:
            if message.chat.type == ChatType.PRIVATE:
                await self._once(update, self._private)
            elif self._groups and in_group(message):
                await self._group(message, edited=update.message is None)

    async def _business(self, message: Message, edited: bool) -> None:
        assert message.business_connection_id is not None
        connection = await self._connections.owners(message.business_connection_id, self._bot)
        if connection is None or (line := business_line(message, connection, self._me)) is None:
            return
        await self._offer(EditedMessage(line) if edited else line)
        if not line.from_owner and not edited:
            self.newest_unread[message.chat.id] = message.message_id
            while len(self.newest_unread) > 1_000:
                self.newest_unread.popitem(last=False)

    async def _private(self, update: Update) -> None:
        message = update.message or update.edited_message
        assert message is not None
        if not is_person(message.from_user) or message.from_user is None or message.chat.id != message.from_user.id:
            return
        user_id = str(message.from_user.id)
        is_owner = await self._desk.is_owner(PLATFORM, user_id)
        if (word := word_of(update, self._me)) is not None:
            try:
                shown = await self._desk.word(word)
            except Exception as error:
                if not is_owner:
                    raise  # a code may stand in it: asked again, never a contact's line
                log.error("telegram.word_failed", update=update.update_id, error=type(error).__name__)
                shown = _SORRY
            if shown is not None:
                await self._done.note(update.update_id)
                await self._screens.answer(message.chat.id, shown)
                await self._follow(user_id, is_owner)
                return
        if is_owner:
            return  # his sticker, forward or edit is no command, and never a contact's line
        text = command_of(message, self._me)
        if text is not None and not _PAIR.match(text):
            line = line_of(message, Place(message.chat.id), text, from_owner=False)
            await self._offer(line if update.message is not None else EditedMessage(line))

    async def _follow(self, user_id: str, was_owner: bool) -> None:
        """Menus and connections go with who is the owner now. The word itself is done, whatever becomes of this."""
        try:
            await self._menus.fit(user_id)
            if not was_owner and await self._desk.is_owner(PLATFORM, user_id):
                await self._menus.publish()  # whom he replaced loses his
                await self._connections.verify(self._bot, int(user_id))
            await self._connections.look()
        except Exception as error:
            log.warning("telegram.owner_not_followed", error=type(error).__name__)

    async def _pressed(self, update: Update) -> None:
        press, query = press_of(update), update.callback_query
        if press is None or query is None or query.message is None:
            return
        try:
            shown = await self._desk.press(press)
        except Exception as error:
            if not await self._desk.is_owner(PLATFORM, press.user_id):
                return
            log.error("telegram.press_failed", update=update.update_id, error=type(error).__name__)
            shown = Shown(toast="That did not work. Try again.")
        if shown is None:
            return
        await self._done.note(update.update_id)
        await self._screens.toast(query, shown.toast)
        await self._screens.answer(query.message.chat.id, shown, str(query.message.message_id))

    async def _group(self, message: Message, edited: bool) -> None:
        sender = message.from_user
        if sender is None or not is_person(sender) or message.sender_chat is not None:
            return
        said = without_name(message, self._me)
        if said is None or _PAIR.match(said):
            return
        place = group_place(message)
        from_owner = await self._desk.is_owner(PLATFORM, str(sender.id))
        line = line_of(message, place, said, from_owner)
        active = place.chat.chat_id in self._active
        if from_owner:
            if active and not said.startswith("/"):
                await self._offer(EditedMessage(line) if edited else line)
        elif addressed(message, self._me):
            if not active:
                await self._memory.put(_GROUP + place.chat.chat_id, "")
                self._active.add(place.chat.chat_id)
            await self._offer(EditedMessage(line) if edited else line)
        elif edited and active:  # it does not speak to us any more
            await self._offer(DeletedMessages(place.chat, (line.message_id,)))

    async def _once(self, update: Update, act: Callable[[Update], Awaitable[None]]) -> None:
        """Words and presses are acted on once, also when Telegram tells them again after a restart.

        Returns only when that is written down: until then Telegram keeps the update.
        """
        if update.update_id not in self._done:
            await act(update)
        await self._done.written(update.update_id)

    async def _offer(self, what: Inbound) -> None:
        """Into the inbox. A full chat is offered again for a moment, then passed: a flooder holds only himself."""
        chat = what.message.chat if isinstance(what, EditedMessage) else what.chat
        patient = self._full_until.get(chat.key, 0.0) < time.monotonic()
        for attempt in range(_FULL_TRIES if patient else 1):
            if attempt:
                await asyncio.sleep(_FULL_PAUSE_S)
            if await self._inbox(what) != "full":
                self._full_until.pop(chat.key, None)
                return
        self._full_until[chat.key] = time.monotonic() + _FULL_FOR_S
        line = what.message_id if isinstance(what, InboundMessage) else ""
        log.error("telegram.line_passed", chat=chat.key, line=line, reason="the chat's mailbox is full")


def id_of(raw: Raw) -> int:
    """The update's id; 0 when even that cannot be read."""
    id_ = raw.get("update_id") if isinstance(raw, dict) else None
    return id_ if isinstance(id_, int) else 0


def _chat_of(update: Update) -> str:
    """Whose order an update belongs to; empty: a connection's."""
    if update.business_connection is not None:
        return ""
    business = update.business_message or update.edited_business_message or update.deleted_business_messages
    if business is not None:
        return f"b{business.chat.id}"
    if update.callback_query is not None:
        return str(update.callback_query.from_user.id)
    message = update.message or update.edited_message
    return str(message.chat.id) if message is not None else str(update.update_id)
