"""A JSON document of any size as a cursor: one value is held at a time, never the document.

Knows no format. Whoever reads says what is big (`keys`, `items`, `entries` go into it) and what is small (`value`).
Accepts what exporters really write: a BOM, Telegram's `\\xNN`, control characters in strings, bytes that are no UTF-8.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from model_server.errors import CorpusError
from training.importers.json_repair import RepairedJson
from training.importers.source import Source

LONGEST_VALUE_CHARS = 16 << 20
"""Of one value that is taken whole; an export's longest messages have a hundredth of it."""

_SPACE = re.compile(r"[ \t\r\n]*")
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(strict=False).scan_once  # type: ignore[attr-defined]
_FILL_BYTES = 1 << 18
_LOW_CHARS = 1 << 15  # below this, more is read first: a value is seldom tried twice
_NUMBER_TAIL_CHARS = 2  # what reads as 10 may go on as `10.5` or `10e+5`
_TORN_CHARS = 16  # an error this near to the end may be `fals` or `\ud8`, and go on in the next chunk


class JsonStream:
    """The cursor. Use as a context manager. `again` is the next step when the document is broken."""

    def __init__(self, source: Source, again: str) -> None:
        self._name = source.name
        self._again = again
        self._file = source.open()
        self._bytes = RepairedJson(self._file)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._text = ""
        self._at = 0
        self._ended = False
        self._lines_gone = 0
        self._taken = 0

    def __enter__(self) -> "JsonStream":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    @property
    def line(self) -> int:
        """How far the cursor is, as a line number from 1."""
        return self._lines_gone + self._text.count("\n", 0, self._at) + 1

    def peek(self) -> str:
        """The first character of what comes next (`{`, `[`, `"`, ...), "" at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def value(self) -> Any:
        """The next value, whole."""
        self._taken += 1
        if len(self._text) - self._at < _LOW_CHARS:
            self._fill()
        self.peek()
        while True:
            torn = False
            try:
                found, end = _scan(self._text, self._at)
            except StopIteration as stop:
                wrong_at, reason = int(stop.value), "a value is missing"
            except json.JSONDecodeError as error:
                wrong_at, reason = error.pos, error.msg
                torn = reason.startswith("Unterminated string")
            except (RecursionError, ValueError):
                raise self.broken("is not valid JSON (a value is nested or long beyond reason)") from None
            else:
                if end < len(self._text) - _NUMBER_TAIL_CHARS or self._ended:
                    self._at = end
                    return found
                wrong_at, reason = end, "a value is too long"
            self._read_on(reason, torn=torn or wrong_at >= len(self._text) - _TORN_CHARS)

    def keys(self) -> Iterator[str]:
        """Each key of the object that comes next; take its value before the next one, or it is passed over."""
        self._taken += 1
        self._expect("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._unexpected()
            key = self.value()
            self._expect(":")
            taken = self._taken
            yield key
            if self._taken == taken:
                self.skip()
            if not self._goes_on("}"):
                return

    def entries(self) -> Iterator[None]:
        """Each place of the array that comes next; take its value before the next one, or it is passed over."""
        self._taken += 1
        self._expect("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            taken = self._taken
            yield None
            if self._taken == taken:
                self.skip()
            if not self._goes_on("]"):
                return

    def items(self) -> Iterator[Any]:
        """Each value of the array that comes next, whole."""
        for _ in self.entries():
            yield self.value()

    def skip(self) -> None:
        """Pass over the next value, however large."""
        opening = self.peek()
        if opening == "[":
            for _ in self.items():
                pass
        elif opening == "{":
            try:
                for _ in self.keys():
                    pass
            except RecursionError:
                raise self.broken("is not valid JSON (nested too deep)") from None
        else:
            self.value()

    def end(self) -> None:
        """Nothing else may follow."""
        if self.peek():
            raise self._unexpected()

    def broken(self, what: str) -> CorpusError:
        """The error to raise: the file, `what`, the place, and what to do."""
        return CorpusError(f"{self._name} {what} near line {self.line}", self._again)

    def _goes_on(self, closing: str) -> bool:
        found = self.peek()
        if found not in (",", closing) or not found:
            raise self._unexpected()
        self._at += 1
        return found == ","

    def _expect(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise self._unexpected()
        self._at += 1

    def _unexpected(self) -> CorpusError:
        found = self.peek()
        return self.broken(f"is not valid JSON ({found!r} is out of place)" if found else "breaks off")

    def _read_on(self, reason: str, *, torn: bool) -> None:
        if not torn:
            raise self.broken(f"is not valid JSON ({reason})")
        if len(self._text) - self._at > LONGEST_VALUE_CHARS:
            raise self.broken(f"holds a value of more than {LONGEST_VALUE_CHARS >> 20} million characters")
        if not self._fill():
            raise self.broken("breaks off")

    def _fill(self) -> bool:
        """Let go of what was read and read on, twice as much as is held: a long value is tried few times."""
        if self._ended:
            return False
        self._lines_gone += self._text.count("\n", 0, self._at)
        pieces = [self._text[self._at :]]
        self._at = 0
        wanted = max(_FILL_BYTES, len(pieces[0]))
        while wanted > 0 and not self._ended:
            raw = self._bytes.read()
            pieces.append(self._decoder.decode(raw, final=not raw))
            self._ended = not raw
            wanted -= len(raw)
        self._text = "".join(pieces)
        return True


def keys_beside(source: Source, again: str, big: str) -> dict[str, Any]:
    """The keys of the document's object and their values, without `big`, which is passed over."""
    found: dict[str, Any] = {}
    with JsonStream(source, again) as stream:
        for key in stream.keys():  # noqa: SIM118  # it is no dict
            if key != big:
                found[key] = stream.value()
        stream.end()
    return found
