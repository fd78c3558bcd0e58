"""What the owner sees in his private chat with the bot: screens with buttons, questions, toasts.

Knows no command and decides nothing: it shows what the desk gave it.
"""

import asyncio

import structlog
from telegram import (
    Bot,
    CallbackQuery,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
)
from telegram.constants import CallbackQueryLimit, MessageLimit, ReplyLimit
from telegram.error import BadRequest, RetryAfter, TelegramError

from adapters.base import OutcomeHidden, RetryLater, SendFailed
from adapters.owner_port import Desk, Screen, Shown
from adapters.telegram_errors import flood_s, sending_failure, why
from adapters.telegram_limits import SendLimits
from adapters.telegram_places import PLATFORM

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_TEXT_LIMIT = int(MessageLimit.MAX_TEXT_LENGTH)
_TOAST_LIMIT = int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)
_NO_CHANGE = ("message is not modified", "message to edit not found", "message can't be edited", "message_id_invalid")
_PATIENCE_S = 3.0
_REMEMBER_PAUSES_S = (0.2, 1.0, 3.0)
_QUESTION = "Your words, please, as a reply to this message."

log = structlog.get_logger()


class OwnerScreens:
    """The owner's private chat, in which screens are shown and changed."""

    def __init__(self, bot: Bot, desk: Desk, limits: SendLimits) -> None:
        self._bot = bot
        self._desk = desk
        self._limits = limits

    async def show(self, chat_id: int, screen: Screen) -> str:
        """Send a screen; its message id. Raises as `PlatformAdapter.send` does."""
        await self._limits.take(chat_id)
        try:
            sent = await self._bot.send_message(
                chat_id, fitting(screen.text), reply_markup=keyboard(screen), link_preview_options=NO_PREVIEW
            )
        except TelegramError as error:
            raise self._failure(chat_id, error) from None
        return str(sent.message_id)

    async def change(self, chat_id: int, message_id: str, screen: Screen) -> None:
        """Show something else in a message of ours. Gone, or the same already: fine. Raises as `show`."""
        await self._limits.take(chat_id)
        try:
            await self._bot.edit_message_text(
                fitting(screen.text),
                chat_id=chat_id,
                message_id=int(message_id),
                reply_markup=keyboard(screen),
                link_preview_options=NO_PREVIEW,
            )
        except BadRequest as error:
            if not any(harmless in error.message.lower() for harmless in _NO_CHANGE):
                raise self._failure(chat_id, error) from None
        except TelegramError as error:
            raise self._failure(chat_id, error) from None

    async def answer(self, chat_id: int, shown: Shown, pressed_message_id: str | None = None) -> None:
        """Show what a word or a press led to. A screen after a press takes the place of what was pressed.

        Waits a little where Telegram asks for patience; what cannot be shown is logged, never raised.
        """
        for _ in range(3):
            try:
                await self._answer(chat_id, shown, pressed_message_id)
            except RetryLater as error:
                if error.after_s <= _PATIENCE_S:
                    await asyncio.sleep(error.after_s)
                    continue
                log.warning("telegram.owner_not_told", chat=chat_id, again_ms=round(error.after_s * 1_000))
            except (SendFailed, OutcomeHidden) as error:
                log.warning("telegram.owner_not_told", chat=chat_id, error=type(error).__name__)
            return

    async def toast(self, query: CallbackQuery, text: str) -> None:
        """One short line at the button; also stops its waiting sign."""
        try:
            await self._bot.answer_callback_query(query.id, text=text[:_TOAST_LIMIT] or None)
        except TelegramError as error:  # too old after a restart, or the network: the act itself is done
            log.info("telegram.toast_missed", error=type(error).__name__)

    async def _answer(self, chat_id: int, shown: Shown, pressed_message_id: str | None) -> None:
        if shown.ask_token is not None:
            await self._ask(chat_id, shown, shown.ask_token)
        elif shown.screen is not None and pressed_message_id is not None:
            await self.change(chat_id, pressed_message_id, shown.screen)
        elif shown.screen is not None:
            await self.show(chat_id, shown.screen)
        elif shown.toast and pressed_message_id is None:
            await self.show(chat_id, Screen(shown.toast))

    async def _ask(self, chat_id: int, shown: Shown, token: str) -> None:
        """A question whose reply finds back. The text to start from stands in it, to be copied with one tap."""
        text = fitting(shown.screen.text if shown.screen is not None else shown.toast or _QUESTION)
        if shown.ask_prefill and not text.endswith(shown.ask_prefill):
            text = fitting(f"{text}\n\n{shown.ask_prefill}")
        entities = []
        if shown.ask_prefill and text.endswith(shown.ask_prefill):
            before = text[: -len(shown.ask_prefill)]
            entities = [MessageEntity(MessageEntity.CODE, utf16_units(before), utf16_units(shown.ask_prefill))]
        await self._limits.take(chat_id)
        try:
            sent = await self._bot.send_message(
                chat_id,
                text,
                entities=entities,
                reply_markup=ForceReply(
                    input_field_placeholder=_QUESTION[: int(ReplyLimit.MAX_INPUT_FIELD_PLACEHOLDER)]
                ),
                link_preview_options=NO_PREVIEW,
            )
        except TelegramError as error:
            raise self._failure(chat_id, error) from None
        await self._remember(str(sent.message_id), token)

    async def _remember(self, message_id: str, token: str) -> None:
        """Which question this message asks; asked again where the desk's store is away: it stands there already."""
        for pause_s in (0.0, *_REMEMBER_PAUSES_S):
            await asyncio.sleep(pause_s)
            try:
                await self._desk.shown_as(PLATFORM, message_id, token)
            except Exception as error:
                log.warning("telegram.question_unremembered", message=message_id, error=type(error).__name__)
            else:
                return

    def _failure(self, chat_id: int, error: TelegramError) -> Exception:
        if isinstance(error, RetryAfter):
            self._limits.hold(chat_id, flood_s(error))
        log.info("telegram.screen_failed", chat=chat_id, why=why(error))
        return sending_failure(error)


def keyboard(screen: Screen) -> InlineKeyboardMarkup | None:
    """The screen's buttons; None when it has none (an edit then takes old ones away)."""
    rows = [[InlineKeyboardButton(button.label, callback_data=button.token) for button in row] for row in screen.rows]
    return InlineKeyboardMarkup(rows) if rows else None


def fitting(text: str) -> str:
    """What one message holds; the rest of a very long screen is cut, visibly."""
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"


def utf16_units(text: str) -> int:
    """The length in which Telegram counts its entities."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
