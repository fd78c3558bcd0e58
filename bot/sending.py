"""The owner's hand on what leaves: the kill switch, and a look at what is held. Knows names of keys, no platform."""

import redis.asyncio

from bot import keys
from bot.drafts import Draft, open_drafts


async def halt(client: redis.asyncio.Redis) -> None:
    """Stop every send at the delivery step, at once: the switch is read last before each bubble."""
    await client.set(keys.HALT, 1)


async def resume(client: redis.asyncio.Redis) -> None:
    """Let sends go on; what waited leaves in order."""
    await client.delete(keys.HALT)


async def held_replies(client: redis.asyncio.Redis) -> list[Draft]:
    """What waits for the owner."""
    return await open_drafts(client)
