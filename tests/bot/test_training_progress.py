"""The page should show each facet as far as it really is, and never a training that was killed."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.local_contract import FacetProgress
from bot.cli import status
from bot.training_progress import (
    facet_progress,
    learning_in_words,
    read_learning,
    read_progress,
    training_in_words,
)
from model_server.errors import RedisUnavailable
from model_server.home import Home
from training.learn.now import tell_now

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


def test_should_not_believe_a_trainer_that_was_killed(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    path = home.runs_dir / "progress.json"
    assert read_progress(home) == {}
    path.write_text(json.dumps(RUNNING))
    assert read_progress(home) == {**RUNNING, "state": "stopped"}
    with (home.runs_dir / ".progress.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert read_progress(home) == RUNNING
    assert read_progress(home)["state"] == "stopped"
    path.write_text(json.dumps({**RUNNING, "state": "done"}))
    assert read_progress(home)["state"] == "done"
    path.write_text("{half")
    assert read_progress(home) == {}


def test_status_should_tell_of_a_training_where_nothing_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SELFSAME_CONFIG", raising=False)
    monkeypatch.setenv("SELFSAME_HOME", str(tmp_path / "home"))
    home = Home(tmp_path / "home").create()
    (home.runs_dir / "progress.json").write_text(json.dumps({**RUNNING, "eta_s": 470.0}))
    with pytest.raises(RedisUnavailable, match=r"^nothing runs here → "):
        status()
    with (home.runs_dir / ".progress.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status()
        said = "training: family (2 of 3), 8 min left\nnothing else runs here → selfsame up\n"
        assert capsys.readouterr().out == said
        status(as_json=True)
        told = json.loads(capsys.readouterr().out)
    assert (told["running"], told["training"]["facet"]) == (False, "family")


def test_should_tell_what_is_learned_while_a_learning_lives(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    heard: list[str] = []
    assert read_learning(home) == {}
    with tell_now(home, lambda facet, *_: heard.append(facet)) as told:
        assert learning_in_words(read_learning(home)) == "reading what you did"
        told("family", "held-out replies", 7, 20, None)
        assert learning_in_words(read_learning(home)) == "family: held-out replies, 35 %"
        told("family", "leak audit", 3, 0, None)  # of nobody knows how many
        assert learning_in_words(read_learning(home)) == "family: leak audit"
        left = (home.runs_dir / "learn" / "now.json").read_bytes()
    assert read_learning(home) == {}
    (home.runs_dir / "learn" / "now.json").write_bytes(left)
    assert read_learning(home) == {}, "a learning that was killed is none"
    with tell_now(home, lambda *_: None):
        assert learning_in_words(read_learning(home)) == "reading what you did", "nor what the next one is at"
    assert heard == ["family", "family"]
