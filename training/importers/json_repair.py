r"""Telegram Desktop's control characters, made valid JSON while the file streams past.

Telegram writes byte 0x0C as `\x0C`, which JSON does not know; here it becomes `\u000C`. An escaped backslash before an
x (`\\x0C`) is text and stays. Knows bytes only.
"""

import re
from typing import BinaryIO

_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_TORN = re.compile(rb"(\\+)(?:x[0-9A-Fa-f]?)?\Z")


class RepairedJson:
    """A readable stream over `source` with every escape repaired. `lines_read` is how far into the file it is."""

    def __init__(self, source: BinaryIO, chunk_bytes: int = 1 << 16) -> None:
        self._source = source
        self._chunk_bytes = chunk_bytes
        self._held = b""
        self.lines_read = 1

    def read(self, size: int = -1) -> bytes:
        """The next chunk, of whatever length it has; b"" at the end, and for `read(0)`, by which parsers ask a type."""
        if size == 0:
            return b""
        while fresh := self._source.read(self._chunk_bytes):
            raw = self._held + fresh
            cut = _whole_escapes(raw)
            self._held = raw[cut:]
            if cut:
                self.lines_read += raw.count(b"\n", 0, cut)
                return _ESCAPE.sub(_repair, raw[:cut])
        rest, self._held = self._held, b""
        return rest


def _whole_escapes(raw: bytes) -> int:
    """Where to cut so that no escape is torn. In an odd run of backslashes the last one begins an escape."""
    torn = _TORN.search(raw)
    return torn.end(1) - 1 if torn and len(torn[1]) % 2 else len(raw)


def _repair(escape: "re.Match[bytes]") -> bytes:
    return b"\\u00" + escape[1] if escape[1] else escape[0]
