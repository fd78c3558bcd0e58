"""Results are read and judged: the only place where a turn's words are decided on (`commit` carries it out).

Knows no platform and no model. A result is handled by whoever gets it first; every script checks that its turn is
still open and removes the result in the same step, so a second handling does nothing.
"""

import time
from dataclasses import dataclass
from typing import Any, assert_never, cast

import msgspec
import structlog
from redis.exceptions import RedisError

from bot import keys
from bot.commit import Commits
from bot.compose import turn_lines
from bot.config import BotConfig
from bot.guard import Allow, Refuse, Regenerate
from bot.judgement import judge
from bot.rhythm_book import RhythmBook
from bot.scripts import Scripts
from model_server.contract import (
    BOTS,
    FIELD,
    RESULTS,
    Reply,
    ReplyRequest,
    decode_request,
    decode_result,
)
from model_server.log import flaw_of
from model_server.redis_link import ensure_group, entries_of

log = structlog.get_logger()

_AT_ONCE = 32
_BLOCK_MS = 500


class Results:
    """The stream of results as one bot process sees it."""

    def __init__(self, scripts: Scripts, consumer: str, config: BotConfig, rhythms: RhythmBook | None = None) -> None:
        self._scripts = scripts
        self._client = scripts.client
        self._consumer = consumer
        self._config = config
        self._commits = Commits(scripts, config.pacing, rhythms)
        self._linked = False
        self._cursor = b"0-0"  # kept between sweeps: starting over each time never reaches what lies behind the first
        self._sweep_at = 0.0

    async def step(self) -> None:
        """Handle what is there, or wait a moment for more. After any failure it starts with what was left pending."""
        linked, self._linked = self._linked, False  # also when the read itself fails: the group may be gone
        entries = await self._read(linked)
        for entry_id, fields in entries:
            await self.handle(entry_id, fields)
        self._linked = linked or not entries

    async def _read(self, linked: bool) -> list[tuple[bytes, dict[bytes, bytes]]]:
        if not linked:
            await ensure_group(self._client, RESULTS, BOTS)
            return await self._read_stream("0", None)
        if time.monotonic() >= self._sweep_at:
            lease_ms = self._config.turns.lease_ms
            self._sweep_at = time.monotonic() + lease_ms / 2_000
            answer = await self._client.xautoclaim(
                RESULTS, BOTS, self._consumer, min_idle_time=lease_ms, start_id=self._cursor, count=_AT_ONCE
            )
            self._cursor = answer[0]
            return [(entry_id, fields) for entry_id, fields in answer[1] if fields]
        return await self._read_stream(">", _BLOCK_MS)

    async def _read_stream(self, start: str, block_ms: int | None) -> list[tuple[bytes, dict[bytes, bytes]]]:
        answer: Any = await self._client.xreadgroup(
            BOTS, self._consumer, {RESULTS: start}, count=_AT_ONCE, block=block_ms
        )
        return entries_of(answer)

    async def handle(self, entry_id: bytes, fields: dict[bytes, bytes]) -> str:
        """Act on one result. A flaw of ours costs this result, never the loop: it is buried and told."""
        try:
            return await self._handle(entry_id, fields)
        except RedisError:
            raise
        except msgspec.DecodeError:
            log.error("result.unreadable", entry=entry_id.decode())
            return await self._scripts.say("bury", "", entry_id=entry_id, reason="unreadable result")
        except Exception as error:
            log.error("result.flaw", entry=entry_id.decode(), flaw=flaw_of(error))
            return await self._scripts.say("bury", "", entry_id=entry_id, reason=f"flaw: {type(error).__name__}")

    async def _handle(self, entry_id: bytes, fields: dict[bytes, bytes]) -> str:
        result = decode_result(fields.get(FIELD, b""))
        if not result.request_id:  # a worker got a request it could not read: whose it was nobody knows
            log.error("result.anonymous", entry=entry_id.decode())
            return await self._scripts.say("bury", "", entry_id=entry_id, reason="unreadable request")
        turn = await self._turn_of(result.chat_key, result.request_id)
        if turn is None:  # superseded, taken over or done: the script only drops the result
            return await self._commits.fail(entry_id, result, "superseded")
        if isinstance(result, Reply):
            return await self._consider(entry_id, result, turn)
        if turn.draft:
            return await self._commits.redraft(entry_id, result, "")
        reason = f"{result.reason}: {result.detail}" if result.detail else result.reason
        return await self._commits.fail(entry_id, result, reason)

    async def _turn_of(self, chat_key: str, request_id: str) -> "_Turn | None":
        """The open turn, or the open draft, that this request was made for."""
        names = ["request_id", "request", "attempt", "draft"]
        open_id, raw, attempt, no = cast(list[Any], await self._client.hmget(keys.of_chat(chat_key).chat, names))
        if open_id == request_id.encode():
            return _Turn(decode_request(raw), int(attempt))
        if no is None:
            return None
        asked, raw = cast(list[bytes], await self._client.hmget(keys.draft(int(no)), ["regenerating", "request"]))
        return _Turn(decode_request(raw), 0, draft=True) if asked == request_id.encode() else None

    async def _consider(self, entry_id: bytes, reply: Reply, turn: "_Turn") -> str:
        answer = named(self._config.turns.honest_answer, self._config.owner.name)
        verdict = judge(reply, turn_lines(turn.request), answer)
        if turn.draft:
            return await self._commits.redraft(entry_id, reply, verdict.text if isinstance(verdict, Allow) else "")
        match verdict:
            case Allow(text):
                return await self._commits.commit(entry_id, reply, turn.request, text)
            case Regenerate(reason) if turn.attempt == 0:
                log.warning("reply.regenerated", request_id=reply.request_id, reason=reason)
                return await self._commits.regenerate(entry_id, reply, turn.request)
            case Regenerate(reason) | Refuse(reason):
                return await self._commits.fail(entry_id, reply, f"guard: {reason}")
            case impossible:
                assert_never(impossible)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a result is for. `attempt` 1: it is the second try; `draft`: the owner asked for it."""

    request: ReplyRequest
    attempt: int
    draft: bool = False


def named(text: str, owner_name: str) -> str:
    """A configured sentence with the owner's name in it."""
    return text.replace("{owner}", owner_name or "the owner")
