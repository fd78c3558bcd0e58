"""The corpus in numbers: one streaming pass over it. Knows no page and keeps no line."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, tzinfo

import msgspec

from training.contacts import Contact
from training.corpus import Corpus
from training.report.tally import IN_GROUPS, UNTYPED, LinePass, TypeFigures
from training.report.top_words import top_words

STAGES = ("aside", "chats", "dropped", "cut", "scrub")
_WHOLE_CHATS = "chat:"
"""The import counts whole chats beside messages, under this mark."""


class Month(msgspec.Struct, frozen=True):
    """`2024-07`, and the lines of both sides by contact type."""

    month: str
    lines: dict[str, int]


class SetAside(msgspec.Struct, frozen=True):
    """What was kept out, and why: messages (`aside`) or whole `chats` by the import, lines afterwards (`dropped`, or
    `cut` by the owner), or values in lines (`scrub`)."""

    stage: str
    what: str
    count: int


class Figures(msgspec.Struct, frozen=True):
    """Everything the report shows. `hours[weekday][hour]`: the owner's lines, Monday first, by the clock of `zone`."""

    zone: str
    first_day: str
    last_day: str
    """As `2024-07-02`; "" where there are no lines."""
    lines: int
    mine: int
    """Lines the owner wrote."""
    chats: int
    groups: int
    """How many of the chats are groups."""
    contacts: int
    articles: int
    types: tuple[TypeFigures, ...]
    """The one with most lines first; without a type, and in groups, last."""
    months: tuple[Month, ...]
    hours: tuple[tuple[int, ...], ...]
    gap_s: float
    """A silence as long as this ends a conversation."""
    set_aside: tuple[SetAside, ...]


def build_figures(
    corpus: Corpus,
    contacts: Iterable[Contact],
    zone: tzinfo,
    *,
    gap_s: float = 6 * 3600,
    min_uses: int = 5,
    words_shown: int = 15,
) -> Figures:
    """The figures of a corpus. `gap_s`: a silence as long ends a conversation; `min_uses`: words that are rarer with a
    contact type are not shown."""
    known = {one_id: contact for contact in contacts for one_id in contact.ids}
    passed = LinePass({one_id: contact.type for one_id, contact in known.items()}, zone, gap_s)
    chats = [chat for chat in corpus.chats() if passed.take_chat(chat, corpus.lines(chat.key))]
    people: dict[str, set[str]] = defaultdict(set)
    for chat in chats:
        if chat.kind == "personal":
            contact = known.get(chat.contact)
            people[contact.type if contact else UNTYPED].add(contact.ids[0] if contact else chat.contact or chat.key)
    words = top_words({name: tally.words for name, tally in passed.tallies.items()}, min_uses, words_shown)
    ordered = sorted(passed.tallies.items(), key=lambda one: (one[0] in (UNTYPED, IN_GROUPS), -one[1].lines, one[0]))
    return Figures(
        zone=str(zone),
        first_day=_day(passed.first_ms, zone) if chats else "",
        last_day=_day(passed.last_ms, zone) if chats else "",
        lines=sum(tally.lines for _name, tally in ordered),
        mine=sum(tally.mine for _name, tally in ordered),
        chats=len(chats),
        groups=sum(chat.kind == "group" for chat in chats),
        contacts=sum(map(len, people.values())),
        articles=len(corpus.articles()),
        types=tuple(tally.figures(name, len(people[name]), words[name]) for name, tally in ordered),
        months=tuple(Month(month, dict(passed.months[month])) for month in sorted(passed.months)),
        hours=tuple(tuple(row) for row in passed.hours),
        gap_s=gap_s,
        set_aside=tuple(_set_aside(corpus)),
    )


def _day(at_ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).date().isoformat()


def _set_aside(corpus: Corpus) -> Iterable[SetAside]:
    counts: dict[str, Counter[str]] = {stage: Counter() for stage in STAGES}
    for stage in ("aside", "dropped", "scrub"):
        for (_source, what), count in corpus.counts(stage).items():
            of_chats = what.startswith(_WHOLE_CHATS)
            counts["chats" if of_chats else stage][what.removeprefix(_WHOLE_CHATS)] += count
    cut = corpus.count_cut()
    counts["cut"].update(line=cut.lines, article=cut.articles)
    for stage, found in counts.items():
        yield from (SetAside(stage, what, count) for what, count in found.most_common() if count)
