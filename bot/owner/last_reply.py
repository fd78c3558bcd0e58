"""Which reply `/undo` without a chat means: the one on its way, else the one decided on last. Reads only.

A reply: sent by itself or approved. Neither a contact's own word nor a draft that nobody approved is one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import redis.asyncio

from bot import keys
from bot.pacing import Bubble

_TURNS_LOOKED_AT = 200
_FIELDS = ("state", "chat_key", "committed_ms", "because", "draft")


@dataclass(frozen=True, slots=True)
class LastReply:
    """`on_top`: nothing of ours has left that chat after it, so that taking the last back takes this one back."""

    chat_key: str
    on_top: bool


async def last_reply(client: redis.asyncio.Redis, platforms: Iterable[str]) -> LastReply | None:
    """The reply that leaves now and was committed last, else the last of those that ended; None: none is remembered.

    Raises redis.exceptions.RedisError.
    """
    leaving = await _newest(client, await _leaving(client, platforms))
    if leaving is not None:
        return LastReply(leaving[1], on_top=True)
    members = cast(list[bytes], await client.lrange(keys.RECENT, 0, _TURNS_LOOKED_AT - 1))
    ended = await _newest(client, [member.decode().partition(" ")[2] for member in members])
    if ended is None:
        return None
    request_id, chat_key = ended
    last_sent = cast(bytes | None, await client.hget(keys.of_chat(chat_key).chat, "last_sent"))
    return LastReply(chat_key, on_top=last_sent == request_id.encode())


async def _leaving(client: redis.asyncio.Redis, platforms: Iterable[str]) -> list[str]:
    """The requests with bubbles in an outbox."""
    found: list[str] = []
    for platform in platforms:
        for chat in cast(list[bytes], await client.zrange(keys.outboxes(platform), 0, -1)):
            bubbles = cast(list[bytes], await client.lrange(keys.of_chat(chat.decode()).outbox, 0, -1))
            found += [msgspec.json.decode(raw, type=Bubble).request_id for raw in bubbles]
    return found


async def _newest(client: redis.asyncio.Redis, request_ids: Iterable[str]) -> tuple[str, str] | None:
    """Request id and chat of the newest reply among these turns."""
    ids = [*dict.fromkeys(request_ids)]
    async with client.pipeline(transaction=False) as pipe:
        for request_id in ids:
            pipe.hmget(keys.outcome(request_id), _FIELDS)
        rows = cast(list[list[Any]], await pipe.execute())
    newest: tuple[int, str, str] | None = None
    for request_id, (state, chat_key, committed_ms, because, draft) in zip(ids, rows, strict=True):
        if not state or not int(committed_ms or 0) or because or (draft and not await _approved(client, int(draft))):
            continue
        newest = max(newest or (0, "", ""), (int(committed_ms), request_id, chat_key.decode()))
    return newest and newest[1:]


async def _approved(client: redis.asyncio.Redis, no: int) -> bool:
    state = cast(bytes | None, await client.hget(keys.draft(no), "state"))
    return state in (b"sent", b"edited")
