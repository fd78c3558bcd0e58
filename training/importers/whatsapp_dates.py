"""The beginning of each message of a WhatsApp export: its date and its time.

Knows no text and no sender, and not which part of a date is what (see `date_order`).
"""

import re
from typing import NamedTuple

from training.importers.base import DateOrder
from training.importers.date_order import Parts
from training.importers.half_days import half_day

MARKS = "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff"
"""Marks of direction, for a character class: WhatsApp strews them, and they mean nothing in a date or a name."""
_M = f"[{MARKS}]{{0,4}}"  # bounded, as all here is: a line may be a million of them
_S = "[ \u00a0\u2009\u202f]"
_SS = f"{_S}{{0,3}}"
_WORD = r"[^\W\d_][^\d\[\]:<>\n]{0,14}?"  # AM, p. m., 下午, klo
_DATE = (
    rf"(?P<a>\d{{1,4}}){_M}(?P<separator>[./-]){_S}?{_M}(?P<b>\d{{1,2}}){_M}(?P=separator){_S}?{_M}"
    rf"(?P<c>[RH]?\d{{1,4}})(?:\.|{_S}?(?:г\.|BE|AD|พ\.ศ\.))?"
)
_TIME = (
    rf"(?:(?P<before>{_WORD}){_SS})?(?P<hour>\d{{1,2}})(?:[:.]|{_S}?h{_S}?)(?P<minute>\d{{2}})"
    rf"(?:(?:[:.]|{_S}min{_S})(?P<second>\d{{2}})(?:{_S}s)?)?(?:{_SS}(?P<after>{_WORD}))?{_SS}{_M}"
)
_END = rf"(?(open)\]{_SS}|(?:{_SS}[-–—]{_S}|:{_S}))"
_START = rf"{_M}(?P<open>\[)?{_M}"
_HEADERS = (
    re.compile(rf"{_START}{_DATE}[,،、]?{_SS}{_M}{_SS}{_TIME}{_END}"),
    re.compile(rf"{_START}{_TIME}[,،、]?{_SS}{_M}{_DATE}{_SS}{_END}"),  # Vietnamese, and what WhatsApp Web copies
)


class Header(NamedTuple):
    """What stands before a message. `shape` is the same in a whole file: a line of another is part of a text.

    `hour` counts 24, -1 when the time is impossible; `orders` are those that the words around the time allow.
    """

    shape: tuple[bool, bool, str, int]
    parts: Parts
    hour: int
    minute: int
    second: int
    orders: frozenset[DateOrder]
    end: int
    """Where in the line the header ends."""


def parse_header(line: str) -> Header | None:
    """The header that a line begins with; None when it begins with none, or with words that nobody knows."""
    for time_first, pattern in enumerate(_HEADERS):
        found = pattern.match(line)
        if found is None:
            continue
        half, orders = half_day(found["before"], found["after"])
        if half is None:
            continue
        parts = (found["a"], found["b"], found["c"])
        shape = (bool(time_first), found["open"] is not None, found["separator"], _year_at(parts))
        hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
        hour = half.hour24(hour) if minute < 60 and second < 60 else -1
        return Header(shape, parts, hour, minute, second, orders, found.end())
    return None


def _year_at(parts: Parts) -> int:
    """Which part is a year of four digits or of an era; -1 when none shows."""
    return next((at for at, part in enumerate(parts) if len(part) > 2 or not part.isdigit()), -1)
