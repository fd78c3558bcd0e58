"""Results become bubbles, drafts or dead letters: the only place where a turn's words are decided on.

Knows no platform and no model. A result is handled by whoever gets it first; every script checks that its turn is
still open and removes the result in the same step, so a second handling does nothing.
"""

import time
from typing import Any, assert_never, cast

import msgspec
import structlog
from redis.exceptions import RedisError

from bot import keys
from bot.compose import second_try, turn_lines
from bot.config import BotConfig
from bot.guard import Allow, Refuse, Regenerate, check
from bot.honesty import asks_for_honesty, made_honest
from bot.pacing import pace
from bot.scripts import Scripts
from model_server.contract import (
    BOTS,
    FIELD,
    RESULTS,
    Line,
    Reply,
    ReplyFailed,
    ReplyRequest,
    decode_request,
    decode_result,
    encode,
)
from model_server.log import flaw_of
from model_server.redis_link import ensure_group, entries_of

log = structlog.get_logger()

_AT_ONCE = 32
_BLOCK_MS = 500


class Draft(msgspec.Struct, frozen=True):
    """A reply held for the owner."""

    request_id: str
    chat_key: str
    contact_name: str
    contact_type: str
    text: str


class Results:
    """The stream of results as one bot process sees it."""

    def __init__(self, scripts: Scripts, consumer: str, config: BotConfig) -> None:
        self._scripts = scripts
        self._client = scripts.client
        self._consumer = consumer
        self._config = config
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
        match result:
            case ReplyFailed():
                reason = f"{result.reason}: {result.detail}" if result.detail else result.reason
                return await self._fail(entry_id, result.chat_key, result.request_id, reason)
            case Reply():
                return await self._consider(entry_id, result)
            case impossible:
                assert_never(impossible)

    async def _consider(self, entry_id: bytes, reply: Reply) -> str:
        chat = keys.of_chat(reply.chat_key).chat
        found = await self._client.hmget(chat, ["request_id", "request", "attempt"])
        open_id, raw, attempt = cast(list[bytes], found)
        if open_id != reply.request_id.encode():  # superseded, taken over or done: the script only drops the result
            return await self._fail(entry_id, reply.chat_key, reply.request_id, "superseded")
        request = decode_request(raw)
        turn = turn_lines(request)
        answer = named(self._config.turns.honest_answer, self._config.owner.name)
        match check(reply.text, turn, cut_off=reply.finish == "length"):
            case Allow(text):
                return await self._commit(entry_id, reply, request, made_honest(text, turn, answer))
            case Regenerate() | Refuse() if asks_for_honesty(turn):  # the truth needs no reply beside it
                return await self._commit(entry_id, reply, request, answer)
            case Regenerate(reason) if int(attempt) == 0:
                log.warning("reply.regenerated", request_id=reply.request_id, reason=reason)
                return await self._regenerate(entry_id, reply, request)
            case Regenerate(reason) | Refuse(reason):
                return await self._fail(entry_id, reply.chat_key, reply.request_id, f"guard: {reason}")
            case impossible:
                assert_never(impossible)

    async def _regenerate(self, entry_id: bytes, reply: Reply, request: ReplyRequest) -> str:
        again = second_try(request)
        return await self._scripts.say(
            "regenerate",
            reply.chat_key,
            entry_id=entry_id,
            request_id=reply.request_id,
            next_id=again.request_id,
            request=encode(again),
        )

    async def _commit(self, entry_id: bytes, reply: Reply, request: ReplyRequest, text: str) -> str:
        now_ms = time.time_ns() // 1_000_000
        elapsed_ms = reply.queue_ms + reply.generate_ms
        bubbles = pace(request.request_id, text, elapsed_ms, self._config.pacing)
        line = Line(line_id=reply.request_id, author="persona", text=text, at_ms=now_ms)
        draft = Draft(reply.request_id, reply.chat_key, request.contact_name, request.contact_type, text)
        done = await self._scripts.say(
            "commit",
            reply.chat_key,
            entry_id=entry_id,
            request_id=reply.request_id,
            facts=msgspec.json.encode(_facts(reply, text)),
            bubbles=msgspec.json.encode([msgspec.json.encode(bubble).decode() for bubble in bubbles]),
            line=msgspec.json.encode(line),
            draft=msgspec.json.encode(draft),
        )
        log.info(
            "turn.committed",
            request_id=reply.request_id,
            done=done,
            contact_type=reply.contact_type,
            queue_ms=reply.queue_ms,
            generate_ms=reply.generate_ms,
            reply_chars=len(text),
        )
        return done

    async def _fail(self, entry_id: bytes, chat_key: str, request_id: str, reason: str) -> str:
        done = await self._scripts.say("fail", chat_key, entry_id=entry_id, request_id=request_id, reason=reason)
        if done == "ended":
            log.error("turn.dead", request_id=request_id, reason=reason)
        return done


def named(text: str, owner_name: str) -> str:
    """A configured sentence with the owner's name in it."""
    return text.replace("{owner}", owner_name or "the owner")


def _facts(reply: Reply, text: str) -> dict[str, str]:
    return {
        "reply": text,
        "contact_type": reply.contact_type,
        "blend": msgspec.json.encode(reply.blend).decode(),
        "facet_versions": msgspec.json.encode(reply.facet_versions).decode(),
        "prompt_tokens": str(reply.prompt_tokens),
        "reply_tokens": str(reply.reply_tokens),
        "queue_ms": str(reply.queue_ms),
        "generate_ms": str(reply.generate_ms),
    }
