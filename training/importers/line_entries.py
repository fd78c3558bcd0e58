"""The days and messages of a chat exported from LINE, as they stand in the file.

Knows no people and no order of dates. A day stands on a line of its own, a message begins with its time, and a text of
several lines is put in quotation marks, within which a line may look like anything. Holds one message at a time.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import time
from typing import NamedTuple

from training.importers.base import LONGEST_TEXT_CHARS
from training.importers.date_order import Parts
from training.importers.half_days import half_day
from training.importers.line_names import LONGEST_NAME_CHARS
from training.importers.line_words import weekday_of

_DAY = re.compile(
    r"(?:(?P<before>[^\W\d_][^\d,]{0,14}?)[,\s]\s*)?(?P<a>R?\d{1,4})(?P<separator>[./-])(?P<b>\d{1,2})(?P=separator)"
    r"(?P<c>\d{1,4})\s*(?P<after>\D{1,16})?"
)
_TIME = re.compile(
    r"(?P<before>[^\W\d_][^\d\s]{0,7}?)??\s?(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"\s?(?P<after>[AaPp]\.?[Mm]\.?)?(?P<gap>[\t ])"
)
_LONGEST_DAY_CHARS = 40


class Day(NamedTuple):
    """The line above the messages of a day. `weekday`: Monday is 0."""

    line: int
    parts: Parts
    separator: str
    weekday: int


class Message(NamedTuple):
    """One message. `name` is "" in a notice of LINE's, None where only a space parts it from the text, in `text`.

    `at` is None when there is no such time.
    """

    line: int
    at: time | None
    name: str | None
    text: str


def parse_day(line: str, number: int = 0) -> Day | None:
    """The day that a line is; it has the weekday beside the date, or it is no such line."""
    found = _DAY.fullmatch(line.strip()) if len(line) <= _LONGEST_DAY_CHARS else None
    weekday = weekday_of(found["before"] or found["after"] or "") if found else None
    if found is None or weekday is None:
        return None
    return Day(number, (found["a"], found["b"], found["c"]), found["separator"], weekday)


def parse_message(line: str, number: int = 0) -> Message | None:
    """The message that a line begins."""
    found = _TIME.match(line)
    half = half_day(found["before"], found["after"])[0] if found else None
    if found is None or half is None:
        return None
    hour, minute = half.hour24(int(found["hour"])), int(found["minute"])
    at = time(hour, minute) if hour >= 0 and minute < 60 else None
    rest = line[found.end() :]
    if found["gap"] == " ":
        return Message(number, at, None, rest)
    name, tab, text = rest.partition("\t")
    if not tab or len(name) > LONGEST_NAME_CHARS:
        return Message(number, at, "", rest)
    return Message(number, at, name.strip(), text)


def read_entries(lines: Iterable[str]) -> Iterator[Day | Message]:
    """The entries of a file. What stands before the first of them is its title."""
    ahead = _Ahead(lines)
    message: Message | None = None
    body: list[str] = []
    chars = 0
    tabs: bool | None = None
    begun = False
    for number, line in ahead:
        entry = parse_day(line, number) or parse_message(line, number)
        if isinstance(entry, Message):
            tabs = entry.name is not None if tabs is None else tabs
            if tabs != (entry.name is not None):  # in a file with tabs, a time and a space begin a line of a text
                entry = None
        if entry is None:
            if message is None and begun and line.strip():
                yield Message(number, None, "", line)  # below a day, before its first message: it is counted
            elif message is not None and chars <= LONGEST_TEXT_CHARS:  # one line above is enough to be too long
                body.append(line)
                chars += len(line) + 1
            continue
        begun = True
        if message is not None:
            yield _whole(message, body)
            message = None
        if isinstance(entry, Day):
            yield entry
        else:
            opened = entry.text.startswith('"') and not entry.text.endswith('"')
            message, body, chars = entry, [entry.text, *(ahead.until_closed() if opened else ())], len(entry.text)
    if message is not None:
        yield _whole(message, body)


class _Ahead:
    """Numbered lines, of which some can be looked at before their turn."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = enumerate(lines, 1)
        self._seen: deque[tuple[int, str]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        while True:
            if self._seen:
                yield self._seen.popleft()
            elif (following := next(self._lines, None)) is not None:
                yield following
            else:
                return

    def until_closed(self) -> list[str]:
        """The lines up to the one that ends the quotation, taken; none when a message begins before it ends."""
        taken: list[tuple[int, str]] = []
        chars = 0
        for number, line in self:
            taken.append((number, line))
            chars += len(line) + 1
            begun = parse_message(line)
            if chars > LONGEST_TEXT_CHARS or (begun is not None and begun.name is not None):
                break
            if line.endswith('"'):
                return [text for _, text in taken]
        self._seen.extendleft(reversed(taken))
        return []


def _whole(message: Message, body: list[str]) -> Message:
    text = "\n".join(body).rstrip()
    if "\n" in text and text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    return message._replace(text=text)
