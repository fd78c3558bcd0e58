"""How far each facet has learned: a small file under the runs, replaced whole. Decisions on it are pure functions.

Knows entry ids of the stream of corrections and versions of facets; not what either holds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from model_server.live_facets import VersionRecord
from training.private_file import replace_file

NOTHING = "0"
"""Before the first entry."""


class FacetState(msgspec.Struct, frozen=True):
    """One facet. `tried`: the newest entry that a training was made with, whatever came of it; `at_ms`: when."""

    tried: str = NOTHING
    at_ms: int = 0
    known: dict[str, str] = {}
    """Version that learning made -> the newest entry it has learned."""


class Standing(msgspec.Struct, frozen=True):
    """Where the live version of a facet stands. `learnt`: the newest entry it has learned, `tried` as above."""

    learnt: str = NOTHING
    tried: str = NOTHING


class _StateFile(msgspec.Struct, frozen=True):
    facets: dict[str, FacetState] = {}


def learning_dir(home: Home) -> Path:
    """Where learning keeps what it has under way."""
    return home.runs_dir / "learn"


def read_states(home: Home) -> dict[str, FacetState]:
    """By facet; empty before the first learning. CorpusError when the file is damaged."""
    path = learning_dir(home) / "state.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=_StateFile).facets
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} is damaged: {error}", "remove it: every correction is then learned anew") from None


def write_state(home: Home, facet: str, state: FacetState) -> None:
    """Keep it beside those of the other facets."""
    learning_dir(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    encoded = msgspec.json.encode(_StateFile({**read_states(home), facet: state}))
    replace_file(learning_dir(home) / "state.json", msgspec.json.format(encoded, indent=1) + b"\n")


def standing(state: FacetState, records: Sequence[VersionRecord], facet: str) -> Standing:
    """What the live version has learned, itself or by the versions it was learned from.

    A facet trained anew since then knows nothing of it, and all is new to it; so it is when all that had learned is
    deleted, for somebody was forgotten. One that the owner rolled back knows nothing of it either, but what he has
    refused is not tried again until there is more.
    """
    mine = {record.version: record for record in records if record.facet == facet}
    live = next((record for record in mine.values() if record.state == "live"), None)
    seen: set[str] = set()
    at: VersionRecord | None = live
    while at is not None and at.version not in seen:
        if at.version in state.known:
            learnt = state.known[at.version]
            return Standing(learnt, max(state.tried, learnt, key=place))
        seen.add(at.version)
        at = mine.get(at.parent) if at.made_by == "learn" else None
    retrained = live is not None and live.made_by != "learn" and live.at_ms > state.at_ms
    deleted = bool(state.known) and mine.keys().isdisjoint(state.known)
    return Standing(NOTHING, NOTHING if retrained or deleted else state.tried)


class Placed(Protocol):
    """Whatever has a place in the stream."""

    @property
    def entry_id(self) -> str:
        """`<ms>-<number>`."""


_Placed = TypeVar("_Placed", bound=Placed)


def after(entry_id: str, found: Sequence[_Placed]) -> list[_Placed]:
    """Those that come later in the stream."""
    return [one for one in found if place(one.entry_id) > place(entry_id)]


def place(entry_id: str) -> tuple[int, int]:
    """The order of entry ids: `<ms>-<number>`."""
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number or 0)
