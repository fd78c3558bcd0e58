"""Decides whether a turn is answered. Pure: the same facts, the same decision.

Knows no Redis, no platform and no model; what a turn says is not read here. What the owner has ordered arrives as a
mode and its reason (`bot.orders`).
"""

from dataclasses import dataclass

from bot.orders import Mode


@dataclass(frozen=True, slots=True)
class Answer:
    """Ask for a reply and send it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Ask for a reply and hold it for the owner."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Leave these lines unanswered."""

    reason: str


@dataclass(frozen=True, slots=True)
class Defer:
    """Look again at this moment (Unix ms)."""

    until_ms: int


Decision = Answer | Draft | Skip | Defer


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision rests on. Times are Unix ms."""

    now_ms: int
    newest_line_ms: int
    stand_down_until_ms: int
    expiry_ms: int
    """A span: how old the newest line may be."""
    mode: Mode
    why: str
    """Why this mode, in the owner's words."""
    defer_until_ms: int = 0
    """Quiet hours, a pause or the kill switch; 0: none."""
    refusal: str | None = None
    """Why the platform would refuse a reply now."""
    answer_until_ms: int = 0
    """From then on the platform takes no reply; 0: always."""


def decide(facts: Facts) -> Decision:
    """First match: switched off, stale, the platform would refuse, the owner is in the chat himself, held, answered.

    A stand-down, a pause and quiet hours defer instead of skipping: should the owner fall silent, the contact still
    gets an answer; should he answer, his line ends the turn.
    """
    if facts.mode in ("off", "block"):
        return Skip(facts.why)
    if facts.now_ms - facts.newest_line_ms > facts.expiry_ms:
        return Skip("stale")
    if facts.answer_until_ms and facts.now_ms >= facts.answer_until_ms:
        return Skip("window closed")
    if facts.refusal is not None:
        return Skip(facts.refusal)
    if facts.now_ms < (until_ms := max(facts.stand_down_until_ms, facts.defer_until_ms)):
        return Defer(until_ms)
    return Draft() if facts.mode == "draft" else Answer()
