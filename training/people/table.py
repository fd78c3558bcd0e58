"""Contacts as a CSV table for a spreadsheet, and an edited table read back. Pure; knows no file.

Only `name` and `type` of a row are read back, found by its `id`; the rest is shown to decide by. A cell that a
spreadsheet would take for a formula is written with an apostrophe before it, and read back without (OWASP, "CSV
injection").
"""

import csv
import io
from collections.abc import Iterator, Sequence

import msgspec

from model_server.errors import CorpusError
from training.contacts import Contact, check_type
from training.people.edits import clean_name
from training.people.proposals import Proposals

COLUMNS = ("id", "name", "type", "proposed", "score", "evidence", "lines", "replies", "ids")
_FORMULA_STARTS = frozenset("=+-@\t\r\n|%＝＋－＠")
_SHOWN_ERRORS = 5
_MEND = "mend the table, or export it anew"


def to_table(contacts: Sequence[Contact], proposals: Proposals) -> str:
    """The table, with a byte order mark (spreadsheets take UTF-8 for another encoding without it)."""
    written = io.StringIO(newline="")
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for contact in contacts:
        if not contact.ids:
            continue  # a name alone, in a file written by hand: nothing can find its row again
        found = proposals.of(contact)
        score = f"{found.score:.2f}" if found.type else ""
        evidence = "; ".join(found.evidence)
        cells = (contact.ids[0], contact.name, contact.type, found.type, score, evidence)
        rows.writerow(
            [_guarded(cell) for cell in (*cells, str(found.lines), str(found.replies), " ".join(contact.ids))]
        )
    return "\ufeff" + written.getvalue()


def from_table(contacts: Sequence[Contact], text: str) -> list[Contact]:
    """Contacts with the names and types of the table; who has no row stays as he is.

    CorpusError with the lines that are wrong; then nothing of the table counts.
    """
    by_id = {one: at for at, contact in enumerate(contacts) for one in contact.ids}
    edited = list(contacts)
    seen: dict[int, int] = {}
    wrong: list[str] = []
    for line, row in _rows(text):
        at = by_id.get(row["id"])
        if at is None:
            wrong.append(f"line {line}: no contact has the id {row['id']!r}")
        elif at in seen:
            wrong.append(f"line {line}: the contact of line {seen[at]} again")
        else:
            seen[at] = line
            try:
                edited[at] = _edited(contacts[at], row)
            except CorpusError as error:
                wrong.append(f"line {line}: {error.what} ({error.hint})")
    if wrong:
        more = f", and {len(wrong) - _SHOWN_ERRORS} more" if len(wrong) > _SHOWN_ERRORS else ""
        raise CorpusError(
            "; ".join(wrong[:_SHOWN_ERRORS]) + more, "mend the table and import it again: nothing was changed"
        )
    return edited


def _edited(contact: Contact, row: dict[str, str]) -> Contact:
    name, contact_type = row.get("name", contact.name), row.get("type", contact.type).strip().lower()
    if contact_type and contact_type != contact.type:
        check_type(contact_type)
    return msgspec.structs.replace(contact, name=name if name == contact.name else clean_name(name), type=contact_type)


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column, of every row that is not empty."""
    plain = text.removeprefix("\ufeff")
    first = plain.partition("\n")[0]
    separator = max(",;\t", key=first.count)  # a spreadsheet writes the one of its country
    rows = csv.reader(io.StringIO(plain, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        columns = [cell.strip().casefold() for cell in next(rows, [])]
        if "id" not in columns or not {"name", "type"}.intersection(columns):
            raise CorpusError("line 1: no columns `id`, `name` and `type`", "begin with `selfsame contacts export`")
        line = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                if len(cells) < len(columns):
                    raise CorpusError(f"line {line}: {len(cells)} cells of {len(columns)}", _MEND)
                yield line, {column: _unguarded(cell) for column, cell in zip(columns, cells, strict=False)}
            line = rows.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"line {line}: {error}", _MEND) from None


def _guarded(cell: str) -> str:
    return f"'{cell}" if _is_risky(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _is_risky(cell) else cell


def _is_risky(cell: str) -> bool:
    """Whether a formula stands there, behind any apostrophes: so guarding and unguarding undo each other."""
    return cell.lstrip("' ")[:1] in _FORMULA_STARTS
