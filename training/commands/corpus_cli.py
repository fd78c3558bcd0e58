"""`selfsame corpus`: scrub, explain, forget, report, formats. Parsing, progress and printing only.

Raw text is shown on a terminal and nowhere else: what is piped away would lie on disk, unscrubbed.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from model_server.config import Document, find_config, read_document, read_section
from model_server.errors import CorpusError
from model_server.home import Home, find_home
from training.commands.shown import shown

if TYPE_CHECKING:
    from training.explaining import Explained
    from training.scrub.config import ScrubConfig
    from training.scrubbing import ScrubReport, Told

corpus_app = typer.Typer(no_args_is_help=True, help="The corpus: what training may see of your chats and articles.")

_STAGES = {"scrub": "scrubbing", "repeats": "finding repeats"}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@corpus_app.command()
def scrub(
    explain: Annotated[int, typer.Option(min=0, help="Show so many lines before and after, on a terminal.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Take out again what must not be learnt, after a change of the rules or of names. Else it only counts."""
    from training.explaining import explain_lines
    from training.importing import ImportOptions, propose_again
    from training.raw.lock import only_one
    from training.scrubbing import scrub_all
    from training.verdict.promotion import outdated_facets

    home, config, document = _instance()
    if explain:
        if not sys.stdout.isatty():
            raise CorpusError("--explain shows private text, and this is no terminal", "run it in a terminal")
        for one in explain_lines(home, config, explain):
            _show(one)
        return
    with only_one(home), _bar() as told:
        report = scrub_all(home, config, told)
        propose_again(home, ImportOptions.of(document))
    print(json.dumps(msgspec.to_builtins(report), ensure_ascii=False)) if as_json else _print_scrubbed(report)
    if not as_json and outdated_facets(home):
        print("facets trained before now still know what is left out → selfsame train")


@corpus_app.command()
def explain(text: Annotated[str, typer.Argument(help="A line as somebody might write it.")]) -> None:
    """Show what the scrub would make of a text of yours."""
    from training.explaining import explain_text

    home, config, _document = _instance()
    _show(explain_text(home, config, text))


@corpus_app.command()
def forget(
    contact: Annotated[str, typer.Argument(help="The contact's name, or one of their ids.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a contact from everything that was imported, and keep them out of later imports. It cannot be undone."""
    from training.forgetting import find_leaving
    from training.forgetting import forget as forget_contact

    home, config, _document = _instance()
    leaving = find_leaving(home, contact)
    if not yes:
        if not sys.stdin.isatty():
            raise CorpusError("forgetting cannot be undone", "say it again with --yes")
        names, ids = shown(", ".join(leaving.known.names)), shown(", ".join(leaving.known.ids))
        chats = len(leaving.chats)
        print(f"{names} ({ids}), {chats} {'chat' if chats == 1 else 'chats'}")
        typer.confirm("Forget all of it?", abort=True)
    with _bar() as told:
        report = forget_contact(home, leaving, config, told)
    if as_json:
        print(json.dumps(msgspec.to_builtins(report)))
        return
    print(f"forgotten: {report.lines} lines, {report.chats} chats; {report.mentions} lines and names said by others")
    print("facets trained before now still know them → selfsame train")


@corpus_app.command()
def report(
    html: Annotated[Path | None, typer.Option(help="Where to write the page; your home's corpus/report.html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write one page that shows your corpus: months, hours, delays, words, and what was set aside."""
    from training.importing import ImportOptions
    from training.report.page import read_figures, write_report

    home, _config, document = _instance()
    zone = ImportOptions.of(document).read.zone
    if as_json:
        print(json.dumps(msgspec.to_builtins(read_figures(home, zone)), ensure_ascii=False))
        return
    print(write_report(home, html, zone))


@corpus_app.command()
def formats(as_json: AsJson = False) -> None:
    """The formats that can be imported, by the names that `import --format` takes."""
    from training.importers.formats import FORMATS

    if as_json:
        print(json.dumps({"formats": [{"name": one.name, "title": one.title} for one in FORMATS]}))
        return
    width = max(len(one.name) for one in FORMATS)
    for one in FORMATS:
        print(f"{one.name:<{width}}  {one.title}")


def _print_scrubbed(report: "ScrubReport") -> None:
    from rich.console import Console
    from rich.table import Table

    if report.lines:
        what = "everything anew" if report.anew else f"{report.lines:,} new lines"
        print(f"scrubbed {what}: something was taken out of {report.changed:,} of {report.lines:,} lines")
    else:
        print("nothing new to scrub" + ("; in all so far:" if report.kinds else ""))
    if report.undecided:
        print(f"{report.undecided} chats wait: nobody knows who of them is you → selfsame import PATH --me NAME")
    table = Table("taken out", "times", "for example (masked)", box=None)
    for kind, count in report.kinds.most_common():
        table.add_row(kind, str(count), "  ".join(report.samples.get(kind, [])))
    if report.kinds:
        Console().print(table)
    if report.dropped:
        print("set aside: " + ", ".join(f"{count} {reason}" for reason, count in report.dropped.most_common()))


def _show(one: "Explained") -> None:
    """Before, with what was found underlined, and after."""
    from rich.console import Console
    from rich.text import Text

    before = Text(shown(one.before))
    for finding in one.findings:
        before.stylize("bold red underline", finding.start, finding.end)
    console = Console(highlight=False, soft_wrap=True)
    if one.chat:
        console.print(Text(shown(one.chat), style="dim"))
    console.print(Text("- ").append_text(before))
    console.print(Text("+ ").append(shown(one.after), style="green"))
    console.print(Text("  " + (", ".join(finding.kind for finding in one.findings) or "nothing"), style="dim"))


@contextmanager
def _bar() -> Iterator["Told"]:
    """Bars over lines, on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(_STAGES[stage], total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield told


def _instance() -> "tuple[Home, ScrubConfig, Document]":
    from training.scrub.config import ScrubConfig

    path = find_config()
    document = read_document(path)
    return find_home(path).create(), read_section(document, "scrub", ScrubConfig), document
