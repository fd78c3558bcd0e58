"""`selfsame evaluate`: parsing, progress and printing only.

What moves goes to stderr; `--json` prints one object on stdout.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from training.commands.instance import blends_in_force, open_instance, settle

if TYPE_CHECKING:
    import redis.asyncio

    from model_server.blends import BlendBook
    from model_server.config import Document
    from model_server.corrections import Correction
    from model_server.home import Home
    from training.learn.corrections import Lesson


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
    from training.trained import judged_facets

    judged_facets(home)  # before torch is loaded
    book, unseen = blends_in_force(document, home)
    learned, not_seen = _learned(document, home, book)
    home.create()
    configure_logging("likeness", home, console=False)
    with LikenessScreen() as screen:
        settings = settle(document)

        from training.likeness.measuring import measure

        try:
            report = measure(settings, home, book, screen.told, quick=quick, learned=learned)
        except KeyboardInterrupt:
            print("stopped; the same command goes on where it was", file=sys.stderr)
            raise
    report = msgspec.structs.replace(report, notes=(*report.notes, *filter(None, (unseen, not_seen))))
    place = html or home.runs_dir / "likeness" / "report.html"
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_page(report, place)
    if as_json:
        print(msgspec.json.encode(as_data(report)).decode())
    else:
        print_report(report)
    print(f"the whole report: {place}", file=sys.stderr)


def _learned(document: "Document", home: "Home", book: "BlendBook") -> "tuple[list[Lesson], str]":
    """The corrections that live facets have learned, and what could not be seen of them ("": nothing)."""
    from model_server.config import RedisConfig, read_section
    from model_server.corrections import all_corrections
    from model_server.errors import RedisUnavailable
    from model_server.live_facets import read_versions
    from model_server.redis_link import ask_instance, redis_url
    from training.learn.config import LearningConfig
    from training.learn.planning import plan_learning
    from training.scrub.config import ScrubConfig

    taught = {one.facet for one in read_versions(home) if one.state == "live" and one.made_by == "learn"}
    if not taught:
        return [], ""

    async def read(client: "redis.asyncio.Redis") -> "list[tuple[str, Correction]]":
        return [one async for one in all_corrections(client)]

    try:
        acts = ask_instance(redis_url(read_section(document, "redis", RedisConfig), home), read)
    except RedisUnavailable:
        names = ", ".join(sorted(taught))
        return [], f"nothing runs here, so conversations that corrections taught {names} in were not left out"
    needed = read_section(document, "learning", LearningConfig).min_corrections
    plans = plan_learning(home, read_section(document, "scrub", ScrubConfig), acts, book, needed)
    return [lesson for plan in plans if plan.facet in taught for lesson in plan.known], ""
