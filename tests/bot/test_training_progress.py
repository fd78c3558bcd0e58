"""The page should show each facet as far as it really is, and never a training that was killed."""

import json
import os
from pathlib import Path
from typing import Any

from adapters.local_contract import FacetProgress
from bot.training_progress import facet_progress, read_progress, training_in_words
from model_server.home import Home

RUNNING: dict[str, Any] = {
    "state": "running",
    "facet": "family",
    "facets": ["core", "family", "friend"],
    "step": 3,
    "steps": 12,
    "done_facets": ["core"],
}


def test_should_call_a_facet_live_only_when_a_worker_holds_it() -> None:
    assert facet_progress(RUNNING, set())[0] == FacetProgress("core", "training", 1.0)
    assert facet_progress(RUNNING, {"core"}) == [
        FacetProgress("core", "live", 1.0),
        FacetProgress("family", "training", 0.25),
        FacetProgress("friend", "waiting", 0.0),
    ]


def test_should_show_what_failed() -> None:
    states = [facet.state for facet in facet_progress({**RUNNING, "state": "failed"}, {"core"})]
    assert states == ["live", "failed", "failed"]


def test_should_say_where_it_is() -> None:
    assert training_in_words({**RUNNING, "eta_s": 470.0}) == "family (2 of 3), 8 min left"
    assert training_in_words({**RUNNING, "eta_s": None}) == "family (2 of 3)"
    assert training_in_words({**RUNNING, "facet": ""}) == "reading the corpus"


def test_should_not_believe_a_trainer_that_fell_silent(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    path = home.runs_dir / "progress.json"
    assert read_progress(home) == {}
    path.write_text(json.dumps(RUNNING))
    assert read_progress(home) == RUNNING
    os.utime(path, (1, 1))
    assert read_progress(home) == {}
    path.write_text(json.dumps({**RUNNING, "state": "done"}))
    os.utime(path, (1, 1))
    assert read_progress(home)["state"] == "done"
    path.write_text("{half")
    assert read_progress(home) == {}
