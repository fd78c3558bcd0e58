"""The worker's side of Redis: requests taken under a lease, results published by whoever still holds it.

Knows nothing of what a request says. A lease is an entry of the group's pending list: this consumer *and* this delivery
count. A worker that was stopped and wakes up late finds its count overtaken, so it can neither renew nor publish (a
fencing token, Kleppmann 2016). Entries are deleted when published; the stream is never trimmed, which would lose work.
"""

from dataclasses import dataclass

import redis
import redis.asyncio

from model_server.contract import BOTS, FIELD, REQUESTS, RESULTS, WORKERS, Result, encode
from model_server.redis_link import ensure_group, entries_of

# Held: the entry is pending for this consumer with this delivery count.
_HELD = """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #pending == 0 or pending[1][2] ~= ARGV[2] or pending[1][4] ~= tonumber(ARGV[4]) then return 0 end
"""
# Start the entry's idle clock again; JUSTID leaves the delivery count alone.
BEAT = _HELD + "redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID') return 1"
# Result out and request gone in one step: a crash leaves either both or neither.
PUBLISH = (
    _HELD
    + """
redis.call('XADD', KEYS[2], '*', 'm', ARGV[5])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[3])
return 1"""
)
# Give up the lease at once: idle for ever, so the next reclaim of any worker takes it. A delivery that shall not count
# is taken back by its own holder alone, so no lease but the one given up is ever met again: the fence stays whole.
RELEASE = (
    _HELD
    + """
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', 86400000, 'RETRYCOUNT', ARGV[5], 'JUSTID')
return 1"""
)


@dataclass(frozen=True, slots=True)
class Lease:
    """One taken request: its entry, how often it was delivered by now, and its bytes."""

    entry_id: bytes
    deliveries: int
    body: bytes


class RequestQueue:
    """The stream of requests as one consumer sees it."""

    def __init__(self, client: redis.asyncio.Redis, consumer: str, lease_ms: int) -> None:
        self._client = client
        self._consumer = consumer
        self._lease_ms = lease_ms
        self._cursor = (
            b"0-0"  # kept between calls: from 0-0 each time, entries behind many fresh ones are never reached
        )
        self._publish = client.register_script(PUBLISH)
        self._release = client.register_script(RELEASE)

    async def prepare(self) -> None:
        """Create both streams' groups; safe to repeat."""
        await ensure_group(self._client, REQUESTS, WORKERS)
        await ensure_group(self._client, RESULTS, BOTS)

    async def take(self, count: int, wait_ms: int) -> list[Lease]:
        """At most `count` fresh requests, waiting up to `wait_ms` for the first."""
        answer = await self._client.xreadgroup(WORKERS, self._consumer, {REQUESTS: ">"}, count=count, block=wait_ms)
        return [Lease(entry_id, 1, _body(fields)) for entry_id, fields in entries_of(answer)]

    async def reclaim(self, count: int) -> list[Lease]:
        """At most `count` requests whose worker has not renewed its lease; one step of a sweep over all of them."""
        answer = await self._client.xautoclaim(
            REQUESTS, WORKERS, self._consumer, min_idle_time=self._lease_ms, start_id=self._cursor, count=count
        )
        self._cursor, entries = answer[0], answer[1]
        return [lease for entry_id, fields in entries if (lease := await self._lease(entry_id, fields))]

    async def own_pending(self, besides: set[bytes]) -> list[Lease]:
        """Requests delivered to this consumer whose delivery we never heard of (the link broke in between)."""
        answer = await self._client.xreadgroup(WORKERS, self._consumer, {REQUESTS: "0"}, count=len(besides) + 100)
        found = [(entry_id, fields) for entry_id, fields in entries_of(answer) if entry_id not in besides]
        return [lease for entry_id, fields in found if (lease := await self._lease(entry_id, fields))]

    async def publish(self, lease: Lease, result: Result) -> bool:
        """Put the result out and delete the request. False: the lease was lost, and nothing was published."""
        held = (WORKERS, self._consumer, lease.entry_id, lease.deliveries)
        return bool(await self._publish(keys=[REQUESTS, RESULTS], args=[*held, encode(result)]))

    async def release(self, lease: Lease, *, counted: bool = True) -> None:
        """Let another worker have it now. Not `counted`: as if this delivery had never been."""
        held = (WORKERS, self._consumer, lease.entry_id, lease.deliveries)
        await self._release(keys=[REQUESTS], args=[*held, lease.deliveries - (not counted)])

    async def _lease(self, entry_id: bytes, fields: dict[bytes, bytes] | None) -> Lease | None:
        """With its delivery count; None when it was answered meanwhile. A deleted body is acked away."""
        if not fields:
            await self._client.xack(REQUESTS, WORKERS, entry_id)
            return None
        pending = await self._client.xpending_range(REQUESTS, WORKERS, min=entry_id, max=entry_id, count=1)
        mine = [row for row in pending if row["consumer"] == self._consumer.encode()]
        return Lease(entry_id, int(mine[0]["times_delivered"]), _body(fields)) if mine else None


class LeaseKeeper:
    """Renews leases over a blocking connection of its own, from a thread that the model cannot hold up."""

    def __init__(self, client: redis.Redis, consumer: str) -> None:
        self._consumer = consumer
        self._beat = client.register_script(BEAT)

    def beat(self, lease: Lease) -> bool:
        """False: somebody else has the request now."""
        return bool(self._beat(keys=[REQUESTS], args=[WORKERS, self._consumer, lease.entry_id, lease.deliveries]))


def _body(fields: dict[bytes, bytes]) -> bytes:
    return fields.get(FIELD, b"")
