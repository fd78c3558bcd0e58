"""The longest run of words of a text that is private: that stands in exactly one private conversation. Pure.

A run of which another conversation holds a whole phrase is a habit, an opening hour or a signature, and one of which
the question does was only given back: it counts as far as it is neither. Words are compared without case and
punctuation. Where they are written without spaces, characters count as the share of a word that they are on average.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from training.conversations import Session
from training.leaks.canaries import is_canary
from training.slices import ARTICLES

PHRASE_WORDS = 6.0
"""A phrase: as few words in a row as tell where they come from."""
_SCRIPTS = {
    "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f": 0.6,  # Han: running Chinese has 1.6 characters a word
    "\u3041-\u30ff": 0.4,  # kana
    "\u0e01-\u0e5b\u0e81-\u0edf\u1000-\u109f\u1780-\u17dd": 0.25,  # Thai, Lao, Burmese, Khmer
}
"""Scripts that are written without spaces, with the words that one character is."""
_UNSPACED = "".join(_SCRIPTS)
_WORD = rf"(?:(?![{_UNSPACED}])\w)+"
_UNIT = re.compile(rf"[{_UNSPACED}]|{_WORD}(?:['’]{_WORD})*")
_WEIGHTS = tuple((re.compile(f"[{script}]"), weight) for script, weight in _SCRIPTS.items())
_BETWEEN, _END = "\x1f", "\x1e"


class PrivateText:
    """What was said in private conversations, to be searched for runs of words."""

    def __init__(self, sessions: Iterable[Session]) -> None:
        self._starts: list[int] = []
        parts: list[str] = []
        length = 0
        for session in sessions:
            if not is_private(session):
                continue
            part = _joined(units_of("\n".join(line.text for line in session.lines))) + _END
            self._starts.append(length)
            parts.append(part)
            length += len(part)
        self._text = "".join(parts)

    def longest(self, said: str, asked: str, above: float = 0.0) -> float:
        """Words of the longest run of `said` that is private, where `asked` came before; 0.0 when none has more than
        `above` words."""
        units = units_of(said)
        given = _joined(units_of(asked))
        best = above
        for start in range(len(units)):
            if words_in(units[start:]) <= best:
                break
            end, part = start, start  # units[part:end]: the shortest end of the run that is a phrase
            while end < len(units) and self._holds(units[start : end + 1]):
                while words_in(units[part + 1 : end + 1]) >= PHRASE_WORDS:
                    part += 1
                if words_in(units[part : end + 1]) >= PHRASE_WORDS and not self._alone(units[part : end + 1], given):
                    break
                end += 1
            run = units[start:end]
            if words_in(run) > best and (words_in(run) >= PHRASE_WORDS or self._alone(run, given)):
                best = words_in(run)
        return best if best > above else 0.0

    def stands_in_one(self, said: str) -> bool:
        """Whether exactly one conversation holds all of these words in a row."""
        units = units_of(said)
        return bool(units) and self._holds(units) and self._alone(units, "")

    def _holds(self, run: Sequence[str]) -> bool:
        return _joined(run) in self._text

    def _alone(self, run: Sequence[str], given: str) -> bool:
        """Whether a run that stands somewhere stands in one conversation, and not in what was given."""
        sought = _joined(run)
        if sought in given:
            return False
        first, last = self._text.find(sought), self._text.rfind(sought)
        return bisect_right(self._starts, first) == bisect_right(self._starts, last)


def is_private(session: Session) -> bool:
    """Whether somebody said this to somebody: no article, which is published, and no canary."""
    return not is_canary(session) and not session.chat_key.startswith(f"{ARTICLES}:")


def units_of(text: str) -> list[str]:
    """Words, and the characters of scripts without spaces, in their order."""
    return _UNIT.findall(unicodedata.normalize("NFKC", text).casefold())


def words_in(units: Sequence[str]) -> float:
    """How many words these are."""
    return round(sum(_weight(unit) for unit in units), 2)


def _weight(unit: str) -> float:
    return next((weight for script, weight in _WEIGHTS if script.match(unit)), 1.0)


def _joined(units: Sequence[str]) -> str:
    """With a mark on both sides of each: no part of a word is found."""
    return _BETWEEN + "".join(unit + _BETWEEN for unit in units)
