"""Work in order within a channel, side by side between channels.

Knows no message. Work that fails for the world's sake is tried again with growing pauses, and what stands behind it
waits: a line must not overtake the one before it. After the last try, and for a flaw of ours, it is told and left.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

Work = Callable[[], Awaitable[None]]

_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0, 30.0)
FLAWS = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""Would fail in the same way for ever."""
_log = structlog.get_logger()


class Lanes:
    """The lanes of one run."""

    def __init__(self, pauses_s: tuple[float, ...] = _PAUSES_S) -> None:
        self._pauses_s = pauses_s
        self._waiting: dict[int, deque[Work]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, channel_id: int, work: Work) -> None:
        """Behind everything that was put for this channel before."""
        if (lane := self._waiting.get(channel_id)) is not None:
            lane.append(work)
            return
        self._waiting[channel_id] = deque([work])
        task = asyncio.create_task(self._walk(channel_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop at once. What was not taken is still at the platform, behind the watermark."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _walk(self, channel_id: int) -> None:
        lane = self._waiting[channel_id]
        while lane:
            await self._do(channel_id, lane.popleft())
        del self._waiting[channel_id]

    async def _do(self, channel_id: int, work: Work) -> None:
        for pause_s in (*self._pauses_s, None):
            try:
                await work()
                return
            except FLAWS as error:
                _log.error("discord.flaw", channel=channel_id, kind=type(error).__name__)
                return
            except Exception as error:
                if pause_s is None:
                    _log.error("discord.given_up", channel=channel_id, kind=type(error).__name__)
                    return
                _log.warning("discord.again", channel=channel_id, kind=type(error).__name__, after_s=pause_s)
            await asyncio.sleep(pause_s)
