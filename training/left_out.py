"""What no read of the corpus gives, in SQL: lines of whoever is excluded, and whatever the owner cut.

Knows the columns of chats and lines, and no line. `cuts.keeps` says the same in Python; a test holds both together.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.cuts import Cut

_EARLIEST_MS = -(2**63)
_LATEST_MS = 2**63 - 1
_EXCLUDED = 0
"""Stands where a cut has its number: 1, 2, ..."""

_HOLDS = "what IN ('', key, contact, sender, addressee) AND from_ms <= at_ms AND at_ms < to_ms"
KEPT_LINE = f"NOT EXISTS (SELECT 1 FROM left_out WHERE {_HOLDS})"  # noqa: S608  # words of ours
"""A condition on rows of `lines JOIN chats`."""
KEPT_CHAT = (
    "NOT EXISTS (SELECT 1 FROM left_out WHERE what IN ('', key, contact)"  # noqa: S608  # words of ours
    f" AND from_ms = {_EARLIEST_MS} AND to_ms = {_LATEST_MS})"
)
"""A condition on rows of `chats`: not all of it is left out at once."""
_CUT_LINES = (
    "FROM lines JOIN chats ON chats.id = chat JOIN left_out"  # noqa: S608  # words of ours
    f" ON {_HOLDS} WHERE number != {_EXCLUDED} AND aside = ''"
    f" AND NOT EXISTS (SELECT 1 FROM left_out AS other WHERE other.number = {_EXCLUDED}"
    " AND other.what IN (key, contact, sender, addressee))"
)


@dataclass(frozen=True, slots=True)
class CutCounts:
    """What cuts leave out. `each`: lines of every single cut, oldest cut first, of which some may be left out twice."""

    each: tuple[int, ...] = ()
    lines: int = 0
    articles: int = 0


def note_left_out(database: sqlite3.Connection, excluded: Iterable[str], cuts: Sequence[Sequence[Cut]]) -> bool:
    """Note it in a temporary table of this connection; whether there is anything. `cuts`: each under every id."""
    database.execute(
        "CREATE TEMP TABLE left_out (what TEXT, from_ms INTEGER, to_ms INTEGER, number INTEGER,"
        " PRIMARY KEY (what, from_ms, to_ms, number)) WITHOUT ROWID"
    )
    rows = [(who, _EARLIEST_MS, _LATEST_MS, _EXCLUDED) for who in excluded]
    for number, cut in ((number, cut) for number, ids in enumerate(cuts, 1) for cut in ids):
        from_ms = _EARLIEST_MS if cut.from_ms is None else cut.from_ms
        rows.append((cut.what, from_ms, _LATEST_MS if cut.to_ms is None else cut.to_ms, number))
    database.executemany("INSERT INTO left_out VALUES (?, ?, ?, ?)", rows)
    return bool(rows)


def count_cut_lines(database: sqlite3.Connection, cuts: int, articles: int) -> CutCounts:
    """The lines left out by so many cuts that were noted, beside the articles; none that would be left out anyway."""
    if not cuts:
        return CutCounts()
    # a merged contact's line may be held by one cut under several ids
    each = dict(database.execute(f"SELECT number, count(DISTINCT seq) {_CUT_LINES} GROUP BY number").fetchall())
    (lines,) = database.execute(f"SELECT count(DISTINCT seq) {_CUT_LINES}").fetchone()
    return CutCounts(tuple(each.get(number, 0) for number in range(1, cuts + 1)), lines, articles)
