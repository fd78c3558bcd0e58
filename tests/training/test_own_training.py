"""A facet of one contact's own should be judged by what it adds to the best blend without it, for him alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.facet_files import Facet, Pair, publish, write_facet
from model_server.facets import FacetBank
from model_server.fitted import read_fitted
from model_server.home import Home
from model_server.live_facets import withdraw
from model_server.privacy import privacy_mark
from training.contacts import Contact
from training.facets.making import Comparison
from training.facets.train_facet import Trainer
from training.own.own_training import compare_own
from training.pipeline import split_model
from training.slices import Split
from training.verdict.judge import Judge

from .test_gate import BLEND, FAMILY, SETTINGS, none, session, taught, weak
from .test_promotion import cut

BRAM = Contact("Bram", "friend", ("bram", "discord:bram"))
HIS = [session("friend", "bram", day) for day in range(3)]
OWN = "own-1"
FITTED = {"core": 0.2, OWN: 1.0}


@pytest.fixture(scope="module")
def trainer(bundled: BaseModel) -> Iterator[Trainer]:
    bank = FacetBank(bundled.model, 8, 1, "top-2")
    yield Trainer(bundled.name, bank, split_model(bundled, SETTINGS), SETTINGS.training)
    bank.remove()


@pytest.fixture(scope="module")
def good(trainer: Trainer, bundled: BaseModel) -> Facet:
    """One that says just what is said to him."""
    return taught(trainer, bundled, HIS)


@pytest.fixture
def home(tmp_path: Path, trainer: Trainer) -> Home:
    """`core` is live."""
    home = Home(tmp_path / "home").create()
    live(home, "core", weak(trainer, 1))
    return home


def live(home: Home, name: str, facet: Facet) -> None:
    write_facet(facet, home.runs_dir / name)
    publish(home, name, home.runs_dir / name)


def compared(home: Home, trainer: Trainer, base: BaseModel, candidate: Facet, held_out: int = 1) -> Comparison:
    """His first conversation is validation, so many are held out; her only one, held out, is none of his."""
    split = Split((), (HIS[0],), (*HIS[1 : 1 + held_out], *FAMILY))
    book = BlendBook({"friend": BLEND, "family": {"core": 1.0}}, fitted_contacts={"bram": FITTED})
    judge = Judge(SETTINGS, home, base, split, book, (), privacy_mark(home), lambda *_: None)
    return compare_own(judge, BRAM)(trainer, OWN, candidate)


def test_should_be_fitted_to_him_under_every_id_once_it_is_live(
    home: Home, trainer: Trainer, bundled: BaseModel, good: Facet
) -> None:
    found = compared(home, trainer, bundled, good)
    assert found.objection == ""
    assert found.change is not None
    assert (found.change.share < -0.05, found.change.conversations) == (True, 1)
    assert read_fitted(home).contacts == {}, "it is not live yet"
    found.settle()
    fitted = read_fitted(home)
    assert fitted.contacts.keys() == fitted.figures.keys() == set(BRAM.ids)
    assert fitted.contacts["bram"][OWN] > 0.1
    figures = fitted.figures["bram"]
    assert (figures.replies, figures.after < figures.before) == (1, True)


@pytest.mark.parametrize(
    ("held_out", "objection"),
    [(1, "replies to this contact are as close to the owner's without it"), (0, "nothing of this contact is held out")],
)
def test_should_object_to_what_is_worth_nothing_to_him_or_cannot_be_told(
    home: Home, trainer: Trainer, bundled: BaseModel, held_out: int, objection: str
) -> None:
    found = compared(home, trainer, bundled, none(trainer), held_out)
    assert found.objection.startswith(objection)


def test_should_stand_beside_core_or_not_at_all(home: Home, trainer: Trainer, bundled: BaseModel, good: Facet) -> None:
    withdraw(home, "core")
    assert compared(home, trainer, bundled, good) == Comparison(None, "no facet `core` is live for it to stand beside")


def test_should_be_no_worse_than_the_one_that_is_live_unless_that_must_go(
    home: Home, trainer: Trainer, bundled: BaseModel, good: Facet
) -> None:
    live(home, OWN, good)
    worse = quieter(good)
    found = compared(home, trainer, bundled, worse)
    assert found.objection.startswith("the version that is live is closer, by ")
    cut(home, "telegram:user1")
    assert compared(home, trainer, bundled, worse).objection == ""


def quieter(facet: Facet) -> Facet:
    """A sixteenth of it: worth something, but less."""
    pairs = {name: Pair(pair.a, pair.b / 16) for name, pair in facet.pairs.items()}
    return Facet(pairs, facet.rank, facet.scale)
