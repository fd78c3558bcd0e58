"""Finds any of many given phrases in a line, in one pass over its words. Knows nothing of what they mean.

A phrase in letters stands between characters that are no letters of its script; a Chinese one may stand anywhere.
"""

import re
from collections.abc import Iterable, Iterator

from training.scrub.plain import small

_SCRIPTS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CJK = re.compile(f"[{_SCRIPTS}]")
_KEY_CHARS = 2


def is_cjk(letter: str) -> bool:
    """Whether this character belongs to a script written without spaces between words."""
    return _CJK.match(letter) is not None


def _joins(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word: `an|na`, `4|2`, but not `叫|anna`."""
    return left.isalnum() and right.isalnum() and not is_cjk(left) and not is_cjk(right)


def _any_start(letters: Iterable[str]) -> re.Pattern[str]:
    """Where one of these letters begins a word; those of scripts without spaces, and signs, anywhere."""
    inside = {letter for letter in letters if letter.isalnum() and not is_cjk(letter)}
    classes = (
        (f"(?<![^\\W_{_SCRIPTS}])", inside),
        ("", {*letters} - inside),
    )
    return re.compile("|".join(f"{edge}[{''.join(map(re.escape, sorted(some)))}]" for edge, some in classes if some))


class Phrases:
    """A set of phrases, found as they are written, or (`any_case`) in texts that are given in small letters."""

    def __init__(self, phrases: Iterable[str], any_case: bool = False) -> None:
        self._by_start: dict[str, list[str]] = {}
        for phrase in {small(phrase) if any_case else phrase for phrase in phrases if phrase.strip()}:
            self._by_start.setdefault(phrase[:_KEY_CHARS], []).append(phrase)
        for known in self._by_start.values():
            known.sort(key=len, reverse=True)
        self._start = _any_start({start[0] for start in self._by_start}) if self._by_start else None

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Where each begins, and which, from left to right; the longest at each place."""
        if self._start is None:
            return
        end = 0
        for match in self._start.finditer(text):
            at = match.start()
            known = self._by_start.get(text[at : at + _KEY_CHARS])
            if known is None or at < end or (at and _joins(text[at - 1], text[at])):
                continue
            for phrase in known:
                stop = at + len(phrase)
                if text.startswith(phrase, at) and not (stop < len(text) and _joins(text[stop - 1], text[stop])):
                    yield at, phrase
                    end = stop
                    break
