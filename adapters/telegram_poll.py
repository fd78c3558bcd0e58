"""Asks Telegram for updates, and moves on only when the last ones are durable.

Knows no update's meaning. Takes raw JSON, so that one update which cannot be read does not take the others with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import Bot
from telegram.error import BadRequest, Conflict, Forbidden, RetryAfter, TelegramError

from adapters.telegram_errors import flood_s, token_refused, why
from adapters.telegram_intake import ALLOWED_UPDATES, id_of

Raw = dict[str, Any]
Take = Callable[[Sequence[Raw]], Awaitable[None]]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_CONFLICT_PAUSE_S = 10.0
_TOKEN_PAUSE_S = 60.0
_ANSWER_S = 10.0
"""On top of the time Telegram may hold the question open."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why Telegram cannot be asked, in words for the owner, and when to ask again."""

    event: str
    next_step: str
    pause_s: float


def trouble_of(error: TelegramError, failures: int) -> Trouble:
    """What went wrong the `failures`-th time in a row (1: the first)."""
    if token_refused(error):
        return Trouble("telegram.token_refused", "take the token from @BotFather (/mybots → API Token)", _TOKEN_PAUSE_S)
    if isinstance(error, Conflict):
        return Trouble("telegram.conflict", "stop the other program that uses this bot's token", _CONFLICT_PAUSE_S)
    if isinstance(error, BadRequest | Forbidden):
        return Trouble("telegram.refused", "mend what Telegram says of it in [telegram]", _LONGEST_PAUSE_S)
    if isinstance(error, RetryAfter):
        return Trouble("telegram.patience", "nothing to do: Telegram asked us to wait", flood_s(error))
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(failures - 1, 10), _LONGEST_PAUSE_S)
    return Trouble("telegram.unreachable", "nothing to do if it passes; else check network and base_url", pause_s)


async def until_done(act: Callable[[], Awaitable[Any]]) -> Any:
    """Repeat an act that is safe to repeat until Telegram has answered it, and say what is in the way."""
    failures = 0
    while True:
        try:
            return await act()
        except TelegramError as error:  # its own words may hold the token
            failures += 1
            trouble, told = trouble_of(error, failures), why(error)
        loud = trouble.event in ("telegram.token_refused", "telegram.conflict", "telegram.refused")
        (log.error if loud else log.warning)(
            trouble.event, error=told, next_step=trouble.next_step, again_ms=round(trouble.pause_s * 1_000)
        )
        await asyncio.sleep(trouble.pause_s)


async def poll(bot: Bot, take: Take, poll_s: int) -> None:
    """For ever: the next updates, until they are durable, then the ones after. Nothing that waits is dropped."""
    offset: int | None = None

    async def ask() -> Any:
        # `get_Updates` becomes `getUpdates`: written so, the library does not send us to its own method, which parses
        # all updates at once
        return await bot.do_api_request(
            "get_Updates",
            api_kwargs={"offset": offset, "timeout": poll_s, "allowed_updates": ALLOWED_UPDATES},
            read_timeout=poll_s + _ANSWER_S,
        )

    async def ask_alone() -> Any:
        try:
            return await ask()
        except Conflict:
            await bot.delete_webhook(drop_pending_updates=False)  # somebody may have set one meanwhile
            raise

    while True:
        raws = await until_done(ask_alone)
        await take(raws)
        if newest := max(map(id_of, raws), default=0):
            offset = newest + 1
        elif raws:  # no update that could be confirmed: they come again, but not at once
            await asyncio.sleep(_FIRST_PAUSE_S)
