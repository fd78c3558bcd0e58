"""What Telegram's failures mean for us: certainly not sent, or nobody knows; and a request that keeps secrets.

Knows no chat. The library's own messages quote tokens and bodies, so nothing of them is logged or raised again but
what the server says of a refusal.
"""

import json
import logging
import os
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx
import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from adapters.base import OutcomeHidden, Refused, RetryLater

# Spans as timedelta, which the library asks for; without it every 429 and some updates end in its deprecation warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_NETWORK_AGAIN_S = 2.0
_TOKEN_AGAIN_S = 60.0
_DEFAULT_FLOOD_S = 1.0
_LONGEST_WHY_CHARS = 120

log = structlog.get_logger()


def silence_libraries() -> None:
    """No URL (they hold the token) and no body (they hold words) through the libraries' own loggers."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)


class QuietRequest(HTTPXRequest):
    """The library's transport with short patience, every 429 understood, and no body in any log.

    The Courier gives a send 7.5 s: connecting ends well before that, so that "never left" is told from "nobody knows".
    """

    def __init__(self, connections: int = 64, read_s: float = 5.0) -> None:
        super().__init__(
            connection_pool_size=connections,
            connect_timeout=2.0,
            pool_timeout=0.5,
            read_timeout=read_s,
            write_timeout=5.0,
        )

    async def do_request(  # noqa: PLR0917  # the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """As the library's, but a 429 without a time is a RetryAfter too."""
        code, payload = await super().do_request(
            url, method, request_data, read_timeout, write_timeout, connect_timeout, pool_timeout
        )
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            raise RetryAfter(timedelta(seconds=_flood_s(payload)))
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As the library's, without logging the payload."""
        try:
            return dict(json.loads(payload.decode("utf-8", "replace")))
        except (ValueError, TypeError):
            raise TelegramError("Invalid server response") from None


def _flood_s(payload: bytes) -> float:
    try:
        return max(float(json.loads(payload)["parameters"]["retry_after"]), 0.1)
    except (ValueError, TypeError, KeyError):
        return _DEFAULT_FLOOD_S


def flood_s(error: RetryAfter) -> float:
    """How long a 429 asks us to wait, in seconds."""
    asked = error.retry_after
    return float(asked) if isinstance(asked, int | float) else asked.total_seconds()


def never_left(error: TelegramError) -> bool:
    """Whether it is certain that no byte of the request reached Telegram."""
    return isinstance(error.__cause__, _NEVER_LEFT)


def token_refused(error: TelegramError) -> bool:
    """Telegram does not know this token (any more)."""
    return isinstance(error, InvalidToken | EndPointNotFound)


def sending_failure(error: TelegramError) -> RetryLater | Refused | OutcomeHidden:
    """What a failed send means. Everything that is not certain is hidden: a timeout, a lost connection, a 5xx."""
    match error:
        case RetryAfter():
            return RetryLater(flood_s(error))
        case InvalidToken() | EndPointNotFound():
            return RetryLater(_TOKEN_AGAIN_S)
        case Forbidden() | BadRequest() | ChatMigrated():
            return Refused(why(error))
        case _ if never_left(error):
            return RetryLater(_NETWORK_AGAIN_S)
        case _:
            return OutcomeHidden(type(error).__name__)


def why(error: TelegramError) -> str:
    """The server's own words about a refusal, safe to log: it quotes neither token nor text."""
    if isinstance(error, Forbidden | BadRequest | ChatMigrated):
        return f"{type(error).__name__}: {error.message}"[:_LONGEST_WHY_CHARS]
    return type(error).__name__
