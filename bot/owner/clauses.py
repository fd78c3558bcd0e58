"""What several commands share: a mode, and the endings `for 2h`, `until 18:00`, `in CHAT`, `for WHO`. Pure.

Knows no command; a span after `for` is a time, anything else a name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from bot.owner.commands import Autoreplies, ForWhom, InChat, Where
from bot.owner.moments import moment_ms, span_ms
from bot.owner.phrases import Token, Unclear, joined

MODES: dict[str, Autoreplies | Literal["clear"]] = {"off": "off", "draft": "draft", "auto": "auto", "clear": "clear"}
"""What an order can say; `clear` takes it back."""

_KEYWORDS = ("for", "until", "in")
_HINT = "say `for 2h`, `until 18:00`, `in CHAT` or `for WHO`; quotes keep a name together"


@dataclass(frozen=True, slots=True)
class Now:
    """The moment (Unix ms) and the clock that words such as `18:00` are read by."""

    at_ms: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Ending:
    """What the clauses say: until when (Unix ms) and where; None: not said."""

    until_ms: int | None = None
    where: Where | None = None


def read_ending(tokens: Sequence[Token], now: Now) -> Ending:
    """The clauses in any order, each once; a bare span may lead. Raises Unclear."""
    starts = [at for at, token in enumerate(tokens) if token.word in _KEYWORDS]
    lead = tokens[: starts[0] if starts else len(tokens)]
    span = span_ms(lead) if lead else None
    if lead and span is None:
        raise Unclear(f"`{joined(lead)}` is not clear here", _HINT)
    untils = [] if span is None else [now.at_ms + span]
    places: list[Where] = []
    for start, end in pairwise([*starts, len(tokens)]):
        keyword, words = tokens[start].word, tokens[start + 1 : end]
        if not words:
            raise Unclear(f"`{keyword}` is followed by nothing", _HINT)
        if keyword == "until":
            untils.append(moment_ms(words, now.at_ms, now.zone))
        elif keyword == "in":
            places.append(InChat(joined(words)))
        elif (span := span_ms(words)) is not None:
            untils.append(now.at_ms + span)
        else:
            places.append(ForWhom(joined(words)))
    if len(untils) > 1:
        raise Unclear("that has two ends", "say one of `for 2h` and `until 18:00`")
    if len(places) > 1:
        raise Unclear("that names two places", "say it once for each; quotes keep a name together")
    return Ending(untils[0] if untils else None, places[0] if places else None)


def read_where(tokens: Sequence[Token], now: Now) -> Where | None:
    """`in CHAT` or `for WHO` alone. Raises Unclear."""
    ending = read_ending(tokens, now)
    if ending.until_ms is not None:
        raise Unclear("no end can be given here", "leave out the time")
    return ending.where


def only_chat(where: Where | None, instead: str) -> InChat | None:
    """A place that can only be a chat. Raises Unclear with what to say `instead`."""
    if isinstance(where, ForWhom):
        raise Unclear(f"`for {where.words}` cannot be said here, only `in CHAT`", instead)
    return where
