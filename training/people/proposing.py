"""Which contact type each contact may be of, with the evidence in words: proposed to the owner, never applied.

Knows the four types everybody starts with and no store. A sign adds points to types; points are log-odds set by hand
from general knowledge of how people write, so a score ranks proposals and is no measured probability.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol

import msgspec

from training.contacts import Contact
from training.corpus import Corpus, CorpusChat, CorpusLine
from training.people.facts import ChatFacts, SenderFacts
from training.people.signals import Signals, measure
from training.people.signs import (
    FEWEST_LINES,
    Known,
    Usual,
    by_circumstance,
    by_manner,
    by_name,
    by_time,
    by_words,
)

TYPES = ("family", "friend", "colleague", "stranger")
_SHOWN = 3
_SUREST = 0.99


class Talk(Protocol):
    """A chat and its lines: a `Conversation`, or one whose lines stream."""

    @property
    def chat(self) -> CorpusChat:
        """Which chat it is."""

    @property
    def lines(self) -> Iterable[CorpusLine]:
        """Read once, oldest first or not."""


@dataclass(frozen=True, slots=True)
class StreamedTalk:
    """A chat whose lines are read from the corpus as they are looked at."""

    chat: CorpusChat
    lines: Iterable[CorpusLine]


def stream_talks(corpus: Corpus) -> Iterator[StreamedTalk]:
    """Every personal chat, none of them held whole."""
    return (StreamedTalk(chat, corpus.lines(chat.key)) for chat in corpus.chats() if chat.kind == "personal")


class Proposal(msgspec.Struct, frozen=True):
    """What is proposed for one contact (its first id). `type` is "" where nothing speaks for any. `score` in 0..1."""

    contact: str
    type: str
    score: float
    evidence: tuple[str, ...]
    lines: int = 0
    """Lines of the contact."""
    replies: int = 0
    """Lines of the owner to him."""


def propose_types(
    contacts: Sequence[Contact],
    talks: Iterable[Talk],
    chats: Sequence[ChatFacts],
    people: Sequence[SenderFacts],
    *,
    owner_name: str = "",
    zone: tzinfo = UTC,
) -> list[Proposal]:
    """A proposal for each contact, typed or not, in their order. Talks are read once, one at a time."""
    of_id = {one: at for at, contact in enumerate(contacts) for one in contact.ids}
    signals: dict[int, Signals] = {}
    for talk in talks:
        at = of_id.get(talk.chat.contact) if talk.chat.kind == "personal" else None
        if at is not None:
            measured = measure(talk.lines, zone)
            if measured.lines or measured.replies:
                signals[at] = _joined(signals.get(at), measured)
    usual = _usual(list(signals.values()))
    known = _known(contacts, of_id, chats, people)
    return [_propose(contact, signals.get(at), known[at], owner_name, usual) for at, contact in enumerate(contacts)]


def _propose(contact: Contact, signals: Signals | None, known: Known, owner_name: str, usual: Usual) -> Proposal:
    signs = [*by_name(known, owner_name), *by_circumstance(known)]
    if signals and signals.lines + signals.replies >= FEWEST_LINES:
        signs += [*by_words(signals), *by_time(signals), *by_manner(signals, usual)]
    lines, replies = (signals.lines, signals.replies) if signals else (0, 0)
    points = {one: sum(sign.points.get(one, 0.0) for sign in signs) for one in TYPES}
    best = max(TYPES, key=lambda one: points[one])
    speaking = sorted((sign for sign in signs if sign.points.get(best, 0.0) > 0), key=lambda one: -one.points[best])
    if not speaking:
        return Proposal(contact.ids[0], "", 0.0, (), lines, replies)
    score = min(_SUREST, 1 / sum(math.exp(points[one] - points[best]) for one in TYPES))
    evidence = tuple(sign.words for sign in speaking[:_SHOWN])
    return Proposal(contact.ids[0], best, round(score, 2), evidence, lines, replies)


def _usual(signals: Sequence[Signals]) -> Usual:
    """The median of manner, and the upper quartile of lines."""
    casual = [one.casual for one in signals if one.replies >= FEWEST_LINES]
    lines = sorted(one.lines + one.replies for one in signals)
    return Usual(statistics.median(casual) if casual else 0.0, lines[len(lines) * 3 // 4] if lines else 0)


def _joined(one: Signals | None, other: Signals) -> Signals:
    """Two chats with the same contact, weighed by their lines."""
    if one is None:
        return other
    a, b = one.lines + one.replies, other.lines + other.replies

    def mean(first: float, second: float) -> float:
        return (a * first + b * second) / (a + b)

    kinds = {kind: mean(one.kinds.get(kind, 0), other.kinds.get(kind, 0)) for kind in {*one.kinds, *other.kinds}}
    return Signals(
        one.lines + other.lines,
        one.replies + other.replies,
        one.days + other.days,
        kinds,
        mean(one.late, other.late),
        mean(one.office, other.office),
        mean(one.weekend, other.weekend),
        mean(one.casual, other.casual),
    )


def _known(
    contacts: Sequence[Contact], of_id: Mapping[str, int], chats: Sequence[ChatFacts], people: Sequence[SenderFacts]
) -> list[Known]:
    facts = {one.id: one for one in people}
    groups: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for chat in chats:
        for person in chat.lines if chat.kind == "group" else ():
            if (at := of_id.get(person)) is not None:
                groups[at][chat.name] = None
    known = []
    for at, contact in enumerate(contacts):
        told = [facts[one] for one in contact.ids if one in facts]
        said = [one.saved for one in told if one.saved is not None]
        names = tuple(dict.fromkeys((contact.name, *(one.name for one in told if one.saved and one.name))))
        known.append(Known(names, any(said) if said else None, tuple(groups[at])))
    return known
