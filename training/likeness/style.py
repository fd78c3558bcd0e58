"""What is read from a reply: lengths, bubbles, emoji, marks, letters, first and last words, languages. Pure.

A reply is the text of a turn, a bubble on each line. Nothing here knows a language, a person or a model; what belongs
to one owner (her small words, how she begins and ends) is learnt from her replies and given.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from training.languages import language_of
from training.leaks.overlap import units_of, words_in
from training.likeness.particles import tokens_of
from training.likeness.prompts import Said
from training.report.words import emoji_of

Read = Callable[[Sequence[Said]], list[tuple[float, ...]]]
ReadKinds = Callable[[Sequence[Said]], list[tuple[str, ...]]]

WASSERSTEIN = "Wasserstein distance (Kantorovich 1942), in standard deviations of the owner's own replies"
JENSEN_SHANNON = "Jensen-Shannon divergence in bits (Lin 1991)"
NONE = "none"
_OTHER = "other"
_COMMON = 30
_QUOTES = "\"'“”„‟‘’«»「」『』‹›"
_ASCII_OF = {"、": ",", "،": ",", "。": ".", "｡": ".", "؟": "?", "…": "...", "—": "-", "–": "-", "～": "~", "•": "*"}
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_ELLIPSIS = re.compile(r"\.{2,}|…+|。{2,}")


@dataclass(frozen=True, slots=True)
class NumberMeasure:
    """Numbers read from each reply; the one number that stands for a sample is their mean."""

    name: str
    title: str
    unit: str
    read: Read
    source: str = WASSERSTEIN


@dataclass(frozen=True, slots=True)
class KindMeasure:
    """Kinds of things read from each reply; `value`, where there is one: a number of one reply, of which the mean
    stands for the sample."""

    name: str
    title: str
    unit: str
    read: ReadKinds
    value: Callable[[str], float | None] | None = None
    source: str = JENSEN_SHANNON


@dataclass(frozen=True, slots=True)
class Habits:
    """How one owner begins and ends her bubbles, most often: anything else is one kind, for how often each of a
    hundred rare words stands first says nothing."""

    openers: frozenset[str]
    closers: frozenset[str]

    @classmethod
    def learn(cls, replies: Sequence[Said]) -> "Habits":
        """From the replies that were trained on."""
        words = [tokens for said in replies if (tokens := tokens_of(said.text))]
        first, last = Counter(tokens[0] for tokens in words), Counter(tokens[-1] for tokens in words)
        return cls(*(frozenset(word for word, _ in found.most_common(_COMMON)) for found in (first, last)))


def number_measures() -> tuple[NumberMeasure, ...]:
    """How much, and in how many pieces."""
    return (
        NumberMeasure("bubbles", "bubbles in a reply", "bubbles", _numbers(lambda text: (len(bubbles_of(text)),))),
        NumberMeasure("burst", "part of a reply in its first bubble", "share", _numbers(lambda text: (_first(text),))),
        NumberMeasure(
            "characters",
            "length of a bubble",
            "characters",
            _numbers(lambda text: [len(one) for one in bubbles_of(text)]),
        ),
        NumberMeasure(
            "words",
            "words in a bubble",
            "words",
            _numbers(lambda text: [words_in(units_of(one)) for one in bubbles_of(text)]),
        ),
    )


def kind_measures(habits: Habits) -> tuple[KindMeasure, ...]:
    """What stands in a reply, and where."""
    return (
        KindMeasure(
            "emoji",
            "replies with an emoji",
            "share",
            _kinds(lambda text: emoji_of(text) or (NONE,)),
            lambda text: float(bool(emoji_of(text))),
        ),
        KindMeasure(
            "punctuation",
            "marks in a bubble",
            "marks",
            _kinds(lambda text: [kind for one in bubbles_of(text) for kind in marks_of(one) or (NONE,)]),
            lambda text: sum(len(marks_of(one)) for one in bubbles_of(text)) / len(bubbles_of(text)),
        ),
        KindMeasure(
            "endings",
            "bubbles that end without a mark",
            "share",
            _kinds(lambda text: [_ending(one) for one in bubbles_of(text)]),
            lambda text: _mean([_ending(one) == NONE for one in bubbles_of(text)]),
        ),
        KindMeasure(
            "casing",
            "bubbles that begin with a small letter",
            "share",
            _kinds(lambda text: [case for one in bubbles_of(text) if (case := casing_of(one))]),
            lambda text: _mean([case.startswith("small") for one in bubbles_of(text) if (case := casing_of(one))]),
        ),
        KindMeasure("openers", "first words", "", _kinds(lambda text: (_edge(text, 0, habits.openers),))),
        KindMeasure("closers", "last words", "", _kinds(lambda text: (_edge(text, -1, habits.closers),))),
        KindMeasure("languages", "languages", "", languages_in),
    )


def bubbles_of(text: str) -> list[str]:
    """The bubbles of a reply, at least one."""
    return [line.strip() for line in text.splitlines() if line.strip()] or [""]


def marks_of(text: str) -> list[str]:
    """The punctuation of a text by kind: full and half width, and the quotes of all languages, are the same.

    An apostrophe inside a word is a letter.
    """
    text = _APOSTROPHE.sub("", text)
    dots = ["..."] * len(_ELLIPSIS.findall(text))
    return dots + [
        _kind_of_mark(mark) for mark in _ELLIPSIS.sub("", text) if unicodedata.category(mark).startswith("P")
    ]


def casing_of(text: str) -> str:
    """`small` (no capital at all), `small first`, `capital first`, `shout` (several letters, all of them capital); ""
    where letters have no case."""
    cased = [letter for letter in text if letter.islower() or letter.isupper()]
    if not cased:
        return ""
    if all(letter.islower() for letter in cased):
        return "small"
    if len(cased) > 3 and all(letter.isupper() for letter in cased):
        return "shout"
    return "small first" if cased[0].islower() else "capital first"


def languages_in(replies: Sequence[Said]) -> list[tuple[str, ...]]:
    """The language of each reply; of one too short to tell, that of all that is said to the same contact."""
    usual = {
        contact: language_of("\n".join(text for _, text in found))
        for contact, found in groupby(
            sorted((said.contact_id, said.text) for said in replies), key=lambda each: each[0]
        )
    }
    return [(language,) if (language := language_of(said.text) or usual[said.contact_id]) else () for said in replies]


def _numbers(read: Callable[[str], Sequence[float]]) -> Read:
    return lambda replies: [tuple(read(said.text)) for said in replies]


def _kinds(read: Callable[[str], Sequence[str]]) -> ReadKinds:
    return lambda replies: [tuple(read(said.text)) for said in replies]


def _first(text: str) -> float:
    sizes = [len(one) for one in bubbles_of(text)]
    return sizes[0] / max(1, sum(sizes))


def _kind_of_mark(mark: str) -> str:
    if mark in _QUOTES:
        return '"'
    return _ASCII_OF.get(mark) or unicodedata.normalize("NFKC", mark)


def _ending(bubble: str) -> str:
    """The kind of mark a bubble ends with, behind which emoji may stand."""
    for emoji in reversed(emoji_of(bubble)):
        bubble = bubble.removesuffix(emoji).rstrip()
    found = marks_of(bubble[-1:] if not _ELLIPSIS.search(bubble[-2:]) else bubble[-2:])
    return found[0] if found else NONE


def _edge(text: str, at: int, common: frozenset[str]) -> str:
    tokens = tokens_of(text)
    if not tokens:
        return NONE
    return tokens[at] if tokens[at] in common else _OTHER


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
