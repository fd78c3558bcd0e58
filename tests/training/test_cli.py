"""The commands of training: one JSON object on stdout, and failures that say what to do next."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from model_server import log
from model_server.errors import SelfsameError
from training.cli import app
from training.commands import blend_cli, evaluate_cli, own_cli, vote_prepare_cli

from .exports import full, talk, write


@pytest.fixture(autouse=True)
def _instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    monkeypatch.delenv("SELFSAME_CONFIG", raising=False)
    monkeypatch.setenv("SELFSAME_HOME", str(tmp_path / "home"))


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


def test_should_import_and_type_contacts(tmp_path: Path) -> None:
    write(tmp_path / "result.json", full(talk(1, 4, name="Mum"), talk(2, 4, name="Bram")))
    (tmp_path / "types.json").write_text('{"Bram": "friend"}')
    (tmp_path / "soup.md").write_text("Soup is a drink.")
    report = run("import", "result.json", "soup.md", "--types", "types.json")
    assert (report["added"], report["replies"], report["articles"], report["untyped"]) == (8, 4, 1, ["Mum"])
    assert run("contacts", "set", "Mum", "family") == {"name": "Mum", "type": "family"}
    types = {contact["name"]: contact["type"] for contact in run("contacts", "list")["contacts"]}
    assert types == {"Mum": "family", "Bram": "friend"}


def test_should_end_with_1_when_something_is_left_to_say_or_to_mend(tmp_path: Path) -> None:
    write(tmp_path / "a.json", full(talk(1, 4, name="Mum"), owner=None))
    (tmp_path / "b.json").write_bytes((tmp_path / "a.json").read_bytes()[:-99])
    done = CliRunner().invoke(app, ["import", "a.json", "b.json"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "b.json breaks off" in done.stderr
    assert "--me NAME" in done.stderr
    assert "1 file with 4 lines, 4 of them new" in done.stdout
    again = CliRunner().invoke(app, ["import", "a.json", "--me", "Me", "--json"], catch_exceptions=False)
    assert (again.exit_code, json.loads(again.stdout)["replies"]) == (0, 2)


def test_should_list_the_formats() -> None:
    names = {one["name"] for one in run("corpus", "formats")["formats"]}
    assert {"telegram-desktop", "whatsapp", "markdown"} <= names


def test_should_set_up_the_sample_owner_once() -> None:
    assert run("sample")["added"] > 3000
    assert run("sample")["added"] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("import", "nowhere.json"), "nowhere.json: No such file or directory → name a file, a folder or a .zip"),
        (("import", "empty"), "there is nothing to import under empty: no files → see `selfsame corpus formats`"),
        (("contacts", "set", "Nobody", "friend"), "no contact is called 'Nobody' → see `selfsame contacts list`"),
        (("evaluate",), "no facet has been trained yet → run `selfsame import PATH`, then `selfsame train`"),
        (("evaluate", "--quick"), "no facet has been trained yet"),
        (("vote", "prepare"), "no facet has been trained yet"),
        (("own", "on", "Nobody"), "no contact is called 'Nobody'"),
    ],
)
def test_should_say_what_to_do_next_before_it_loads_torch(
    arguments: tuple[str, ...], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (blend_cli, evaluate_cli, own_cli, vote_prepare_cli):
        monkeypatch.setattr(command, "settle", lambda _document: pytest.fail("loads torch"))
    monkeypatch.setattr(log, "configure_logging", lambda *_args, **_named: None)  # of the process, not of a command
    with pytest.raises(SelfsameError) as raised:
        run(*arguments)
    assert complaint in str(raised.value)
    with pytest.raises(SelfsameError, match="no facet has been trained yet"):
        blend_cli.fit()
