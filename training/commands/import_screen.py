"""What the owner sees of an import on his terminal: bars on stderr, questions in between, a summary at the end.

Knows what `importing` tells and asks, not how it comes about. Where stderr is no terminal nothing moves.
"""

import os.path
import time
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import get_args

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.prompt import Prompt
from rich.table import Column, Table

from training.commands.shown import shown
from training.import_report import FileReport, ImportReport
from training.importers.base import DateOrder, DatesUndecided
from training.importing import ImportOptions
from training.people.me import Question
from training.plural import many
from training.raw.reading import Progress as Step

_TITLES = {
    "read": "reading",
    "scrub": "scrubbing",
    "repeats": "finding repeats",
    "propose": "proposing contact types",
}
_LONGEST_TABLE = 40
_EVERY_S = 0.1


class ImportScreen:
    """A context for one import; `told` is what `import_everything` calls."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        self._bars = Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal, auto_refresh=False
        )
        self._tasks: dict[str, TaskID] = {}
        self._begun_s: dict[str, float] = {}
        self._shown_s = 0.0

    def __enter__(self) -> "ImportScreen":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def told(self, step: Step) -> None:
        """How far a stage is."""
        now_s = time.monotonic()
        begun_s = self._begun_s.setdefault(step.stage, now_s)
        if now_s - self._shown_s < _EVERY_S and step.done < step.total and step.stage in self._tasks:
            return
        self._shown_s = now_s
        if step.stage not in self._tasks:
            self._tasks[step.stage] = self._bars.add_task(_TITLES[step.stage], total=step.total, speed="")
        speed = f"{step.lines:,} lines, {step.lines / max(now_s - begun_s, 0.001):,.0f}/s" if step.lines else ""
        self._bars.update(self._tasks[step.stage], completed=step.done, total=step.total, speed=speed)
        self._bars.refresh()

    def asking(self, options: ImportOptions) -> ImportOptions:
        """The options with questions that this terminal asks."""
        return replace(options, ask_who=self._ask_who, read=replace(options.read, ask_dates=self._ask_dates))

    def _ask_who(self, question: Question) -> str | None:
        self._bars.stop()
        self._console.print(shown(question.in_words()), highlight=False, markup=False)
        for number, one in enumerate(question.candidates, 1):
            reasons = f": {'; '.join(one.evidence)}" if one.evidence else ""
            self._console.print(shown(f"  {number}  {one.name} ({one.id}){reasons}"), highlight=False, markup=False)
        likeliest = "1" if question.doubt in ("guess", "swapped") else ""
        answer = Prompt.ask("who are you? (number, name or id; empty: later)", console=self._console, default=likeliest)
        self._bars.start()
        if answer.isdigit() and 0 < int(answer) <= len(question.candidates):
            return question.candidates[int(answer) - 1].id
        return answer.strip() or None

    def _ask_dates(self, undecided: DatesUndecided) -> DateOrder | None:
        self._bars.stop()
        self._console.print(shown(undecided.what), highlight=False, markup=False)
        orders: tuple[DateOrder, ...] = get_args(DateOrder)
        answer = Prompt.ask(
            f"order of dates: {', '.join(orders)}, as in day-month-year (empty: later)",
            console=self._console,
            choices=[*orders, ""],
            show_choices=False,
            default="",
            show_default=False,
        )
        self._bars.start()
        return next((order for order in orders if order == answer), None)


def print_report(report: ImportReport) -> None:
    """The summary, on stdout; failures and questions, with their next step, on stderr."""
    out, err = (Console(stderr=stderr, highlight=False, soft_wrap=True) for stderr in (False, True))
    files = [file for file in report.files if file.state in ("read", "known")]
    out.print(
        f"{many(len(files), 'file')} with {many(report.lines, 'line')}, {report.added:,} of them new", markup=False
    )
    if len(files) > 1:
        out.print(_file_table(files))
    if report.articles:
        out.print(f"{many(report.articles, 'article')}, {report.articles_added:,} of them new or changed")
    out.print(f"all in all {many(report.chats, 'chat')} with {many(report.replies, 'line')} of yours")
    for what, counted in (
        ("chats set aside", report.skipped_chats),
        ("lines set aside", report.set_aside),
        ("files not read", report.unread),
        ("scrubbed", report.scrubbed),
        ("repeats dropped", report.dropped),
    ):
        if counted:
            out.print(f"{what}: {_counted(counted)}", markup=False)
    for contact_type, found in sorted(report.types.items()):
        name = contact_type or "without a type"
        out.print(
            f"{name}: {many(found.contacts, 'contact')}, {many(found.lines, 'line')}, "
            f"{many(found.replies, 'reply', 'replies')}",
            markup=False,
        )
    if report.untyped:
        out.print(f"{many(len(report.untyped), 'contact')} without a type yet → selfsame contacts")
    for name in report.unknown_files[:_LONGEST_TABLE]:
        err.print(shown(f"not read, of no known format: {name}"), markup=False)
    for file in report.failed:
        err.print(shown(f"{file.what} → {file.hint}"), markup=False)
    for question in report.questions:
        err.print(shown(f"{question.what} → {question.hint}"), markup=False)


def _file_table(files: list[FileReport]) -> Table:
    shared = os.path.commonpath([os.path.dirname(file.name) for file in files])
    table = Table(Column("file", overflow="fold"), "format", "chats", "lines", "new", "set aside", box=None)
    for file in files[:_LONGEST_TABLE]:
        aside = sum(file.set_aside.values())
        numbers = (f"{file.chats:,}", f"{file.lines:,}", f"{file.added:,}", f"{aside:,}")
        table.add_row(escape(shown(os.path.relpath(file.name, shared or "."))), file.format, *numbers)
    if len(files) > _LONGEST_TABLE:
        table.add_row(f"and {len(files) - _LONGEST_TABLE} more: see --json")
    return table


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda one: -one[1])
    return ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in ordered)
