"""Measures the owner's rhythm from the times in the corpus: how fast he types to whom. Pure but for `write_rhythms`.

Knows no model. Only what happens within a burst says something of typing, and only quick answers say something of
thinking: the rest of the time he was not there. Exports give seconds, so a gap of 0 s is taken as half a second.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import median, quantiles

import msgspec

from model_server.contract import Line
from model_server.home import Home
from model_server.rhythm import EVERYBODY, Rhythm, Rhythms
from training.conversations import Session
from training.private_file import replace_file

_BURST_MS = 60_000
"""A longer silence between two bubbles is not typing."""
_PRESENT_MS = 120_000
"""A longer silence before an answer: the owner was away."""
_ENOUGH = 20


def measure_rhythms(sessions: Iterable[Session]) -> Rhythms:
    """The rhythm of each contact type, and of all together, where at least twenty gaps and twenty replies were seen."""
    gaps: dict[str, list[float]] = defaultdict(list)
    waits: dict[str, list[float]] = defaultdict(list)
    for session in sessions:
        for before, line in pairwise(session.lines):
            for kind in {session.contact_type, EVERYBODY}:
                if (gap := _typing_ms(before, line)) is not None:
                    gaps[kind].append(gap)
                if (wait := _waiting_ms(before, line)) is not None:
                    waits[kind].append(wait)
    return Rhythms(dict(_rhythms(gaps, waits)))


def write_rhythms(home: Home, rhythms: Rhythms) -> None:
    """Replace what the bot reads."""
    replace_file(home.rhythm_file, msgspec.json.format(msgspec.json.encode(rhythms), indent=1) + b"\n")


def _rhythms(gaps: dict[str, list[float]], waits: dict[str, list[float]]) -> Iterator[tuple[str, Rhythm]]:
    for kind in gaps.keys() & waits.keys():
        if min(len(gaps[kind]), len(waits[kind])) < _ENOUGH:
            continue
        per_character_ms = median(gaps[kind])
        quick_ms = quantiles(waits[kind], n=10)[0]
        yield kind, Rhythm(round(quick_ms), round(per_character_ms), len(waits[kind]))


def _typing_ms(before: Line, line: Line) -> float | None:
    """Milliseconds a character of a bubble that follows one of the owner's own."""
    if before.author != "owner" or line.author != "owner" or not line.text:
        return None
    gap_ms = line.at_ms - before.at_ms
    return max(gap_ms, 500) / len(line.text) if 0 <= gap_ms < _BURST_MS else None


def _waiting_ms(before: Line, line: Line) -> float | None:
    """Milliseconds from a contact's line to the owner's answer, when he was there."""
    if before.author != "contact" or line.author != "owner":
        return None
    wait_ms = line.at_ms - before.at_ms
    return float(wait_ms) if 0 <= wait_ms < _PRESENT_MS else None
