"""What trainer and learner say of themselves, as the page, the demo and `selfsame status` show it.

Starts and stops nothing.
"""

import fcntl
import json
from pathlib import Path
from typing import Any

from adapters.local_contract import FacetProgress
from model_server.home import Home


def read_progress(home: Home) -> dict[str, Any]:
    """What the trainer last said of itself; empty when it never did. One that was killed has stopped, too."""
    try:
        told: dict[str, Any] = json.loads((home.runs_dir / "progress.json").read_text())
    except (OSError, ValueError):
        return {}
    killed = told.get("state") == "running" and not _is_locked(home.runs_dir / ".progress.lock")
    return told | {"state": "stopped"} if killed else told


def training_in_words(told: dict[str, Any]) -> str:
    """`core (1 of 6), 8 min left` of a training that runs."""
    if not told["facet"]:
        return "reading the corpus"
    where = f"{told['facet']} ({len(told['done_facets']) + 1} of {len(told['facets'])})"
    return where if told["eta_s"] is None else f"{where}, {max(1, round(told['eta_s'] / 60))} min left"


def read_learning(home: Home) -> dict[str, Any]:
    """What the learner is at; empty while none learns."""
    directory = home.runs_dir / "learn"
    if not _is_locked(directory / ".now.lock"):
        return {}
    try:
        told: dict[str, Any] = json.loads((directory / "now.json").read_text())
    except (OSError, ValueError):
        return {"facet": "", "doing": "", "share": None}
    return told


def learning_in_words(told: dict[str, Any]) -> str:
    """`family: held-out replies, 35 %` of a learning that runs."""
    if not told["facet"]:
        return "reading what you did"
    share = "" if told["share"] is None else f", {100 * told['share']:.0f} %"
    return f"{told['facet']}: {told['doing']}{share}"


def facet_progress(told: dict[str, Any], live: set[str]) -> list[FacetProgress]:
    """The trainer's word, and of what it finished only that which a worker holds, for the page."""
    state, current, done = told.get("state"), told.get("facet"), told.get("done_facets", [])

    def progress(name: str) -> FacetProgress:
        if name in done:
            return FacetProgress(name, "live" if name in live else "training", 1.0)
        if name == current and state in ("running", "failed"):
            share = told.get("step", 0) / max(1, told.get("steps", 1))
            return FacetProgress(name, "training" if state == "running" else "failed", share)
        return FacetProgress(name, "waiting" if state == "running" else "failed", 0.0)

    return [progress(name) for name in told.get("facets", [])]


def _is_locked(path: Path) -> bool:
    """Whether the process that locks this file lives."""
    try:
        with path.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
