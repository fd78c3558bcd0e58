"""Whoever is forgotten leaves no byte behind, in any file of the home, and does not come back."""

import json
import pydoc
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import Contact, read_contacts, write_contacts
from training.corpus import Corpus, read_articles, read_conversations
from training.cuts import Cut, read_cuts, write_cuts
from training.forgetting import find_leaving, forget
from training.importers.base import Article, ChatHead, Event, Person, RawLine
from training.importing import ImportOptions, import_everything
from training.raw.leaving import read_leaving
from training.raw.store import RawChat, RawStore
from training.scrub.config import ScrubConfig
from training.scrubbing import scrub_all

from .raw_homes import ME, fill, new_home, talk

ANNELIES, BOB = "telegram:user72001", "telegram:user72002"
PHONE = "+12025550123"
GROUP = "telegram:-5"

EXPORT: list[Event] = [
    *talk(ANNELIES, "Annelies Quist", "zebra of hers", "giraffe for her", "okapi of hers"),
    Person(ANNELIES, "Annelies Quist", True, (PHONE,)),
    *talk(
        BOB, "Bob", "did annelies call? 202 555 0123 or +1 (202) 555-0123", "Annelies Quist is 72001?", "ok, not quist"
    ),
    ChatHead(GROUP, "group", "Annelies & Bob", "", ME),
    RawLine("1", ANNELIES, "walrus in the group", 4),
    RawLine("2", ME, "ferret for her", 5, reply_to="1"),
    RawLine("3", ME, "badger for her", 6, to=ANNELIES),
    RawLine("4", BOB, "otter of mine", 7),
    Article("soup", "Soup", "I made soup with Annelies, and it was a drink."),
]
HERS = (
    "annelies",
    "quist",
    "user72001",
    "2025550123",
    "202 555",
    "zebra",
    "giraffe",
    "okapi",
    "walrus",
    "ferret",
    "badger",
)
"""Every word by which she could be found."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = new_home(tmp_path)
    fill(home, EXPORT, "Chat with Annelies.json")
    write_contacts(home, [Contact("Annelies Quist", "friend", (ANNELIES,)), Contact("Bob", "friend", (BOB,))])
    evidence = {"contact": BOB, "type": "friend", "evidence": ["two groups in common with Annelies"]}
    home.proposals_file.write_text(json.dumps({"types": [{"contact": ANNELIES}, evidence], "apart": [[ANNELIES, BOB]]}))
    for name in ("report.html", "telegram_user72001.jsonl"):
        (home.corpus_dir / name).write_text("Annelies")
    scrub_all(home, ScrubConfig())
    return home


def found(home: Home) -> dict[str, list[str]]:
    """The files of the home in which a word of hers is, in any encoding that SQLite or JSON write."""
    files = [(path, path.read_bytes().lower()) for path in home.path.rglob("*") if path.is_file()]
    assert files
    return {
        word: where
        for word in HERS
        if (where := [path.name for path, raw in files if word.encode() in raw or word.encode("utf-16-le") in raw])
    }


def test_should_leave_no_byte_of_a_contact(home: Home) -> None:
    assert found(home).keys() == set(HERS)  # what is searched for is there before
    report = forget(home, find_leaving(home, "annelies quist"), ScrubConfig())
    assert found(home) == {}
    assert (report.ids, report.chats, report.lines) == (1, 1, 6)


def test_should_leave_none_in_the_key_of_a_group_that_is_called_after_her(home: Home) -> None:
    party: list[Event] = [ChatHead("line:group:Annelies wird 40", "group", "Annelies wird 40", "", ME)]
    party.append(Person(ANNELIES, "Annelies Quist"))
    hers = RawLine("1", ANNELIES, "walrus", 1)
    fill(home, [*party, hers, RawLine("2", BOB, "cake?", 2)], "party.txt")
    write_cuts(home, [Cut("line:group:Annelies wird 40"), Cut(ANNELIES), Cut(BOB, to_ms=5)])
    (home.path / ".contacts.json.4194305").write_text("Annelies")  # a process that was killed; no id is as high
    forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    assert found(home) == {}
    group, bob = read_cuts(home)
    assert (group.what in [chat.key for chat in chats_of(home)], bob) == (True, Cut(BOB, to_ms=5))
    fill(home, [*party, hers, RawLine("2", BOB, "cake?", 2), RawLine("3", BOB, "and tea", 3)], "later.txt")
    scrub_all(home, ScrubConfig())
    assert found(home) == {}
    assert [chat.key for chat in chats_of(home)].count(group.what) == 1
    with RawStore.open(home) as store:
        assert [line.text for line in store.lines_after(group.what, 0)] == ["cake?", "and tea"]


def chats_of(home: Home) -> list[RawChat]:
    with RawStore.open(home) as store:
        return store.chats()


def test_should_say_when_another_process_holds_what_is_to_go(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def impatient(path: Path, timeout: float = 1, **more: Any) -> sqlite3.Connection:
        patient: sqlite3.Connection = connect(path, timeout=timeout / 1000, **more)
        return patient

    with connect(home.corpus_file, isolation_level=None) as other:
        monkeypatch.setattr(sqlite3, "connect", impatient)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM lines").fetchone() != (0,)
        with pytest.raises(CorpusError, match="another process reads"):
            forget(home, find_leaving(home, ANNELIES), ScrubConfig())
        other.execute("ROLLBACK")
    other.close()
    forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    assert found(home) == {}


def test_should_leave_none_in_the_logs_of_stores_that_others_have_open(home: Home) -> None:
    with RawStore.open(home), Corpus.open(home):
        forget(home, find_leaving(home, ANNELIES), ScrubConfig())
        assert found(home) == {}


def test_should_leave_no_file_called_after_a_contact_with_an_everyday_name(home: Home) -> None:
    fill(home, talk("telegram:user8", "Mum", "hello"), "Chat with Mum.txt")
    write_contacts(home, [*read_contacts(home), Contact("Mum", "", ("telegram:user8",))])
    forget(home, find_leaving(home, "mum"), ScrubConfig())
    fill(home, talk("telegram:user8", "Mum", "hello again"), "Newer chat with Mum.txt")
    assert b"Mum" not in b"".join(path.read_bytes() for path in home.path.rglob("*") if path.is_file())


def test_should_keep_everybody_else(home: Home) -> None:
    forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    assert read_contacts(home) == [Contact("Bob", "friend", (BOB,))]
    said = {chat.chat.key: [line.text for line in chat.lines] for chat in read_conversations(home)}
    assert said.keys() == {BOB, GROUP}
    assert said[GROUP] == ["otter of mine"]
    assert len(said[BOB]) == 3
    proposals = json.loads(home.proposals_file.read_text())
    assert [one["contact"] for one in proposals["types"]] == [BOB]
    assert proposals["apart"] == []


def test_should_stay_out_of_a_later_import_of_the_same_export(home: Home) -> None:
    forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    fill(home, [*EXPORT, *talk(BOB, "Bob", "and a new line", "hi to Annelies", first=9)], "Annelies.json")
    scrub_all(home, ScrubConfig())
    assert found(home) == {}
    assert "and a new line" in [line.text for chat in read_conversations(home) for line in chat.lines]


def test_should_leave_a_name_that_somebody_else_bears(home: Home) -> None:
    write_contacts(home, [*read_contacts(home), Contact("Annelies Berg", "", ("telegram:user5",))])
    fill(home, talk("telegram:user5", "Annelies Berg", "hello from Annelies"), "berg.json")
    forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    assert found(home).keys() == {"annelies"}
    assert [chat.chat.name for chat in read_conversations(home) if chat.chat.key == "telegram:user5"] == [
        "Annelies Berg"
    ]


class Killed(BaseException):
    """Stands for the process being killed: nothing may run afterwards."""


STEPS = (
    "training.forgetting.write_leaving",
    "training.forgetting.scrub_all",
    "training.scrubbing.drop_repeats",
    "training.scrubbing.remove_leaving",
    *map(
        "training.taking_out.{}".format,
        (
            *("add_forgotten", "_empty_corpus", "Corpus.clear", "Corpus.wipe", "remove_old_corpus", "write_leaving"),
            *("rewrite", "forget_people", "wipe", "_change_proposals", "forget_cuts", "change_contacts"),
            "remove_leftovers",
        ),
    ),
)


def kill_at(patched: pytest.MonkeyPatch, step: str, *, after: bool) -> None:
    """The process ends before, or right after, this step."""
    owner, _, name = step.rpartition(".")
    place = pydoc.locate(owner)
    done = getattr(place, name)

    def kill(*args: Any, **more: Any) -> None:
        if after:
            done(*args, **more)
        raise Killed

    patched.setattr(place, name, kill)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_should_be_completed_by_repeating_it_wherever_it_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    """She is nobody's contact: what is known of her lies in the raw store alone."""
    home = new_home(tmp_path)
    key = "line:Annelies wird 40"
    party: list[Event] = [
        ChatHead(key, "group", "Annelies wird 40", "", ME),
        Person(ANNELIES, "Annelies Quist", True, (PHONE,)),
    ]
    hers: list[Event] = [RawLine("1", ANNELIES, "walrus", 1), RawLine("2", BOB, f"ask quist, {PHONE}", 2)]
    fill(home, [*party, *hers, Article("file:dinner-with-annelies:1", "Dinner", "With Annelies.")], "party.txt")
    write_contacts(home, [Contact("Bob", "friend", (BOB,))])
    write_cuts(home, [Cut(key, to_ms=1)])
    home.proposals_file.write_text(json.dumps({"types": [{"contact": BOB, "evidence": ["a group with Annelies"]}]}))
    scrub_all(home, ScrubConfig())
    with monkeypatch.context() as patched:
        kill_at(patched, step, after=after)
        with pytest.raises(Killed):
            forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    not_begun = step == STEPS[0] and not after
    through = after and step in ("training.forgetting.scrub_all", "training.scrubbing.remove_leaving")
    assert (read_leaving(home) is None) == (not_begun or through)
    if not through:
        forget(home, find_leaving(home, ANNELIES if not_begun else "Annelies Quist"), ScrubConfig())
    assert found(home) == {}
    (group,) = chats_of(home)
    assert read_cuts(home) == (Cut(group.key, to_ms=1),)
    with Corpus.open(home) as corpus, corpus.snapshot():
        assert [chat.key for chat in corpus.chats()] == [group.key]
    assert not (home.raw_dir / "leaving.json").exists()


@pytest.mark.parametrize("step", ["_empty_corpus", "forget_people", "change_contacts"])
def test_should_be_completed_by_the_next_scrub_or_forgetting(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patched:
        kill_at(patched, f"training.taking_out.{step}", after=True)
        with pytest.raises(Killed):
            forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    assert (home.raw_dir / "leaving.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(CorpusError, match="not whole"):
        read_conversations(home)
    if step == "forget_people":
        forget(home, find_leaving(home, BOB), ScrubConfig())
        assert read_contacts(home) == []
    else:
        scrub_all(home, ScrubConfig())
        assert read_contacts(home) == [Contact("Bob", "friend", (BOB,))]
    assert found(home) == {}


def test_should_be_completed_by_the_next_import(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patched:
        kill_at(patched, "training.taking_out.add_forgotten", after=True)
        with pytest.raises(Killed):
            forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    home.proposals_file.unlink()  # shortened above; they are made anew
    (tmp_path / "bread.md").write_text("# Bread\n\nBread is made of flour and water.\n")
    report = import_everything([tmp_path / "bread.md"], home, ImportOptions.of({}))
    assert [one.name for one in report.contacts] == ["Bob"]
    assert found(home) == {}


def test_should_leave_no_byte_in_the_key_of_an_article(home: Home) -> None:
    keys = ("file:dinner-with-annelies:1", "web:https://example.org/annelies", "web:https://example.org/quist")
    fill(home, [Article(key, "Dinner", f"Fish, {at}.") for at, key in enumerate(keys)], "articles.xml")
    scrub_all(home, ScrubConfig())
    forget(home, find_leaving(home, ANNELIES), ScrubConfig())
    assert found(home) == {}
    assert {f"Fish, {at}." for at in range(3)} < {one.markdown for one in read_articles(home)}


def test_should_not_forget_the_owner_or_a_stranger(home: Home) -> None:
    with pytest.raises(CorpusError, match="is you"):
        find_leaving(home, ME)
    with pytest.raises(CorpusError, match="no contact is called"):
        find_leaving(home, "Nobody")
