r"""Telegram Desktop's control characters, made valid JSON while the file streams past.

Telegram writes byte 0x0C as `\x0C`, which JSON does not know; here it becomes `\u000C`. An escaped backslash before an
x (`\\x0C`) is text and stays. Knows bytes only.
"""

import re
from typing import BinaryIO

_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_BEGUN = re.compile(rb"x[0-9A-Fa-f]")


class RepairedJson:
    """A stream over `source` with every escape repaired."""

    def __init__(self, source: BinaryIO, chunk_bytes: int = 1 << 16) -> None:
        self._source = source
        self._chunk_bytes = chunk_bytes
        self._held = b""

    def read(self) -> bytes:
        """The next chunk, of whatever length it has; b"" at the end."""
        while fresh := self._source.read(self._chunk_bytes):
            raw = self._held + fresh
            cut = _whole_escapes(raw)
            self._held = raw[cut:]
            if cut:
                whole = raw[:cut]
                return _ESCAPE.sub(_repair, whole) if b"\\x" in whole else whole
        rest, self._held = self._held, b""
        return rest


def _whole_escapes(raw: bytes) -> int:
    """Where to cut so that no escape is torn. In an odd run of backslashes the last one begins an escape."""
    for begun in (b"", b"x", raw[-2:]):  # `\\`, `\\x`, `\\x0`
        if begun in (b"", b"x") or _BEGUN.fullmatch(begun):
            head = raw.removesuffix(begun) if raw.endswith(begun) else b""
            if (len(head) - len(head.rstrip(b"\\"))) % 2:
                return len(head) - 1
    return len(raw)


def _repair(escape: "re.Match[bytes]") -> bytes:
    return b"\\u00" + escape[1] if escape[1] else escape[0]
