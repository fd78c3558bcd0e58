"""Telegram as a platform: the owner's own chats over a Business connection, the bot's chats, and groups.

Composes the parts and sends; what an update means is `telegram_intake`. Knows no Redis and no model.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from telegram import Bot
from telegram.constants import ChatAction, MessageLimit
from telegram.error import RetryAfter, TelegramError

from adapters.base import ChatRef, Inbox, Memory, OutboundMessage, Refused, RetryLater, SentReceipt
from adapters.local_contract import AddressUnusable
from adapters.owner_port import Desk, Screen
from adapters.telegram_business import Connection, Connections
from adapters.telegram_errors import QuietRequest, flood_s, sending_failure, silence_libraries, why
from adapters.telegram_intake import Intake
from adapters.telegram_limits import SendLimits
from adapters.telegram_menus import Menus
from adapters.telegram_places import PLATFORM, Place, place_of
from adapters.telegram_poll import poll, until_done
from adapters.telegram_screens import NO_PREVIEW, OwnerScreens
from adapters.telegram_settings import TelegramSettings, WebhookSettings
from adapters.telegram_webhook import serve_webhook

_TEXT_LIMIT = int(MessageLimit.MAX_TEXT_LENGTH)
_DELETE_AT_ONCE = 100
_NOT_UP_AGAIN_S = 1.0
_AGAIN_S = 5.0

log = structlog.get_logger()


class TelegramAdapter:
    """A `PlatformAdapter` that is also `Gated`, `Unsends` and an `OwnerChannel`."""

    platform = PLATFORM

    def __init__(self, settings: TelegramSettings, desk: Desk, memory: Memory) -> None:
        self._settings = settings
        self._desk = desk
        self._memory = memory
        self._connections = Connections(memory, desk)
        self._limits = SendLimits()
        self._socket: socket.socket | None = None
        self._bot: Bot | None = None
        self._screens: OwnerScreens | None = None
        self._intake: Intake | None = None
        self._asides: set[asyncio.Task[None]] = set()

    def bind(self) -> str | None:
        """Take the webhook's port, when there is one, and say where it is. Raises AddressUnusable. Safe to repeat."""
        if (webhook := self._settings.webhook) is None:
            return None
        if self._socket is None:
            self._socket = _listen(webhook)
        return f"{webhook.host}:{self._socket.getsockname()[1]}"

    def resend_safe_ms(self, chat: ChatRef) -> int:
        """Telegram shows what is sent twice twice."""
        return 0

    async def run(self, inbox: Inbox) -> None:
        """Receive until cancelled. Trouble with Telegram is waited out and told, never raised."""
        silence_libraries()
        self.bind()
        bot = Bot(
            self._settings.token,
            base_url=f"{self._settings.base_url.rstrip('/').removesuffix('/bot')}/bot",
            request=QuietRequest(),
            get_updates_request=QuietRequest(connections=2),
        )
        try:
            await until_done(bot.initialize)
            log.info("telegram.up", bot=bot.id, webhook=self._settings.webhook is not None)
            await self._serve(bot, inbox)
        finally:
            self._bot = self._screens = self._intake = None
            for aside in self._asides:
                aside.cancel()
            await bot.shutdown()

    async def _serve(self, bot: Bot, inbox: Inbox) -> None:
        screens = OwnerScreens(bot, self._desk, self._limits)
        menus = Menus(bot, self._desk, self._memory)
        intake = Intake(
            bot,
            inbox,
            self._desk,
            self._memory,
            connections=self._connections,
            screens=screens,
            menus=menus,
            groups=self._settings.groups,
        )
        await intake.start()
        await self._connections.load(bot)
        self._bot, self._screens, self._intake = bot, screens, intake
        self._aside(_until_worked(menus.publish))
        if self._settings.webhook is not None and self._socket is not None:
            bound, self._socket = self._socket, None  # uvicorn closes it; a next run binds anew
            await serve_webhook(bot, intake.take, self._settings.webhook, bound)
        else:
            await until_done(lambda: bot.delete_webhook(drop_pending_updates=False))
            await poll(bot, intake.take, self._settings.poll_s)

    async def send(self, message: OutboundMessage) -> SentReceipt:
        """Send one bubble. Raises RetryLater, Refused, OutcomeHidden; never waits for a limit."""
        place = place_of(message.chat)
        if place is None or not 0 < len(message.text) <= _TEXT_LIMIT:
            raise Refused("no chat of Telegram, or a text it does not take")
        bot, connection = self._up(), await self._leave(place)
        await self._limits.take(place.chat_id)
        self._aside(self._mark_read(bot, place, connection))
        try:
            sent = await bot.send_message(
                place.chat_id,
                message.text,
                message_thread_id=place.thread_id,
                business_connection_id=connection.id if connection is not None else None,
                link_preview_options=NO_PREVIEW,
            )
        except TelegramError as error:
            raise self._failure("telegram.not_sent", message.chat, place, error) from None
        return SentReceipt(str(sent.message_id))

    async def show_typing(self, chat: ChatRef) -> None:
        """Show the typing sign for five seconds."""
        place, bot = place_of(chat), self._bot
        if place is None or bot is None or self.refusal(chat) is not None:
            return
        connection = self._connections.served if place.business else None
        self._aside(self._mark_read(bot, place, connection))
        try:
            await bot.send_chat_action(
                place.chat_id,
                ChatAction.TYPING,
                message_thread_id=place.thread_id,
                business_connection_id=connection.id if connection is not None else None,
            )
        except TelegramError as error:
            self._failure("telegram.not_typing", chat, place, error)

    def refusal(self, chat: ChatRef) -> str | None:
        """Why a reply in this chat would be refused now, and what the owner does about it."""
        place = place_of(chat)
        if place is None or not place.business or self._bot is None:  # not up yet: a send would only have to wait
            return None
        return self._connections.refusal()

    async def unsend(self, chat: ChatRef, message_ids: tuple[str, ...]) -> None:
        """Delete bubbles of ours for everybody. In the owner's own chats only with the right to."""
        place = place_of(chat)
        if place is None:
            raise Refused("no chat of Telegram")
        bot, connection = self._up(), await self._leave(place)
        if connection is not None and not connection.can_delete_sent:
            raise Refused("the bot may not delete messages: allow it in Telegram: Settings → Chat Automation")
        for start in range(0, len(message_ids), _DELETE_AT_ONCE):
            ids = [int(id_) for id_ in message_ids[start : start + _DELETE_AT_ONCE]]
            try:
                if connection is not None:
                    await bot.delete_business_messages(connection.id, ids)
                else:
                    await bot.delete_messages(place.chat_id, ids)
            except TelegramError as error:
                raise self._failure("telegram.not_deleted", chat, place, error) from None

    async def show_owner(self, user_id: str, screen: Screen) -> str:
        """Send a screen to the owner's private chat with the bot; its message id."""
        if self._screens is None:
            raise RetryLater(_NOT_UP_AGAIN_S)
        return await self._screens.show(int(user_id), screen)

    async def change_shown(self, user_id: str, message_id: str, screen: Screen) -> None:
        """Show something else in that message."""
        if self._screens is None:
            raise RetryLater(_NOT_UP_AGAIN_S)
        await self._screens.change(int(user_id), message_id, screen)

    def _up(self) -> Bot:
        if self._bot is None:
            raise RetryLater(_NOT_UP_AGAIN_S)
        return self._bot

    async def _leave(self, place: Place) -> Connection | None:
        """The connection that a message to this place needs; None: none. Raises Refused, RetryLater."""
        if not place.business:
            return None
        try:
            connection = await self._connections.look()
        except Exception as error:  # the desk's store is away; nothing was sent
            log.warning("telegram.desk_away", error=type(error).__name__)
            raise RetryLater(_NOT_UP_AGAIN_S) from None
        if (reason := self._connections.refusal()) is not None:
            log.warning("telegram.refused_here", chat=place.chat.key, reason=reason)
            raise Refused(reason)
        return connection

    async def _mark_read(self, bot: Bot, place: Place, connection: Connection | None) -> None:
        """Once for what we are about to answer, where the owner allowed it."""
        if connection is None or not connection.can_read or self._intake is None:
            return
        if (newest := self._intake.newest_unread.pop(place.chat_id, None)) is not None:
            try:
                await bot.read_business_message(connection.id, place.chat_id, newest)
            except TelegramError as error:
                log.info("telegram.not_read", chat=place.chat.key, why=why(error))

    def _failure(self, event: str, chat: ChatRef, place: Place, error: TelegramError) -> Exception:
        if isinstance(error, RetryAfter):
            self._limits.hold(place.chat_id, flood_s(error))
        log.warning(event, chat=chat.key, why=why(error))
        return sending_failure(error)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside everything else: no send waits for it."""
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


async def _until_worked(work: Callable[[], Awaitable[None]]) -> None:
    """For work that is safe to repeat, when the store is away just now."""
    while True:
        try:
            return await work()
        except Exception as error:
            log.warning("telegram.aside_waits", error=type(error).__name__, again_ms=round(_AGAIN_S * 1_000))
        await asyncio.sleep(_AGAIN_S)


def _listen(webhook: WebhookSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in webhook.host else socket.AF_INET
    try:
        return socket.create_server((webhook.host, webhook.port), family=family, backlog=128)
    except OSError as error:
        raise AddressUnusable(
            f"cannot listen on {webhook.host}:{webhook.port} for Telegram: {error.strerror or error}",
            "set [telegram] webhook_listen to a free address, or remove webhook_url to poll",
        ) from None
