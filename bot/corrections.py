"""What the owner did with a proposed reply, or wrote himself: the ground truth that training learns from.

Reads only: corrections are written by the scripts that carry out the owner's act, in the same step.
"""

from typing import Literal, cast

import msgspec
import redis.asyncio

from bot import keys
from bot.contacts import Contact
from model_server.contract import Blend, Line


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


async def read_corrections(
    client: redis.asyncio.Redis, after: str = "0", most: int = 1000
) -> list[tuple[str, Correction]]:
    """(entry id, correction), oldest first, after this entry id. Raises redis.exceptions.RedisError."""
    entries = cast(
        list[tuple[bytes, dict[bytes, bytes]]],
        await client.xrange(keys.CORRECTIONS, min=f"({after}", count=most),
    )
    return [(entry_id.decode(), _read(fields)) for entry_id, fields in entries]


def _read(fields: dict[bytes, bytes]) -> Correction:
    found = {name.decode(): value for name, value in fields.items()}
    contact = read_contact(found["contact"])
    return Correction(
        at_ms=int(found["at_ms"]),
        chat_key=found["chat_key"].decode(),
        request_id=found["request_id"].decode(),
        outcome=found["outcome"].decode(),  # type: ignore[arg-type]  # our own scripts wrote it
        contact_id=contact.contact_id,
        contact_name=contact.name,
        contact_type=contact.contact_type,
        lines=msgspec.json.decode(found["lines"], type=tuple[Line, ...]),
        proposed=found["proposed"].decode(),
        final=found["final"].decode(),
        blend=msgspec.json.decode(found["blend"], type=dict[str, float]),
    )


def read_contact(raw: bytes) -> Contact:
    """The contact as the scripts keep it (a chat's field `contact`); of a chat nobody has looked at yet, nobody."""
    return msgspec.json.decode(raw, type=Contact) if raw else Contact("", "", "")
