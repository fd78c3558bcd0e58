"""One request is one try: what Discord's answers and silences mean for the ledger.

Knows no message. discord.py by itself sleeps through a 429 and repeats a request after a 5xx. For a send that is wrong
twice over: a try begun before `/panic` would go out after it, and a webhook, which knows no nonce, would speak twice.
Inside `one_try` the first answer is the only one, and every way to fail is one of the three the bot knows.

No request of ours sleeps through a 429, inside or not: during a global limit discord.py locks every other request out,
and a sleeper that is cancelled leaves that lock closed for good. (What it knows from headers it may wait for.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp
import discord

from adapters.base import OutcomeHidden, Refused, RetryLater

_AGAIN_S, _UNTOLD_S, _NO_ENTRY_S = 2.0, 5.0, 60.0
_OPENING_DMS_TOO_FAST = 40003

_only_one: ContextVar[bool] = ContextVar("only_one", default=False)


@contextmanager
def one_try() -> Iterator[None]:
    """Requests inside are made once; what fails of the platform's is RetryLater, Refused or OutcomeHidden."""
    before = _only_one.set(True)
    try:
        yield
    except discord.RateLimited as error:
        raise RetryLater(error.retry_after) from None
    except discord.HTTPException as error:
        raise verdict(error) from None
    except aiohttp.ClientConnectorError:
        raise RetryLater(_AGAIN_S) from None
    except (OSError, aiohttp.ClientError, TimeoutError) as error:
        raise OutcomeHidden(type(error).__name__) from None
    finally:
        _only_one.reset(before)


def verdict(error: discord.HTTPException) -> Exception:
    """What a refusal in Discord's words is in ours. A 5xx may come from a proxy in front of work that was done."""
    if error.status >= 500:
        return OutcomeHidden(str(error.status))
    if error.status == 429:
        return RetryLater(_seconds(error.response.headers.get("Retry-After")))
    if error.status == 401 or error.code == _OPENING_DMS_TOO_FAST:
        return RetryLater(_NO_ENTRY_S)
    return Refused(f"{error.status} {error.code}")


def watch_requests() -> aiohttp.TraceConfig:
    """The hook by which `one_try` ends a request at its first answer. For `discord.Client(http_trace=...)`."""
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_answered)
    trace.on_request_exception.append(_broke)
    return trace


async def _answered(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
    only_one = _only_one.get()
    if end.response.status == 429:
        wait_s = await _patience(end.response)
        raise RetryLater(wait_s) if only_one else discord.RateLimited(wait_s)
    if end.response.status >= 500 and only_one:
        raise OutcomeHidden(str(end.response.status))


async def _broke(_: aiohttp.ClientSession, __: SimpleNamespace, broke: aiohttp.TraceRequestExceptionParams) -> None:
    """discord.py repeats after a reset connection (by error number, on some systems only): the outcome is hidden."""
    if not _only_one.get():
        return
    if isinstance(broke.exception, aiohttp.ClientConnectorError):
        raise RetryLater(_AGAIN_S)
    if isinstance(broke.exception, OSError | aiohttp.ClientError | TimeoutError):
        raise OutcomeHidden(type(broke.exception).__name__)


async def _patience(response: aiohttp.ClientResponse) -> float:
    """Seconds to wait: the body's are exact, the header's are whole; an edge server sends only the header."""
    try:
        body = await response.json(content_type=None)
    except (ValueError, aiohttp.ClientError):
        body = None
    told = body.get("retry_after") if isinstance(body, dict) else None
    return _seconds(told if told is not None else response.headers.get("Retry-After"))


def _seconds(told: object) -> float:
    try:
        return max(float(str(told)), 0.05)
    except ValueError:
        return _UNTOLD_S
