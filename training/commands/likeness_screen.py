"""What the owner sees of an evaluation on his terminal: bars on stderr, then a conclusion and tables on stdout.

Knows what `measuring` tells and what a report holds, not how it comes about.
"""

from contextlib import ExitStack
from types import TracebackType
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column, Table

from training.bars import LOADING, seen
from training.commands.shown import shown
from training.likeness.advice import advice
from training.likeness.figures import CONDITIONS, OVERALL, LikenessReport
from training.likeness.findings import conclusion, findings
from training.likeness.wording import condition_title, interval, share, signed


class LikenessScreen:
    """A context for one evaluation; `told` is what `measure` calls."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
        self._loading = self._bars.add_task(LOADING, total=None)
        self._tasks: dict[str, TaskID] = {}
        self._shown = ExitStack()

    def __enter__(self) -> "LikenessScreen":
        self._shown.enter_context(seen(self._bars))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.close()

    def told(self, part: str, done: float, total: float) -> None:
        """How far a part of the report is, in any unit."""
        if part not in self._tasks:
            self._bars.update(self._loading, visible=False)
            self._tasks[part] = self._bars.add_task(escape(shown(part)), total=None)
        self._bars.update(self._tasks[part], completed=done, total=total or None)


def as_data(report: LikenessReport) -> dict[str, Any]:
    """What `--json` prints."""
    rest = msgspec.to_builtins(report)
    losses = rest.pop("losses")
    return {"nats_per_token": losses, "overall": losses.get(OVERALL), **rest}


def print_report(report: LikenessReport) -> None:
    """The conclusion first, then the figures, then what is left to say."""
    out = Console(highlight=False)
    out.print(conclusion(report), markup=False)
    out.print()
    if report.losses:
        out.print(_losses(report))
        out.print("nats per token of your replies: lower is closer to you", style="dim")
        out.print()
    for one in findings(report):
        out.print(f"{one.question} {one.short}.", markup=False)
    notes = [*report.notes, *(f"{name}: {one.note}" for name, one in report.losses.items() if one.note)]
    for note in notes:
        out.print(f"note: {shown(note)}", markup=False)
    for step in advice(report):
        out.print(f"{shown(step.what)} → {shown(step.command)}", markup=False)


def _losses(report: LikenessReport) -> Table:
    """A column for each contact type: voices have longer names, and a terminal is narrow."""
    rows = report.losses
    types = (Column(escape(shown(name)), justify="right", overflow="fold") for name in rows)
    table = Table(Column(no_wrap=True), *types, box=None)
    for condition in CONDITIONS:
        losses = [getattr(one, condition) for one in rows.values()]
        if any(nats is not None for nats in losses):
            cells = ["–" if nats is None else f"{nats:.3f}" for nats in losses]
            table.add_row(condition_title(condition), *cells, style="bold" if condition == "blend" else None)
    if any(one.net is not None for one in rows.values()):
        table.add_row("net of shuffled", *("–" if one.net is None else signed(share(one.net)) for one in rows.values()))
        between = (interval(one.net_ci).removesuffix(" %") for one in rows.values())
        table.add_row("interval, %", *between, style="dim")
    table.add_row("replies", *(f"{one.replies:,}" for one in rows.values()), style="dim")
    return table
