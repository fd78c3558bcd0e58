"""Blends as they are shown on a terminal: a bar of weights for everybody who has one, and who chose it.

Knows a blend book, what was fitted, and names; neither Redis nor files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from model_server.blends import CORE, BlendBook, Chosen, blend_name, choose
from model_server.fitted import Fitted

_BAR_CELLS = 18
_CORE_STYLE, _MINUS_STYLE = "cyan", "red"
_STYLES = ("magenta", "green", "yellow", "blue", "bright_magenta", "bright_green")
_SOURCE_STYLES = {"set": "bold", "fitted": "", "default": "dim"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the picture. `who`: a contact type, or a contact's ids; `name`: what the owner calls it."""

    who: tuple[str, ...]
    name: str
    chosen: Chosen


def shown_types(book: BlendBook) -> list[Shown]:
    """Every contact type."""
    return [Shown((name,), name, choose(book, name, "")) for name in book.known_types()]


def shown_contacts(book: BlendBook, people: Mapping[tuple[str, ...], tuple[str, str]]) -> list[Shown]:
    """Every contact whose blend is its own. `people`: ids -> name and type; an id among none of them stands alone."""
    having = {*book.contacts, *book.fitted_contacts}
    known = {one for ids in people for one in ids}
    everybody = dict(people) | {(one,): (one, "") for one in sorted(having - known)}
    found = [
        Shown(tuple(one for one in ids if one in having), name, choose(book, contact_type, one))
        for ids, (name, contact_type) in everybody.items()
        if (one := next((one for one in ids if one in having), None)) is not None
    ]
    return [one for one in found if one.chosen.scope == "contact"]


def in_words(blend: Mapping[str, float]) -> str:
    """`core=0.6 family=0.4`, heaviest first; the base model alone is said in words."""
    ranked = sorted(blend.items(), key=lambda item: (-item[1], item[0]))
    return " ".join(f"{name}={weight:g}" for name, weight in ranked) or "the base model alone"


def draw(console: Console, rows: list[Shown], fitted: Fitted) -> None:
    """The picture: bars on one scale, in one colour a facet."""
    styles = _styles(rows)
    heaviest = max((sum(weight for weight in row.chosen.blend.values() if weight > 0) for row in rows), default=0.0)
    bars = Column(no_wrap=True, min_width=_BAR_CELLS)
    table = Table("", bars, "weights", "by", "nats per token", box=None, header_style="dim")
    for row in rows:
        name = "".join(char if char.isprintable() else " " for char in row.name)
        source = Text(row.chosen.source, style=_SOURCE_STYLES[row.chosen.source])
        bar = _bar(row.chosen.blend, styles, _BAR_CELLS / max(heaviest, 1.0))
        table.add_row(Text(name), bar, _weights(row.chosen.blend, styles), source, _worth(row, fitted))
    console.print(table)


def line_of(row: Shown) -> str:
    """The same for a pipe, without colour."""
    who = " ".join(row.who)
    mark = row.chosen.source if row.chosen.scope == "type" else f"{row.chosen.source} for one contact"
    return f"{who:<12} {in_words(row.chosen.blend):<40} {mark}  {blend_name(row.chosen.blend)}"


def _styles(rows: list[Shown]) -> dict[str, str]:
    others = sorted({name for row in rows for name in row.chosen.blend} - {CORE})
    return {CORE: _CORE_STYLE} | {name: _STYLES[at % len(_STYLES)] for at, name in enumerate(others)}


def _bar(blend: Mapping[str, float], styles: Mapping[str, str], cells: float) -> Text:
    bar, at = Text(), 0.0
    for name, weight in _ranked(blend):
        if weight > 0:
            upto = at + weight * cells
            bar.append("█" * (round(upto) - round(at)), style=styles[name])
            at = upto
    return bar


def _weights(blend: Mapping[str, float], styles: Mapping[str, str]) -> Text:
    if not blend:
        return Text("the base model alone", style="dim")
    words = Text()
    for name, weight in _ranked(blend):
        sign = "-" if weight < 0 else "+" if words else ""
        words.append(f" {sign} " if words else sign, style=_MINUS_STYLE if weight < 0 else "dim")
        words.append(name, style=styles[name])
        words.append(f" {abs(weight):g}")
    return words


def _worth(row: Shown, fitted: Fitted) -> Text:
    """What the fit made better, where it is the fit that speaks."""
    figures = fitted.figures.get(row.who[0])
    if row.chosen.source != "fitted" or figures is None or not figures.after:
        return Text("")
    return Text(f"{figures.before:.3f} → {figures.after:.3f}", style="dim")


def _ranked(blend: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(blend.items(), key=lambda item: (item[0] != CORE, -item[1], item[0]))
