"""Overrides of blends, kept in one Redis hash: what the owner changes between two messages. Torch-free.

Knows the hash and its fields; what a blend means is `blends`. Every write is a single idempotent command.
"""

from collections.abc import Awaitable, Mapping
from typing import Literal, cast

import msgspec
import redis.asyncio

from model_server.blends import DEFAULTS, BlendBook, checked
from model_server.contract import Blend
from model_server.errors import ConfigError
from model_server.fitted import Fitted

BLENDS = "ss:{s0}:blends"
"""Hash: `type:<contact type>` or `contact:<contact id>` -> blend as JSON."""

Scope = tuple[Literal["type", "contact"], str]
"""What an override is for: ("type", "family") or ("contact", "telegram:42")."""


async def load_book(
    client: redis.asyncio.Redis, defaults: Mapping[str, Blend] = DEFAULTS, fitted: Fitted | None = None
) -> BlendBook:
    """Every blend as it is now; `fitted`: None for none. ConfigError when a field is not what `set_blend` wrote."""
    books: dict[str, dict[str, Blend]] = {"type": {}, "contact": {}}
    for field, raw in (await cast(Awaitable[dict[bytes, bytes]], client.hgetall(BLENDS))).items():
        kind, _, name = field.decode().partition(":")
        try:
            books[kind][name] = checked(msgspec.json.decode(raw, type=Blend))
        except (msgspec.DecodeError, KeyError) as error:
            raise ConfigError(
                f"the blend of {kind} `{name}` is unreadable", "set or clear it: selfsame blend"
            ) from error
    found = fitted or Fitted()
    return BlendBook(defaults, books["type"], books["contact"], found.types, found.contacts)


async def set_blend(client: redis.asyncio.Redis, scope: Scope, blend: Mapping[str, float]) -> Blend:
    """Override the blend of a type or a contact from the next message on; returns what was stored."""
    stored = checked(blend)
    await client.hset(BLENDS, ":".join(scope), msgspec.json.encode(stored).decode())
    return stored


async def clear_blend(client: redis.asyncio.Redis, scope: Scope) -> bool:
    """Back to what was fitted, else the default; false when there was no override."""
    return bool(await client.hdel(BLENDS, ":".join(scope)))
