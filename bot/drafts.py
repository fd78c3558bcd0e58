"""Drafts: replies that wait for the owner, and what he may do with one.

Knows no platform and no screen. Every act is one script, safe to repeat; whoever comes second is told so. What is
approved leaves through the outbox like any reply: in order, with the notice, under the kill switch.
"""

import time
from typing import Literal, cast

import msgspec
import redis.asyncio
import structlog

from bot import keys
from bot.config import BotConfig
from bot.contacts import read_contact
from bot.pacing import at_once
from bot.scripts import ScriptName, Scripts
from model_server.contract import Line, decode_request, encode

log = structlog.get_logger()

DraftState = Literal["open", "sent", "edited", "answered", "discarded", "stale"]
Done = Literal["done", "already", "stale", "changed", "closed", "unknown"]
"""`done`: by this call. `already`: the owner's hand ended it before (sent, edited, discarded, taken over).
`stale`: it ended without him. `changed`: it proposes another text than he saw. `closed`: the platform takes no reply
any more. `unknown`: there is no such draft."""


class Draft(msgspec.Struct, frozen=True):
    """One proposed reply. Times are Unix ms."""

    no: int
    request_id: str
    chat_key: str
    contact_id: str
    contact_name: str
    contact_type: str
    lines: tuple[Line, ...]
    """The lines it answers, oldest first."""
    text: str
    """What is proposed now."""
    blend: dict[str, float]
    state: DraftState
    reason: str
    """Why it ended as it did, or what kept an approved one from leaving; empty otherwise."""
    version: int
    """Grows with every change that can be seen."""
    created_ms: int
    deadline_ms: int
    """The platform takes no reply from this moment on; 0: none."""
    regenerating: bool
    """Another proposal is being written, and its time is not over."""
    final: str
    """What was approved; empty before and when nothing was."""
    ended_ms: int = 0


async def read_draft(client: redis.asyncio.Redis, no: int) -> Draft | None:
    """The draft of this number, open or ended within the last days. Raises redis.exceptions.RedisError."""
    return _read(cast(dict[bytes, bytes], await client.hgetall(keys.draft(no))))


async def open_drafts(client: redis.asyncio.Redis) -> list[Draft]:
    """What waits for the owner, oldest first. Raises redis.exceptions.RedisError."""
    numbers = cast(list[bytes], await client.zrange(keys.DRAFTS, 0, -1))
    found = [await read_draft(client, int(no)) for no in numbers]
    return [draft for draft in found if draft is not None and draft.state == "open"]


async def expire(scripts: Scripts) -> int:
    """End the drafts whose deadline has passed, or that nobody decided on for a month; how many. Raises RedisError."""
    ended = 0
    for draft in await open_drafts(scripts.client):
        ended += await scripts.say("draft_expire", draft.chat_key, no=draft.no) == "done"
    return ended


class DraftBook:
    """The owner's hand on drafts. Every method raises redis.exceptions.RedisError and may then be called again."""

    def __init__(self, scripts: Scripts, config: BotConfig) -> None:
        self._scripts = scripts
        self._client = scripts.client
        self._deadline_ms = config.turns.deadline_ms

    async def send(self, no: int, seen: str | None = None) -> Done:
        """Send it as proposed. `seen`: the text the owner saw; is it another by now, nothing is sent: `changed`."""
        draft = await read_draft(self._client, no)
        if draft is None:
            return "unknown"
        return await self._approve(draft, draft.text if seen is None else seen, "sent")

    async def edit(self, no: int, text: str) -> Done:
        """Send the owner's words instead. Raises ValueError when there are none."""
        draft = await read_draft(self._client, no)
        if draft is None:
            return "unknown"
        return await self._approve(draft, text.encode("utf-8", "replace").decode().strip(), "edited")

    async def discard(self, no: int) -> Done:
        """Nothing is said; the lines end as skipped."""
        return await self._act("draft_discard", no)

    async def take_over(self, no: int) -> Done:
        """The owner will answer himself: the draft ends, and the chat stands down."""
        return await self._act("draft_take_over", no)

    async def regenerate(self, no: int) -> Done:
        """Ask the model again. The old text can be sent until the new one is there; should none come, it stays."""
        found = cast(
            list[bytes | None], await self._client.hmget(keys.draft(no), ["chat_key", "request_id", "request", "tries"])
        )
        chat_key, request_id, raw, tries = found
        if chat_key is None or request_id is None:
            return "unknown"
        if raw is None:
            return await self._act("draft_regenerate", no, next_id="", request="", until_ms=0)
        now_ms = time.time_ns() // 1_000_000
        next_id = f"{request_id.decode()}:d{int(tries or 0) + 1}"
        request = msgspec.structs.replace(
            decode_request(raw), request_id=next_id, created_ms=now_ms, deadline_ms=now_ms + self._deadline_ms
        )
        return await self._act(
            "draft_regenerate", no, next_id=next_id, request=encode(request), until_ms=request.deadline_ms
        )

    async def _approve(self, draft: Draft, text: str, state: Literal["sent", "edited"]) -> Done:
        bubbles = at_once(draft.request_id, text)
        if not bubbles:
            raise ValueError("a reply needs words")
        line = Line(line_id=draft.request_id, author="persona", text=text, at_ms=time.time_ns() // 1_000_000)
        return await self._act(
            "draft_send",
            draft.no,
            state=state,
            text=text,
            bubbles=msgspec.json.encode([msgspec.json.encode(bubble).decode() for bubble in bubbles]),
            line=msgspec.json.encode(line),
        )

    async def _act(self, script: ScriptName, no: int, **arguments: str | int | bytes) -> Done:
        chat_key = cast(bytes | None, await self._client.hget(keys.draft(no), "chat_key"))
        if chat_key is None:
            return "unknown"
        done = await self._scripts.say(script, chat_key.decode(), no=no, **arguments)
        log.info("draft.act", draft=no, act=script, done=done)
        return cast(Done, done)


def _read(raw: dict[bytes, bytes]) -> Draft | None:
    found = {name.decode(): value for name, value in raw.items()}
    if "state" not in found:
        return None
    contact = read_contact(found["contact"])
    lines = msgspec.json.decode(found["lines"], type=list[str])
    return Draft(
        no=int(found["no"]),
        request_id=found["request_id"].decode(),
        chat_key=found["chat_key"].decode(),
        contact_id=contact.contact_id,
        contact_name=contact.name,
        contact_type=contact.contact_type,
        lines=tuple(msgspec.json.decode(line, type=Line) for line in lines),
        text=found["text"].decode(),
        blend=msgspec.json.decode(found["blend"], type=dict[str, float]),
        state=cast(DraftState, found["state"].decode()),
        reason=found.get("reason", b"").decode(),
        version=int(found["version"]),
        created_ms=int(found["created_ms"]),
        deadline_ms=int(found["deadline_ms"]),
        regenerating="regenerating" in found and time.time_ns() // 1_000_000 < int(found.get("until_ms", 0)),
        final=found.get("final", b"").decode(),
        ended_ms=int(found.get("ended_ms", 0)),
    )
