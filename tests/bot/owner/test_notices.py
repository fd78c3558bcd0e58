"""Notices: told in order, from wherever a reader stopped, and never without bound."""

import redis.asyncio

from bot.owner.notices import NOTICES, newest_notice, notify, pairing_moved, read_notices, wants_human


async def test_should_be_read_on_from_where_a_reader_stopped(redis_client: redis.asyncio.Redis) -> None:
    assert await newest_notice(redis_client) == "0"
    for text in ("one", "two", "three"):
        await notify(redis_client, text)
    found = await read_notices(redis_client)
    assert [notice.text for _, notice in found] == ["one", "two", "three"]
    assert await newest_notice(redis_client) == found[-1][0]
    assert [notice.text for _, notice in await read_notices(redis_client, found[0][0])] == ["two", "three"]
    assert [notice.text for _, notice in await read_notices(redis_client, most=1)] == ["one"]
    assert await read_notices(redis_client, await newest_notice(redis_client)) == []


async def test_should_say_whom_it_is_for(redis_client: redis.asyncio.Redis) -> None:
    await notify(redis_client, pairing_moved("telegram"), to=("telegram", "42"))
    ((_, notice),) = await read_notices(redis_client)
    assert (notice.platform, notice.user_id) == ("telegram", "42")


async def test_should_keep_the_newest_thousand(redis_client: redis.asyncio.Redis) -> None:
    for at in range(1010):
        await notify(redis_client, str(at))
    assert await redis_client.xlen(NOTICES) == 1000
    ((_, oldest),) = await read_notices(redis_client, most=1)
    assert oldest.text == "10"


def test_should_name_the_contact_or_say_somebody() -> None:
    assert wants_human("Noor", "telegram:7").startswith("Noor asked for you in person")
    assert wants_human("Noor", "telegram:7").endswith("/resume in Noor")
    assert wants_human("", "telegram:7").startswith("Somebody asked")
    assert wants_human("", "telegram:7").endswith("/resume in telegram:7")
