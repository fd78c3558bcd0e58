"""The owner's orders, kept in one Redis hash: what he changes between two messages.

Knows the hash and its fields; what an order means is `orders`. Every write is idempotent. An order that cannot be read
is an error, never a guess: without orders nothing is decided.
"""

from collections.abc import Awaitable
from typing import Any, cast

import msgspec
import redis.asyncio
from tzlocal import get_localzone_name

from bot.config import TurnsConfig
from bot.orders import ModeRule, Orders, Scope, Window, key_of, scope_of
from bot.windows import zone_named
from model_server.errors import ConfigError

ORDERS = "ss:{s0}:orders"
"""Hash: `rule:<scope>` and `timed:<scope>` -> ModeRule, `window:<no>` -> Window (JSON); `pause` -> ms; `digest` ->
minute of the day; `zone` -> IANA name."""

_HIGHEST_WINDOW = 1_000


async def load_orders(client: redis.asyncio.Redis, turns: TurnsConfig, timezone: str) -> Orders:
    """Everything ordered, over the configuration. `timezone` empty: this machine's. ConfigError on what is no order."""
    stored = await cast(Awaitable[dict[bytes, bytes]], client.hgetall(ORDERS))
    rules: dict[str, dict[str, ModeRule]] = {"rule": {}, "timed": {}}
    windows: list[Window] = []
    settings: dict[str, bytes] = {}
    for field, raw in stored.items():
        kind, _, name = field.decode().partition(":")
        if kind in rules:
            rules[kind][key_of(_scope(name))] = _decode(raw, ModeRule, f"the order for {name}")
        elif kind == "window":
            windows.append(_decode(raw, Window, f"line {name} of the schedule"))
        else:
            settings[kind] = raw
    return Orders(
        zone=zone_named(settings["zone"].decode() if "zone" in settings else timezone or machine_zone()).key,
        default=turns.autoreply,
        strangers=turns.autoreply_strangers,
        rules=rules["rule"],
        timed=rules["timed"],
        windows=tuple(sorted(windows, key=lambda window: window.no)),
        paused_until_ms=_decode(settings.get("pause", b"0"), int, "the pause"),
        digest_at=_decode(settings.get("digest", b"null"), int | None, "the time of the digest"),
    )


def machine_zone() -> str:
    """The IANA name of this machine's zone, UTC where it has none."""
    try:
        return zone_named(get_localzone_name() or "UTC").key
    except (ConfigError, LookupError, ValueError):
        return "UTC"


async def set_rule(client: redis.asyncio.Redis, scope: Scope, rule: ModeRule) -> None:
    """Order this for a scope. One with an end covers the lasting one; a lasting one replaces both."""
    key, value = key_of(scope), msgspec.json.encode(rule)
    if rule.until_ms is not None:
        await client.hset(ORDERS, f"timed:{key}", value.decode())
        return
    async with client.pipeline(transaction=True) as together:
        together.hset(ORDERS, f"rule:{key}", value.decode())
        together.hdel(ORDERS, f"timed:{key}")
        await together.execute()


async def clear_rule(client: redis.asyncio.Redis, scope: Scope) -> bool:
    """Take back what was ordered for a scope (its windows stay); false: nothing was."""
    key = key_of(scope)
    return bool(await client.hdel(ORDERS, f"rule:{key}", f"timed:{key}"))


async def is_blocked(client: redis.asyncio.Redis, contact_id: str) -> bool:
    """Whether the owner has blocked this contact. ConfigError on what is no order."""
    key = key_of(("contact", contact_id))
    raw = cast(bytes | None, await client.hget(ORDERS, f"rule:{key}"))
    return raw is not None and _decode(raw, ModeRule, f"the order for {key}").mode == "block"


async def forget_scope(client: redis.asyncio.Redis, scope: Scope) -> None:
    """Remove every order for a scope, its windows too; but a block: nobody lifts that by being forgotten."""
    key = key_of(scope)
    stored = await cast(Awaitable[dict[bytes, bytes]], client.hgetall(ORDERS))
    gone = [f"timed:{key}", f"rule:{key}"]
    for field, raw in stored.items():
        if field.startswith(b"window:") and _decode(raw, Window, "a line of the schedule").scope == scope:
            gone.append(field.decode())
        elif field.decode() == f"rule:{key}" and _decode(raw, ModeRule, f"the order for {key}").mode == "block":
            gone.remove(f"rule:{key}")
    await client.hdel(ORDERS, *gone)


async def set_pause(client: redis.asyncio.Redis, until_ms: int) -> None:
    """Put everything off until then; 0 ends a pause, FOREVER_MS has no end."""
    await client.hset(ORDERS, "pause", str(until_ms))


async def add_window(client: redis.asyncio.Redis, window: Window) -> Window:
    """Add a line to the schedule under the lowest free number (`window.no` is not looked at); the same line once."""
    stored = await cast(Awaitable[dict[bytes, bytes]], client.hgetall(ORDERS))
    for raw in (raw for field, raw in stored.items() if field.startswith(b"window:")):
        known: Window = _decode(raw, Window, "a line of the schedule")
        if msgspec.structs.replace(known, no=window.no) == window:
            return known
    for no in range(1, _HIGHEST_WINDOW):
        numbered = msgspec.structs.replace(window, no=no)
        if await client.hsetnx(ORDERS, f"window:{no}", msgspec.json.encode(numbered).decode()):
            return numbered
    raise ConfigError("the schedule is full", "remove lines with /schedule remove")


async def remove_window(client: redis.asyncio.Redis, no: int) -> bool:
    """Remove a line of the schedule; false: there is none of this number."""
    return bool(await client.hdel(ORDERS, f"window:{no}"))


async def set_zone(client: redis.asyncio.Redis, name: str) -> str:
    """Whose clock the times mean; the name as the zone is really called. Raises ConfigError."""
    zone = zone_named(name).key
    await client.hset(ORDERS, "zone", zone)
    return zone


async def set_digest(client: redis.asyncio.Redis, at_min: int | None) -> None:
    """Tell the digest each day at this minute; None: not by itself."""
    if at_min is None:
        await client.hdel(ORDERS, "digest")
    else:
        await client.hset(ORDERS, "digest", str(at_min))


def _scope(name: str) -> Scope:
    try:
        return scope_of(name)
    except ValueError as error:
        raise ConfigError(f"an order for `{name}` is unreadable", "take it back: /autoreply clear") from error


def _decode(raw: bytes, kind: Any, what: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{what} is unreadable", f"remove it from the Redis hash {ORDERS}, then order it anew"
        ) from error
