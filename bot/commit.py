"""What becomes of a result, one script each: bubbles or a draft, a second try, another proposal, a dead letter.

Judges nothing (`outbox` does). Every script checks that the result's turn or draft still waits for it, and removes the
result in the same step: a second call does nothing.
"""

import time

import msgspec
import structlog

from bot.compose import second_try, turn_lines
from bot.config import PacingConfig
from bot.judgement import facts_of
from bot.pacing import pace
from bot.rhythm_book import RhythmBook
from bot.scripts import Scripts
from model_server.contract import Line, Reply, ReplyRequest, Result, encode

log = structlog.get_logger()


class Commits:
    """The hands of the outbox. Every method answers what its script said, or raises redis.exceptions.RedisError."""

    def __init__(self, scripts: Scripts, pacing: PacingConfig, rhythms: RhythmBook | None) -> None:
        self._scripts = scripts
        self._pacing = pacing
        self._rhythms = rhythms if pacing.learned else None

    async def commit(self, entry_id: bytes, reply: Reply, request: ReplyRequest, text: str) -> str:
        """These words are what the turn says, or proposes when it is held."""
        now_ms = time.time_ns() // 1_000_000
        rhythm = self._rhythms.of(reply.contact_type) if self._rhythms else None
        bubbles = pace(request.request_id, text, reply.queue_ms + reply.generate_ms, self._pacing, rhythm)
        line = Line(line_id=reply.request_id, author="persona", text=text, at_ms=now_ms)
        done = await self._scripts.say(
            "commit",
            reply.chat_key,
            entry_id=entry_id,
            request_id=reply.request_id,
            facts=msgspec.json.encode(facts_of(reply, text)),
            bubbles=msgspec.json.encode([msgspec.json.encode(bubble).decode() for bubble in bubbles]),
            line=msgspec.json.encode(line),
            text=text,
            lines=msgspec.json.encode([msgspec.json.encode(one).decode() for one in turn_lines(request)]),
            blend=msgspec.json.encode(reply.blend),
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

    async def regenerate(self, entry_id: bytes, reply: Reply, request: ReplyRequest) -> str:
        """Ask once more for the open turn."""
        again = second_try(request)
        return await self._scripts.say(
            "regenerate",
            reply.chat_key,
            entry_id=entry_id,
            request_id=reply.request_id,
            next_id=again.request_id,
            request=encode(again),
        )

    async def redraft(self, entry_id: bytes, result: Result, text: str) -> str:
        """Another proposal for the open draft that asked for it, or (no text) none: the old one stays."""
        reply = result if isinstance(result, Reply) else None
        done = await self._scripts.say(
            "redraft",
            result.chat_key,
            entry_id=entry_id,
            request_id=result.request_id,
            text=text,
            blend=msgspec.json.encode(reply.blend if reply else {}),
            facts=msgspec.json.encode(facts_of(reply, text) if reply else {}),
        )
        log.info("draft.regenerated", request_id=result.request_id, done=done)
        return done

    async def fail(self, entry_id: bytes, result: Result, reason: str) -> str:
        """No reply will come, or none that may be sent."""
        request_id = result.request_id
        done = await self._scripts.say("fail", result.chat_key, entry_id=entry_id, request_id=request_id, reason=reason)
        if done == "ended":
            log.error("turn.dead", request_id=request_id, reason=reason)
        return done
