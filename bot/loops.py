"""How a loop of the bot goes on when Redis is gone, and ends when asked.

Knows no work of its own. Every step is safe to repeat, so the answer to trouble is always: say so, wait, repeat.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.exceptions import RedisError

from model_server.log import flaw_of

Result = TypeVar("Result")
Stopping = asyncio.Event

REDIS_TROUBLE = (RedisError, OSError)
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 5.0

log = structlog.get_logger()


async def persist(name: str, act: Callable[[], Awaitable[Result]], stopping: Stopping) -> Result:
    """Repeat an act that is safe to repeat until Redis has answered it. Once we are stopping, trouble is raised."""
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return await act()
        except REDIS_TROUBLE as error:
            if stopping.is_set():
                raise
            log.warning("redis.trouble", what=name, error=type(error).__name__, again_ms=round(pause_s * 1000))
        await rest(pause_s * random.uniform(0.5, 1), stopping)  # noqa: S311  # jitter, not a secret
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


async def keep_going(name: str, step: Callable[[], Awaitable[None]], stopping: Stopping) -> None:
    """Repeat a step until we are stopping. A flaw in a step is logged and does not end the others' work."""
    while not stopping.is_set():
        try:
            with contextlib.suppress(*REDIS_TROUBLE):  # only ever raised once we are stopping
                await persist(name, step, stopping)
        except Exception as error:
            log.error("loop.flaw", loop=name, flaw=flaw_of(error))
            await rest(_LONGEST_PAUSE_S, stopping)


async def rest(seconds: float, stopping: Stopping) -> None:
    """Sleep, or less when we are stopping."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
