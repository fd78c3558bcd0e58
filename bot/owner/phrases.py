"""The words of a text: split, quoted, joined, compared. Pure; knows no command."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_QUOTES = str.maketrans("“”„«»＂", '""""""')  # what phones make of a quote
_NUMBER = re.compile(r"#?(\d{1,9})", re.ASCII)
_LONGEST_WORD = 32
_NEAR = 0.7


class Unclear(Exception):
    """These words cannot be read: `what` is wrong, and the `hint` of what to say instead."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Token:
    """One word, or a quoted stretch of them, which is never a keyword, a span or a time."""

    text: str
    quoted: bool = False

    @property
    def word(self) -> str:
        """The word as keywords are compared; empty when it was quoted."""
        return "" if self.quoted else self.text.casefold()


def tokens_of(text: str) -> tuple[Token, ...]:
    """The words of a text. Raises Unclear when a quote does not end or holds nothing."""
    parts = text.translate(_QUOTES).split('"')
    if len(parts) % 2 == 0:
        raise Unclear("a quote is not closed", 'put a name with spaces in two quotes: "Anna Berg"')
    tokens: list[Token] = []
    for at, part in enumerate(parts):
        if at % 2 == 0:
            tokens.extend(map(Token, part.split()))
        elif name := " ".join(part.split()):
            tokens.append(Token(name, quoted=True))
        else:
            raise Unclear("there is nothing between two quotes", 'put a name there: "Anna Berg"')
    return tuple(tokens)


def joined(tokens: Sequence[Token]) -> str:
    """The name that these words are."""
    return " ".join(token.text for token in tokens)


def short(text: str) -> str:
    """As much of a text as is worth repeating."""
    return text if len(text) <= _LONGEST_WORD else f"{text[:_LONGEST_WORD]}…"


def number_of(token: Token, hint: str) -> int:
    """The number in `17` or `#17`. Raises Unclear with this hint."""
    match = _NUMBER.fullmatch(token.word)
    if match is None:
        raise Unclear(f"`{short(token.text)}` is no number", hint)
    return int(match[1])


def likeliest(word: str, known: Iterable[str]) -> str | None:
    """Which known word was meant by one with a slip of the finger; None: none is near."""
    near = difflib.get_close_matches(word[:_LONGEST_WORD], known, 1, _NEAR)
    return near[0] if near else None
