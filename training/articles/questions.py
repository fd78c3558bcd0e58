"""What a contact could have asked so that a piece of an article answers it, in the article's language. Pure.

A question only hands back the owner's own heading, claim or quotation; it asserts nothing. English and Chinese, and for
all other languages questions without words. Questions are what an answer is conditioned on, never learned from.
"""

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh", ""]

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(r"[a-z']+")
_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH = frozenset(
    ("the", "and", "that", "with", "was", "this", "have", "you", "not", "for", "from", "which", "they")
)
_END = " .?!:;：；。？！…、,，"


@dataclass(frozen=True, slots=True)
class _Words:
    heading: str
    claim: tuple[str, ...]
    more: tuple[str, ...]
    quote: str


_WORDS: dict[str, _Words] = {
    "en": _Words(
        "{}?",
        ("“{}” How do you mean that?", "“{}” Why do you say that?", "“{}” In what way?"),
        ("Go on.", "And then?", "What else?", "Tell me more."),
        "“{}” What do you make of that?",
    ),
    "zh": _Words(
        "{}？",
        ("“{}”怎么讲？", "“{}”为什么这么说？", "“{}”展开说说？"),
        ("接着说。", "然后呢？", "还有呢？", "再多说点。"),
        "“{}”这话你怎么看？",
    ),
}
_WORDLESS = _Words("{}?", ("“{}”?",), ("…?",), "“{}”?")


def ask_about(heading: str, language: str) -> str:
    """A title, a heading or a bold lead as a question. `language`: ISO 639, here and below."""
    return _words(language).heading.format(_bare(heading))


def ask_for_claim(claim: str, number: int, language: str) -> str:
    """What was just claimed, handed back; `number` varies the words."""
    ways = _words(language).claim
    return ways[number % len(ways)].format(claim)


def ask_for_quote(quote: str, language: str) -> str:
    """Somebody else's words, quoted by the owner."""
    return _words(language).quote.format(quote)


def ask_for_more(number: int, language: str) -> str:
    """A nod; `number` varies the words."""
    ways = _words(language).more
    return ways[number % len(ways)]


def _words(language: str) -> _Words:
    return _WORDS.get(language, _WORDLESS)


def _bare(heading: str) -> str:
    return heading.rstrip(_END) or heading
