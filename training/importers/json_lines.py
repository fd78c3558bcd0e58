"""The records of a JSON Lines file of any size, one at a time while the file streams past.

Knows no format. A record among others that cannot be read is damaged; a last one means that the file breaks off.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec

from model_server.errors import CorpusError
from training.importers.source import Source
from training.importers.text import decode_lines


def json_lines(source: Source, export_again: str) -> Iterator[dict[str, Any] | None]:
    """Every record, an object; None for one that is none. CorpusError when the file breaks off in its last record."""
    broken_at = 0
    with closing(source.open()) as stream:
        for number, line in enumerate(decode_lines(stream), 1):
            if not line.strip() or line.startswith("#"):  # a comment, in ChatLab's
                continue
            if broken_at:
                yield None
                broken_at = 0
            try:
                record = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
                broken_at = number
                continue
            yield record if isinstance(record, dict) else None
    if broken_at:
        raise CorpusError(f"{source.name} breaks off near line {broken_at}", export_again)


def first_records(text: str, most: int) -> list[dict[str, Any]]:
    """The first objects of a sample, whose last line may be cut; [] as soon as one of the others is none."""
    *lines, last = text.split("\n")
    found: list[dict[str, Any]] = []
    for line in [one for one in (*lines, last) if one.strip()][:most]:
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return found if line is last else []
        if not isinstance(record, dict):
            return []
        found.append(record)
    return found
