"""Splits a reply into bubbles and gives each the pause the owner would take to type it. Pure.

The persona says where a bubble ends (a line break: it learnt that from the owner's bursts); the rhythm measured from
the corpus says how long each takes, else the configuration does, and the configuration caps both.
"""

import msgspec

from bot.config import PacingConfig
from model_server.rhythm import Rhythm

MOST_BUBBLES = 4


class Bubble(msgspec.Struct, frozen=True):
    """One message to send, as it waits in the outbox. `delay_ms`: the pause before it."""

    bubble_id: str
    request_id: str
    text: str
    delay_ms: int


def split(text: str) -> tuple[str, ...]:
    """One bubble a line, at most four; what is over stays together in the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (*lines[: MOST_BUBBLES - 1], *filter(None, ["\n".join(lines[MOST_BUBBLES - 1 :])]))


def pace(
    request_id: str, text: str, elapsed_ms: int, config: PacingConfig, rhythm: Rhythm | None = None
) -> tuple[Bubble, ...]:
    """The bubbles of a reply. The time before the first one has been running for `elapsed_ms` already."""
    known = rhythm or Rhythm(think_ms=0, per_character_ms=config.per_character_ms, replies=0)
    bubbles = []
    for i, part in enumerate(split(text)):
        pause_ms = len(part) * known.per_character_ms + (0 if i else known.think_ms)
        delay_ms = min(pause_ms, config.longest_ms)
        bubbles.append(Bubble(f"{request_id}#{i}", request_id, part, delay_ms if i else max(0, delay_ms - elapsed_ms)))
    return tuple(bubbles)


def at_once(request_id: str, text: str) -> tuple[Bubble, ...]:
    """The bubbles of a reply that the owner approved: nobody waits for a person who has already decided."""
    return tuple(Bubble(f"{request_id}#{i}", request_id, part, 0) for i, part in enumerate(split(text)))
