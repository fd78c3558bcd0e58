"""The worker's loop: take requests, have them answered, publish the results; hold every lease meanwhile.

Knows neither model nor chat: an `Answerer` turns a request into words. Whatever happens to this process, a request it
held becomes another worker's when the lease runs out, and a late result of ours is refused by its fence.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, ParamSpec, Protocol, TypeVar

import msgspec
import structlog
from redis.exceptions import RedisError, ResponseError

from model_server.contract import Reply, ReplyFailed, ReplyRequest, Result, decode_request
from model_server.errors import EngineStopped, SelfsameError
from model_server.log import flaw_of
from model_server.redis_link import LINK_ERRORS
from model_server.streams import Lease, LeaseKeeper, RequestQueue

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")


class Answerer(Protocol):
    """Whatever can turn a request into a reply. Cancelled when nobody wants the reply any more."""

    async def answer(self, request: ReplyRequest) -> Reply | ReplyFailed:
        """The persona's words. An exception counts as a failed delivery and is tried again, up to the poison limit.

        EngineStopped does not count: it says nothing of the request, which is tried again until its deadline.
        """
        ...


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How many at once, how long a lease lasts unrenewed, and how many deliveries make a request poison."""

    slots: int
    lease_ms: int = 15_000
    most_deliveries: int = 4
    drain_s: float = 20.0


class Worker:
    """One process's share of the requests."""

    def __init__(
        self,
        queue: RequestQueue,
        keeper: LeaseKeeper,
        answerer: Answerer,
        settings: WorkerSettings,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """`ready`: whether the answerer can answer now; no request is taken while it cannot."""
        self._queue = queue
        self._keeper = keeper
        self._answerer = answerer
        self._settings = settings
        self._ready = ready
        self._held: dict[bytes, tuple[Lease, asyncio.Task[None]]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then finish or release what is held."""
        with self._heartbeat():
            async for lease in self._leases(stopping):
                self._hold(lease)
            await self._drain()

    def _hold(self, lease: Lease) -> None:
        """Begin to serve a lease. One of ours may come back to us, unrenewed: its older delivery ends first."""
        _, older = self._held.get(lease.entry_id, (None, None))
        if older is not None:
            older.cancel()
        task = asyncio.create_task(self._serve(lease, older))
        self._held[lease.entry_id] = lease, task
        task.add_done_callback(partial(self._let_go, lease.entry_id))

    def _let_go(self, entry_id: bytes, ended: asyncio.Task[None]) -> None:
        if entry_id in self._held and self._held[entry_id][1] is ended:
            del self._held[entry_id]

    async def _leases(self, stopping: asyncio.Event) -> AsyncIterator[Lease]:
        """Every request that becomes ours, never more than there are free slots; outlives Redis."""
        linked, sweep_at = False, 0.0
        while not stopping.is_set():
            free = self._settings.slots - len(self._held)
            if free <= 0:
                await self._one_done(stopping)
                continue
            if not self._ready():
                await asyncio.sleep(0.1)
                continue
            try:
                if not linked:
                    await self._queue.prepare()
                    leases = await self._queue.own_pending(besides=set(self._held))
                    linked = True
                elif time.monotonic() >= sweep_at:
                    leases = await self._queue.reclaim(free)
                    # swept in full twice a lease, jittered so that workers do not sweep together
                    sweep_at = time.monotonic() + self._settings.lease_ms / 2000 * random.uniform(0.7, 1.3)  # noqa: S311
                else:
                    leases = await self._queue.take(free, wait_ms=min(250, self._settings.lease_ms // 2))
            except (*LINK_ERRORS, RedisError) as error:
                linked = False
                log.warning("redis_lost", error=type(error).__name__)
                await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311
                continue
            for lease in leases:
                yield lease

    async def _serve(self, lease: Lease, older: asyncio.Task[None] | None) -> None:
        if older is not None:
            await asyncio.wait([older])
        try:
            result = await self._result_of(lease)
        except EngineStopped:
            await self._until_linked(self._queue.release, lease, counted=False)
            return
        if result is None:
            await self._until_linked(self._queue.release, lease)
            return
        published = await self._until_linked(self._queue.publish, lease, result)
        log.info(
            "answered" if isinstance(result, Reply) else "not_answered", **_figures(result), published=bool(published)
        )

    async def _result_of(self, lease: Lease) -> Result | None:
        """What to publish; None: it failed this time, let it be delivered again. EngineStopped: not its own fault."""
        try:
            request = decode_request(lease.body)
        except msgspec.DecodeError:
            return ReplyFailed("", "", "unreadable", f"entry {lease.entry_id.decode()}")
        if reason := self._refusal(request, lease):
            return ReplyFailed(request.request_id, request.chat_key, reason)
        try:
            return await self._answerer.answer(request)
        except EngineStopped:
            raise
        except SelfsameError as error:
            log.error("cannot_answer", request_id=request.request_id, error=str(error))
            return ReplyFailed(request.request_id, request.chat_key, "engine", type(error).__name__)
        except Exception as error:  # a fault of ours: loud to the owner, tried again, poison in the end
            log.error("answer_failed", request_id=request.request_id, flaw=flaw_of(error))
            return None

    def _refusal(self, request: ReplyRequest, lease: Lease) -> Literal["poison", "expired"] | None:
        if lease.deliveries > self._settings.most_deliveries:
            return "poison"
        return "expired" if time.time() * 1000 > request.deadline_ms else None

    async def _until_linked(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Repeat an idempotent script until Redis has answered it: a finished reply is worth waiting for."""
        while True:
            try:
                return await call(*args, **kwargs)
            except ResponseError as error:
                # the group is gone (another Redis, or an emptied one): so is the request
                log.error("publish_refused", error=type(error).__name__)
                return None
            except (*LINK_ERRORS, RedisError):
                await asyncio.sleep(0.2)

    @contextlib.contextmanager
    def _heartbeat(self) -> Iterator[None]:
        """A thread that renews every held lease four times in its life and ends the work of a lost one."""
        stop, loop = threading.Event(), asyncio.get_running_loop()

        def beat() -> None:
            while not stop.wait(self._settings.lease_ms / 4000):
                for lease, task in tuple(self._held.values()):
                    with contextlib.suppress(*LINK_ERRORS, RedisError):
                        if not self._keeper.beat(lease) and not task.done():
                            loop.call_soon_threadsafe(task.cancel)

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=5)

    async def _one_done(self, stopping: asyncio.Event) -> None:
        waits = [task for _, task in self._held.values()] + [asyncio.ensure_future(stopping.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits[-1].cancel()

    async def _drain(self) -> None:
        held = dict(self._held)
        if held:
            await asyncio.wait([task for _, task in held.values()], timeout=self._settings.drain_s)
        for lease, task in held.values():
            if not task.done():
                task.cancel()
                with contextlib.suppress(*LINK_ERRORS, RedisError):
                    await self._queue.release(lease)


def _figures(result: Result) -> dict[str, object]:
    if isinstance(result, Reply):
        return {
            "request_id": result.request_id,
            "contact_type": result.contact_type,
            "blend": result.blend,
            "queue_ms": result.queue_ms,
            "generate_ms": result.generate_ms,
            "prompt_tokens": result.prompt_tokens,
            "reply_tokens": result.reply_tokens,
        }
    return {"request_id": result.request_id, "reason": result.reason}
