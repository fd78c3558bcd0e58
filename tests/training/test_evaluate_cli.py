"""`selfsame evaluate`: one object on stdout, the page beside it, and a bad place for the page refused at once."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from model_server import log
from model_server.blends import BlendBook
from model_server.corrections import CORRECTIONS
from model_server.errors import CorpusError
from model_server.fitted import Fitted, change_fitted
from model_server.home import Home
from model_server.live_facets import VersionRecord, facet_dir, make_live, note_version
from model_server.redis_link import connect_blocking
from training.cli import app
from training.learn.corrections import Lesson
from training.learn.state import FacetState, write_state
from training.likeness import measuring
from training.likeness.figures import CONDITIONS, OVERALL, LikenessReport

from .likeness_reports import whole
from .test_learn_cli import fields


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SELFSAME_CONFIG", raising=False)
    monkeypatch.setenv("SELFSAME_HOME", str(tmp_path / "home"))
    home = Home(tmp_path / "home")
    facet_dir(home, "core", "1").mkdir(parents=True)
    make_live(home, "core", "1")
    return home


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the command asked to have measured; the answer is an invented report."""
    calls: list[dict[str, Any]] = []

    def measured(
        _settings: Any, _home: Home, book: BlendBook, told: Any, *, quick: bool, learned: Sequence[Lesson]
    ) -> LikenessReport:
        calls.append({"book": book, "quick": quick, "learned": learned})
        told("losses", 1, 2)
        return whole()

    monkeypatch.setattr(measuring, "measure", measured)
    monkeypatch.setattr(log, "configure_logging", lambda *_args, **_named: None)  # of the process, not of a command
    return calls


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", *arguments], catch_exceptions=False)


def test_should_print_every_figure_as_one_object(home: Home, asked: list[dict[str, Any]]) -> None:
    done = run("--json")
    printed = json.loads(done.stdout)
    report = whole()
    assert list(printed["nats_per_token"]) == [*(name for name in report.losses if name != OVERALL), OVERALL]
    for name, losses in printed["nats_per_token"].items():
        assert set(CONDITIONS) | {"replies", "net", "net_ci"} <= set(losses)
        assert msgspec.convert(losses, type(report.losses[name])) == report.losses[name]
    assert printed["overall"] == printed["nats_per_token"][OVERALL]
    assert {"style", "attribution", "gap", "leaks", "quick", "seeds", "notes"} <= set(printed)
    assert [one["quick"] for one in asked] == [False]


def test_should_write_the_page_and_say_where(home: Home, asked: list[dict[str, Any]], tmp_path: Path) -> None:
    done = run("--quick")
    place = home.runs_dir / "likeness" / "report.html"
    assert f"the whole report: {place}" in done.stderr
    assert place.stat().st_mode & 0o777 == 0o600
    assert "How like you is your clone?" in place.read_text(encoding="utf-8")
    assert [one["quick"] for one in asked] == [True]
    assert run("--html", "mine.html").exit_code == 0
    assert (tmp_path / "mine.html").exists()


def test_should_begin_with_the_conclusion_and_end_with_what_to_do(home: Home, asked: list[dict[str, Any]]) -> None:
    said = run().stdout
    assert said.startswith("At each piece of a word")
    assert "the blend" in said
    assert "4.550" in said
    assert said.rstrip().endswith("→ selfsame vote")


@pytest.mark.parametrize("place", ["nowhere/page.html", "."])
def test_should_refuse_a_place_for_the_page_before_it_measures(
    home: Home, asked: list[dict[str, Any]], place: str
) -> None:
    with pytest.raises(CorpusError, match="name a file in a folder that exists"):
        run("--html", place)
    assert asked == []


def test_should_measure_the_fitted_blends_and_say_that_set_ones_were_not_seen(
    home: Home, asked: list[dict[str, Any]]
) -> None:
    home.create()
    change_fitted(home, lambda _: Fitted(types={"friend": {"core": 0.7}}))
    assert "not seen" not in " ".join(json.loads(run("--json").stdout)["notes"])  # nothing ever ran here
    (home.redis_dir / "appendonly.aof").write_text("")
    assert "not seen" in " ".join(json.loads(run("--json").stdout)["notes"])
    assert asked[-1]["book"].fitted_types == {"friend": {"core": 0.7}}


def test_should_leave_out_where_corrections_were_made_that_a_live_facet_has_learned(
    home: Home, asked: list[dict[str, Any]], redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(run("--json").stdout)["notes"] == list(whole().notes), "nothing was learned from corrections"
    taught = VersionRecord(facet="core", version="1", at_ms=1, made_by="learn", state="live")
    note_version(home, taught)
    said = json.loads(run("--json").stdout)["notes"][-1]
    assert said == "nothing runs here, so conversations that corrections taught core in were not left out"
    (tmp_path / "config.toml").write_text(f'[redis]\nurl = "{redis_url}"\n')
    monkeypatch.setenv("SELFSAME_CONFIG", str(tmp_path / "config.toml"))
    client = connect_blocking(redis_url)
    client.flushall()
    for at, who in enumerate(("friend", "family"), 1):
        client.xadd(CORRECTIONS, fields("edited", who), id=f"{at}-0")
    client.close()
    write_state(home, "core", FacetState("1-0", 1, {"1": "1-0"}))
    assert json.loads(run("--json").stdout)["notes"] == list(whole().notes)
    (lesson,) = asked[-1]["learned"]
    assert (lesson.contact_id, lesson.at_ms) == ("telegram:friend", 1), "the other is not learned yet"
