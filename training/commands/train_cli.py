"""`selfsame train`: parsing, progress and printing only. What is trained, and what goes live, is the pipeline's."""

import json
import sys
from typing import Annotated

import msgspec
import typer

from training.commands.instance import blends_in_force, open_instance, settle


def train(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Train every facet that is not trained yet; one that is worse or gives secrets away does not go live.

    Stopped at any point, it goes on from there the next time.
    """
    document, home = open_instance()
    settings = settle(document)

    from model_server.log import configure_logging
    from training.facets.devices import gather_crew
    from training.facets.train_all import follow, train_all
    from training.pipeline import read_split
    from training.reporting import TrainingReporter, note_without_facet
    from training.slices import CORE, count_replies
    from training.votes.store import drop_left_out

    home.create()
    configure_logging("training", home, console=False)
    with gather_crew() as crew:
        if not crew.leads:
            follow(settings, home, crew)
            return
        drop_left_out(home)
        counts = count_replies(read_split(home, settings.training).train)
        book, _unseen = blends_in_force(document, home)
        with TrainingReporter() as reporter:
            try:
                done = train_all(settings, home, reporter.told, book=book, crew=crew)
            except KeyboardInterrupt:
                print("stopped; the same command goes on where it was", file=sys.stderr)
                raise
    facets = {one.manifest.stage: msgspec.to_builtins(one.manifest) | {"skipped": one.skipped} for one in done}
    without = {contact_type: count for contact_type, count in counts.items() if contact_type not in facets}
    if as_json:
        print(json.dumps({"facets": facets, "without_facet": without}))
        return
    for note in note_without_facet(without, settings.training.min_replies):
        print(note)
    if any(one.manifest.promoted and not one.skipped for one in done):
        fit = "selfsame blend fit, then " if CORE in facets else ""  # articles alone leave nothing to fit to
        print(f"new facets are live → {fit}selfsame evaluate")
