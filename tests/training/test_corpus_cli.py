"""`selfsame corpus` as the owner types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from model_server.errors import CorpusError
from model_server.home import Home
from training.commands.corpus_cli import corpus_app
from training.commands.shown import shown
from training.contacts import Contact, write_contacts
from training.scrub.config import ScrubConfig
from training.scrubbing import scrub_all

from .raw_homes import fill, new_home, talk


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    home = new_home(tmp_path)
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    monkeypatch.delenv("SELFSAME_CONFIG", raising=False)
    fill(home, talk("telegram:user1", "Mum", "write to jane@example.com", "ok, and the zebra?"))
    write_contacts(home, [Contact("Mum", "family", ("telegram:user1",))])
    scrub_all(home, ScrubConfig())
    return home


def run(*args: str) -> Result:
    return CliRunner().invoke(corpus_app, args, catch_exceptions=False)


def test_should_scrub_again_by_what_the_configuration_says(home: Home) -> None:
    assert json.loads(run("scrub", "--json").stdout)["lines"] == 0
    Path("config.toml").write_text('[scrub]\nblock = ["zebra"]\n')
    told = run("scrub").stdout
    assert "scrubbed everything anew: something was taken out of 2 of 2 lines" in told
    assert "private" in told
    assert "j…@e…" in told
    assert "jane" not in told


def test_should_show_private_text_on_a_terminal_only(home: Home) -> None:
    with pytest.raises(CorpusError, match="no terminal"):
        run("scrub", "--explain", "3")


def test_should_explain_a_text_before_and_after(home: Home) -> None:
    before, after, kinds = run("explain", "mail [red]bob@example.com[/red]").stdout.splitlines()
    assert before == "- mail [red]bob@example.com[/red]"
    assert after.startswith("+ mail [red][email ")
    assert kinds.strip() == "email"


def test_should_forget_only_after_a_yes(home: Home) -> None:
    with pytest.raises(CorpusError, match="cannot be undone"):
        run("forget", "Mum")
    assert json.loads(run("forget", "mum", "--yes", "--json").stdout) == {
        "ids": 1,
        "chats": 1,
        "lines": 2,
        "mentions": 0,
    }
    assert b"zebra" not in b"".join(path.read_bytes() for path in home.path.rglob("*") if path.is_file())


def test_should_list_the_formats(home: Home) -> None:
    assert any(line.startswith("telegram-desktop ") for line in run("formats").stdout.splitlines())
    assert {"name", "title"} == json.loads(run("formats", "--json").stdout)["formats"][0].keys()


def test_should_write_the_report_and_say_where(home: Home) -> None:
    assert run("report").stdout.strip() == str(home.corpus_dir / "report.html")
    assert run("report", "--html", "page.html").stdout.strip() == "page.html"
    assert Path("page.html").read_text().startswith("<!doctype html>")
    assert json.loads(run("report", "--json").stdout)["lines"] == 2


def test_should_not_let_a_message_steer_the_terminal() -> None:
    assert shown("tab\tand\nline, \x1b[2J\x9b and \x07") == "tab\tand\nline, \ufffd[2J\ufffd and \ufffd"
