"""Calls when an order begins or ends by itself, when the daily digest is due, and to sweep each minute. A trigger only.

Knows no chat and no digest. The facts lie in Redis and are read again every few seconds; the scheduler's jobs lie in
this process's memory. Two processes set the same alarms, so every firing is claimed in Redis and happens once.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import redis.asyncio
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.loops import REDIS_TROUBLE, Stopping, keep_going, persist, rest
from bot.orders import Orders
from bot.windows import next_reading_ms
from model_server.log import flaw_of

FIRED_PREFIX = "ss:{s0}:fired:"
"""+ `<alarm>:<ms>`: this firing was claimed; forgotten once no process can be late enough to try it again."""

Act = Callable[[], Awaitable[object]]

_LOOK_EVERY_S = 2.0
_LATEST_S = 3_600
_SWEEP_S = 60

log = structlog.get_logger()


class Clock:
    """One process's alarms. A callback may be repeated when Redis is in trouble; a flaw in one costs that firing."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        load: Callable[[], Awaitable[Orders]],
        on_boundary: Act,
        on_digest: Act,
        on_sweep: Act,
        *,
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        self._client = client
        self._load = load
        self._look_every_s = look_every_s
        self._acts = {"boundary": on_boundary, "digest": on_digest, "sweep": on_sweep}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATEST_S}
        )
        self._stopping = Stopping()
        self._looked_ms = 0
        self._alarms: dict[str, int] = {}
        self._fired_ms: dict[str, int] = {}
        self._firing: set[asyncio.Task[object]] = set()

    async def run(self, stopping: Stopping) -> None:
        """Keep the alarms until we are stopping; one that goes off meanwhile is finished."""
        self._stopping = stopping
        # After a restart, an alarm of the last hour that nobody claimed goes off late.
        self._looked_ms = _now_ms() - _LATEST_S * 1000
        self._scheduler.start()
        every_minute = IntervalTrigger(seconds=_SWEEP_S, timezone=UTC)
        self._scheduler.add_job(self._sweep, every_minute, id="sweep", next_run_time=datetime.now(UTC))
        try:
            await keep_going("clock", self._look, stopping)
        finally:
            self._scheduler.remove_all_jobs()
            await asyncio.gather(*self._firing, return_exceptions=True)
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # the scheduler ends in the loop's next round

    async def _look(self) -> None:
        """Set the alarms by the facts as they are now: each the first after the last look that has not gone off."""
        orders = await self._load()
        looked_ms, self._looked_ms = self._looked_ms, _now_ms()
        since_ms = {alarm: max(looked_ms, self._fired_ms.get(alarm, 0)) for alarm in ("boundary", "digest")}
        self._wake_at("boundary", orders.next_boundary_ms(since_ms["boundary"]))
        if orders.digest_at is None:
            self._wake_at("digest", None)
        else:
            self._wake_at("digest", next_reading_ms(orders.digest_at, since_ms["digest"], ZoneInfo(orders.zone)))
        self._scheduler.wakeup()  # its timer stands still while the machine sleeps
        await rest(self._look_every_s, self._stopping)

    def _wake_at(self, alarm: str, at_ms: int | None) -> None:
        before_ms = self._alarms.pop(alarm, None)
        if before_ms != at_ms and self._scheduler.get_job(f"{alarm}:{before_ms}") is not None:
            self._scheduler.remove_job(f"{alarm}:{before_ms}")
        if at_ms is None:
            return
        self._alarms[alarm] = at_ms
        if before_ms != at_ms:
            trigger = DateTrigger(datetime.fromtimestamp(at_ms / 1000, UTC))
            self._scheduler.add_job(self._fire, trigger, args=(alarm, at_ms), id=f"{alarm}:{at_ms}")

    async def _sweep(self) -> None:
        await self._fire("sweep", _now_ms() // (_SWEEP_S * 1000) * _SWEEP_S * 1000)

    async def _fire(self, alarm: str, at_ms: int) -> None:
        self._fired_ms[alarm] = at_ms
        firing = asyncio.create_task(self._act(alarm, at_ms))
        self._firing.add(firing)
        firing.add_done_callback(self._firing.discard)
        await firing

    async def _act(self, alarm: str, at_ms: int) -> None:
        claim = partial(self._claim, f"{FIRED_PREFIX}{alarm}:{at_ms}", os.urandom(8).hex())
        try:
            with contextlib.suppress(*REDIS_TROUBLE):  # only ever raised once we are stopping
                if await persist("clock", claim, self._stopping):
                    await persist(f"clock.{alarm}", self._acts[alarm], self._stopping)
                    log.info("clock.fired", alarm=alarm, late_ms=_now_ms() - at_ms)
        except Exception as error:
            log.error("clock.flaw", alarm=alarm, flaw=flaw_of(error))

    async def _claim(self, key: str, token: str) -> bool:
        """Whether this firing is ours. Asked again after trouble, the answer is the same."""
        await self._client.set(key, token, nx=True, px=2 * _LATEST_S * 1000)
        return bool(await self._client.get(key) == token.encode())


def _now_ms() -> int:
    return int(time.time() * 1000)
