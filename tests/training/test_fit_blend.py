"""Blends fitted through the model: slopes, what comes out, what a killed fit need not do again, and what is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model_server.base_model import BaseModel
from model_server.blends import in_force
from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.contract import Line
from model_server.facets import FacetBank
from model_server.fitted import Fitted, change_fitted, read_fitted
from model_server.home import Home
from tests.model_server.random_facets import random_facet
from training.blends.fit_all import fit_all, fit_contact, rows_of, why_no_facet
from training.blends.fit_blend import FitResult, Losses, fit_labels, fit_many, fit_one, slope_of_nats
from training.blends.fitting import SHARED_SPREAD
from training.blends.kept_losses import KeptLosses
from training.commands.blend_cli import why_nothing
from training.config import TrainingConfig
from training.contacts import Contact, write_contacts
from training.conversations import Session
from training.corpus import Conversation, Corpus, CorpusChat, CorpusLine
from training.examples import Row
from training.facets.split_model import LowerCache, SplitModel
from training.likeness.config import LikenessConfig
from training.pipeline import Settings
from training.whole_bank import WholeBank

SETTINGS = Settings(
    OwnerConfig(name="Tilda", card="You are Tilda."),
    ModelConfig(device="cpu"),
    FacetsConfig(rank=4, layers="top-2"),
    TrainingConfig(threads=1, row_tokens=200, min_replies=6),
    likeness=LikenessConfig(contact_replies=1),
)


def said(name: str, contact_type: str, *texts: str) -> Session:
    lines = tuple(Line(str(at), "owner" if at % 2 else "contact", text, at) for at, text in enumerate(texts))
    return Session(f"telegram:{name}", name, contact_type, lines, contact_id=f"telegram:{name}")


@pytest.fixture
def whole(bundled: BaseModel) -> Iterator[WholeBank]:
    """`core`, `family` and `own-bo` full of noise: weights that matter, and best near none of it."""
    bank = FacetBank(bundled.model, 4, 3, "top-2")
    names = ("core", "family", "own-bo")
    for seed, name in enumerate(names):
        bank.load(name, "v", random_facet(bank, seed, rank=4, strength=0.15))
    split = SplitModel(bundled.model, 28)
    yield WholeBank(bundled, bank, split, LowerCache(split), dict.fromkeys(names, "v"))
    bank.remove()


@pytest.fixture
def rows(whole: WholeBank) -> dict[str, Sequence[Row]]:
    return {
        "family": rows_of(
            whole,
            SETTINGS,
            [said("Mum", "family", "how is it?", "all is well here, the soup is on and the dog has slept")],
        ),
        "friend": rows_of(whole, SETTINGS, [said("Bo", "friend", "gull again?", "omg no, he has associates now")]),
        "pal": (),
    }


def test_the_slope_should_be_that_of_the_nats(whole: WholeBank, rows: dict[str, Sequence[Row]]) -> None:
    facets = ["core", "family"]
    value, slope = slope_of_nats(whole, rows["family"], facets, [0.5, 0.25])
    step = 0.02
    for at in range(2):
        weights = [[0.5, 0.25], [0.5, 0.25]]
        weights[0][at] -= step
        weights[1][at] += step
        below, above = (slope_of_nats(whole, rows["family"], facets, one)[0] for one in weights)
        assert slope[at] == pytest.approx((above - below) / (2 * step), rel=0.05, abs=0.05)
    assert [matrix.grad for matrix in whole.bank.parameters()] == [None] * len(whole.bank.parameters())
    with torch.no_grad():
        (row,) = rows["family"]
        logits = whole.split.upper(whole.lower(row), row)
    base = float(torch.nn.functional.cross_entropy(logits, torch.tensor(row.targets), reduction="sum"))
    assert slope_of_nats(whole, rows["family"], facets, [0.0, 0.0])[0] == pytest.approx(base, rel=1e-4)
    assert abs(value - base) > 0.01, "the facets say something else"


def test_should_find_weights_that_say_the_replies_better(whole: WholeBank, rows: dict[str, Sequence[Row]]) -> None:
    prior = {"core": 0.5, "family": 0.5}

    def fit(of: Sequence[Row], spread: float) -> FitResult:
        return fit_one(Losses(whole, {"": of}, lambda _label: None), "", prior, dict.fromkeys(prior, spread))

    found = fit(rows["family"], 0.5)
    assert found.after < found.before
    assert 1 < found.steps <= 16
    assert all(abs(found.blend.get(name, 0.0) - weight) < 2 for name, weight in prior.items())
    (row,) = rows["family"]
    weights = [found.blend.get(name, 0.0) for name in prior]
    nats = slope_of_nats(whole, rows["family"], list(prior), weights)[0]
    assert found.after == pytest.approx(nats / len(row.targets)), (
        "the loss of the blend that is kept, not of the search"
    )
    held = fit(rows["family"], 0.01)
    assert held.blend == pytest.approx(prior, abs=0.1)
    assert fit([], 0.5).blend == prior


def test_labels_should_get_blends_of_what_they_have(whole: WholeBank, rows: dict[str, Sequence[Row]]) -> None:
    own_of = {"family": "family", "friend": "friend", "pal": "own-bo"}
    found = fit_labels(whole, rows, own_of, ["core"], 0.2)
    assert list(found) == list(rows)
    assert found["family"].blend.keys() <= {"core", "family"}
    assert found["friend"].blend.keys() <= {"core"}, "its facet is not loaded"
    assert (found["pal"].before, found["pal"].after, found["pal"].steps) == (0.0, 0.0, 0)
    share = SHARED_SPREAD**2 / (SHARED_SPREAD**2 + 0.2**2)  # of the one label that says anything of the shape
    shape = 0.5 + share * (found["family"].blend.get("core", 0.0) - 0.5)
    assert found["pal"].blend.get("core", 0.0) == pytest.approx(shape, abs=0.05)
    assert {name: one.after < one.before for name, one in found.items() if one.steps} == {
        "family": True,
        "friend": True,
    }


class Killed(BaseException):
    """As if the process ended here."""


def test_a_killed_fit_should_compute_nothing_twice(
    whole: WholeBank, rows: dict[str, Sequence[Row]], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home").create()
    own_of = {"family": "family"}
    straight = fit_many(Losses(whole, rows, lambda _label: None), list(rows), own_of, ["core"], 0.2)
    counted: list[str] = []

    def until(label: str) -> None:
        counted.append(label)
        if len(counted) == 3:
            raise Killed

    with pytest.raises(Killed):
        fit_many(KeptLosses(whole, rows, home, until), list(rows), own_of, ["core"], 0.2)
    (path,) = (home.runs_dir / "fits").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'[["family",["co')
    assert fit_many(KeptLosses(whole, rows, home, counted.append), list(rows), own_of, ["core"], 0.2) == straight
    computed = len(counted)
    assert len(path.read_bytes().splitlines()) == computed + 1
    again = fit_many(KeptLosses(whole, rows, home, counted.append), list(rows), own_of, ["core"], 0.2)
    assert (again, len(counted)) == (straight, computed)
    other = replace(whole, live={**whole.live, "core": "w"})
    fit_many(KeptLosses(other, {"family": rows["family"]}, home, counted.append), ["family"], own_of, ["core"], 0.2)
    assert len(counted) > computed, "another version of a facet has other losses"


def store(home: Home, key: str, name: str, answer: str) -> None:
    """Eight conversations, a day apart."""
    lines = [
        CorpusLine(f"{day}{place}", author, text, day * 86_400_000 + place * 1000)  # type: ignore[arg-type]
        for day in range(8)
        for place, (author, text) in enumerate((("contact", f"how is number {day}?"), ("owner", f"{answer} {day}")))
    ]
    talk = Conversation(CorpusChat(key, "personal", name, key), tuple(lines))
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_chat(talk.chat)
        corpus.put_lines(talk.chat.key, talk.lines)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Mum (family) and Bo (friend, who has no facet but his own)."""
    home = Home(tmp_path / "home").create()
    store(home, "telegram:user1", "Mum", "Dearest Mum, all is well")
    store(home, "telegram:user2", "Bo", "haha nooo")
    write_contacts(home, [MUM, BO])
    return home


MUM = Contact("Mum", "family", ("telegram:user1",))
BO = Contact("Bo", "friend", ("telegram:user2", "discord:2"))


def test_should_fit_types_and_contacts_and_put_them_in_force(home: Home, whole: WholeBank) -> None:
    heard: list[tuple[int, int]] = []
    fitted = fit_all(SETTINGS, home, whole, lambda done, total: heard.append((done, total)))
    assert read_fitted(home) == fitted
    assert fitted.types.keys() == {"family", "friend"}
    assert fitted.contacts.keys() == {"telegram:user1", "telegram:user2", "discord:2"}
    assert fitted.contacts["discord:2"] == fitted.contacts["telegram:user2"]
    assert fitted.versions == whole.live
    family, friend = fitted.figures["family"], fitted.figures["friend"]
    assert (family.after < family.before, friend.after < friend.before) == (True, True)
    assert friend.note.startswith("its facet is not live, `core` speaks; `selfsame facets` says why")
    assert why_no_facet(5, 6, {"core"}) == "no facet of its own, `core` speaks; one needs 6 replies to learn from"
    assert "`articles` speaks" in why_no_facet(5, 6, {"articles"})
    assert "the base model speaks" in why_no_facet(6, 6, {"family"})
    # in force it is all `core`; the day a facet is trained it has its half
    assert fitted.types["friend"].get("core") == fitted.types["friend"].get("friend")
    assert all(0 < done <= total for done, total in heard)


def test_a_contact_should_keep_its_own_facet_and_nobody_forgotten_should_come_back(
    home: Home, whole: WholeBank
) -> None:
    few = replace(SETTINGS, likeness=LikenessConfig(contact_replies=99))
    assert fit_all(few, home, whole).contacts == {}
    own = {"core": 0.4, "own-bo": 0.3}
    with_own = Fitted(contacts={"telegram:user2": own, "discord:2": own, "telegram:user1": {"core": 0.3}})
    change_fitted(home, lambda _: with_own)
    fitted = fit_all(few, home, whole)
    assert fitted.contacts.keys() == {"telegram:user2", "discord:2"}, "of the rest, too few replies"
    assert fitted.contacts["telegram:user2"].keys() <= {"core", "own-bo"}
    change_fitted(home, lambda _: with_own)

    def forget(_done: int, _total: int) -> None:
        write_contacts(home, [MUM])
        change_fitted(home, lambda _: Fitted())

    assert fit_all(few, home, whole, forget).contacts == {}


def test_one_contact_should_be_fitted_around_its_type(whole: WholeBank) -> None:
    sessions = [said("Bo", "friend", "gull again?", "omg no, he has associates now")]
    prior = {"core": 0.5, "friend": 0.5}
    found = fit_contact(whole, SETTINGS, sessions, prior, ["own-bo"])
    assert found.after < found.before
    assert found.blend.keys() <= {"core", "own-bo"}, "a facet that is not loaded has lent its weight to core"


def test_should_fit_nothing_where_no_contact_has_a_type_and_say_so(home: Home, whole: WholeBank) -> None:
    write_contacts(home, [Contact("Mum", "", MUM.ids), Contact("Bo", "", BO.ids)])
    fitted = fit_all(SETTINGS, home, whole)
    assert (fitted.types, fitted.contacts) == ({}, {})
    assert "no contact has a type yet" in why_nothing(whole.live)
    assert "`articles` answers everybody" in why_nothing({"articles": "v"})
    assert "the base model answers" in why_nothing({})


def test_without_core_the_fit_should_weigh_what_is_there_and_invent_no_silence(home: Home, whole: WholeBank) -> None:
    """`core` may be refused by its audit while others are live, or all of them may."""
    whole.bank.drop("core")
    left = replace(whole, live={"family": "v"})
    fitted = fit_all(SETTINGS, home, left)
    assert fitted.types["family"].keys() <= {"family"}
    assert fitted.types["friend"] == {"core": 0.5, "friend": 0.5}, "nothing is there to weigh"
    assert fitted.figures["friend"].before == fitted.figures["friend"].after > 0
    assert fit_all(SETTINGS, home, replace(whole, live={})) == fitted, "it stays as it was"


def test_articles_should_stand_in_for_core_in_the_fit(whole: WholeBank) -> None:
    found = fit_labels(whole, {"friend": ()}, {}, ["articles"], 0.2)
    assert found["friend"].blend == {"articles": 1.0}


def test_what_stands_in_for_core_should_give_way_the_day_it_is_live(home: Home, whole: WholeBank) -> None:
    whole.bank.drop("core")
    whole.bank.load("articles", "v", random_facet(whole.bank, 3, rank=4, strength=0.02))
    fitted = fit_all(SETTINGS, home, replace(whole, live={"articles": "v", "family": "v"}))
    for blend in (*fitted.types.values(), *fitted.contacts.values()):
        weight = in_force(blend, {"articles", "family"})["articles"]
        assert in_force(blend, {"articles", "core", "family"}).get("core") == weight
