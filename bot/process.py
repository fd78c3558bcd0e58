"""One bot process: adapters in front, a handful of loops on one Redis, and how all of them end.

Names no concrete adapter (`bot.app` does). Every loop may die with the process at any point: none keeps anything in
memory that matters.
"""

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import cast

import redis.asyncio
import structlog

from adapters.base import Gated, Outcome, PlatformAdapter
from bot.accept import make_inbox
from bot.config import BotConfig
from bot.deliver import Courier
from bot.loops import Stopping, keep_going, rest
from bot.outbox import Results, named
from bot.outcomes import Endings
from bot.owner.staff import Staff
from bot.rhythm_book import RhythmBook
from bot.turns import Turns
from bot.typing_sign import TypingSign
from model_server.home import Home
from model_server.log import flaw_of

log = structlog.get_logger()

_LOOK_EVERY_S = 0.05
_SIGN_EVERY_S = 0.5
_TELL_EVERY_S = 0.3
_FIRST_RESTART_S, _LONGEST_RESTART_S = 1.0, 60.0

Step = Callable[[], Awaitable[None]]
Observe = Callable[[Outcome], Awaitable[None]]


class Bot:
    """One bot process: as many as you like may share a Redis."""

    def __init__(
        self, client: redis.asyncio.Redis, config: BotConfig, home: Home, adapters: list[PlatformAdapter], staff: Staff
    ) -> None:
        self._adapters = adapters
        self._stopping = Stopping()
        scripts = staff.scripts
        self._inbox = make_inbox(scripts, self._stopping, staff.contact_word)
        gated = {adapter.platform: adapter for adapter in adapters if isinstance(adapter, Gated)}
        self._turns = Turns(scripts, staff.contacts, config.turns, staff.desk.office.orders, gated)
        # a new name each time: what an earlier process left pending is taken over after its lease, never mixed up
        consumer = f"bot-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._results = Results(scripts, consumer, config, RhythmBook(home.rhythm_file))
        notice = named(config.turns.disclosure, config.owner.name)
        lease_ms = config.turns.lease_ms
        self._couriers = [Courier(scripts, adapter, notice, lease_ms, self._stopping) for adapter in adapters]
        self._endings = Endings(client)
        self._signs = [TypingSign(client, adapter) for adapter in adapters]
        self._pushes = staff.pushes(adapters)
        self._clock = staff.clock()

    def stop(self) -> None:
        """Begin no new work, finish what has begun, and let `run` return."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until `stop`."""
        async with asyncio.TaskGroup() as group:
            receiving = [group.create_task(self._receive(adapter)) for adapter in self._adapters]
            async with asyncio.TaskGroup() as work:
                for name, step in self._loops():
                    work.create_task(keep_going(name, step, self._stopping), name=name)
                work.create_task(self._clock.run(self._stopping), name="clock")
            for courier in self._couriers:
                await courier.drain()
            for task in receiving:  # last: a send that had begun needed its adapter
                task.cancel()

    def _loops(self) -> list[tuple[str, Step]]:
        loops: list[tuple[str, Step]] = [
            ("turns", partial(self._often, self._turns.step, _LOOK_EVERY_S)),
            ("results", self._results.step),
            ("outcomes", self._tell_outcomes),
        ]
        for adapter, courier, sign in zip(self._adapters, self._couriers, self._signs, strict=True):
            loops.append((f"deliver {adapter.platform}", partial(self._often, courier.step, _LOOK_EVERY_S)))
            loops.append((f"typing {adapter.platform}", partial(self._often, sign.step, _SIGN_EVERY_S)))
        for platform, push in self._pushes:
            loops.append((f"owner {platform}", partial(self._often, push.step, _TELL_EVERY_S)))
        return loops

    async def _often(self, step: Step, every_s: float) -> None:
        await step()
        await rest(every_s, self._stopping)

    async def _tell_outcomes(self) -> None:
        """Log how turns of our platforms ended, and tell the adapters that want to know."""
        ours = {adapter.platform: adapter for adapter in self._adapters}
        async with aclosing(self._endings.as_they_end(self._stopping)) as outcomes:
            async for outcome in outcomes:
                if (adapter := ours.get(outcome.chat.platform)) is not None:
                    await _tell(adapter, outcome)

    async def _receive(self, adapter: PlatformAdapter) -> None:
        """Keep one adapter running; its crashes are its own."""
        pause_s = _FIRST_RESTART_S
        while not self._stopping.is_set():
            started = asyncio.get_running_loop().time()
            try:
                await adapter.run(self._inbox)
                log.error("adapter.ended", platform=adapter.platform, again_s=pause_s)
            except Exception as error:
                log.error("adapter.crashed", platform=adapter.platform, flaw=flaw_of(error), again_s=pause_s)
            if asyncio.get_running_loop().time() - started > _LONGEST_RESTART_S:
                pause_s = _FIRST_RESTART_S
            await rest(pause_s, self._stopping)
            pause_s = min(pause_s * 2, _LONGEST_RESTART_S)


async def _tell(adapter: PlatformAdapter, outcome: Outcome) -> None:
    log.info(
        "turn.ended",
        request_id=outcome.request_id,
        state=outcome.state,
        reason=outcome.reason,
        lines=len(outcome.line_ids),
        contact_type=outcome.contact_type,
        total_ms=outcome.total_ms,
    )
    if (observe := cast(Observe | None, getattr(adapter, "observe", None))) is not None:
        try:
            await observe(outcome)
        except Exception as error:
            log.error("adapter.observe", platform=adapter.platform, flaw=flaw_of(error))
