"""The sample owner should come into an empty folder, and never among somebody's own chats."""

from pathlib import Path

import pytest

from model_server.errors import ConfigError
from model_server.home import Home
from training.contacts import read_contacts
from training.importing import ImportOptions, import_everything
from training.sample.install import HERE, install


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SELFSAME_HOME", raising=False)


def test_should_be_safe_to_repeat(tmp_path: Path) -> None:
    first, second = install(None), install(None)
    assert (first.added, second.added) == (first.lines, 0)
    assert {contact.type for contact in read_contacts(Home(tmp_path / ".selfsame"))} == {
        "family",
        "friend",
        "colleague",
        "stranger",
    }


def test_should_refuse_a_home_with_somebodys_chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import stands for an owner who never wrote a config.toml: only the home tells that it is theirs."""
    mine = Home(tmp_path / "mine").create()
    import_everything([HERE / "result.json"], mine, ImportOptions.of({}))
    monkeypatch.setenv("SELFSAME_HOME", str(mine.path))
    with pytest.raises(ConfigError, match="somebody's own chats"):
        install(None)


def test_should_refuse_anothers_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[owner]\nname = "Somebody Else"\n')
    with pytest.raises(ConfigError, match="another owner"):
        install(None)
    assert not (tmp_path / ".selfsame").exists()
