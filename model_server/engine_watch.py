"""Keep the engine running: start it again when it has died, a few times, and then say that the process must end.

Knows no request: the worker takes none while the engine is away, and those it held return to the stream uncounted.
"""

import asyncio
import time
from typing import NoReturn, Protocol

import structlog

from model_server.errors import EngineStopped
from model_server.log import flaw_of

log = structlog.get_logger()

_EVERY_S = 0.2
_MOST_RESTARTS = 3
_WINDOW_S = 300.0
"""Deaths longer ago than this are forgotten."""


class Restartable(Protocol):
    """The part of the engine that matters here."""

    def start(self) -> None:
        """Begin to generate; no-op while it runs."""
        ...

    def is_running(self) -> bool:
        """Whether generations make progress."""
        ...


async def keep_running(engine: Restartable, every_s: float = _EVERY_S) -> NoReturn:
    """Start the engine again whenever it has died. On the engine's event loop, until cancelled.

    EngineStopped when it cannot be started, or has died once more after three restarts in five minutes: what it lacks
    (a device that is lost stays lost to this process) only a new process has.
    """
    deaths: list[float] = []
    while True:
        await asyncio.sleep(every_s)
        if engine.is_running():
            continue
        now = time.monotonic()
        deaths = [*(died for died in deaths if died > now - _WINDOW_S), now]
        log.error("engine_died", deaths=len(deaths))
        if len(deaths) > _MOST_RESTARTS:
            raise EngineStopped(
                f"the engine died {len(deaths)} times in a few minutes", "the worker's log names the cause"
            )
        try:
            engine.start()
        except Exception as error:
            log.error("engine_not_started", flaw=flaw_of(error))
            raise EngineStopped("the engine cannot be started again", "the worker's log names the cause") from error
