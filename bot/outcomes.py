"""How turns ended: read back from Redis, and told to whoever wants to know as it happens.

Knows no platform and ends no turn itself (the scripts do). The pub/sub channel only rings: it may lose what it carries;
the list of recent turns and the outcome's hash are the truth.
"""

from collections.abc import AsyncGenerator
from typing import cast

import msgspec
import redis.asyncio

from adapters.base import ChatRef, Outcome
from bot import keys
from bot.loops import REDIS_TROUBLE, Stopping
from model_server.contract import Line

ENDED = ("answered", "held", "skipped", "dead", "unknown")
_POLL_S = 0.5


async def read_outcome(client: redis.asyncio.Redis, request_id: str) -> Outcome | None:
    """How the turn of this request ended. None: it has not, was never opened, or is forgotten."""
    raw = cast(dict[bytes, bytes], await client.hgetall(keys.outcome(request_id)))
    found = {name.decode(): value.decode() for name, value in raw.items()}
    if found.get("state") not in ENDED:
        return None
    return Outcome(
        chat=ChatRef.parse(found["chat_key"]),
        request_id=request_id,
        line_ids=tuple(msgspec.json.decode(found["lines"], type=list[str])),
        state=found["state"],  # type: ignore[arg-type]  # checked above
        reason=found["reason"],
        reply=found.get("reply", ""),
        contact_type=found.get("contact_type", ""),
        blend=msgspec.json.decode(found.get("blend", "{}"), type=dict[str, float]),
        generate_ms=int(found.get("generate_ms", 0)),
        total_ms=int(found["ended_ms"]) - int(found["first_ms"]),
    )


async def recent_outcomes(client: redis.asyncio.Redis, most: int) -> list[Outcome]:
    """The last turns that ended, newest first; each as it stands now."""
    members = cast(list[bytes], await client.lrange(keys.RECENT, 0, most - 1))
    ids = dict.fromkeys(member.decode().partition(" ")[2] for member in members)
    found = [await read_outcome(client, request_id) for request_id in ids]
    return [outcome for outcome in found if outcome is not None]


class Endings:
    """The turns that end from its first look on, each told once, however often the link breaks in between.

    A held turn is told again when it moves on.

    Bounded: of more than `keys.RECENT` holds, ended while the link was broken, the oldest are not told.
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._told: set[bytes] | None = None

    async def as_they_end(self, stopping: Stopping) -> AsyncGenerator[Outcome, None]:
        """Until stopping. Raises redis.exceptions.RedisError when the link breaks; call it again then."""
        if self._told is None:
            self._told = set(await self._recent())
        async with self._client.pubsub() as channel:
            await channel.subscribe(keys.OUTCOME_CHANNEL)
            while not stopping.is_set():
                ended = await self._recent()
                self._told.intersection_update(ended)  # what left the list never comes back
                for member in reversed(ended):
                    if member in self._told:
                        continue
                    self._told.add(member)
                    state, _, request_id = member.decode().partition(" ")
                    try:
                        outcome = await read_outcome(self._client, request_id)
                    except REDIS_TROUBLE:
                        self._told.discard(member)
                        raise
                    if outcome is not None and outcome.state == state:  # else it has moved on, which is told for itself
                        yield outcome
                await channel.get_message(ignore_subscribe_messages=True, timeout=_POLL_S)

    async def _recent(self) -> list[bytes]:
        return cast(list[bytes], await self._client.lrange(keys.RECENT, 0, -1))


async def read_history(client: redis.asyncio.Redis, chat: ChatRef, most: int) -> list[Line]:
    """The newest lines of a chat as people saw them, oldest first: of a reply, the bubbles that were sent or may be."""
    raw = cast(list[bytes], await client.lrange(keys.of_chat(chat.key).shown, -most, -1))
    return [msgspec.json.decode(entry, type=Line) for entry in raw]
