"""Decides whether a turn is answered. Pure: the same facts, the same decision.

Knows no Redis, no platform and no model; what a turn says is not read here.
"""

from dataclasses import dataclass
from typing import Literal


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
    autoreply: Literal["off", "draft", "auto"]
    expiry_ms: int


def decide(facts: Facts) -> Decision:
    """First match: switched off, stale, the owner is in the chat himself, held, answered.

    A stand-down defers instead of skipping: should the owner fall silent, the contact still gets an answer; should he
    answer, his line ends the turn.
    """
    if facts.autoreply == "off":
        return Skip("autoreply is off")
    if facts.now_ms - facts.newest_line_ms > facts.expiry_ms:
        return Skip("stale")
    if facts.now_ms < facts.stand_down_until_ms:
        return Defer(facts.stand_down_until_ms)
    return Draft() if facts.autoreply == "draft" else Answer()
