"""Bytes of an export as lines of text, and text as the corpus keeps it: shared by the importers of plain-text formats.

Knows no format and no platform. Holds one line at a time, and never more of it than its cap.
"""

import codecs
import re
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import BinaryIO

LONGEST_LINE_CHARS = 1 << 20
"""What is kept of one line; far more than any message that becomes a line of the corpus."""
_CHUNK_BYTES = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


def decode_lines(stream: BinaryIO, longest_chars: int = LONGEST_LINE_CHARS) -> Iterator[str]:
    """The lines of a text, without their ends (`\\n`, `\\r\\n`); U+2028 and the like do not end one.

    UTF-8, UTF-16 (by BOM, or by its zero bytes) or GB18030, told by the first bytes that are not ASCII. Bytes that do
    not decode become U+FFFD; of a line longer than `longest_chars` the rest is left out.
    """
    rest = ""
    for piece in _decoded(stream):
        *whole, last = piece.split("\n")
        for line in whole:
            full, rest = rest + line, ""
            yield full[:longest_chars].removesuffix("\r")
        rest = (rest + last)[: longest_chars + 1]  # one more, so that a cut line is still seen to be longer
    if rest:
        yield rest[:longest_chars].removesuffix("\r")


def tidy(text: str) -> str:
    """Text as the corpus keeps it: no control characters (but for `\\n` and `\\t`), no lone surrogates, no margins."""
    if text.isprintable():  # most are; a lone surrogate is not
        return text.strip()
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def local_ms(moment: datetime, zone: tzinfo) -> int:
    """Unix milliseconds of a time without a zone, as the clock of `zone` showed it; of a repeated hour the first."""
    return int(moment.replace(tzinfo=zone).timestamp() * 1000)


def _decoded(stream: BinaryIO) -> Iterator[str]:
    """The text in pieces. Until something is not ASCII every encoding of ours reads the same, UTF-16 apart."""
    head = stream.read(_CHUNK_BYTES)
    encoding = _marked(head)
    while encoding is None and head:
        if not head.isascii():
            encoding = _encoding(head)
            break
        yield head.decode("ascii")
        head = stream.read(_CHUNK_BYTES)
    decoder = codecs.getincrementaldecoder(encoding or "utf-8")("replace")
    while head:
        yield decoder.decode(head)
        head = stream.read(_CHUNK_BYTES)
    yield decoder.decode(b"", final=True)


def _marked(head: bytes) -> str | None:
    """The encoding that the first bytes say: a BOM, or the zero byte beside each letter of UTF-16."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    if len(head) >= 4 and head[1] == head[3] == 0 and head[0] and head[2]:
        return "utf-16-le"
    if len(head) >= 4 and head[0] == head[2] == 0 and head[1] and head[3]:
        return "utf-16-be"
    return None


def _encoding(chunk: bytes) -> str:
    """UTF-8, unless these bytes are mostly none and are GB18030: a damaged UTF-8 stays UTF-8."""
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(chunk)  # its last character may break off
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    if text.count("\ufffd") * 4 <= foreign:
        return "utf-8"
    try:
        codecs.getincrementaldecoder("gb18030")("strict").decode(chunk)
    except UnicodeDecodeError:
        return "utf-8"
    return "gb18030"
