"""A CSV file as rows, read as a stream: one row is held at a time.

Knows no format. A row that cannot be read, or has not as many cells as the header, is told as None and the rows after
it are still read; a file that breaks off inside a row is refused.
"""

import csv
from collections.abc import Iterator

from model_server.errors import CorpusError
from training.importers.source import Sample, Source
from training.importers.text import decode_lines

Row = dict[str, str]


def header_of(sample: Sample) -> tuple[str, ...]:
    """The names in the first line of a sample; empty when that is no CSV."""
    first = sample.text.split("\n", 1)[0].rstrip("\r")
    if not first or len(first) > 4096:
        return ()
    try:
        return tuple(cell.strip() for cell in next(csv.reader([first]), []))
    except csv.Error:
        return ()


def read_rows(source: Source, again: str, needed: tuple[str, ...]) -> Iterator[Row | None]:
    """The rows by the names of the first line. CorpusError, with the next step `again`, where one of `needed` is not
    among them, or the file breaks off."""
    with source.open() as stream:
        cells = csv.reader((line + "\n" for line in decode_lines(stream)), strict=True)
        header = _header(cells)
        if missing := [name for name in needed if name not in header]:
            raise CorpusError(f"{source.name} has no column {missing[0]!r} in its first line", again)
        short = False
        while True:
            try:
                row = next(cells, None)
            except csv.Error as error:
                if "unexpected end of data" in str(error):  # inside a quoted cell
                    raise _broken(source, cells.line_num, again) from None
                yield None
                continue
            if short and row is None:
                raise _broken(source, cells.line_num, again)
            if short:
                yield None
            if row is None:
                return
            short = 0 < len(row) < len(header)
            if len(row) == len(header):
                yield dict(zip(header, row, strict=True))
            elif len(row) > len(header):
                yield None


def _header(cells: Iterator[list[str]]) -> tuple[str, ...]:
    try:
        return tuple(name.strip().removeprefix("\ufeff") for name in next(cells, []))
    except csv.Error:
        return ()


def _broken(source: Source, line: int, again: str) -> CorpusError:
    return CorpusError(f"{source.name} breaks off near line {line}", again)
