"""The owner's word on who is who, on disk."""

import json
from pathlib import Path

import pytest

from bot.contacts import Contact, ContactBook, ContactEntry
from bot.owner.contact_file import change, merged, with_name, with_type
from model_server.errors import ConfigError

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


def test_should_prefer_the_owners_word_to_what_the_platform_suggests(path: Path) -> None:
    book = ContactBook(path)
    assert book.resolve("discord", "11", "ann", None, "friend").contact_type == "friend"
    change(path, with_name(ANN_D, "Ann"))
    assert book.resolve("discord", "11", "ann", None, "friend") == Contact("discord:11", "Ann", "friend"), "no type yet"
    change(path, with_type(ANN_D, "colleague"))
    assert book.resolve("discord", "11", "ann", None, "friend").contact_type == "colleague"
    assert book.resolve("discord", "11", "ann", "family", "friend").contact_type == "family", "a seat at the terminal"
