"""The owner's word on who is who, on disk."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.contacts import Contact, ContactBook, ContactEntry
from bot.owner.contact_file import change, merged, with_name, with_type
from bot.private_file import replace_file
from model_server.errors import ConfigError
from training.private_file import replace_file as replace_file_in_training

ANN = Contact("telegram:user1", "Ann", "stranger")
ANN_D = Contact("discord:11", "ann_on_discord", "stranger")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "contacts.json"


def test_should_sort_somebody_who_only_wrote_so_far(path: Path) -> None:
    change(path, with_type(ANN, "friend"))
    assert ContactBook(path).resolve("telegram", "user1", "ann", None) == Contact("telegram:user1", "Ann", "friend")
    assert path.stat().st_mode & 0o777 == 0o600
    change(path, with_type(ANN, "family"))
    assert [entry.type for entry in ContactBook(path).entries()] == ["family"], "said twice, it is one person"


def test_should_keep_what_training_wrote(path: Path) -> None:
    from model_server.home import Home
    from training.contacts import Contact as Imported
    from training.contacts import read_contacts, write_contacts

    home = Home(path.parent)
    write_contacts(home, [Imported("Ann", "", ("telegram:user1",)), Imported("Mum", "family", ("telegram:user3",))])
    change(path, with_type(ANN, "friend"))
    assert read_contacts(home) == [
        Imported("Ann", "friend", ("telegram:user1",)),
        Imported("Mum", "family", ("telegram:user3",)),
    ]


def test_should_join_the_ids_of_one_person_once(path: Path) -> None:
    change(path, with_type(ANN_D, "friend"))
    for _ in range(2):
        book = change(path, merged(ANN_D, ANN))
    assert book.contacts == (ContactEntry("Ann", "friend", ("telegram:user1", "discord:11")),)
    assert ContactBook(path).resolve("discord", "11", "x", None) == Contact("telegram:user1", "Ann", "friend")


def test_should_rename(path: Path) -> None:
    assert change(path, with_name(ANN, "  Ann   Berg ")).contacts == (
        ContactEntry("Ann Berg", "", ("telegram:user1",)),
    )
    with pytest.raises(ConfigError, match="no name"):
        change(path, with_name(ANN, " \n "))


@pytest.mark.parametrize("name", ["core", "articles", "My Boss", "", "-x", "a" * 65])
def test_should_refuse_what_cannot_name_a_type(path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a contact type"):
        change(path, with_type(ANN, name))
    assert not path.exists()


def test_should_never_write_over_a_damaged_file(path: Path) -> None:
    path.write_text('{"contacts": [{"na')
    with pytest.raises(ConfigError, match="mend or remove"):
        change(path, with_type(ANN, "friend"))
    assert path.read_text() == '{"contacts": [{"na'


def test_should_lose_nothing_of_an_import_in_between(path: Path) -> None:
    """Somebody replaces the file while we edit: our edit is made again on what he wrote."""
    looks = 0

    def edit(book: object) -> object:
        nonlocal looks
        looks += 1
        if looks == 1:
            path.write_text(json.dumps({"contacts": [{"name": "Mum", "type": "family", "ids": ["telegram:user3"]}]}))
        return with_type(ANN, "friend")(book)  # type: ignore[arg-type]

    change(path, edit)  # type: ignore[arg-type]
    assert [entry.name for entry in ContactBook(path).entries()] == ["Mum", "Ann"]
    assert looks == 2


_BOT = """
import pathlib, sys
from bot.contacts import Contact
from bot.owner.contact_file import change, with_type
path = pathlib.Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for at in range(100):
    change(path, with_type(Contact(f"telegram:user{at}", "Ann", "stranger"), "friend"))
"""
_TRAINING = """
import pathlib, sys
from model_server.home import Home
from training.contacts import Contact, change_contacts
home = Home(pathlib.Path(sys.argv[1]).parent)
print("ready", flush=True)
sys.stdin.readline()
for at in range(100):
    change_contacts(home, lambda found: [*found, Contact("Bram", "", (f"discord:{at}",))])
"""


def test_should_lose_no_edit_of_two_processes_at_once(path: Path) -> None:
    """The bot types a hundred contacts while an import finds a hundred others."""
    both = [
        subprocess.Popen(  # our own programs, above
            [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for program in (_BOT, _TRAINING)
    ]
    assert [one.stdout.readline() for one in both if one.stdout] == ["ready\n", "ready\n"]
    for one in both:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()
    for one in both:
        one.communicate(timeout=30)
    assert [one.returncode for one in both] == [0, 0]
    names = [entry.name for entry in ContactBook(path).entries()]
    assert (names.count("Ann"), names.count("Bram")) == (100, 100)
    assert path.with_name("contacts.lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("replace", "tail"), [(replace_file, ".bot"), (replace_file_in_training, "")])
class TestReplacing:
    """Both programs replace a private file alike."""

    def test_should_follow_no_planted_link(self, path: Path, replace: Callable[[Path, bytes], None], tail: str) -> None:
        theirs = path.with_name("theirs")
        theirs.write_text("untouched")
        path.with_name(f".{path.name}.{os.getpid()}{tail}").symlink_to(theirs)
        replace(path, b"private")
        assert (theirs.read_text(), path.read_bytes(), path.is_symlink()) == ("untouched", b"private", False)
        assert path.stat().st_mode & 0o777 == 0o600

    def test_should_follow_not_even_a_guessed_one(
        self, path: Path, replace: Callable[[Path, bytes], None], tail: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("secrets.token_hex", lambda count: "0" * 2 * count)
        theirs = path.with_name("theirs")
        planted = path.with_name(f".{path.name}.{'0' * 16}.{os.getpid()}{tail}")
        planted.symlink_to(theirs)
        with pytest.raises(FileExistsError):
            replace(path, b"private")
        assert (theirs.exists(), path.exists(), planted.is_symlink()) == (False, False, True)


def test_should_prefer_the_owners_word_to_what_the_platform_suggests(path: Path) -> None:
    book = ContactBook(path)
    assert book.resolve("discord", "11", "ann", None, "friend").contact_type == "friend"
    change(path, with_name(ANN_D, "Ann"))
    assert book.resolve("discord", "11", "ann", None, "friend") == Contact("discord:11", "Ann", "friend"), "no type yet"
    change(path, with_type(ANN_D, "colleague"))
    assert book.resolve("discord", "11", "ann", None, "friend").contact_type == "colleague"
    assert book.resolve("discord", "11", "ann", "family", "friend").contact_type == "family", "a seat at the terminal"
