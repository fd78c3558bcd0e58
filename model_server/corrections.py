"""What the owner did with a proposed reply, or wrote himself: the ground truth that training learns from.

Reads only, and torch-free: corrections are written by the bot's scripts that carry out the owner's act, in the same
step. Knows nothing of what is learned from them.
"""

from collections.abc import AsyncIterator
from typing import Literal, cast

import msgspec
import redis.asyncio

from model_server.contract import Blend, Line

CORRECTIONS = "ss:{s0}:corrections"
"""Stream of the owner's acts, never trimmed."""

_AT_ONCE = 1000


class Correction(msgspec.Struct, frozen=True):
    """One act of the owner's. `lines` are the chat up to it (at most 40, oldest first), `at_ms` is Unix time."""

    at_ms: int
    chat_key: str
    request_id: str
    """Empty for a line of the owner's own that nothing of ours waited for."""
    outcome: Literal["sent", "edited", "discarded", "answered", "takeover"]
    """`answered`: he wrote himself while a draft or a reply was on its way; `takeover`: any other line of his own."""
    contact_id: str
    contact_name: str
    contact_type: str
    lines: tuple[Line, ...]
    proposed: str
    """Empty when nothing had been proposed yet."""
    final: str
    """What was said; empty for `discarded`."""
    blend: Blend


class _Who(msgspec.Struct, frozen=True):
    """The contact as the scripts keep it; of a chat nobody has looked at yet, nobody."""

    contact_id: str = ""
    name: str = ""
    contact_type: str = ""


async def read_corrections(
    client: redis.asyncio.Redis, after: str = "0", most: int = _AT_ONCE
) -> list[tuple[str, Correction]]:
    """(entry id, correction), oldest first, after this entry id. Raises redis.exceptions.RedisError."""
    entries = cast(
        list[tuple[bytes, dict[bytes, bytes]]],
        await client.xrange(CORRECTIONS, min=f"({after}", count=most),
    )
    return [(entry_id.decode(), _read(fields)) for entry_id, fields in entries]


async def all_corrections(client: redis.asyncio.Redis) -> AsyncIterator[tuple[str, Correction]]:
    """Every one there is, oldest first. Raises redis.exceptions.RedisError."""
    after = "0"
    while found := await read_corrections(client, after):
        for one in found:
            yield one
        after = found[-1][0]


def _read(fields: dict[bytes, bytes]) -> Correction:
    found = {name.decode(): value for name, value in fields.items()}
    who = msgspec.json.decode(found["contact"], type=_Who) if found["contact"] else _Who()
    return Correction(
        at_ms=int(found["at_ms"]),
        chat_key=found["chat_key"].decode(),
        request_id=found["request_id"].decode(),
        outcome=found["outcome"].decode(),  # type: ignore[arg-type]  # our own scripts wrote it
        contact_id=who.contact_id,
        contact_name=who.name,
        contact_type=who.contact_type,
        lines=msgspec.json.decode(found["lines"], type=tuple[Line, ...]),
        proposed=found["proposed"].decode(),
        final=found["final"].decode(),
        blend=msgspec.json.decode(found["blend"], type=dict[str, float]),
    )
