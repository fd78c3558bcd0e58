"""The owner's hand on what leaves: the kill switch, and a look at what is held. Knows names of keys, no platform."""

from typing import cast

import msgspec
import redis.asyncio

from bot import keys
from bot.outbox import Draft


async def halt(client: redis.asyncio.Redis) -> None:
    """Stop every send at the delivery step, at once: the switch is read last before each bubble."""
    await client.set(keys.HALT, 1)


async def resume(client: redis.asyncio.Redis) -> None:
    """Let sends go on; what waited leaves in order."""
    await client.delete(keys.HALT)


async def held_replies(client: redis.asyncio.Redis) -> list[Draft]:
    """What waits for the owner."""
    raw = cast(dict[bytes, bytes], await client.hgetall(keys.DRAFTS))
    return [msgspec.json.decode(value, type=Draft) for value in raw.values()]
