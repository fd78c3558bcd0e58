"""Which facets answer, asked by every command that needs trained ones. Torch-free: a refusal costs no import.

Knows the home, and nothing in a facet.
"""

from model_server.errors import FacetError
from model_server.home import Home
from model_server.live_facets import read_live, read_versions
from training.slices import CORE


def judged_facets(home: Home) -> dict[str, str]:
    """The live facets, by version; none, where every one was refused. FacetError before any was trained."""
    live = read_live(home)
    if not live and not any(record.state == "refused" for record in read_versions(home)):
        train = "`selfsame train`; one that runs already is in `selfsame status`"
        next_step = f"run {train}" if home.corpus_file.exists() else f"run `selfsame import PATH`, then {train}"
        raise FacetError("no facet has been trained yet", next_step)
    return live


def trained_facets(home: Home) -> dict[str, str]:
    """The live facets, by version, where `core` is one of them; else FacetError."""
    live = judged_facets(home)
    if CORE not in live:
        next_step = "`selfsame facets` says what was refused, and why; articles alone make no `core`: import chats"
        raise FacetError("no facet that learned from all your chats is live", next_step)
    return live
