"""Shows a contact that a reply is on its way: while a turn is in flight that will be sent, and between bubbles.

Knows no platform's ways and changes nothing in Redis: a sign lost or shown twice does no harm.
"""

import asyncio
import time
from typing import cast

import redis.asyncio

from adapters.base import ChatRef, PlatformAdapter
from bot import keys

_EVERY_S = 4.0
_CHATS_AT_ONCE = 64


class TypingSign:
    """One adapter's signs."""

    def __init__(self, client: redis.asyncio.Redis, adapter: PlatformAdapter) -> None:
        self._client = client
        self._adapter = adapter
        self._shown: dict[str, float] = {}

    async def step(self) -> None:
        """Show the sign in every chat that has not had one for four seconds. None under the kill switch."""
        if await self._client.exists(keys.HALT):
            return
        busy = {member.decode() for member in await self._busy()}
        now = time.monotonic()
        self._shown = {chat_key: at for chat_key, at in self._shown.items() if chat_key in busy}
        wanted = [key for key in busy if now - self._shown.get(key, -_EVERY_S) >= _EVERY_S][:_CHATS_AT_ONCE]
        self._shown |= dict.fromkeys(wanted, now)
        await asyncio.gather(*(self._show(chat_key) for chat_key in wanted), return_exceptions=True)

    async def _busy(self) -> set[bytes]:
        platform = self._adapter.platform
        composing = cast(set[bytes], await self._client.smembers(keys.composing(platform)))
        # A chat whose next bubble is further away than this waits for its platform, not for our typing.
        seconds, _ = await self._client.time()
        soon_ms = (seconds + _EVERY_S + 1) * 1_000
        sending = cast(
            list[bytes], await self._client.zrangebyscore(keys.outboxes(platform), "-inf", soon_ms, 0, _CHATS_AT_ONCE)
        )
        return composing.union(sending)

    async def _show(self, chat_key: str) -> None:
        async with asyncio.timeout(_EVERY_S):
            await self._adapter.show_typing(ChatRef.parse(chat_key))
