"""A draft as the owner sees it: who wrote what, the reply proposed, until when, and five buttons. Pure.

Knows no platform and acts on nothing. A button's token carries a mark of the text that stood beside it, so that a press
on an old card never sends a text that the owner has not seen.
"""

import hashlib
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from adapters.base import ChatRef
from adapters.owner_port import Button, Card, Screen
from bot.drafts import Draft, DraftState
from bot.owner.answers import SCREEN_LIMIT_CHARS, clipped, fitted, weighed
from bot.owner.commands import DraftVerbs
from bot.windows import in_words

_LINES_SHOWN = 6
_LINE_CHARS, _LINE_CHARS_BESIDE_MUCH = 160, 50
_MUCH_CHARS = 600
_NAME_CHARS = 60
_TOKEN = re.compile(r"d:(send|edit|discard|regenerate|takeover):([0-9]{1,12}):([0-9a-f]{8})")
_LABELS: tuple[tuple[tuple[DraftVerbs, str], ...], ...] = (
    (("send", "Send"), ("edit", "Edit"), ("discard", "Discard")),
    (("regenerate", "Regenerate"), ("takeover", "Take over")),
)
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class DraftToken:
    """What a pressed button means. `mark`: of the text it stood beside."""

    verb: DraftVerbs
    no: int
    mark: str


def card_of(draft: Draft, now_ms: int, zone: ZoneInfo) -> Card:
    """The card of a draft now. The same card for the same version, but for how much time is left."""
    body = _open(draft, now_ms, zone) if draft.state == "open" else _ended(draft, now_ms, zone)
    rows = tuple(
        tuple(Button(label, token_of(verb, draft)) for verb, label in row) for row in _LABELS if draft.state == "open"
    )
    return Card(f"draft-{draft.no}", draft.version, Screen(body, rows))


def token_of(verb: DraftVerbs, draft: Draft) -> str:
    """`d:<verb>:<no>:<mark of the text>`, well below the 64 bytes that Telegram takes."""
    return f"d:{verb}:{draft.no}:{mark_of(draft.text)}"


def read_token(token: str) -> DraftToken | None:
    """The inverse; None when it is none of ours."""
    match = _TOKEN.fullmatch(token)
    return DraftToken(match[1], int(match[2]), match[3]) if match else None  # type: ignore[arg-type]  # by the pattern


def mark_of(text: str) -> str:
    """A short name of a text, from its content."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()


def ended_words(draft: Draft, now_ms: int, zone: ZoneInfo) -> str:
    """What became of a draft: `sent as proposed 12:03`, `stale 12:03: newer line`."""
    at = f" {in_words(draft.ended_ms, now_ms, zone)}" if draft.ended_ms else ""
    because = f": {draft.reason}" if draft.reason else ""
    if draft.reason == "took over":
        return f"you took over{at}"
    words: dict[DraftState, str] = {
        "open": "waits for you",
        "sent": f"sent as proposed{at}{because}",
        "edited": f"sent in your words{at}{because}",
        "discarded": f"discarded{at}: nothing was said",
        "answered": f"you answered yourself{at}",
        "stale": f"stale{at}{because}",
    }
    return words[draft.state]


def time_left(deadline_ms: int, now_ms: int) -> str:
    """`2 h 5 min left`, `40 s left`, `over`."""
    left_ms = deadline_ms - now_ms
    if left_ms <= 0:
        return "over"
    minutes = left_ms // _MINUTE_MS
    if minutes < 1:
        return f"{max(1, left_ms // 1000)} s left"
    return f"{minutes // 60} h {minutes % 60} min left" if minutes >= 60 else f"{minutes} min left"


def head_of(draft: Draft) -> str:
    """`Draft 17 · Mum (family) · telegram`."""
    kind = f" ({draft.contact_type})" if draft.contact_type else ""
    return f"Draft {draft.no} · {called(draft)}{kind} · {ChatRef.parse(draft.chat_key).platform}"


def called(draft: Draft) -> str:
    """Whom the draft is for. People name themselves: on one line, and not at any length."""
    return clipped(draft.contact_name, _NAME_CHARS) or draft.chat_key


def _open(draft: Draft, now_ms: int, zone: ZoneInfo) -> str:
    foot = [f"blend: {weighed(draft.blend)}"]
    if draft.deadline_ms:
        foot.append(f"send before {in_words(draft.deadline_ms, now_ms, zone)} ({time_left(draft.deadline_ms, now_ms)})")
    if draft.regenerating:
        foot.append("a new proposal is being written; this one can be sent until then")
    if draft.reason:
        foot.append(draft.reason)
    around = "\n".join((head_of(draft), *_quoted(draft), "", "Reply:", "", "", *foot))
    return "\n".join(
        (head_of(draft), *_quoted(draft), "", "Reply:", fitted(draft.text, SCREEN_LIMIT_CHARS - len(around)), "", *foot)
    )


def _ended(draft: Draft, now_ms: int, zone: ZoneInfo) -> str:
    """No proposal that was not said: only what was, clipped, and what became of it."""
    said = [clipped(draft.final, 400)] if draft.state in ("sent", "edited") and draft.final else []
    return "\n".join((head_of(draft), *_quoted(draft), "", *said, f"— {ended_words(draft, now_ms, zone)}"))


def _quoted(draft: Draft) -> list[str]:
    """The newest lines it answers; the reply needs the room first."""
    shown = draft.lines[-_LINES_SHOWN:]
    chars = _LINE_CHARS if len(draft.text) <= _MUCH_CHARS else _LINE_CHARS_BESIDE_MUCH
    more = [f"> ({len(draft.lines) - len(shown)} earlier lines)"] if len(draft.lines) > len(shown) else []
    return more + [f"> {clipped(line.text, chars)}" for line in shown]
