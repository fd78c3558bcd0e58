"""The owner's Business ("Secretary") connection: which one is served, with what rights, and its lines.

A connection is served only while its user is the paired owner; anybody may connect the bot to their account, and theirs
are ignored. Does not send.
"""

import contextlib
from typing import Any

import msgspec
import structlog
from telegram import BusinessConnection, Message
from telegram.error import BadRequest, Forbidden, TelegramError

from adapters.base import InboundMessage, Memory
from adapters.owner_port import Desk
from adapters.telegram_convert import BotSelf, is_person, line_of, milliseconds, text_of
from adapters.telegram_places import PLATFORM, Place

_FACT = "connection:"
_OTHERS_KEPT = 200
_WHERE = "in Telegram: Settings → Chat Automation"

log = structlog.get_logger()


class Connection(msgspec.Struct, frozen=True):
    """One connection as Telegram last described it."""

    id: str
    user_id: int
    user_chat_id: int
    since_ms: int
    is_enabled: bool
    can_reply: bool
    can_read: bool
    can_delete_sent: bool


def connection_of(told: BusinessConnection) -> Connection:
    """What we keep of the library's object."""
    rights = told.rights
    return Connection(
        id=told.id,
        user_id=told.user.id,
        user_chat_id=told.user_chat_id,
        since_ms=milliseconds(told.date),
        is_enabled=told.is_enabled,
        can_reply=bool(rights and rights.can_reply),
        can_read=bool(rights and rights.can_read_messages),
        can_delete_sent=bool(rights and (rights.can_delete_sent_messages or rights.can_delete_all_messages)),
    )


def business_line(message: Message, connection: Connection, me: BotSelf) -> InboundMessage | None:
    """A line of an owner's chat: the contact's, or the owner's own typing (a takeover).

    None for what no person typed here: echoes of our sends, other bots, automatic messages, Telegram's own notices,
    the chats with oneself and with the bot.
    """
    if message.sender_business_bot is not None or message.is_from_offline:
        return None
    if (
        message.chat.id in (connection.user_id, me.user_id)
        or message.from_user is None
        or not is_person(message.from_user)
    ):
        return None
    if (text := text_of(message)) is None:
        return None
    return line_of(message, Place(message.chat.id, business=True), text, message.from_user.id == connection.user_id)


class Connections:
    """The connections we know of. The owner's are kept over restarts; of others only that they are not his."""

    def __init__(self, memory: Memory, desk: Desk) -> None:
        self._memory = memory
        self._desk = desk
        self._known: dict[str, Connection] = {}
        self._others: dict[str, Connection] = {}
        self._served: Connection | None = None

    @property
    def served(self) -> Connection | None:
        """The owner's newest connection, as of the last look; it may be switched off."""
        return self._served

    async def load(self, bot: Any) -> None:
        """What we remember, verified with Telegram: a connection it no longer knows is dropped."""
        for name in await self._memory.names(_FACT):
            if (kept := await self._memory.get(name)) is None:
                continue
            with contextlib.suppress(msgspec.DecodeError):
                connection = msgspec.json.decode(kept, type=Connection)
                self._known[connection.id] = connection
        await self._verify(tuple(self._known), bot)
        await self.look()

    async def verify(self, bot: Any, user_id: int) -> None:
        """Who was paired just now may have connected, changed or ended a connection before: ask Telegram."""
        seen = self._others | self._known
        await self._verify(tuple(id_ for id_, connection in seen.items() if connection.user_id == user_id), bot)

    async def _verify(self, ids: tuple[str, ...], bot: Any) -> None:
        for id_ in ids:
            try:
                await self.learn(await bot.get_business_connection(id_))
            except (BadRequest, Forbidden):
                self._known.pop(id_, None)
                self._others.pop(id_, None)
                await self._memory.drop(_FACT + id_)
                log.warning("telegram.connection_gone", connection=id_)
            except TelegramError as error:
                log.warning("telegram.connection_unverified", connection=id_, error=type(error).__name__)

    async def learn(self, told: BusinessConnection) -> None:
        """A connection was made, changed or ended. One that was the owner's is kept up to date while he is unpaired."""
        connection = connection_of(told)
        if await self._is_owner(connection):
            self._others.pop(connection.id, None)
        else:
            self._ignore(connection)
            if connection.id not in self._known:
                return
        if self._known.get(connection.id) != connection:
            self._known[connection.id] = connection
            await self._memory.put(_FACT + connection.id, msgspec.json.encode(connection).decode())
            log.info(
                "telegram.connection",
                connection=connection.id,
                enabled=connection.is_enabled,
                can_reply=connection.can_reply,
                can_read=connection.can_read,
            )
        await self.look()

    async def owners(self, id_: str, bot: Any) -> Connection | None:
        """The connection, when it is the paired owner's; else None. One that we do not know is asked for."""
        connection = self._known.get(id_) or self._others.get(id_)
        paired_since = connection is not None and id_ in self._others and await self._is_owner(connection)
        if connection is None or paired_since:
            try:
                await self.learn(await bot.get_business_connection(id_))
            except (BadRequest, Forbidden):
                log.warning("telegram.connection_gone", connection=id_)
                return None
            connection = self._known.get(id_) or self._others[id_]
        if not await self._is_owner(connection):
            self._ignore(connection)
            return None
        return connection

    async def look(self) -> Connection | None:
        """Ask the desk anew whose the connections are: who was unpaired is served no more."""
        owned = [connection for connection in self._known.values() if await self._is_owner(connection)]
        self._served = max(owned, key=lambda connection: (connection.is_enabled, connection.since_ms), default=None)
        return self._served

    def refusal(self) -> str | None:
        """Why no reply can go out in the owner's own chats now, and what he does about it; None: it can."""
        match self._served:
            case None:
                return f"no Business connection of the paired owner: connect the bot {_WHERE}"
            case Connection(is_enabled=False):
                return f"the Business connection is switched off: connect the bot {_WHERE}"
            case Connection(can_reply=False):
                return f"the bot has no right to reply: allow “Reply to messages” {_WHERE}"
            case _:
                return None

    async def _is_owner(self, connection: Connection) -> bool:
        return await self._desk.is_owner(PLATFORM, str(connection.user_id))

    def _ignore(self, connection: Connection) -> None:
        if connection.id not in self._others:
            log.warning("telegram.connection_ignored", connection=connection.id, user=connection.user_id)
        self._others.pop(connection.id, None)
        self._others[connection.id] = connection
        while len(self._others) > _OTHERS_KEPT:
            del self._others[next(iter(self._others))]
