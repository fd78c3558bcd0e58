"""Names of contacts, by the owner's policy: kept, replaced by a placeholder, or cut to initials.

Knows no contact but the names it is given, and no grammar. People write names in small letters too; but a name that is
also a word (`May`, `Will`) counts only where it is written like a name, inside a sentence, and a Chinese one that is
also a word (`阳光`, `方便`) only behind its surname.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.scrub.name_words import CALENDAR, CHINESE_WORDS, COMPOUND_SURNAMES, NOT_NAMES, RELATIONS, WORDS
from training.scrub.phrases import is_cjk
from training.scrub.plain import small

# the signs and pictures that people put around a name in their contacts
_TRIM = re.compile(r"^[\W_]+|[^\w.]+$")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name somebody goes by.

    `person`: the same for all names of one person (an id), so that they share a placeholder; "" stands for the name
    itself.
    """

    name: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class SpokenName:
    """One way to say a name. `word`: also an ordinary word, and a name only where it is written as one."""

    phrase: str
    initials: str
    word: bool = False


def spoken(name: str) -> Iterator[SpokenName]:
    """The ways in which people say a name: whole, the first name, the last; of a Chinese one also the given name."""
    parts = [part for raw in name.split() if (part := _TRIM.sub("", raw)) and part[0].isalpha()]
    if not parts:
        return
    chinese = is_cjk(parts[0][0])
    if len(parts) > 1:
        initials = f"{parts[0][0]}某" if chinese else " ".join(f"{part[0].upper()}." for part in parts)
        yield SpokenName(" ".join(parts), initials, word=not chinese and all(map(_is_word, parts)))
    called = [part for part in parts if part.lower().strip(".,") not in RELATIONS]
    for part in dict.fromkeys((*called[:1], *called[-1:])):
        if is_cjk(part[0]):
            yield from _spoken_chinese(part)
        elif len(part.strip(".,")) > 1:
            yield SpokenName(part, f"{part[0].upper()}.", word=_is_word(part))


def all_spoken(names: Sequence[PersonName]) -> dict[str, tuple[PersonName, SpokenName]]:
    """Every way to say one of these names, in small letters; one that several share is the first's."""
    found: dict[str, tuple[PersonName, SpokenName]] = {}
    for name in names:
        for way in spoken(name.name):
            found.setdefault(small(way.phrase), (name, way))
    return found


def means_a_name(text: str, start: int, end: int) -> bool:
    """Whether words that are also a name are one here: two with a capital each, or one that begins no sentence and is
    no part of a date."""
    written = text[start:end]
    if text.isupper() or not all(part[0].isupper() for part in written.split()):
        return False
    if " " in written:
        return True
    before = text[:start].rstrip(" \"'(")
    if not before or not (before[-1].isalnum() or before[-1] in ",;&"):
        return False
    return written.lower() not in CALENDAR or not (_BEFORE_DATE.search(before) or _BEHIND_DATE.match(text, end))


_BEFORE_DATE = re.compile(
    r"(?:(?<![a-z])(?:in|on|by|since|until|till|of|last|next|this|every|early|late|mid|during|end|all)|[0-9](?:st|nd|rd|th)?)"
    "-?$",
    re.IGNORECASE,
)
_BEHIND_DATE = re.compile(r"[ -]{0,2}[0-9]")


def _is_word(part: str) -> bool:
    low = part.lower().strip(".,")
    return low in WORDS or low in RELATIONS or len(low) <= 2


def _spoken_chinese(name: str) -> Iterator[SpokenName]:
    if len(name) < 2 or name in CHINESE_WORDS or name.endswith(NOT_NAMES):
        return
    surname = name[:2] if name[:2] in COMPOUND_SURNAMES else name[0]
    yield SpokenName(name, surname + "某")
    given = name[len(surname) :]
    if len(name) in (3, 4) and len(given) == 2 and given[0] != given[1] and given not in CHINESE_WORDS:
        yield SpokenName(given, "某某")
