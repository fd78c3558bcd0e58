"""Work in order within a channel, side by side between channels.

Knows no message. Work that fails for the world's sake is tried again with growing pauses, and what stands behind it
waits: a line must not overtake the one before it, nor be lost. It is never given up; a flaw of ours is told and left.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from itertools import chain, repeat

import structlog

Work = Callable[[], Awaitable[None]]

_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""The last one again and again."""
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
        self._start(self._walk(channel_id))

    def put_later(self, channel_id: int, work: Work, after_s: float) -> None:
        """Behind everything that stands there after so many seconds."""
        self._start(self._put_after(channel_id, work, after_s))

    async def close(self) -> None:
        """Stop at once. What was not taken is still at the platform, behind the watermark."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, walk: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(walk)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _put_after(self, channel_id: int, work: Work, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.put(channel_id, work)

    async def _walk(self, channel_id: int) -> None:
        lane = self._waiting[channel_id]
        while lane:
            await self._do(channel_id, lane.popleft())
        del self._waiting[channel_id]

    async def _do(self, channel_id: int, work: Work) -> None:
        for pause_s in chain(self._pauses_s, repeat(self._pauses_s[-1])):
            try:
                await work()
                return
            except FLAWS as error:
                _log.error("discord.flaw", channel=channel_id, kind=type(error).__name__)
                return
            except Exception as error:
                tell = _log.error if pause_s == self._pauses_s[-1] else _log.warning
                tell("discord.again", channel=channel_id, kind=type(error).__name__, after_s=pause_s)
            await asyncio.sleep(pause_s)
