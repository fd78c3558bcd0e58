"""The signs that speak for or against a contact type, each in points and in words. Pure.

Points are log-odds set by hand, from general knowledge of how people write. Two were moved after the sample owner was
looked at (what counts as few lines, and the weight of formal words); no number here is fitted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from training.people.kin import is_kin_name
from training.people.names import is_business, is_family_group, is_number, is_work_name, surname_points
from training.people.signals import Signals
from training.people.words import Kind

FEWEST_LINES = 4
"""With fewer lines only names speak."""
_HALF_HEARD_LINES = 12
"""With so many lines the shares of words and hours count by half: one word in five lines is no habit yet."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks for or against types, in points and in words."""

    words: str
    points: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a contact besides his lines."""

    names: tuple[str, ...]
    saved: bool | None
    groups: tuple[str, ...]
    """Names of the groups where both write."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for this owner: how casually he writes, and how much with those he writes with most."""

    casual: float
    lines: float


def by_name(known: Known, owner_name: str) -> Iterator[Sign]:
    """What the contact is called: the first name that says something."""
    for name in known.names:
        if is_kin_name(name):
            yield Sign(f"is called {name!r}", {"family": 6})
        elif is_business(name):
            yield Sign(f"{name!r} names a business or an office", {"stranger": 4})
        elif is_work_name(name):
            yield Sign(f"{name!r} says work", {"colleague": 4})
        elif is_number(name):
            yield Sign("has no name, only a number", {"stranger": 1.5})
        elif weight := surname_points(name, owner_name):
            yield Sign("has your surname", {"family": weight})
        else:
            continue
        return


def by_circumstance(known: Known) -> Iterator[Sign]:
    """What the address book and the groups they share say."""
    if known.saved is not None:
        weight = -0.7 if known.saved else 1.5
        yield Sign("is not in your address book", {"stranger": weight})
    for group in known.groups:
        if is_family_group(group):
            yield Sign(f"writes in the group {group!r}", {"family": 3})
            return
    for group in known.groups:
        if is_work_name(group):
            yield Sign(f"writes in the group {group!r}", {"colleague": 3})
            return
    if known.groups:
        yield Sign(f"{_several(len(known.groups), 'group')} in common", {"friend": 0.7, "stranger": -1})


_WORD_SIGNS: tuple[tuple[Kind, str, float, dict[str, float]], ...] = (
    # kind, in words, the share at which it counts in full, points
    ("kin", "“Mum says”, not “my mum says”,", 0.03, {"family": 4}),
    ("affection", "words of affection", 0.03, {"family": 1.5}),
    ("friend", "the talk of friends", 0.08, {"friend": 2.5}),
    ("work", "words of work", 0.06, {"colleague": 4}),
    ("service", "words of business and orders", 0.08, {"stranger": 3}),
    ("formal", "polite and formal words", 0.25, {"stranger": 3, "colleague": 0.5}),
    ("introduction", "introduces himself or asks as strangers do", 0.03, {"stranger": 2}),
)


def by_words(signals: Signals) -> Iterator[Sign]:
    """What both talk about, by the share of lines with such words."""
    for kind, words, full_share, points in _WORD_SIGNS:
        share = signals.kinds.get(kind, 0.0)
        weight = min(1.0, share / full_share) * _heard(signals)
        yield Sign(f"{words} in {share:.0%} of lines", {one: weight * most for one, most in points.items()})


def by_time(signals: Signals) -> Iterator[Sign]:
    """When they write."""

    def sign(words: str, **points: float) -> Sign:
        return Sign(words, {one: _heard(signals) * most for one, most in points.items()})

    if signals.late >= 0.15:
        yield sign(f"{signals.late:.0%} of lines late at night", friend=1, family=0.3, stranger=-0.5, colleague=-0.7)
    if signals.office >= 0.7:
        yield sign(f"{signals.office:.0%} of lines in office hours", colleague=1.5, stranger=0.7)
    elif signals.office <= 0.35:
        share = f"only {signals.office:.0%} of" if signals.office >= 0.005 else "no"
        yield sign(f"{share} lines in office hours", colleague=-1, friend=0.5, family=0.5)
    if signals.weekend >= 0.25:
        yield sign(f"{signals.weekend:.0%} of lines at weekends", family=0.5, friend=0.5, colleague=-0.7)


def by_manner(signals: Signals, usual: Usual) -> Iterator[Sign]:
    """How much they write, and how the owner writes, against what is usual for him."""
    lines = signals.lines + signals.replies
    if lines <= 150 and lines <= usual.lines / 3:
        yield Sign(f"only {_several(lines, 'line')}", {"stranger": 2 if lines <= 60 else 0.7})
    elif lines >= 300:
        yield Sign(f"{lines} lines", {"friend": 0.7, "family": 0.5, "stranger": -1.5})
    if signals.days <= 5:
        yield Sign(f"on {_several(signals.days, 'day')} only", {"stranger": 1})
    elif signals.days >= 30:
        yield Sign(f"on {signals.days} days", {"friend": 0.3, "family": 0.3, "colleague": 0.3, "stranger": -1.5})
    if signals.replies >= FEWEST_LINES and signals.casual >= usual.casual + 0.1:
        yield Sign("you write more casually than you mostly do", {"friend": 1.5})
    elif signals.replies >= FEWEST_LINES and signals.casual <= usual.casual - 0.1:
        yield Sign("you write more carefully than you mostly do", {"stranger": 1, "colleague": 0.5})


def _heard(signals: Signals) -> float:
    """0..1: how much the shares of so many lines are worth."""
    lines = signals.lines + signals.replies
    return lines / (lines + _HALF_HEARD_LINES)


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
