"""`selfsame vote prepare`, its work: what is put beside what, and the making of ballots behind a bar.

Prints nothing but how far it is. Knows the instance; not how a line is chosen or answered.
"""

import sys
from typing import TYPE_CHECKING

from model_server.config import Document
from model_server.home import Home
from training.commands.instance import blends_in_force, settle

if TYPE_CHECKING:
    from training.votes.ballots import Round
    from training.votes.rounds import Against


def make_ballots(
    document: Document, home: Home, contact_type: str, against: "Against", ballots: int
) -> "tuple[tuple[tuple[Round, int], ...], list[str]]":
    """The rounds, with how many ballots each was given, and notes for the owner. Errors as of `votes.preparing`."""
    from rich.progress import MofNCompleteColumn

    from model_server.log import configure_logging
    from training.bars import bar
    from training.trained import trained_facets

    trained_facets(home)  # before torch is loaded
    book, unseen = blends_in_force(document, home)
    home.create()
    configure_logging("votes", home, console=False)
    with bar(MofNCompleteColumn()) as (progress, task):
        settings = settle(document)

        from training.votes.preparing import prepare as make

        def told(done: int, total: int) -> None:
            progress.update(task, description="replies to vote on", completed=done, total=total)

        try:
            made = make(settings, home, book, contact_type, against, ballots, told)
        except KeyboardInterrupt:
            print("stopped; the same command goes on where it was", file=sys.stderr)
            raise
    return made.added, [*made.notes, *([unseen] if unseen else [])]


def read_against(said: str) -> "Against":
    """What `--against` names. ConfigError when it is neither a word nor weights."""
    if said in ("", "default", "core", "owner"):
        return said  # type: ignore[return-value]  # one of the words
    from model_server.cli import read_weights

    return read_weights(said.replace(",", " ").split())
