"""A contact should have a facet of his own when the owner says so, and nothing of it when he is to be forgotten."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model_server.config import FacetsConfig
from model_server.contract import Line
from model_server.errors import ConfigError, CorpusError
from model_server.fitted import FitFigures, put_contact, read_fitted
from model_server.home import Home
from model_server.live_facets import (
    VersionRecord,
    facet_dir,
    make_live,
    note_version,
    read_live,
    read_versions,
    withdraw,
)
from training.cli import app
from training.commands import own_cli
from training.config import TrainingConfig
from training.contacts import Contact, check_type, write_contacts
from training.conversations import Session
from training.corpus import Corpus, CorpusChat, CorpusLine
from training.mentions import Known
from training.own.own_facets import own_facets, own_name, read_own, switch_off, switch_on
from training.pipeline import Settings
from training.raw.leaving import Leaving, write_leaving
from training.slices import Split
from training.taking_out import take_up

MUM = Contact("Mum", "family", ("telegram:user1", "whatsapp:mum"))
BRAM = Contact("Bram", "friend", ("telegram:user2",))
TRAINING = TrainingConfig(min_own_replies=3)
DAY_MS = 86_400_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home").create()
    write_contacts(home, [MUM, BRAM])
    return home


def session(contact: Contact, day: int) -> Session:
    lines = (Line("1", "contact", "hello", day), Line("2", "owner", "hi", day))
    return Session(f"{contact.ids[0]}", contact.name, contact.type, lines, contact_id=contact.ids[0])


SPLIT = Split(
    (session(MUM, 1), session(MUM, 2), session(BRAM, 1)), (session(MUM, 3),), (session(MUM, 4), session(BRAM, 2))
)


def train(home: Home, name: str) -> None:
    """As if it had been trained and put live, with a blend fitted over it."""
    for version in ("a", "b"):
        facet_dir(home, name, version).mkdir(parents=True)
        record = VersionRecord(facet=name, version=version, at_ms=1, made_by="own", state="live")
        note_version(home, record)
        make_live(home, name, version)
    verdict = home.runs_dir / "facets" / name / "manifest.json"
    verdict.parent.mkdir(parents=True)
    verdict.write_text("{}")
    put_contact(home, MUM.ids, {"core": 0.5, name: 0.5}, FitFigures(3.0, 2.9, 10, 1))


def test_should_learn_from_the_conversations_of_this_contact_alone(home: Home) -> None:
    assert own_facets(home, SPLIT) == []
    name = switch_on(home, MUM, 4, TRAINING, FacetsConfig())
    assert switch_on(home, MUM, 0, TRAINING, FacetsConfig()) == name, "known already"
    assert read_own(home) == ("telegram:user1",)
    (own,) = own_facets(home, SPLIT)
    assert (own.name, own.contact, own.replies) == (name, MUM, 4)
    assert own.slice.train == SPLIT.train[:2]
    assert own.slice.validation == SPLIT.validation
    assert "user1" not in name


def test_should_say_when_there_is_too_little_or_no_slot(home: Home) -> None:
    with pytest.raises(CorpusError, match="2 replies to 'Mum', a facet of their own needs 3"):
        switch_on(home, MUM, 2, TRAINING, FacetsConfig())
    switch_on(home, BRAM, 3, TRAINING, FacetsConfig(slots=2))
    with pytest.raises(ConfigError, match=r"need 3 slots, the bank has 2 → set slots = 3"):
        switch_on(home, MUM, 4, TRAINING, FacetsConfig(slots=2))
    assert read_own(home) == BRAM.ids
    (home.path / "own.json").write_text("[")
    with pytest.raises(CorpusError, match=r"own\.json is damaged"):
        read_own(home)


def test_should_be_off_at_once_and_keep_what_was_trained(home: Home) -> None:
    name = switch_on(home, MUM, 4, TRAINING, FacetsConfig())
    switch_on(home, BRAM, 4, TRAINING, FacetsConfig())
    train(home, name)
    assert switch_off(home, MUM)
    assert not switch_off(home, MUM)
    assert read_live(home) == {}
    assert read_fitted(home).contacts == {}
    assert read_own(home) == BRAM.ids
    assert [record.state for record in read_versions(home)] == ["former", "former"]
    assert own_facets(home, SPLIT)[0].contact == BRAM
    verdicts = home.runs_dir / "facets" / name
    assert verdicts.is_dir(), "what is trained is not trained again"
    assert list(verdicts.iterdir()) == [], "but it is judged again, which fits his blend"


def test_list_should_tell_what_was_never_trained_from_what_is_not_live(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    name = switch_on(home, MUM, 4, TRAINING, FacetsConfig())
    listed = CliRunner().invoke(app, ["own", "list"], catch_exceptions=False).stdout
    assert listed.endswith("not trained yet → selfsame train\n")
    train(home, name)
    assert "live, version b" in CliRunner().invoke(app, ["own", "list"]).stdout
    withdraw(home, name)
    assert "not live: `selfsame facets` says why" in CliRunner().invoke(app, ["own", "list"]).stdout


def test_on_should_say_whether_the_facet_is_live_already(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    monkeypatch.setattr(own_cli, "settle", Settings.read)
    lines = [
        CorpusLine(f"{day}{author}", author, "hi", day * DAY_MS, seq=seq)  # type: ignore[arg-type]
        for day in range(30)
        for seq, author in enumerate(("contact", "owner"))
    ]
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_chat(CorpusChat(MUM.ids[0], "personal", "Mum", MUM.ids[0]))
        corpus.put_lines(MUM.ids[0], lines)
    name = switch_on(home, MUM, 30, TRAINING, FacetsConfig())
    said = CliRunner().invoke(app, ["own", "on", "Mum"], catch_exceptions=False).stdout
    assert said == f"Mum: facet {name} is trained by the next `selfsame train` (30 replies)\n"
    train(home, name)
    said = CliRunner().invoke(app, ["own", "on", "Mum"], catch_exceptions=False).stdout
    assert said == f"Mum: facet {name} is live already, version b, and speaks to this contact alone\n"
    told = json.loads(CliRunner().invoke(app, ["own", "on", "Mum", "--json"], catch_exceptions=False).stdout)
    assert (told["facet"], told["version"]) == (name, "b")


def test_should_leave_nothing_of_who_is_forgotten(home: Home) -> None:
    """Whoever has been forgotten under one id is so under all of them, also when the type facets live on."""
    name = switch_on(home, MUM, 4, TRAINING, FacetsConfig())
    train(home, name)
    make_live_of_type(home)
    for kept in (
        "facets/family/checkpoint.safetensors",
        "controls/family/facet.bin",
        "likeness/generated/replies.jsonl",
    ):
        (home.runs_dir / kept).parent.mkdir(parents=True, exist_ok=True)
        (home.runs_dir / kept).write_text("his words, or what was learned from them")
    leaving = Leaving(Known(MUM.ids, (), (MUM.name,)), ())
    write_leaving(home, leaving)
    take_up(home)
    assert read_live(home) == {"family": "f"}
    assert [record.facet for record in read_versions(home)] == ["family"]
    assert read_own(home) == ()
    assert read_fitted(home).contacts == {}
    left = [path for path in home.path.rglob("*") if name in str(path)]
    left += [path for path in home.facets_dir.rglob("*.json") if name in path.read_text()]
    left += [path for path in home.runs_dir.rglob("*") if path.is_file() and "his words" in path.read_text()]
    assert left == []


def make_live_of_type(home: Home) -> None:
    facet_dir(home, "family", "f").mkdir(parents=True)
    make_live(home, "family", "f")


def test_a_contact_type_should_not_be_taken_for_one_contact() -> None:
    with pytest.raises(CorpusError, match="cannot name a contact type"):
        check_type(own_name("telegram:user1"))
    check_type("owners")


def test_the_file_should_hold_ids_alone(home: Home) -> None:
    switch_on(home, MUM, 4, TRAINING, FacetsConfig())
    assert json.loads((home.path / "own.json").read_text()) == {"contacts": ["telegram:user1"]}
