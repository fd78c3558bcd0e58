"""How turns ended: read back from Redis, and told to whoever wants to know as it happens.

Knows no platform and ends no turn itself (the scripts do). The pub/sub channel carries request ids and may lose them;
the outcome's hash is the truth.
"""

from collections.abc import AsyncGenerator
from typing import cast

import msgspec
import redis.asyncio

from adapters.base import ChatRef, Outcome
from bot import keys
from bot.loops import Stopping
from bot.pacing import split
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
    """The last turns that ended, newest first."""
    ids = cast(list[bytes], await client.lrange(keys.RECENT, 0, most - 1))
    found = [await read_outcome(client, request_id.decode()) for request_id in ids]
    return [outcome for outcome in found if outcome is not None]


async def as_they_end(client: redis.asyncio.Redis, stopping: Stopping) -> AsyncGenerator[Outcome, None]:
    """Outcomes from now on, until stopping. Raises redis.exceptions.RedisError when the link breaks."""
    async with client.pubsub() as channel:
        await channel.subscribe(keys.OUTCOME_CHANNEL)
        while not stopping.is_set():
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=_POLL_S)
            if message is None:
                continue
            outcome = await read_outcome(client, cast(bytes, message["data"]).decode())
            if outcome is not None:
                yield outcome


async def read_history(client: redis.asyncio.Redis, chat: ChatRef, most: int) -> list[Line]:
    """The newest lines of a chat, oldest first; a reply as the bubbles it was sent in, under their ids."""
    raw = cast(list[bytes], await client.lrange(keys.of_chat(chat.key).history, -most, -1))
    lines = [msgspec.json.decode(entry, type=Line) for entry in raw]
    return [part for line in lines for part in _parts(line)][-most:]


def _parts(line: Line) -> list[Line]:
    if line.author != "persona":
        return [line]
    parts = enumerate(split(line.text))
    return [Line(f"{line.line_id}#{i}", line.author, text, line.at_ms) for i, text in parts]
