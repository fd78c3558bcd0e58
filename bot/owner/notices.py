"""What the owner should hear although he asked nothing: a short stream of sentences, told to him wherever he is paired.

Knows no platform and no reader: whoever shows notices keeps a cursor of his own. The oldest give way.
"""

import time
from typing import Any, cast

import msgspec
import redis.asyncio

NOTICES = "ss:{s0}:notices"
"""Stream of `Notice`, the newest thousand."""
DIGEST = "digest"
_KEPT = 1000
_FIELD = b"m"
_NAME_CHARS = 60


class Notice(msgspec.Struct, frozen=True):
    """One sentence for the owner. With `user_id`: for this account alone, also when it is no longer the owner's."""

    text: str
    at_ms: int
    platform: str = ""
    user_id: str = ""
    about: str = ""
    """The chat it names somebody of, or DIGEST: what goes when that chat is forgotten."""


async def notify(client: redis.asyncio.Redis, text: str, *, to: tuple[str, str] | None = None, about: str = "") -> None:
    """Tell the owner on every platform he is paired on, or only the account `to` (platform, user id)."""
    platform, user_id = to or ("", "")
    notice = Notice(text, time.time_ns() // 1_000_000, platform, user_id, about)
    await client.xadd(NOTICES, {_FIELD: msgspec.json.encode(notice)}, maxlen=_KEPT, approximate=False)


async def read_notices(client: redis.asyncio.Redis, after: str = "0", most: int = 100) -> list[tuple[str, Notice]]:
    """The notices after the entry `after` (`0`: all that are kept), oldest first, with their entry ids."""
    found = cast(Any, await client.xrange(NOTICES, min=f"({after}", max="+", count=most))
    return [(entry_id.decode(), msgspec.json.decode(fields[_FIELD], type=Notice)) for entry_id, fields in found]


async def forget_notices(client: redis.asyncio.Redis, chat_key: str, contact_name: str) -> int:
    """Remove what was told of a chat, and the digests that name its contact; how many. Raises RedisError."""
    name = _plain(contact_name)
    gone = [
        entry_id
        for entry_id, notice in await read_notices(client, most=_KEPT)
        if notice.about == chat_key or (notice.about == DIGEST and name and name in notice.text)
    ]
    return int(await client.xdel(NOTICES, *gone)) if gone else 0


async def newest_notice(client: redis.asyncio.Redis) -> str:
    """The id of the newest entry, `0` when there is none: where a reader starts who wants no old ones."""
    found = cast(Any, await client.xrevrange(NOTICES, count=1))
    return found[0][0].decode() if found else "0"


def pairing_moved(platform: str) -> str:
    """For the account that was the owner's until now."""
    return f"Another {platform} account was paired as the owner; this one has no say any more."


def paired(platform: str, user_name: str) -> str:
    """For the owner, everywhere."""
    return f"{user_name or 'An account'} was paired as the owner on {platform}. Not you? Say /unpair there, or /panic."


def wants_human(contact_name: str, chat_key: str) -> str:
    """A contact asked for the owner in person."""
    name = _plain(contact_name)
    return (
        f"{name or 'Somebody'} asked for you in person (/human). The clone keeps out of that chat until you"
        f" answer there or say /resume in {name or chat_key}"
    )


def forgot(platform: str) -> str:
    """A contact had everything of a chat deleted. Names nobody: it would be kept longer than what it tells of."""
    return (
        f"A contact on {platform.capitalize()} asked to be forgotten (/forgetme): what was kept of that chat is"
        " deleted, and training leaves them out. What the facets have learnt of them goes with the next"
        " `selfsame train`. Your contacts.json is yours and stays as it is."
    )


def _plain(name: str) -> str:
    """A name that somebody chose, on one line and not endless."""
    return " ".join(name.split())[:_NAME_CHARS]
