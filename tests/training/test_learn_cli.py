"""`selfsame learn` should read what the owner did from Redis, and say what there is too little of."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model_server.contract import Line
from model_server.corrections import CORRECTIONS
from model_server.errors import FacetError, RedisUnavailable
from model_server.home import Home
from model_server.live_facets import facet_dir, make_live
from model_server.redis_link import connect_blocking
from tests.waiting import until
from training.cli import app
from training.commands import learn_cli
from training.learn.outcome import Taught, Trait

Fields = dict[bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float]
"""What XADD takes."""


@pytest.fixture
def home(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Its Redis holds two edits, an approval and a line of the owner's own."""
    home = Home(tmp_path / "home").create()
    config = tmp_path / "config.toml"
    config.write_text(f'[redis]\nurl = "{redis_url}"\n')
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    monkeypatch.setenv("SELFSAME_CONFIG", str(config))
    client = connect_blocking(redis_url)
    client.flushall()
    for outcome, kind in (("edited", "friend"), ("edited", "friend"), ("sent", "friend"), ("takeover", "family")):
        client.xadd(CORRECTIONS, fields(outcome, kind))
    client.close()
    return home


def fields(outcome: str, contact_type: str) -> Fields:
    """As the bot's scripts write them."""
    who = {"contact_id": f"telegram:{contact_type}", "name": "Ann", "contact_type": contact_type}
    line = Line("1", "contact", "q", 1)
    return {
        "at_ms": "1",
        "chat_key": f"telegram:{contact_type}",
        "request_id": "",
        "outcome": outcome,
        "contact": json.dumps(who),
        "lines": json.dumps([{"line_id": line.line_id, "author": line.author, "text": line.text, "at_ms": line.at_ms}]),
        "proposed": "" if outcome == "takeover" else "ok!",
        "final": "ok!" if outcome == "sent" else "ok.",
        "blend": "{}",
    }


def live(home: Home, *names: str) -> None:
    for name in names:
        facet_dir(home, name, "1").mkdir(parents=True)
        make_live(home, name, "1")


def test_should_say_how_many_are_missing_for_each_facet(home: Home) -> None:
    live(home, "core", "friend")
    said = json.loads(CliRunner().invoke(app, ["learn", "--json"], catch_exceptions=False).stdout)
    assert said["corrections"] == 4
    assert [(one["facet"], one["state"], one["new"], one["needed"]) for one in said["facets"]] == [
        ("core", "waiting", 1, 20),
        ("friend", "waiting", 2, 20),
    ]
    shown = CliRunner().invoke(app, ["learn", "--facet", "friend"], catch_exceptions=False).stdout
    assert "2 of 20 new corrections" in shown
    assert "core" not in shown


def test_should_say_what_is_missing_before_anything_can_be_learned(home: Home) -> None:
    with pytest.raises(FacetError, match="no facet has been trained yet → run `selfsame train` first"):
        CliRunner().invoke(app, ["learn"], catch_exceptions=False)
    live(home, "core")
    with pytest.raises(FacetError, match="no facet that is live is called `friend`"):
        CliRunner().invoke(app, ["learn", "--facet", "friend"], catch_exceptions=False)


def test_should_say_that_nothing_runs(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    live(home, "core")
    monkeypatch.setenv("SELFSAME_CONFIG", "")
    monkeypatch.chdir(home.path)
    with pytest.raises(RedisUnavailable, match="nothing runs here"):
        CliRunner().invoke(app, ["learn"], catch_exceptions=False)


async def test_should_say_a_line_now_and_then_where_no_bar_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    with learn_cli._progress() as told:
        await until(lambda: "loading the base model\n" in capsys.readouterr().err)
        told("family", "learning", 1, 4, 2.5)
        await until(lambda: "family: learning: 25 %" in capsys.readouterr().err)
        told("family", "leak audit", 3, 0, None)  # of nobody knows how many
        await until(lambda: "family: leak audit\n" in capsys.readouterr().err)


def test_should_say_of_a_facet_alone_that_nothing_is_for_it(home: Home) -> None:
    live(home, "core", "friend", "family", "stranger")
    shown = CliRunner().invoke(app, ["learn", "--facet", "stranger"], catch_exceptions=False).stdout
    assert shown.startswith("stranger: nothing to learn yet, none of use among what you did so far (corrections: 4)")
    assert "→ edit, discard or answer drafts" in shown


def test_should_say_a_habit_in_one_line_whatever_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    """Who sends two bubbles where the draft has one puts in a line end."""
    traits = (Trait(1, "\n", put_in=True, times=20, of=20), Trait(2, "\x1b", put_in=False, times=12, of=12))
    learn_cli._show([Taught(facet="family", state="live", new=20, needed=20, traits=traits)])
    said = "family: you keep putting in “⏎”, 20 of 20 times\nfamily: you keep taking out “�”, 12 of 12 times\n"
    assert capsys.readouterr().out == said
