"""Why the last turn of a chat ended as it did: who, decision, voice, memories, timings.

Knows no platform, and what was said to the contact only as far as it shows which reply is meant.
"""

from collections.abc import Mapping
from typing import cast

import msgspec
import redis.asyncio

from bot import keys
from bot.drafts import Draft, read_draft
from bot.outcomes import ENDED
from bot.owner.answers import clipped

_NAME_CHARS = 60
_SHOWN = 100
"""Letters of a reply that are enough to know it by."""


async def why(client: redis.asyncio.Redis, chat_key: str) -> str:
    """The last turn of this chat that ended, in a few lines for the owner."""
    last = cast(bytes | None, await client.hget(keys.of_chat(chat_key).chat, "last_request"))
    if last is None:
        return "Nothing was decided in this chat yet, or it was too long ago."
    raw = cast(dict[bytes, bytes], await client.hgetall(keys.outcome(last.decode())))
    outcome = {name.decode(): value.decode() for name, value in raw.items()}
    draft = await read_draft(client, int(outcome["draft"])) if "draft" in outcome else None
    return explain(outcome, draft)


def explain(outcome: Mapping[str, str], draft: Draft | None = None) -> str:
    """The fields of an outcome in words, and what the owner did with the draft of it. Pure.

    A field that is not there is not spoken of.
    """
    if outcome.get("state") not in (*ENDED, "sending"):
        return "That turn is too long ago: how turns ended is kept for seven days."
    lines = [_head(outcome)]
    if decision := outcome.get("decision"):
        lines.append(f"Decision: {decision}")
    if reply := outcome.get("reply"):  # a turn that was skipped has no voice
        lines.append(f"Reply: “{clipped(reply, _SHOWN)}”{_by(draft)}")
        if draft is not None and draft.state == "edited":
            lines.append(f"Proposed: “{clipped(draft.text, _SHOWN)}”")
        lines += [f"Voice: {_voice(outcome)}", "Memories: none are kept yet"]
    if times := _times(outcome):
        lines.append(f"Times: {times}")
    return "\n".join(lines)


def _head(outcome: Mapping[str, str]) -> str:
    who = (
        clipped(outcome.get("contact_name", ""), _NAME_CHARS)
        or outcome.get("contact_id")
        or outcome.get("chat_key", "")
    )
    kind = f" ({outcome['contact_type']})" if outcome.get("contact_type") else ""
    if outcome.get("undone_ms"):
        return f"{who}{kind}: answered and taken back"
    state = {"sending": "is being sent", "held": "held for you"}.get(outcome["state"], outcome["state"])
    past = outcome["state"] not in ("held", "sending")  # the reason is of how the turn ended, maybe before it was sent
    reason = f": {outcome['reason']}" if past and outcome.get("reason") else ""
    return f"{who}{kind}: {state}{reason}"


def _by(draft: Draft | None) -> str:
    """Who approved the reply; nothing when it went by itself."""
    if draft is None or draft.state not in ("sent", "edited"):
        return ""
    return " (your own words)" if draft.state == "edited" else " (approved by you)"


def _voice(outcome: Mapping[str, str]) -> str:
    blend = msgspec.json.decode(outcome.get("blend", "{}"), type=dict[str, float])
    versions = msgspec.json.decode(outcome.get("facet_versions", "{}"), type=dict[str, str])
    parts = [
        f"{name} {weight:g}" + (f" ({versions[name]})" if name in versions else "")
        for name, weight in sorted(blend.items(), key=lambda facet: -facet[1])
    ]
    return " · ".join(parts) or "the base model alone"


def _times(outcome: Mapping[str, str]) -> str:
    def between(start: str, end: str) -> int | None:
        known = int(outcome.get(start, 0)) and int(outcome.get(end, 0))  # 0: it never came to that
        return int(outcome[end]) - int(outcome[start]) if known else None

    def spent(name: str) -> int | None:
        return int(outcome[name]) if name in outcome else None

    spans = (
        ("waited", between("first_ms", "opened_ms")),
        ("queued", spent("queue_ms")),
        ("generated", spent("generate_ms")),
        ("in all", between("first_ms", "ended_ms") if outcome["state"] != "sending" else None),
    )
    return " · ".join(f"{name} {span_ms / 1000:.1f} s" for name, span_ms in spans if span_ms is not None)
