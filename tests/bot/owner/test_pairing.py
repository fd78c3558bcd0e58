"""Who becomes the owner: the one who typed the right code in time, first, once; nobody else."""

import asyncio
import hmac
import math

import pytest
import redis.asyncio

from bot.owner import pairing
from bot.owner.notices import Notice, read_notices
from bot.owner.pairing import NoCode, Paired, Pairing, Wrong
from tests.bot.owner.stored import everything

WRONG = "/pair 2222-2222"


async def told(client: redis.asyncio.Redis) -> list[Notice]:
    return [notice for _, notice in await read_notices(client)]


def watch_comparisons(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The lengths of what is compared in constant time from here on."""
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    return compared


async def test_should_make_the_sender_of_the_right_code_the_owner_of_that_platform_alone(
    redis_client: redis.asyncio.Redis,
) -> None:
    people = Pairing(redis_client)
    code = await people.new_code()
    assert not await people.is_owner("telegram", "42")
    assert await people.try_code("telegram", "42", "Tilda", f"/pair {code}") == Paired("telegram", "42", None)
    assert await people.is_owner("telegram", "42")
    assert await people.owner_of("telegram") == "42"
    for platform, user_id in (("telegram", "43"), ("telegram", ""), ("telegram", "Tilda"), ("discord", "42")):
        assert not await people.is_owner(platform, user_id)
    assert await people.owner_of("discord") is None


@pytest.mark.parametrize("typed", ["/pair {}", "/PAIR {}", "  /pair@selfsame_bot   {} ", "/pair\n{}"])
async def test_should_take_a_code_as_phones_type_it(redis_client: redis.asyncio.Redis, typed: str) -> None:
    people = Pairing(redis_client)
    code = (await people.new_code()).lower().replace("-", " – ")
    assert isinstance(await people.try_code("telegram", "42", "", typed.format(code)), Paired)


@pytest.mark.parametrize("text", ["", "/pair", "/pair  ", "pair me up", "/paired K7QM-2VXD", "see /pair K7QM-2VXD"])
async def test_should_leave_other_texts_to_others(redis_client: redis.asyncio.Redis, text: str) -> None:
    assert await Pairing(redis_client).try_code("telegram", "42", "", text) == NoCode()


async def test_should_say_the_same_of_every_wrong_code(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    assert await people.try_code("telegram", "42", "", WRONG) == Wrong()  # none was given out
    code = await people.new_code()
    near = code[:-1] + ("2" if code[-1] != "2" else "3")
    for guess in (near, code[:-1], f"{code}2", f"{code} {code}", "x" * 4000, "ＫＫＫＫ", "💥"):
        assert await people.try_code("telegram", guess, "", f"/pair {guess}") == Wrong()
    assert not await people.is_owner("telegram", near)
    assert await told(redis_client) == []


async def test_should_take_a_code_once(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    code = await people.new_code()
    assert isinstance(await people.try_code("telegram", "42", "", f"/pair {code}"), Paired)
    assert await people.try_code("telegram", "43", "", f"/pair {code}") == Wrong()
    assert await people.try_code("telegram", "42", "", f"/pair {code}") == Wrong()
    assert await people.owner_of("telegram") == "42"


async def test_should_void_the_code_before_when_a_new_one_is_given_out(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    old, new = await people.new_code(), await people.new_code()
    assert await people.try_code("telegram", "42", "", f"/pair {old}") == Wrong()
    assert isinstance(await people.try_code("telegram", "42", "", f"/pair {new}"), Paired)


async def test_should_forget_a_code_after_ten_minutes(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    code = await people.new_code()
    await people.try_code("telegram", "42", "", WRONG)  # a try does not make it live longer
    assert 0 < await redis_client.ttl(pairing._CODE) <= pairing.CODE_LIFE_S == 600
    await redis_client.pexpire(pairing._CODE, 0)
    assert await people.try_code("telegram", "42", "", f"/pair {code}") == Wrong()


async def test_should_bar_a_sender_after_five_tries_and_nobody_else(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    code = await people.new_code()
    for _ in range(pairing.TRIES_EACH):
        await people.try_code("telegram", "66", "", WRONG)
    assert await people.try_code("telegram", "66", "", f"/pair {code}") == Wrong()
    for _ in range(2 * pairing.TRIES_IN_ALL):  # who is barred cannot use up the tries of all
        await people.try_code("telegram", "66", "", WRONG)
    assert isinstance(await people.try_code("discord", "66", "", f"/pair {code}"), Paired)


async def test_should_void_a_code_that_everybody_guesses_at(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    code = await people.new_code()
    tries = [people.try_code("telegram", str(sender), "", WRONG) for sender in range(pairing.TRIES_IN_ALL)]
    assert set(await asyncio.gather(*tries)) == {Wrong()}
    assert await people.try_code("telegram", "42", "", f"/pair {code}") == Wrong()


async def test_should_count_tries_at_the_same_moment(
    redis_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty at once from one sender: five are compared, although none had ended when the last began."""
    compared = watch_comparisons(monkeypatch)
    people = Pairing(redis_client)
    code = await people.new_code()
    burst = [people.try_code("telegram", "66", "", WRONG) for _ in range(30)]
    assert set(await asyncio.gather(*burst)) == {Wrong()}
    assert len(compared) == pairing.TRIES_EACH
    assert await people.try_code("telegram", "66", "", f"/pair {code}") == Wrong()


async def test_should_pair_one_of_many_who_send_the_code_at_once(redis_client: redis.asyncio.Redis) -> None:
    for _ in range(20):
        people = [Pairing(redis_client), Pairing(redis_client)]
        code = await people[0].new_code()
        done = await asyncio.gather(
            *(people[at % 2].try_code("telegram", str(at), "", f"/pair {code}") for at in range(8))
        )
        (winner,) = [one for one in done if isinstance(one, Paired)]
        assert await people[0].owner_of("telegram") == winner.user_id


async def test_should_replace_the_owner_of_a_platform_and_tell_the_old_account(
    redis_client: redis.asyncio.Redis,
) -> None:
    people = Pairing(redis_client)
    await people.try_code("telegram", "42", "Tilda", f"/pair {await people.new_code()}")
    again = await people.try_code("telegram", "77", "New phone", f"/pair {await people.new_code()}")
    assert again == Paired("telegram", "77", "42")
    assert not await people.is_owner("telegram", "42")
    first, to_old, second = await told(redis_client)
    assert "Tilda was paired as the owner on telegram" in first.text
    assert (to_old.platform, to_old.user_id) == ("telegram", "42")
    assert (second.platform, second.user_id) == ("", "")
    same = await people.try_code("telegram", "77", "New phone", f"/pair {await people.new_code()}")
    assert same == Paired("telegram", "77", None)


async def test_should_unpair_one_platform(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    for platform in ("telegram", "discord", "web"):
        await people.try_code(platform, "42", "", f"/pair {await people.new_code()}")
    assert await people.unpair("telegram")
    assert not await people.unpair("telegram")
    assert not await people.is_owner("telegram", "42")
    assert await people.is_owner("discord", "42")
    assert await people.unpair("web")
    assert not await people.is_owner("web", "42")


async def test_should_pair_any_number_of_browsers_for_a_month(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    for session in ("phone", "laptop"):
        paired = await people.try_code("web", session, "", f"/pair {await people.new_code()}")
        assert paired == Paired("web", session, None)
    assert await people.is_owner("web", "phone")
    assert await people.is_owner("web", "laptop")
    assert not await people.is_owner("web", "tablet")
    assert await people.owner_of("web") is None
    for session in ("phone", "laptop"):
        await redis_client.zadd(pairing._SESSIONS, {pairing._session(session): 1})
    assert not await people.is_owner("web", "phone")  # its month is over
    await people.try_code("web", "tablet", "", f"/pair {await people.new_code()}")
    assert await redis_client.zcard(pairing._SESSIONS) == 1


async def test_should_know_the_terminal_without_a_code_and_spend_none_there(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    code = await people.new_code()
    assert await people.try_code("terminal", "local", "", f"/pair {code}") == NoCode()
    assert await people.is_owner("terminal", "local")
    assert not await people.is_owner("terminal", "guest")
    assert await people.owner_of("terminal") == "local"
    assert isinstance(await people.try_code("telegram", "42", "", f"/pair {code}"), Paired)


async def test_should_give_out_forty_bits_and_keep_none_of_them(redis_client: redis.asyncio.Redis) -> None:
    people = Pairing(redis_client)
    codes = {await people.new_code() for _ in range(200)}
    assert len(codes) == 200
    letters = {letter for code in codes for letter in code} - {"-"}
    assert letters <= set(pairing._ALPHABET)
    assert len(set(pairing._ALPHABET)) == 32
    assert not letters & set("01IO")
    assert pairing._LETTERS * math.log2(32) >= 40
    await people.try_code("web", "secret-session", "", f"/pair {await people.new_code()}")
    code = await people.new_code()
    kept = await everything(redis_client)
    assert "owner_sessions" in kept
    for secret in (code, code.replace("-", ""), "secret-session"):
        assert secret not in kept


async def test_should_compare_in_constant_time(
    redis_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = watch_comparisons(monkeypatch)
    people = Pairing(redis_client)
    code = await people.new_code()
    for guess in ("2", "2222-2222", "2" * 60, code):
        await people.try_code("telegram", "42", "", f"/pair {guess}")
    assert compared == [(32, 32)] * 4
