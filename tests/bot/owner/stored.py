"""Everything a Redis holds, as one text: to look for what must not be in it."""

import redis.asyncio


async def everything(client: redis.asyncio.Redis) -> str:
    """Every key with its value, of any type."""
    found: list[object] = []
    for key in await client.keys("*"):
        match await client.type(key):
            case b"hash":
                value: object = await client.hgetall(key)
            case b"list":
                value = await client.lrange(key, 0, -1)
            case b"set":
                value = await client.smembers(key)
            case b"zset":
                value = await client.zrange(key, 0, -1)
            case b"stream":
                value = await client.xrange(key)
            case _:
                value = await client.get(key)
        found.append((key, value))
    return str(found)
