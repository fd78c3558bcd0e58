"""What people write during a chaos run, and how a scripted reply names the lines it answers."""

import random
from collections.abc import Sequence

import msgspec

PLATFORM = "rec"


class PlannedLine(msgspec.Struct, frozen=True):
    """One line: when it is written, seconds after the start."""

    chat: str
    line_id: str
    at_s: float


class Plan(msgspec.Struct, frozen=True):
    """Every line of every chat, in each chat's order, and when the run began (Unix seconds)."""

    start_s: float
    lines: tuple[PlannedLine, ...]


def make_plan(start_s: float, chats: int, lines: int, seconds: float, seed: int) -> Plan:
    """Lines in bursts: one to three within a tenth of a second, spread over `seconds`."""
    rng = random.Random(seed)
    planned: list[PlannedLine] = []
    counts = [0] * chats
    while len(planned) < lines:
        chat, at_s = rng.randrange(chats), rng.uniform(0, seconds)
        for _ in range(min(rng.choice((1, 1, 2, 3)), lines - len(planned))):
            planned.append(PlannedLine(f"c{chat:02}", "", at_s))
            at_s += rng.uniform(0.01, 0.1)
    numbered = []
    for line in sorted(planned, key=lambda line: line.at_s):
        chat = int(line.chat[1:])
        counts[chat] += 1
        numbered.append(PlannedLine(line.chat, f"{line.chat}-{counts[chat]:03}", line.at_s))
    return Plan(start_s, tuple(numbered))


def scripted_reply(line_ids: Sequence[str]) -> str:
    """Two bubbles that both name every line of the turn."""
    named = " ".join(line_ids)
    return f"first {named}\nsecond {named}"


def read_bubble(text: str) -> tuple[str, tuple[str, ...]]:
    """(`first` or `second`, the lines it answers), or (`notice`, none)."""
    part, *line_ids = text.split()
    return (part, tuple(line_ids)) if part in ("first", "second") else ("notice", ())
