"""Splits a reply into bubbles and gives each the pause a person would take to type it. Pure."""

import msgspec

from bot.config import PacingConfig

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


def pace(request_id: str, text: str, elapsed_ms: int, config: PacingConfig) -> tuple[Bubble, ...]:
    """The bubbles of a reply. The first one's typing time has been running for `elapsed_ms` already."""
    bubbles = []
    for i, part in enumerate(split(text)):
        typing_ms = min(len(part) * config.per_character_ms, config.longest_ms)
        delay_ms = typing_ms if i else max(0, typing_ms - elapsed_ms)
        bubbles.append(Bubble(f"{request_id}#{i}", request_id, part, delay_ms))
    return tuple(bubbles)
