"""Which blend answers whom, and how the owner changes it live."""

import math

import pytest
import redis.asyncio

from model_server.blend_store import clear_blend, load_book, set_blend
from model_server.blends import BlendBook, blend_name, checked, in_force, read_blends, resolve
from model_server.errors import ConfigError


def test_the_closest_rule_wins() -> None:
    book = BlendBook(types={"family": {"core": 0.9}}, contacts={"telegram:42": {"mum": 1.0}})
    assert resolve(book, "family", "telegram:42") == {"mum": 1.0}
    assert resolve(book, "family", "telegram:43") == {"core": 0.9}
    assert resolve(book, "friend", "telegram:43") == {"core": 0.5, "friend": 0.5}
    assert resolve(book, "neighbour", "telegram:43") == {"core": 0.5, "stranger": 0.5}


def test_an_empty_override_is_the_base_model() -> None:
    assert resolve(BlendBook(types={"friend": {}}), "friend", "x") == {}


@pytest.mark.parametrize(
    "blend", [{"core": math.nan}, {"core": 2.1}, {"core": math.inf}, {"../core": 1.0}, {"Core": 1}]
)
def test_a_blend_out_of_bounds_is_refused(blend: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        checked(blend)


@pytest.mark.parametrize(
    ("blend", "loaded", "speaks"),
    [
        ({"core": 0.5, "family": 0.5}, {"core", "family"}, {"core": 0.5, "family": 0.5}),
        ({"core": 0.5, "family": 0.5}, {"core"}, {"core": 1.0}),
        ({"core": 0.5, "family": 0.5}, {"family"}, {"family": 0.5}),
        ({"core": 0.5, "family": 0.5}, set(), {}),
        ({"core": 0.5, "family": 0.5}, {"articles"}, {"articles": 1.0}),
        ({"core": 0.5, "family": 0.5}, {"articles", "family"}, {"articles": 0.5, "family": 0.5}),
        ({"core": 0.5, "family": 0.5}, {"articles", "core"}, {"core": 1.0}),
        ({"mum": 1.0}, {"core"}, {"core": 1.0}),
        ({"core": 0.8, "stranger": -0.4}, {"core"}, {"core": 0.8}),
        ({"core": -0.5, "family": 0.5}, {"core"}, {}),
        ({"core": 2.0, "family": 1.0}, {"core"}, {"core": 2.0}),
        ({"core": 0.0, "family": 1.0}, {"core", "family"}, {"family": 1.0}),
        ({}, {"core"}, {}),
    ],
)
def test_a_facet_that_is_not_loaded_should_hand_its_weight_to_core_or_to_articles_without_it(
    blend: dict[str, float], loaded: set[str], speaks: dict[str, float]
) -> None:
    assert in_force(blend, loaded) == speaks


def test_a_blend_is_named_by_its_content() -> None:
    assert blend_name({"a": 0.5, "b": 1}) == blend_name({"b": 1.0, "a": 0.5, "c": 0.0})
    assert blend_name({"a": 0.5}) != blend_name({"a": -0.5})


def test_the_configuration_adds_types_and_changes_defaults() -> None:
    defaults = read_blends({"blends": {"family": {"core": 1.0}, "neighbour": {"stranger": 0.3}}})
    book = BlendBook(defaults)
    assert resolve(book, "family", "") == {"core": 1.0}
    assert resolve(book, "neighbour", "") == {"stranger": 0.3}
    assert resolve(book, "friend", "") == {"core": 0.5, "friend": 0.5}
    with pytest.raises(ConfigError):
        read_blends({"blends": {"core": 1.0}})
    with pytest.raises(ConfigError):
        read_blends({"blends": {"family": {"core": "much"}}})


async def test_overrides_live_in_redis(redis_client: redis.asyncio.Redis) -> None:
    """Should be in force at the next look, for a type and for one contact, until cleared."""
    assert await load_book(redis_client) == BlendBook()
    await set_blend(redis_client, ("type", "family"), {"core": 0.6, "family": 0.4})
    await set_blend(redis_client, ("contact", "telegram:42"), {"core": 1.0, "family": 0.0})
    book = await load_book(redis_client)
    assert book.types == {"family": {"core": 0.6, "family": 0.4}}
    assert book.contacts == {"telegram:42": {"core": 1.0}}
    assert await clear_blend(redis_client, ("contact", "telegram:42"))
    assert not await clear_blend(redis_client, ("contact", "telegram:42"))
    assert (await load_book(redis_client)).contacts == {}
    with pytest.raises(ConfigError):
        await set_blend(redis_client, ("type", "family"), {"core": 3.0})
    assert (await load_book(redis_client)).types == book.types
