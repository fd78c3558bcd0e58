"""The owner's hand on what leaves: the kill switch, and a look at what is held. Knows names of keys, no platform."""

import redis.asyncio

from bot import keys
from bot.drafts import Draft, open_drafts


async def halt(client: redis.asyncio.Redis) -> None:
    """Stop every send at the delivery step, at once: the switch is read last before each bubble.

    What nobody asked for is called back there and decided anew after `resume`; what was approved waits.
    """
    await client.set(keys.HALT, 1)


async def resume(client: redis.asyncio.Redis) -> None:
    """Let sends go on. What was approved leaves in order; automatic replies from before are decided anew."""
    if await client.exists(keys.HALT):
        seconds, micros = await client.time()
        async with client.pipeline(transaction=True) as pipe:
            pipe.set(keys.RESUMED, seconds * 1_000 + micros // 1_000)
            pipe.delete(keys.HALT)
            await pipe.execute()


async def held_replies(client: redis.asyncio.Redis) -> list[Draft]:
    """What waits for the owner."""
    return await open_drafts(client)
