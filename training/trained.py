"""Which facets answer, asked by every command that needs trained ones. Torch-free: a refusal costs no import.

Knows the home, and nothing in a facet.
"""

from model_server.errors import FacetError
from model_server.home import Home
from model_server.live_facets import read_live
from training.slices import CORE


def trained_facets(home: Home) -> dict[str, str]:
    """The live facets, by version. FacetError without `core`."""
    live = read_live(home)
    if CORE not in live:
        train = "`selfsame train`; one that runs already is in `selfsame status`"
        next_step = f"run {train}" if home.corpus_file.exists() else f"run `selfsame import PATH`, then {train}"
        raise FacetError("no facet has been trained yet", next_step)
    return live
