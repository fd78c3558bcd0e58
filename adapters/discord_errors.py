"""One request is one try: what Discord's answers and silences mean for the ledger.

Knows no message. discord.py by itself sleeps through a 429 and repeats a request after a 5xx. For a send that is wrong
twice over: a try begun before `/panic` would go out after it, and a webhook, which knows no nonce, would speak twice.
Inside `one_try` the first answer is the only one, and every way to fail is one of the three the bot knows.

Nor does a send wait inside discord.py (`promptly`): it sleeps before a request whose bucket is empty, while the kill
switch that was looked at last may be thrown, and after an answer that emptied it, while the receipt is needed.

No request of ours sleeps through a 429, inside or not: during a global limit discord.py locks every other request out,
and a sleeper that is cancelled leaves that lock closed for good. (What it knows from headers it may wait for.)
"""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord

from adapters.base import OutcomeHidden, Refused, RetryLater

_AGAIN_S, _UNTOLD_S, _NO_ENTRY_S = 2.0, 5.0, 60.0
_OPENING_DMS_TOO_FAST = 40003
_PROMPT_S, _BUCKET_AGAIN_S = 0.3, 0.5
"""A send leaves within `_PROMPT_S` of the last look, or comes back to be looked at again."""


class _Attempt:
    """A request of `promptly`: whether it has left, and what was answered (a body, or discord.py's error)."""

    def __init__(self, leave_by: float) -> None:
        self.leave_by = leave_by
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def settle(self, answer: Any) -> None:
        """The first answer is the only one."""
        if not self.answer.done():
            self.answer.set_result(answer)


_only_one: ContextVar[bool] = ContextVar("only_one", default=False)
_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)
_on_their_way: set[asyncio.Task[Any]] = set()


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


async def promptly(call: Coroutine[Any, Any, Any], asked_s: float) -> Any:
    """The body that a call of one request is answered with, as soon as it is there. For use inside `one_try`.

    `asked_s` (monotonic): when we were told to send. RetryLater: the request has not left soon after, and will not.
    discord.py goes on with its own book-keeping (it may sleep for the bucket's sake) behind our back.
    """
    attempt = _Attempt(asked_s + _PROMPT_S)
    before = _attempt.set(attempt)
    task = asyncio.create_task(call)  # with a copy of this context
    _attempt.reset(before)
    _on_their_way.add(task)
    task.add_done_callback(_forget)
    try:
        in_time_s = max(attempt.leave_by - time.monotonic(), 0)
        await asyncio.wait({task, attempt.left}, timeout=in_time_s, return_when=asyncio.FIRST_COMPLETED)
        if not attempt.left.done() and not task.done():
            raise RetryLater(_BUCKET_AGAIN_S)
        await asyncio.wait({task, attempt.answer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not attempt.answer.done():
            task.cancel()
    if not attempt.answer.done():
        return task.result()
    answer = attempt.answer.result()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _forget(task: asyncio.Task[Any]) -> None:
    _on_their_way.discard(task)
    if not task.cancelled():
        task.exception()  # `promptly` has raised it already


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
    trace.on_request_start.append(_leaves)
    trace.on_request_end.append(_answered)
    trace.on_request_exception.append(_broke)
    return trace


async def _leaves(_: aiohttp.ClientSession, __: SimpleNamespace, ___: aiohttp.TraceRequestStartParams) -> None:
    attempt = _attempt.get()
    if attempt is None:
        return
    if time.monotonic() > attempt.leave_by:  # the process itself may have stood still
        raise RetryLater(_BUCKET_AGAIN_S)
    if not attempt.left.done():
        attempt.left.set_result(None)


async def _answered(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
    only_one, attempt = _only_one.get(), _attempt.get()
    failure: Exception | None = None
    if end.response.status == 429:
        wait_s = await _patience(end.response)
        failure = RetryLater(wait_s) if only_one else discord.RateLimited(wait_s)
    elif end.response.status >= 500 and only_one:
        failure = OutcomeHidden(str(end.response.status))
    if attempt is not None:
        attempt.settle(failure or await _told(end.response))
    if failure is not None:
        raise failure


async def _told(response: aiohttp.ClientResponse) -> Any:
    """The body, which stays readable for discord.py; or the refusal that discord.py will raise."""
    body = await discord.http.json_or_text(response)
    return discord.HTTPException(response, body) if response.status >= 400 else body


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
