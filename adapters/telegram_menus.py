"""The command menus: contacts see theirs in every private chat, the owner his own in his.

Asks Telegram only when a menu changed: a digest of each is remembered. A menu that cannot be set is no reason to stop.
"""

import hashlib

import structlog
from telegram import Bot, BotCommand, BotCommandScope, BotCommandScopeAllPrivateChats, BotCommandScopeChat
from telegram.error import TelegramError

from adapters.base import Memory
from adapters.owner_port import Desk
from adapters.telegram_errors import why
from adapters.telegram_places import PLATFORM

Commands = tuple[tuple[str, str], ...]

log = structlog.get_logger()


class Menus:
    """The menus of one bot."""

    def __init__(self, bot: Bot, desk: Desk, memory: Memory) -> None:
        self._bot = bot
        self._desk = desk
        self._memory = memory
        self._prefix = f"menu:{bot.id}:"

    async def publish(self) -> None:
        """The contacts' menu; and who is the owner no more loses his. Raises what the desk and the memory raise."""
        await self._set("contacts", BotCommandScopeAllPrivateChats(), self._desk.contact_commands())
        for name in await self._memory.names(self._prefix):
            who = name.removeprefix(self._prefix)
            if who != "contacts":
                await self.fit(who)

    async def fit(self, user_id: str) -> None:
        """This person's own menu: the owner's when he is, else none of his own."""
        if await self._desk.is_owner(PLATFORM, user_id):
            await self._set(user_id, BotCommandScopeChat(int(user_id)), self._desk.owner_commands())
        elif await self._memory.get(self._prefix + user_id) is not None:
            try:
                await self._bot.delete_my_commands(BotCommandScopeChat(int(user_id)))
            except TelegramError as error:
                log.warning("telegram.menu_not_deleted", user=user_id, why=why(error))
                return
            await self._memory.drop(self._prefix + user_id)

    async def _set(self, who: str, scope: BotCommandScope, commands: Commands) -> None:
        digest = hashlib.sha256(repr(commands).encode()).hexdigest()
        if await self._memory.get(self._prefix + who) == digest:
            return
        await self._memory.put(self._prefix + who, "")  # a menu that may be there is one to take away again
        try:
            await self._bot.set_my_commands([BotCommand(name, about) for name, about in commands], scope=scope)
        except TelegramError as error:
            log.warning("telegram.menu_not_set", who=who, why=why(error))
            return
        await self._memory.put(self._prefix + who, digest)
        log.info("telegram.menu", who=who, commands=len(commands))
