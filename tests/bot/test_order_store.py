"""Orders in a real Redis: what is stored is what applies, and every write may be repeated."""

import msgspec
import pytest
import redis.asyncio

from adapters.base import FOREVER_MS
from bot.config import TurnsConfig
from bot.order_store import (
    ORDERS,
    add_window,
    clear_rule,
    load_orders,
    machine_zone,
    remove_window,
    set_digest,
    set_pause,
    set_rule,
    set_zone,
)
from bot.orders import EVERYWHERE, ModeRule, Orders, Scope, Window
from model_server.errors import ConfigError

TURNS = TurnsConfig(autoreply="auto", autoreply_strangers="off")
FAMILY: Scope = ("type", "family")
CHAT: Scope = ("chat", "telegram:-100_55")
LASTING = ModeRule("auto", None, 1_000)
TIMED = ModeRule("off", 5_000, 2_000)
NIGHT = Window(0, tuple(range(7)), 1320, 420, "quiet", FAMILY)


async def load(client: redis.asyncio.Redis, timezone: str = "Europe/Amsterdam") -> Orders:
    return await load_orders(client, TURNS, timezone)


async def test_without_orders_the_configuration_should_apply(redis_client: redis.asyncio.Redis) -> None:
    assert await load(redis_client) == Orders("Europe/Amsterdam", "auto", "off")
    assert (await load(redis_client, "")).zone == machine_zone()


async def test_an_order_should_come_back_as_it_was_given(redis_client: redis.asyncio.Redis) -> None:
    for _ in range(2):
        await set_rule(redis_client, EVERYWHERE, LASTING)
        await set_rule(redis_client, CHAT, TIMED)
        await set_pause(redis_client, FOREVER_MS)
        await set_digest(redis_client, 480)
        assert await set_zone(redis_client, "america/new_york") == "America/New_York"
    stored = await load(redis_client)
    assert stored == Orders(
        "America/New_York",
        "auto",
        "off",
        rules={"global": LASTING},
        timed={"chat:telegram:-100_55": TIMED},
        paused_until_ms=FOREVER_MS,
        digest_at=480,
    )
    await set_pause(redis_client, 0)
    await set_digest(redis_client, None)
    stored = await load(redis_client)
    assert (stored.paused_until_ms, stored.digest_at) == (0, None)


async def test_an_order_with_an_end_should_leave_the_lasting_one_and_a_lasting_one_replace_both(
    redis_client: redis.asyncio.Redis,
) -> None:
    await set_rule(redis_client, FAMILY, LASTING)
    await set_rule(redis_client, FAMILY, TIMED)
    stored = await load(redis_client)
    assert (stored.rules, stored.timed) == ({"type:family": LASTING}, {"type:family": TIMED})
    await set_rule(redis_client, FAMILY, LASTING)
    stored = await load(redis_client)
    assert (stored.rules, stored.timed) == ({"type:family": LASTING}, {})


async def test_clearing_should_take_back_both_and_nothing_of_others(redis_client: redis.asyncio.Redis) -> None:
    for scope in (FAMILY, CHAT):
        await set_rule(redis_client, scope, LASTING)
        await set_rule(redis_client, scope, TIMED)
    assert await clear_rule(redis_client, FAMILY)
    assert not await clear_rule(redis_client, FAMILY)
    stored = await load(redis_client)
    assert (list(stored.rules), list(stored.timed)) == (["chat:telegram:-100_55"], ["chat:telegram:-100_55"])


async def test_a_window_should_be_added_once_and_numbers_stay_small(redis_client: redis.asyncio.Redis) -> None:
    day = Window(0, (0, 1), 540, 1020, "auto")
    first, second = await add_window(redis_client, NIGHT), await add_window(redis_client, day)
    assert (first, second) == (msgspec.structs.replace(NIGHT, no=1), msgspec.structs.replace(day, no=2))
    assert await add_window(redis_client, NIGHT) == first
    assert (await load(redis_client)).windows == (first, second)
    assert await remove_window(redis_client, 1)
    assert not await remove_window(redis_client, 1)
    assert (await load(redis_client)).windows == (second,)
    again = Window(0, (6,), 0, 0, "off")
    assert (await add_window(redis_client, again)).no == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rule:global", "{}"),
        ("rule:planet:x", '{"mode":"off","until_ms":null,"set_ms":0}'),
        ("timed:type:a", "\xff"),
        ("window:1", "[]"),
        ("pause", "soon"),
        ("digest", "noon"),
        ("zone", "Nowhere/City"),
    ],
)
async def test_an_unreadable_order_should_be_an_error_and_never_a_guess(
    redis_client: redis.asyncio.Redis, field: str, value: str
) -> None:
    await redis_client.hset(ORDERS, field, value.encode("latin-1"))
    with pytest.raises(ConfigError):
        await load(redis_client)


async def test_a_zone_that_does_not_exist_should_be_refused(redis_client: redis.asyncio.Redis) -> None:
    with pytest.raises(ConfigError, match="Europe/Berlin"):
        await set_zone(redis_client, "Europe/Berln")
    assert await redis_client.exists(ORDERS) == 0
