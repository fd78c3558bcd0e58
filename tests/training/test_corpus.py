"""The corpus on disk: imports merge, repeat without effect, and are all or nothing."""

from pathlib import Path

import pytest

from model_server.errors import CorpusError
from model_server.home import Home
from training.corpus import (
    Contact,
    Conversation,
    read_contacts,
    read_conversations,
    read_excluded,
    set_type,
    without_excluded,
    write_contacts,
)
from training.importing import import_everything, import_exports

from .exports import full, talk, write


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write(tmp_path / "result.json", full(talk(1, 6, name="Mum"), talk(2, 4, name="Bram")))


def test_should_store_every_line_once_however_often_it_is_imported(home: Home, export: Path) -> None:
    first = import_exports([export], home, None)
    before = {path.name: path.read_bytes() for path in home.corpus_dir.iterdir()}
    second = import_exports([export, export], home, None)
    assert (first.added, first.lines, first.replies, second.added) == (10, 10, 5, 0)
    assert {path.name: path.read_bytes() for path in home.corpus_dir.iterdir()} == before
    assert {(chat.contact_name, len(chat.lines)) for chat in read_conversations(home)} == {("Mum", 6), ("Bram", 4)}


def test_should_merge_a_later_export_in_the_order_of_time(home: Home, export: Path, tmp_path: Path) -> None:
    later = write(tmp_path / "later.json", full(talk(1, 8, start=4)))
    import_exports([later], home, None)
    assert import_exports([export], home, None).added == 3 + 4
    (chat,) = (chat for chat in read_conversations(home) if chat.chat_key == "telegram:user1")
    assert [line.line_id for line in chat.lines] == [str(number) for number in range(1, 12)]


def test_should_write_nothing_when_one_of_the_files_is_broken(home: Home, export: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_bytes(export.read_bytes()[:-200])
    with pytest.raises(CorpusError, match=r"broken\.json breaks off"):
        import_exports([export, broken], home, None)
    assert list(home.corpus_dir.iterdir()) == []
    assert not home.contacts_file.exists()


def test_should_keep_the_corpus_to_the_owner_alone(home: Home, export: Path) -> None:
    import_exports([export], home, None)
    modes = {path.stat().st_mode & 0o777 for path in (*home.corpus_dir.iterdir(), home.contacts_file)}
    assert modes == {0o600}


def test_should_keep_types_that_were_set_and_fill_in_those_that_were_not(home: Home, export: Path) -> None:
    import_exports([export], home, None)
    assert [contact.type for contact in read_contacts(home)] == ["", ""]
    write_contacts(home, set_type(read_contacts(home), "mum", "family"))
    import_exports([export], home, None, types={"Mum": "colleague", "Bram": "friend"})
    assert read_contacts(home) == [
        Contact("Mum", "family", ("telegram:user1",)),
        Contact("Bram", "friend", ("telegram:user2",)),
    ]


def test_should_ask_for_an_id_where_names_repeat() -> None:
    twins = [Contact("Mum", "", ("telegram:user1",)), Contact("Mum", "", ("telegram:user2",))]
    with pytest.raises(CorpusError, match="name one by its id: telegram:user1, telegram:user2"):
        set_type(twins, "Mum", "family")
    assert [contact.type for contact in set_type(twins, "telegram:user2", "family")] == ["", "family"]


@pytest.mark.parametrize("wrong", ["core", "articles", "Family", "../x", ""])
def test_should_refuse_a_type_that_cannot_name_a_facet(wrong: str) -> None:
    with pytest.raises(CorpusError, match="cannot name a contact type"):
        set_type([Contact("Mum")], "Mum", wrong)


def test_should_name_the_file_when_the_corpus_is_damaged(home: Home, export: Path) -> None:
    import_exports([export], home, None)
    place = home.corpus_dir / "telegram_user1.jsonl"
    place.write_bytes(place.read_bytes()[:-9])
    with pytest.raises(CorpusError, match=r"telegram_user1\.jsonl is damaged"):
        read_conversations(home)


def test_should_take_articles_from_a_folder_and_notice_a_change(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "essays"
    folder.mkdir()
    (folder / "soup.md").write_text("Soup is a drink.")
    assert import_everything([folder], home, None).articles_added == 1
    assert import_everything([folder], home, None).articles_added == 0
    (folder / "soup.md").write_text("Soup is a meal.")
    assert import_everything([folder], home, None).articles_added == 1


def test_who_asked_to_be_forgotten_should_not_be_trained_on_under_any_id(home: Home) -> None:
    talks = [Conversation(f"telegram:user{i}", name, ()) for i, name in ((1, "Ann"), (2, "Ann"), (3, "Ben"))]
    contacts = [Contact("Ann", "friend", ("telegram:user1", "telegram:user2")), Contact("Ben", "", ("telegram:user3",))]
    assert without_excluded(talks, contacts, read_excluded(home)) == talks
    home.excluded_file.write_text('{"senders": ["telegram:user2"]}')
    assert without_excluded(talks, contacts, read_excluded(home)) == talks[2:]
    home.excluded_file.write_text("{")
    with pytest.raises(CorpusError, match=r"excluded\.json is damaged"):
        read_excluded(home)
