"""What an adapter keeps over restarts, in one Redis hash a platform.

Knows no adapter and no meaning of a fact; `adapters.base.Memory` is the contract.
"""

from typing import cast

import redis.asyncio

from bot import keys


class AdapterMemory:
    """The `Memory` of one platform. Every method raises redis.exceptions.RedisError when the link breaks."""

    def __init__(self, client: redis.asyncio.Redis, platform: str) -> None:
        self._client = client
        self._key = keys.memory(platform)

    async def get(self, name: str) -> str | None:
        """The fact, or None."""
        value = cast(bytes | None, await self._client.hget(self._key, name))
        return None if value is None else value.decode()

    async def put(self, name: str, value: str) -> None:
        """Durable when it returns: the server writes before it answers."""
        await self._client.hset(self._key, name, value)

    async def names(self, prefix: str) -> tuple[str, ...]:
        """The names of all facts that begin so, in order."""
        names = cast(list[bytes], await self._client.hkeys(self._key))
        return tuple(sorted(name for raw in names if (name := raw.decode()).startswith(prefix)))

    async def drop(self, name: str) -> None:
        """Forget it; nothing when it was not there."""
        await self._client.hdel(self._key, name)
