"""Workers say that they are there: one expiring key each, for `selfsame status`, the demo and the owner.

Nothing is decided by it: work is handed out by leases alone. Torch-free.
"""

import asyncio
from collections.abc import Callable

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from model_server.log import flaw_of

log = structlog.get_logger()

PREFIX = "ss:{s0}:worker:"
_EXPIRES_S = 10
_EVERY_S = 2.0


class Presence(msgspec.Struct, frozen=True):
    """What one worker says of itself."""

    consumer: str
    ready: bool
    model: str
    device: str
    facets: dict[str, str]
    """Facet name -> version in force."""


async def keep_announcing(client: redis.asyncio.Redis, presence: Callable[[], Presence]) -> None:
    """Say it every two seconds until cancelled; a Redis that is away hears it again when it is back."""
    while True:
        try:
            now = presence()
            await client.set(PREFIX + now.consumer, msgspec.json.encode(now), ex=_EXPIRES_S)
        except (RedisError, OSError):
            pass
        except Exception as error:
            log.error("presence_failed", flaw=flaw_of(error))
        await asyncio.sleep(_EVERY_S)


async def withdraw(client: redis.asyncio.Redis, consumer: str) -> None:
    """This worker is gone."""
    await client.delete(PREFIX + consumer)


async def present_workers(client: redis.asyncio.Redis) -> list[Presence]:
    """Who is there now."""
    keys = [key async for key in client.scan_iter(match=PREFIX + "*")]
    found = await client.mget(keys) if keys else []
    return [msgspec.json.decode(raw, type=Presence) for raw in found if raw]
