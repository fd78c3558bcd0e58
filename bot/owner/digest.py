"""What happened since a moment: how turns ended, with whom, and what waits for the owner.

Knows no platform and tells no sentence of anybody's: names, reasons and numbers only.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

import redis.asyncio

from bot import keys
from bot.drafts import Draft, open_drafts
from bot.owner.answers import clipped

_AT_ONCE = 500
_CONTACT_WORD = "contact word"
"""The reason of what `chat_control.say` answered."""
_OWNER_ANSWERED = "owner answered"
"""The reason of a turn whose lines the owner answered first."""
_NAME_CHARS = 60
_NAMED = 8
"""More people, or reasons, than this are counted, not named."""


@dataclass(frozen=True, slots=True)
class Ended:
    """One turn that ended."""

    state: str
    """As in `Outcome`; but `word`: a contact's own word (`/privacy`), answered with a fixed text; `sent` and `edited`:
    answered by a draft that the owner approved, as it was or in his words; `own`: he answered himself; `undone`: the
    reply was taken back."""
    reason: str
    who: str


async def digest(client: redis.asyncio.Redis, since_ms: int, now_ms: int, zone: ZoneInfo) -> str:
    """A few lines for the owner. Times are Unix ms, shown in `zone`. Turns are remembered for seven days."""
    found = cast(list[bytes], await client.zrange(keys.ENDED, since_ms, now_ms, byscore=True))
    ids = [request_id.decode() for request_id in found]
    return summary(await _read(client, ids), await open_drafts(client), datetime.fromtimestamp(since_ms / 1000, zone))


async def _read(client: redis.asyncio.Redis, request_ids: list[str]) -> list[Ended]:
    fields = ["state", "reason", "contact_name", "contact_id", "contact_type", "draft", "undone_ms"]
    ended: list[Ended] = []
    for start in range(0, len(request_ids), _AT_ONCE):
        async with client.pipeline(transaction=False) as pipe:
            for request_id in request_ids[start : start + _AT_ONCE]:
                pipe.hmget(keys.outcome(request_id), fields)
            for values in cast(list[list[bytes | None]], await pipe.execute()):
                state, reason, name, contact_id, kind, no, undone = (
                    value.decode() if value else "" for value in values
                )
                if state == "answered" and no:
                    approved = cast(bytes | None, await client.hget(keys.draft(int(no)), "state"))
                    state = "edited" if approved == b"edited" else "sent"
                if state:
                    ended.append(Ended(_whose(state, reason, undone), reason, _person(name or contact_id, kind)))
    return ended


def _whose(state: str, reason: str, undone: str) -> str:
    """The state that tells who has answered."""
    if undone:
        return "undone"
    return {_CONTACT_WORD: "word", _OWNER_ANSWERED: "own"}.get(reason, state)


def summary(ended: Sequence[Ended], drafts: Sequence[Draft], since: datetime) -> str:
    """The digest in words. Pure; `since` in the owner's zone."""
    lines = [f"Since {since:%a %d %b, %H:%M}:"]
    for state, words in _STATES.items():
        of_state = [turn for turn in ended if turn.state == state]
        if not of_state:
            continue
        by_whom = _counted(turn.who for turn in of_state)
        why = _counted(turn.reason for turn in of_state) if state in _HAS_REASON else ""
        lines.append(f"{len(of_state)} {words}: {by_whom}" + (f". Why: {why}" if why else ""))
    if not ended:
        lines.append("Nobody wrote.")
    if drafts:
        waiting = ", ".join(f"{draft.no} for {_person(draft.contact_name, draft.contact_type)}" for draft in drafts)
        lines.append(f"Waiting for you (/drafts): {waiting}")
    return "\n".join(lines)


_STATES = {
    "answered": "answered by itself",
    "sent": "answered with a draft that you approved",
    "edited": "answered in your words (edited drafts)",
    "own": "answered by you",
    "undone": "answered and taken back",
    "held": "held for you",
    "word": "asked for a fixed text (/privacy and such)",
    "skipped": "left unanswered",
    "dead": "failed",
    "unknown": "sent perhaps (the platform did not say)",
}
_HAS_REASON = frozenset({"skipped", "dead", "unknown"})


def _person(name: str, contact_type: str) -> str:
    who = clipped(name, _NAME_CHARS) or "somebody"
    return f"{who} ({contact_type})" if contact_type else who


def _counted(words: Iterable[str]) -> str:
    """`Noor (friend) 3, Mum (family)`: the most frequent first."""
    counts = Counter(word for word in words if word).most_common()
    named = [f"{word} {times}" if times > 1 else word for word, times in counts[:_NAMED]]
    return ", ".join([*named, *([f"and {len(counts) - _NAMED} more"] if len(counts) > _NAMED else [])])
