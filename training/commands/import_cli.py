"""`selfsame import`: parsing, progress, questions and printing only.

What moves goes to stderr; `--json` prints one object on stdout. On a terminal the owner is asked what only he can say;
elsewhere the command names the option that answers it, and ends with 1.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from model_server.config import find_config, read_document
from model_server.home import find_home


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Exports: files, folders, .zip archives; articles too.")],
    *,
    format_name: Annotated[
        str, typer.Option("--format", help="A name of `selfsame corpus formats`: read these alone.")
    ] = "auto",
    me: Annotated[
        list[str] | None, typer.Option(help="Your name or id in the exports, where they do not say. Repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take the likeliest sender for you, without asking.")] = False,
    dates: Annotated[
        Literal["dmy", "mdy", "ymd"] | None, typer.Option(help="The order of dates, where a file cannot tell.")
    ] = None,
    types: Annotated[Path | None, typer.Option(help='A JSON file {"name": "type"} for contacts without one.')] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Read your chats and articles into the corpus, scrubbed. Importing a file twice adds nothing."""
    from training.commands.import_screen import ImportScreen, print_report
    from training.contacts import read_types
    from training.importing import ImportOptions, import_everything

    path = find_config()
    base = ImportOptions.of(read_document(path))
    options = replace(
        base,
        read=replace(base.read, format=format_name, dates=dates),
        me=tuple(me or ()),
        accept_guesses=yes,
        types=read_types(types) if types else {},
    )
    with ImportScreen() as screen:
        if sys.stdin.isatty() and sys.stderr.isatty():
            options = screen.asking(options)
        try:
            report = import_everything(paths, find_home(path), options, screen.told)
        except KeyboardInterrupt:
            print("stopped; the same command goes on where it was", file=sys.stderr)
            raise
    if as_json:
        print(json.dumps(msgspec.to_builtins(report), ensure_ascii=False))
    else:
        print_report(report)
    if report.failed or report.questions:
        raise typer.Exit(1)
