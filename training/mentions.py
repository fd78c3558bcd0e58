"""Where somebody is named in what others say: his ids, his handles, and the names that are his alone. Pure.

Knows no store. An ordinary word, and a name that somebody else bears too, is not his alone and is left where it stands.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from model_server.placeholders import placeholder
from training.scrub.config import ScrubConfig
from training.scrub.names import spoken
from training.scrub.phrases import Phrases
from training.scrub.plain import small
from training.scrub.scrubber import Scrubber

_SHORTEST = 2
_TELLING_DIGITS = 8
"""The last digits of a telephone number that tell it from all others."""
_DIGIT = re.compile(r"\d")

Change = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Known:
    """All by which somebody is known."""

    ids: tuple[str, ...]
    handles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def ways_to_say(names: Iterable[str]) -> frozenset[str]:
    """Every way to say one of these names, in small letters."""
    return frozenset(small(way.phrase) for name in names for way in (*spoken(name), *spoken(name.title())))


def without_mentions(known: Known, shared: Collection[str], key: bytes) -> Change:
    """What puts a placeholder for every id, handle and name that is his alone, and in none of the `shared` ways."""
    words = {small(way.phrase) for name in known.names for way in spoken(name) if not way.word}
    words |= {small(handle) for handle in known.handles}
    words |= {small(one.partition(":")[2]) for one in known.ids} - {small(name) for name in known.names}
    phrases = Phrases(word for word in words.difference(shared) if len(word) >= _SHORTEST)
    numbers = [_as_written(handle) for handle in known.handles if len(_DIGIT.findall(handle)) > _TELLING_DIGITS]
    instead = placeholder("name", Scrubber(ScrubConfig(), (), key).letter("name", (*known.ids, "")[0]))

    def change(text: str) -> str:
        pieces: list[str] = []
        end = 0
        for at, phrase in phrases.find(small(text)):
            pieces += (text[end:at], instead)
            end = at + len(phrase)
        changed = "".join((*pieces, text[end:]))
        for number in numbers:
            changed = number.sub(instead, changed)
        return changed

    return change


def _as_written(telephone: str) -> re.Pattern[str]:
    """However its digits are spaced, with the country's code or without."""
    apart = r"[\s().-]{0,2}"
    code = rf"\+?\(?\d{{1,4}}{apart}"
    digits = apart.join(_DIGIT.findall(telephone)[-_TELLING_DIGITS:])
    return re.compile(rf"(?<!\d)(?:{code}(?:\d{{1,3}}{apart})?)?{digits}(?!\d)")
