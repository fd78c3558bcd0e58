"""A facet should be compared as it would be served: under the blends in force, beside all that is live."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.contract import Line
from model_server.facet_files import Facet, publish, read_facet, write_facet
from model_server.facets import FacetBank
from model_server.fitted import FitFigures, put_contact
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live
from tests.model_server.random_facets import random_facet
from training.config import TrainingConfig
from training.conversations import Session
from training.facets.train_facet import Trainer
from training.likeness.config import LikenessConfig
from training.pipeline import Settings, rows_by_type, split_model
from training.verdict.gate import change_of, fit_own, heard_in, serving_bank, serving_book

SETTINGS = Settings(
    OwnerConfig(name="Tilda"),
    ModelConfig(device="cpu"),
    FacetsConfig(rank=8, layers="top-2"),
    TrainingConfig(threads=1),
    likeness=LikenessConfig(resamples=100),
)
BLEND = {"core": 0.5, "friend": 0.5}
BOOK = BlendBook({"friend": BLEND, "family": {"core": 1.0}})


def session(contact_type: str, who: str, day: int) -> Session:
    lines = (Line("1", "contact", f"how is day {day}?", day), Line("2", "owner", "haha not bad mate", day + 1))
    return Session(who, who, contact_type, lines, contact_id=who)


FRIENDS = [session("friend", "bram", day) for day in range(2)]
FAMILY = [session("family", "mum", 5)]
NOBODY = [session("", "x", 7)]


@pytest.fixture(scope="module")
def trainer(bundled: BaseModel) -> Iterator[Trainer]:
    bank = FacetBank(bundled.model, 8, 1, "top-2")
    yield Trainer(bundled.name, bank, split_model(bundled, SETTINGS), SETTINGS.training)
    bank.remove()


@pytest.fixture
def home(tmp_path: Path, trainer: Trainer) -> Home:
    """`core` and `friend` are live."""
    home = Home(tmp_path / "home").create()
    for seed, name in enumerate(("core", "friend")):
        write_facet(weak(trainer, seed), home.runs_dir / name)
        publish(home, name, home.runs_dir / name)
    return home


def weak(trainer: Trainer, seed: int) -> Facet:
    return random_facet(trainer.bank, seed, strength=0.02)


def none(trainer: Trainer) -> Facet:
    """A facet that changes nothing."""
    return random_facet(trainer.bank, 0, strength=0.0)


def test_should_hear_a_facet_wherever_it_has_a_say() -> None:
    live, every = {"core": "1", "friend": "1"}, [*FRIENDS, *FAMILY, *NOBODY]
    assert heard_in("core", BOOK, live, every) == [*FRIENDS, *FAMILY]
    assert heard_in("friend", BOOK, live, every) == FRIENDS
    assert heard_in("articles", BOOK, live, every) == []
    own = BlendBook(BOOK.defaults, fitted_contacts={"mum": {"core": 0.5, "own-1": 0.5}})
    assert heard_in("own-1", own, live, every) == FAMILY


def test_should_tell_better_from_worse_under_the_blend_in_force(
    trainer: Trainer, home: Home, bundled: BaseModel
) -> None:
    before = trainer.bank.parameters()[0]
    live = read_live(home)
    with serving_bank(trainer, bundled, SETTINGS, home) as whole:
        assert dict(whole.live) == live
        same = change_of(
            whole, SETTINGS, BOOK, name="friend", candidate=read_facet(facet_dir(home, "friend", live["friend"])),
            sessions=[*FRIENDS, *FAMILY],
        )  # fmt: skip
    with serving_bank(trainer, bundled, SETTINGS, home) as whole:
        quieter = change_of(whole, SETTINGS, BOOK, name="friend", candidate=none(trainer), sessions=FRIENDS)
    with serving_bank(trainer, bundled, SETTINGS, home) as whole:
        louder = random_facet(trainer.bank, 7, strength=0.2)
        noise = change_of(whole, SETTINGS, BOOK, name="friend", candidate=louder, sessions=FRIENDS)
        assert change_of(whole, SETTINGS, BOOK, name="articles", candidate=louder, sessions=FRIENDS) is None
    assert same is not None
    assert quieter is not None
    assert noise is not None
    assert (same.share, same.conversations) == (0.0, 2)
    assert noise.share > 0.05
    assert noise.nats_before == quieter.nats_before
    assert 0 < abs(quieter.share) < noise.share
    assert trainer.bank.parameters()[0] is before
    name, linear = next(iter(trainer.bank.linears.items()))
    assert bundled.model.get_submodule(name) is linear, "it can train on"


def test_should_compare_though_a_live_facet_is_lost(trainer: Trainer, home: Home, bundled: BaseModel) -> None:
    (facet_dir(home, "friend", read_live(home)["friend"]) / "adapter_config.json").unlink()
    with serving_bank(trainer, bundled, SETTINGS, home) as whole:
        assert list(whole.live) == ["core"]
        assert change_of(whole, SETTINGS, BOOK, name="friend", candidate=none(trainer), sessions=FRIENDS) is None


def test_an_own_facet_should_be_worth_what_it_adds_to_the_best_blend_without_it(
    trainer: Trainer, home: Home, bundled: BaseModel
) -> None:
    """One that says just what is said to him is; one that changes nothing is worth nothing."""
    learned = taught(trainer, bundled, FRIENDS)
    worth = []
    for candidate in (learned, none(trainer)):
        with serving_bank(trainer, bundled, SETTINGS, home) as whole:
            whole.bank.load("own-1", "candidate", candidate)
            own = fit_own(whole, SETTINGS, BLEND, "own-1", validation=FRIENDS[:1], held_out=FRIENDS[1:])
            assert own.worth is not None
            worth.append((own.worth.share, own.fit.blend.get("own-1", 0.0)))
    assert worth[0][0] < -0.05
    assert worth[0][1] > 0.1
    assert abs(worth[1][0]) < 1e-3
    with serving_bank(trainer, bundled, SETTINGS, home) as whole:
        whole.bank.load("own-1", "candidate", learned)
        assert fit_own(whole, SETTINGS, BLEND, "own-1", validation=FRIENDS, held_out=[]).worth is None


def taught(trainer: Trainer, base: BaseModel, sessions: list[Session]) -> Facet:
    """Three loud steps on these conversations."""
    (rows,) = rows_by_type(base.tokenizer, SETTINGS, sessions).values()
    trainer.begin("own-1")
    optimiser = torch.optim.AdamW(trainer.bank.parameters(), lr=2e-2)
    for _ in range(3):
        trainer.step(rows, optimiser)
    return trainer.bank.read_slot(0)


def test_should_judge_by_the_fitted_blends_too(home: Home) -> None:
    put_contact(home, ["bram"], {"core": 0.25}, FitFigures(3.0, 2.9, 10, 1))
    assert serving_book(SETTINGS, home).fitted_contacts == {"bram": {"core": 0.25}}
