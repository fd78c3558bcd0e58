"""The commands of training: one JSON object on stdout, and failures that say what to do next."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from model_server.errors import SelfsameError
from training.cli import app

from .exports import full, talk, write


@pytest.fixture(autouse=True)
def _instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
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
    report = run("import", "result.json", "soup.md", "--contacts", "types.json")
    assert (report["added"], report["replies"], report["articles"], report["untyped"]) == (8, 4, 1, ["Mum"])
    assert run("contacts", "set", "Mum", "family") == {"name": "Mum", "type": "family"}
    types = {contact["name"]: contact["type"] for contact in run("contacts", "list")["contacts"]}
    assert types == {"Mum": "family", "Bram": "friend"}


def test_should_set_up_the_sample_owner_once() -> None:
    assert run("sample")["added"] > 3000
    assert run("sample")["added"] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("import", "nowhere.json"), "nowhere.json: No such file or directory → name a result.json"),
        (("import", "nowhere.md"), "nowhere.md cannot be read"),
        (("contacts", "set", "Nobody", "friend"), "no contact is called 'Nobody' → see `selfsame contacts list`"),
        (("evaluate",), "there is nothing to learn from yet → import your chats first"),
    ],
)
def test_should_say_what_to_do_next(arguments: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(SelfsameError) as raised:
        run(*arguments)
    assert complaint in str(raised.value)
