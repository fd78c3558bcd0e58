"""What is broken in a reply so that a reader notices: empty, looping, copied, cut off. Pure; knows no model.

Each is counted among the owner's own replies too, for nobody is without some. Looping: degenerate repetition, Holtzman
et al. (2020); distinct-2: Li et al. (2016).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from training.likeness.figures import Flaws
from training.likeness.particles import letters_in, tokens_of

_LOOPS = ((1, 8), (2, 5), (3, 4), (5, 3))
"""So many words in a row, said so often: stuck; the bounds of the bot's guard (`bot.guard`)."""
_PART_OF_LOOPS = 1 / 3
_PART_COPIED = 0.5
_LETTERS_COPIED = 12
_GREETING_LETTERS = 20
"""What is no longer is said again and again by everybody."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply, what it answers (bubble by bubble), and whether it was cut at the longest length."""

    text: str
    asked: tuple[str, ...]
    cut: bool


def flaws_of(replies: Sequence[Spoken], learnt: Collection[str]) -> Flaws:
    """The share of replies with each flaw. `learnt`: `key_of` every reply of the training conversations."""
    pairs = [pair for one in replies for pair in pairwise(tokens_of(one.text))]
    return Flaws(
        replies=len(replies),
        empty=_share([is_empty(one.text) for one in replies]),
        looping=_share([is_looping(one.text) for one in replies]),
        copied_line=_share([any(copies(one.text, line) for line in one.asked) for one in replies]),
        copied_corpus=_share([is_long(one.text) and key_of(one.text) in learnt for one in replies]),
        distinct_2=len(set(pairs)) / len(pairs) if pairs else 0.0,
        longest=_share([one.cut for one in replies]),
    )


def key_of(text: str) -> str:
    """The words of a reply alone: what is the same but for capitals and marks is the same."""
    return " ".join(tokens_of(text))


def is_long(text: str) -> bool:
    """Longer than what everybody says."""
    return letters_in(tokens_of(text)) > _GREETING_LETTERS


def is_empty(text: str) -> bool:
    """Nothing a reader sees as a reply; a mark or an emoji alone is one."""
    return not text.strip()


def is_looping(text: str) -> bool:
    """Whether the same few words, or the same bubble, come again and again."""
    words = tokens_of(text)
    for size, most in _LOOPS:
        runs = Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))
        often = max(runs.values(), default=0)
        if often >= most and often * size >= _PART_OF_LOOPS * len(words):
            return True
    bubbles = Counter(key for line in text.splitlines() if len(key := key_of(line)) > 3)
    return max(bubbles.values(), default=0) >= 3


def copies(text: str, line: str) -> bool:
    """Whether at least half of a reply is one run of words of the line it answers, and no mere phrase."""
    said, heard = tokens_of(text), tokens_of(line)
    run = _longest_run(said, heard)
    return letters_in(run) >= max(_LETTERS_COPIED, _PART_COPIED * letters_in(said))


def _longest_run(said: Sequence[str], heard: Sequence[str]) -> Sequence[str]:
    """The longest run of words that stands in both."""
    best, end = 0, 0
    before = [0] * (len(heard) + 1)
    for at, word in enumerate(said, 1):
        now = [0] * (len(heard) + 1)
        for other, theirs in enumerate(heard, 1):
            if word == theirs:
                now[other] = before[other - 1] + 1
                if now[other] > best:
                    best, end = now[other], at
        before = now
    return said[end - best : end]


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
