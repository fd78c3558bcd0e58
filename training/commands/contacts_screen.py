"""Contacts as they are shown on a terminal, and as data for `--json`. Knows no file."""

import shlex
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from training.contacts import Contact
from training.people.proposals import Proposals

_REASONS = 2
_NARROWEST = 110
"""Columns: with fewer, ids would lose characters; a narrower terminal breaks the lines instead."""
"""Shown in the table; `--json` and the exported table have all."""


def plain(text: str) -> str:
    """A name as a terminal may show it: names come from exports, and may hold anything."""
    return "".join(char if char.isprintable() else " " for char in text)


def as_data(found: list[Contact], proposals: Proposals) -> dict[str, Any]:
    """What `--json` prints: every contact with its proposal, and the unions still open."""
    rows = []
    for contact in found:
        proposal = proposals.of(contact)
        shown = {"proposed": proposal.type, "score": proposal.score, "evidence": proposal.evidence}
        rows.append({**msgspec.to_builtins(contact), **shown, "lines": proposal.lines, "replies": proposal.replies})
    unions = [{"a": a.name, "b": b.name, **msgspec.to_builtins(one)} for a, b, one in proposals.open_unions(found)]
    return {"contacts": rows, "unions": unions}


def print_contacts(found: list[Contact], proposals: Proposals) -> None:
    """A table for people, names made harmless for the terminal."""
    console = Console()
    if not found:
        console.print("no contacts yet → selfsame import PATH")
        return
    # An id is copied into other commands, so it is never cut; where there is no room, the reasons go first.
    console.width = max(console.width, _NARROWEST)
    table = Table("name", "type", "proposed", Column("because", min_width=24), "lines", "yours", box=None)
    table.add_column("ids", overflow="fold", min_width=24)
    for contact in sorted(found, key=lambda one: (one.type, one.name)):
        one = proposals.of(contact)
        open_type = "" if contact.type or not one.type else f"{one.type} {one.score:.2f}"
        reasons = "; ".join(one.evidence[:_REASONS]) if open_type else ""
        kind = Text(contact.type) if contact.type else Text("none yet", style="dim")
        cells = (plain(contact.name), kind, open_type, plain(reasons), str(one.lines), str(one.replies))
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells), Text(" ".join(contact.ids)))
    console.print(table)
    for a, b, union in proposals.open_unions(found):
        names = f"{plain(a.name)} ({union.a}) and {plain(b.name)} ({union.b})"
        console.print(Text(f"{names} may be one person: {plain('; '.join(union.evidence))}"))
        ids = f"{shlex.quote(plain(union.a))} {shlex.quote(plain(union.b))}"
        hint = Text(f"  → selfsame contacts merge {ids}, or selfsame contacts apart {ids}", style="dim")
        console.print(hint, soft_wrap=True)
