"""Corrections should become a facet that is live, or one that is refused with the reason; each is tried once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.contract import Line
from model_server.corrections import Correction
from model_server.errors import CorpusError, FacetError
from model_server.facet_files import publish, write_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live, read_versions
from tests.model_server.random_facets import random_facet
from tests.training.test_promotion import CLEAN, LEAKY
from tests.training.test_training import make_home
from training.config import TrainingConfig
from training.contacts import read_contacts, write_contacts
from training.facets.train_all import only_one_training
from training.facets.train_facet import Trainer
from training.leaks.audit import Audit
from training.leaks.canaries import is_canary
from training.learn import teaching
from training.learn.config import LearningConfig
from training.learn.outcome import Taught
from training.learn.planning import Plan, plan_learning
from training.likeness.compare import Change
from training.likeness.config import LikenessConfig
from training.likeness.scores import Apart
from training.pipeline import Settings, split_model
from training.slices import Slice
from training.verdict import gate

SETTINGS = Settings(
    OwnerConfig(name="Tilda"),
    ModelConfig(device="cpu"),
    FacetsConfig(rank=4, layers="top-2"),
    TrainingConfig(threads=1, row_tokens=150, min_replies=6),
    likeness=LikenessConfig(resamples=100, tolerance=0.1),
    learning=LearningConfig(learning_rate=5e-3, epochs=1, min_corrections=5, replay=0.5),
)
BOOK = BlendBook({"family": {"core": 0.5, "family": 0.5}, "stranger": {"core": 1.0}})


def edit(n: int) -> tuple[str, Correction]:
    made = Correction(
        at_ms=n,
        chat_key="telegram:user1",
        request_id="",
        outcome="edited",
        contact_id="telegram:user1",
        contact_name="Mum",
        contact_type="family",
        lines=(Line(f"{n}", "contact", f"how is number {n}?", n),),
        proposed=f"Dearest Mum, all is very well here with number {n}!",
        final=f"Dearest Mum, all is very well here with number {n}.",
        blend={},
    )
    return f"{n}-0", made


ACTS = [edit(n) for n in range(1, 6)]


WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def trainer(bundled: BaseModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainer]:
    bank = FacetBank(bundled.model, 4, 1, "top-2")
    made = Trainer(bundled.name, bank, split_model(bundled, SETTINGS), SETTINGS.training)
    monkeypatch.setattr(teaching, "load_for_training", lambda *_: bundled)
    monkeypatch.setattr(teaching, "make_trainer", lambda *_: made)
    yield made
    bank.remove()


@pytest.fixture
def home(tmp_path: Path, model_home: Home, trainer: Trainer) -> Home:
    """`core` and `family` are live."""
    home = make_home(tmp_path / "home", model_home)
    for seed, name in enumerate(("core", "family")):
        write_facet(random_facet(trainer.bank, seed, rank=4, strength=0.01), home.runs_dir / name)
        publish(home, name, home.runs_dir / name)
    return home


def plans(home: Home) -> list[Plan]:
    return plan_learning(home, SETTINGS.scrub, ACTS, BOOK, SETTINGS.learning.min_corrections)


def teach(home: Home, monkeypatch: pytest.MonkeyPatch, found: Audit) -> tuple[Taught, Slice]:
    audited: list[Slice] = []

    def audit(_trainer: Trainer, _tokenizer: object, _settings: Settings, one: Slice, *_: object) -> Audit:
        audited.append(one)
        return found

    monkeypatch.setattr(teaching, "audit", audit)
    [taught] = teaching.teach_all(SETTINGS, home, plans(home), BOOK)
    [one] = audited
    return taught, one


def test_should_put_what_was_learned_live_and_learn_it_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_live(home)
    taught, audited = teach(home, monkeypatch, CLEAN)
    assert (taught.facet, taught.state, taught.reason, taught.new, taught.lessons) == ("family", "live", "", 5, 4)
    assert taught.habit is not None
    assert taught.habit.better
    assert taught.likeness_change is not None
    live = read_live(home)
    assert live == before | {"family": taught.version} != before
    [made] = [one for one in read_versions(home) if one.version == taught.version]
    assert (made.made_by, made.parent, made.state) == ("learn", before["family"], "live")
    assert (made.likeness_change, made.canaries) == (taught.likeness_change, 4)
    said = [line.text for session in audited.train for line in session.lines if line.author == "owner"]
    assert ACTS[0][1].final in said, "what it was taught is private too"
    assert ACTS[4][1].final not in said, "it was held out"
    assert any(map(is_canary, audited.train))
    [again] = plans(home)
    assert (again.fresh, again.ready, len(again.known)) == (0, False, 4)
    assert [one.entry_id for one in again.lessons] == ["5-0"], "what was held out is learned the next time"


def test_should_ask_old_chats_for_everything_but_the_habit(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Apart] = []

    def change_of(*given: Any, apart: Apart, **named: Any) -> Change | None:
        asked.append(apart)
        return gate.change_of(*given, apart=apart, **named)

    monkeypatch.setattr(teaching, "audit", lambda *_: CLEAN)
    monkeypatch.setattr(teaching, "change_of", change_of)
    acts = [edit(n) for n in range(1, 16)]
    [taught] = teaching.teach_all(SETTINGS, home, plan_learning(home, SETTINGS.scrub, acts, BOOK, 5), BOOK)
    said = [(one.piece, one.where, one.put_in, one.times, one.of) for one in taught.traits]
    assert said == [("!", "", False, 12, 12), (".", "at the end", True, 12, 12)]
    assert asked == [frozenset(one.place for one in taught.traits)]


def test_should_refuse_what_leaks_and_not_try_it_again_for_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_live(home)
    taught, _ = teach(home, monkeypatch, LEAKY)
    assert (taught.state, taught.reason) == ("refused", "gives away 2 of 4 planted secrets")
    assert read_live(home) == before
    [again] = plans(home)
    assert (again.fresh, len(again.lessons), again.ready) == (0, 4, False)


def test_should_keep_nothing_of_who_is_forgotten_while_it_is_taught(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_live(home)
    found = plans(home)
    home.excluded_file.write_text('{"senders": ["telegram:user1"]}')
    monkeypatch.setattr(teaching, "audit", lambda *_: CLEAN)
    [taught] = teaching.teach_all(SETTINGS, home, found, BOOK)
    assert (taught.state, taught.reason) == ("refused", "it knows what was forgotten or cut while it was taught")
    assert read_live(home) == before
    assert not facet_dir(home, "family", taught.version).exists()
    assert list((home.runs_dir / "learn").rglob("*.safetensors")) == []


class Killed(BaseException):
    """As if the process ended here."""


@pytest.mark.parametrize("last", ["promote", "_note_tried"])
def test_should_learn_once_wherever_it_is_killed(home: Home, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """Right before each step, and then again."""
    before = read_live(home)
    monkeypatch.setattr(teaching, "audit", lambda *_: CLEAN)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(teaching, last, die)
        with pytest.raises(Killed):
            teaching.teach_all(SETTINGS, home, plans(home), BOOK)
    [plan] = plans(home)
    assert plan.ready == (last != "_note_tried")
    if plan.ready:
        assert read_live(home) == before
        [taught] = teaching.teach_all(SETTINGS, home, [plan], BOOK)
        assert taught.state == "live"
    made = [one for one in read_versions(home) if one.made_by == "learn"]
    assert [(one.parent, one.state) for one in made] == [(before["family"], "live")]
    [again] = plans(home)
    assert [one.entry_id for one in again.lessons] == ["5-0"]
    assert not again.ready


def test_should_learn_from_drafts_that_were_only_thrown_away(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "audit", lambda *_: CLEAN)
    odd = "Sir, I remain your most obedient servant!"
    thrown = [(at, msgspec.structs.replace(act, outcome="discarded", proposed=odd, final="")) for at, act in ACTS]
    [plan] = plan_learning(home, SETTINGS.scrub, thrown, BOOK, 5)
    [taught] = teaching.teach_all(SETTINGS, home, [plan], BOOK)
    assert taught.habit is not None
    assert (taught.state, taught.habit.pairs, taught.habit.better) == ("live", 0, True)


def test_should_say_that_what_is_live_cannot_be_loaded(home: Home) -> None:
    (facet_dir(home, "family", read_live(home)["family"]) / WEIGHTS).write_bytes(b"no")
    with pytest.raises(FacetError, match="the live version of `family` cannot be loaded → train it anew"):
        teaching.teach_all(SETTINGS, home, plans(home), BOOK)


def test_should_build_nothing_on_what_must_be_forgotten(home: Home) -> None:
    [ready] = plans(home)
    assert ready.ready
    home.excluded_file.write_text('{"senders": ["telegram:user2"]}')
    [found] = plans(home)
    assert (found.outdated, found.ready) == (True, False)
    [taught] = teaching.teach_all(SETTINGS, home, [found], BOOK)
    assert (taught.state, taught.reason) == (
        "waiting",
        "it knows what has been forgotten or cut since → selfsame train",
    )
    home.excluded_file.write_text('{"senders": ["telegram:user1"]}')
    assert plans(home) == [], "nothing is learned of her any more"


def test_should_learn_for_the_type_a_contact_has_now(home: Home) -> None:
    write_contacts(home, [one for one in read_contacts(home) if one.name != "Mum"])
    [unknown] = plans(home)
    assert unknown.facet == "family", "as the correction says, where no file says otherwise"


def test_should_not_run_beside_a_training(home: Home) -> None:
    with only_one_training(home), pytest.raises(CorpusError, match="another training runs"):
        teaching.teach_all(SETTINGS, home, plans(home), BOOK)
