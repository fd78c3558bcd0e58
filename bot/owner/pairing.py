"""Who the owner is on each platform: a one-time code, and the numeric id that it made the owner's.

Knows no platform beyond its word. A code is kept as a salted hash, for ten minutes and one use; every try is counted
before it is compared, so that tries at the same moment cannot outrun the limits.
"""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import cast

import msgspec
import redis.asyncio

from bot.owner.notices import notify, paired, pairing_moved

TERMINAL, LOCAL = "terminal", "local"
"""Who reaches the terminal socket owns this home: always the owner, paired by nobody."""
WEB = "web"
"""On the page a session is paired, not a person: any number of browsers, each under a secret of its own."""
SESSION_S = 30 * 86_400

CODE_LIFE_S = 600
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 letters that nobody confuses: 5 bits each."""
_LETTERS = 8
TRIES_EACH, TRIES_IN_ALL = 5, 50

_CODE = "ss:{s0}:pairing"
"""Hash: salt, digest, tries (in all), and tries of each sender; expires with the code."""
_OWNERS = "ss:{s0}:owners"
"""Hash platform -> `Owner` (JSON)."""
_SESSIONS = "ss:{s0}:owner_sessions"
"""Sorted set: hash of a web session -> the moment it ends (Unix ms)."""

_PAIR_WORD = re.compile(r"/pair(?:@\w+)?\s+(\S.*)", re.IGNORECASE | re.DOTALL)

# A counted try, or nothing when no code is open to this sender. Who has used up their own tries costs nobody else's.
_TRY = """
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
if redis.call('HINCRBY', KEYS[1], ARGV[1], 1) > tonumber(ARGV[2]) then return false end
if redis.call('HINCRBY', KEYS[1], 'tries', 1) > tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  return false
end
return redis.call('HMGET', KEYS[1], 'salt', 'digest')
"""
# Use the code up and write the owner down, or neither: of two who knew it the first one wins.
_USE = """
if redis.call('HGET', KEYS[1], 'digest') ~= ARGV[1] then return {0, ''} end
redis.call('DEL', KEYS[1])
if ARGV[2] == 'web' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[4])
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[3])
  return {1, ''}
end
local before = redis.call('HGET', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return {1, before or ''}
"""


class Owner(msgspec.Struct, frozen=True):
    """The owner's account on one platform."""

    user_id: str
    user_name: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Paired:
    """This account is the owner's from now on. `replaced`: the user id that was until now, when another."""

    platform: str
    user_id: str
    replaced: str | None


@dataclass(frozen=True, slots=True)
class Wrong:
    """No pairing, and nothing to say about it: a wrong, used or old code, or too many tries."""


@dataclass(frozen=True, slots=True)
class NoCode:
    """The text is no `/pair CODE` at all, or comes from the terminal, which needs none."""


class Pairing:
    """The codes and the owners' accounts of one instance. Every method may raise redis.exceptions.RedisError."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._try = client.register_script(_TRY)
        self._use = client.register_script(_USE)

    async def new_code(self) -> str:
        """A fresh code of 40 random bits (`K7QM-2VXD`), to be shown to the owner alone. The one before is void."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
        salt = secrets.token_bytes(16)
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.delete(_CODE)
            pipe.hset(_CODE, mapping={"salt": salt, "digest": _digest(salt, code)})
            pipe.expire(_CODE, CODE_LIFE_S)
            await pipe.execute()
        return f"{code[:4]}-{code[4:]}"

    async def try_code(self, platform: str, user_id: str, user_name: str, text: str) -> Paired | Wrong | NoCode:
        """Act on `/pair CODE`. The adapter vouches that `user_id` typed this itself, in private.

        A sender has five tries a code, all together have fifty; then it is void. A new account replaces the old one of
        that platform, which is told; on the page every paired browser stays.
        """
        word = _PAIR_WORD.fullmatch(text.strip())
        if word is None or platform == TERMINAL:  # the terminal needs no code, and must not use one up
            return NoCode()
        sender = f"by:{hashlib.sha256(f'{platform}:{user_id}'.encode()).hexdigest()}"
        found = await self._try(keys=[_CODE], args=[sender, TRIES_EACH, TRIES_IN_ALL])
        if found is None:
            return Wrong()
        salt, digest = cast(list[bytes], found)
        if not hmac.compare_digest(digest, _digest(salt, _plain(word.group(1)))):
            return Wrong()
        return await self._pair(digest, platform, user_id, user_name)

    async def _pair(self, digest: bytes, platform: str, user_id: str, user_name: str) -> Paired | Wrong:
        now_ms = time.time_ns() // 1_000_000
        written = _session(user_id) if platform == WEB else msgspec.json.encode(Owner(user_id, user_name, now_ms))
        used, before = await self._use(
            keys=[_CODE, _OWNERS, _SESSIONS], args=[digest, platform, written, now_ms, now_ms + SESSION_S * 1000]
        )
        if not used:
            return Wrong()
        old = msgspec.json.decode(before, type=Owner).user_id if before else user_id
        if old != user_id:
            await notify(self._client, pairing_moved(platform), to=(platform, old))
        await notify(self._client, paired(platform, user_name))
        return Paired(platform, user_id, old if old != user_id else None)

    async def owner_of(self, platform: str) -> str | None:
        """The user id to reach the owner under. None: not paired there, or a page, which is looked at instead."""
        if platform == TERMINAL:
            return LOCAL
        raw = cast(bytes | None, await self._client.hget(_OWNERS, platform))
        return msgspec.json.decode(raw, type=Owner).user_id if raw else None

    async def is_owner(self, platform: str, user_id: str) -> bool:
        """Whether this id was paired on this platform, or is the terminal's. One small look-up."""
        if platform == WEB:
            ends_ms = await self._client.zscore(_SESSIONS, _session(user_id))
            return ends_ms is not None and ends_ms > time.time_ns() // 1_000_000
        return bool(user_id) and await self.owner_of(platform) == user_id

    async def unpair(self, platform: str) -> bool:
        """Nobody is the owner there any more; on the page every browser. False: nobody was."""
        if platform == WEB:
            return bool(await self._client.delete(_SESSIONS))
        return bool(await self._client.hdel(_OWNERS, platform))


def _plain(code: str) -> str:
    """What was typed, without the case, dashes and spaces that a phone puts in."""
    return "".join(letter for letter in code[:64].upper() if letter.isalnum())


def _digest(salt: bytes, code: str) -> bytes:
    return hashlib.sha256(salt + code.encode()).digest()


def _session(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
