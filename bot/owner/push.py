"""Keeps the owner's private chat as it should be: a card for every open draft, changed as it changes, then the notices.

Knows no platform and decides nothing about drafts. Level-triggered: each step looks at what is and at what was shown
(in Redis), so that nothing is lost over a crash, at most shown twice. One process a platform does it at a time.
"""

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, cast

import msgspec
import structlog

from adapters.base import OutcomeHidden, Refused, RetryLater, SendFailed
from adapters.owner_port import OwnerChannel, Screen
from bot import keys
from bot.drafts import Draft, open_drafts, read_draft
from bot.owner.answers import counted, fitted
from bot.owner.cards import card_of
from bot.owner.desk import wall_clock_ms
from bot.owner.names import People
from bot.owner.notices import Notice, newest_notice, read_notices
from bot.owner.office import Office, zone_of
from model_server.log import flaw_of

T = TypeVar("T")
log = structlog.get_logger()

_SHOWN = "ss:{s0}:cards_shown:"
"""+ platform:user id: hash draft number -> `ShownCard` (JSON)."""
_CURSORS = "ss:{s0}:told:"
"""+ platform: hash, the last entry told of each stream: `notices`, `dead`."""
_PUSHER = "ss:{s0}:pusher:"
"""+ platform: the process that tells the owner there; it expires."""
_LEASE_MS = 30_000
_SHOW_WITHIN_S = 20.0
_FIRST_AGAIN_S, _LONGEST_AGAIN_S = 5.0, 600.0
_TELL_TRIES = 3
_LETTERS_AT_ONCE, _LETTERS_NAMED = 100, 3

_CLAIM = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class ShownCard(msgspec.Struct, frozen=True):
    """Which message shows a card, and which version of it."""

    message_id: str
    version: int


class OwnerPush:
    """One platform's share of telling the owner. Every step is safe to repeat."""

    def __init__(self, office: Office, channel: OwnerChannel, platform: str) -> None:
        self._office = office
        self._client = office.client
        self._channel = channel
        self._platform = platform
        self._me = uuid.uuid4().hex
        self._claim = office.client.register_script(_CLAIM)
        self._quiet_until_s = 0.0
        self._hidden = 0
        self._card_again: dict[int, tuple[float, float]] = {}
        """Draft number -> when to try its card again (loop time), and the pause after that."""

    async def step(self) -> None:
        """Show what is not shown yet. Raises redis.exceptions.RedisError only; the platform's trouble is waited out."""
        if _now_s() < self._quiet_until_s or not await self._is_mine():
            return
        try:
            user_id = await self._office.pairing.owner_of(self._platform)
            if user_id is not None:
                await self._show_cards(user_id)
            await self._tell_notices(user_id)
            await self._tell_dead(user_id)
        except RetryLater as error:
            self._quiet_until_s = _now_s() + error.after_s
        except SendFailed:
            self._quiet_until_s = _now_s() + _FIRST_AGAIN_S
        except OutcomeHidden:
            pass  # the cursor has not moved: the next step says it again

    async def _is_mine(self) -> bool:
        return bool(await self._claim(keys=[_PUSHER + self._platform], args=[self._me, _LEASE_MS]))

    async def _show_cards(self, user_id: str) -> None:
        key = f"{_SHOWN}{self._platform}:{user_id}"
        raw = cast(dict[bytes, bytes], await self._client.hgetall(key))
        shown = {int(no): msgspec.json.decode(value, type=ShownCard) for no, value in raw.items()}
        drafts = {draft.no: draft for draft in await open_drafts(self._client)}
        for no in sorted(drafts.keys() | shown.keys()):
            draft = drafts.get(no) or await read_draft(self._client, no)
            if _now_s() < self._card_again.get(no, (0.0, 0.0))[0]:
                continue
            try:
                await self._show_card(key, user_id, no, draft, shown.get(no))
                self._card_again.pop(no, None)
            except RetryLater:
                raise
            except (SendFailed, OutcomeHidden) as error:  # one card's trouble is its own
                pause_s = self._card_again.get(no, (0.0, _FIRST_AGAIN_S))[1]
                self._card_again[no] = _now_s() + pause_s, min(pause_s * 2, _LONGEST_AGAIN_S)
                log.warning("push.card", platform=self._platform, draft=no, kind=type(error).__name__, again_s=pause_s)

    async def _show_card(self, key: str, user_id: str, no: int, draft: Draft | None, before: ShownCard | None) -> None:
        """One card, made what it should be. A draft that is over is shown as such once, and let go."""
        if before is not None and draft is not None and draft.state == "open" and draft.version == before.version:
            return
        screen = await self._screen(no, draft)
        is_open = draft is not None and draft.state == "open"
        if not await self._is_mine():  # a long step: somebody else may be at it
            return
        message_id: str | None = None
        if before is not None:
            with contextlib.suppress(Refused):  # never to be changed again: an open one is shown anew
                await _reach(self._channel.change_shown(user_id, before.message_id, screen))
                message_id = before.message_id
        if is_open and message_id is None:
            message_id = await _reach(self._channel.show_owner(user_id, screen))
        if draft is not None and is_open and message_id is not None:
            shown = ShownCard(message_id, draft.version)
            await self._client.hset(key, str(no), msgspec.json.encode(shown).decode())
        else:
            await self._client.hdel(key, str(no))

    async def _screen(self, no: int, draft: Draft | None) -> Screen:
        if draft is None:
            return Screen(f"Draft {no} was deleted.")
        return card_of(draft, wall_clock_ms(), zone_of(await self._office.orders())).screen

    async def _tell_notices(self, user_id: str | None) -> None:
        after = await self._cursor("notices", partial(newest_notice, self._client))
        for entry_id, notice in await read_notices(self._client, after):
            whom = self._reader_of(notice, user_id)
            if whom is not None:
                await self._tell(whom, notice.text)
            await self._client.hset(_CURSORS + self._platform, "notices", entry_id)

    def _reader_of(self, notice: Notice, user_id: str | None) -> str | None:
        if not notice.platform:
            return user_id
        return notice.user_id if notice.platform == self._platform else None

    async def _tell_dead(self, user_id: str | None) -> None:
        after = await self._cursor("dead", self._newest_dead)
        found = cast(Any, await self._client.xrange(keys.DEAD, min=f"({after}", count=_LETTERS_AT_ONCE))
        if not found:
            return
        letters = [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in found]
        if user_id is not None:
            await self._tell(user_id, dead_words(letters, await self._office.people()))
        await self._client.hset(_CURSORS + self._platform, "dead", found[-1][0].decode())

    async def _newest_dead(self) -> str:
        found = cast(Any, await self._client.xrevrange(keys.DEAD, count=1))
        return found[0][0].decode() if found else "0"

    async def _tell(self, user_id: str, text: str) -> None:
        """Say it. What may not have arrived is said again, a few times: twice does no harm, never might."""
        try:
            await _reach(self._channel.show_owner(user_id, Screen(fitted(text))))
        except (Refused, OutcomeHidden) as error:
            log.warning("push.notice", platform=self._platform, kind=type(error).__name__)
            self._hidden += 1
            if isinstance(error, OutcomeHidden) and self._hidden < _TELL_TRIES:
                raise
        self._hidden = 0

    async def _cursor(self, stream: str, newest: Callable[[], Awaitable[str]]) -> str:
        """What was told last; at the first look everything before it counts as told."""
        key = _CURSORS + self._platform
        found = cast(bytes | None, await self._client.hget(key, stream))
        if found is not None:
            return found.decode()
        await self._client.hsetnx(key, stream, fresh := await newest())
        return fresh


def dead_words(letters: list[dict[str, str]], people: People) -> str:
    """What went wrong, in the owner's words: a few by name, many as a count."""
    if len(letters) <= _LETTERS_NAMED:
        return "\n".join(_letter(letter, people) for letter in letters)
    reasons = Counter(letter.get("reason") or letter.get("state", "") for letter in letters).most_common(5)
    why = ", ".join(f"{reason} {times}" if times > 1 else reason for reason, times in reasons)
    return f"{counted(len(letters), 'turn')} went wrong: {why}.\n/status names the last ones."


def _letter(letter: dict[str, str], people: People) -> str:
    chat = people.title(letter.get("chat_key", ""))
    if letter.get("state") == "unknown":
        return f"A reply in {chat} may or may not have arrived ({letter.get('reason', '')}). Look at the chat."
    return f"No reply in {chat}: {letter.get('reason', '')}. The line stays unanswered; answer it yourself."


async def _reach(call: Awaitable[T]) -> T:
    """What the platform answers. Raises SendFailed and OutcomeHidden only: anything else is a send nobody knows of."""
    try:
        async with asyncio.timeout(_SHOW_WITHIN_S):
            return await call
    except (SendFailed, OutcomeHidden):
        raise
    except Exception as error:
        log.warning("push.hidden", flaw=flaw_of(error))
        raise OutcomeHidden from error


def _now_s() -> float:
    return asyncio.get_running_loop().time()
