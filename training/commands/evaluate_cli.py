"""`selfsame evaluate`: parsing, progress and printing only.

What moves goes to stderr; `--json` prints one object on stdout.
"""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from training.commands.instance import blends_in_force, open_instance, settle


def evaluate(
    html: Annotated[
        Path | None, typer.Option(help="Write the page to this file. Left out: runs/likeness/report.html in your home.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Losses alone: no controls are trained, no replies generated.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """How like you the clone is, by conversations it never saw. Stopped at any point, it goes on from there."""
    from training.likeness.page import check_place

    if html is not None:
        check_place(html)  # before an hour of measuring
    document, home = open_instance()

    from model_server.log import configure_logging
    from training.commands.likeness_screen import LikenessScreen, as_data, print_report
    from training.likeness.page import write_page
    from training.trained import trained_facets

    trained_facets(home)  # before torch is loaded
    book, unseen = blends_in_force(document, home)
    home.create()
    configure_logging("likeness", home, console=False)
    with LikenessScreen() as screen:
        settings = settle(document)

        from training.likeness.measuring import measure

        try:
            report = measure(settings, home, book, screen.told, quick=quick)
        except KeyboardInterrupt:
            print("stopped; the same command goes on where it was", file=sys.stderr)
            raise
    if unseen:
        report = msgspec.structs.replace(report, notes=(*report.notes, unseen))
    place = html or home.runs_dir / "likeness" / "report.html"
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_page(report, place)
    if as_json:
        print(msgspec.json.encode(as_data(report)).decode())
    else:
        print_report(report)
    print(f"the whole report: {place}", file=sys.stderr)
