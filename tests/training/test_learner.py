"""A course should teach its own facet alone, go on after a kill, and take back what costs too much. A small model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from model_server.facets import FacetBank
from model_server.render import Rendered
from tests.model_server.random_facets import random_facet
from tests.training.small_model import small_trainer, some_rows
from training.examples import pack
from training.facets.split_model import LowerCache, SplitModel
from training.learn.config import LearningConfig
from training.learn.examples import Example, Rehearsal
from training.learn.learning import Course, Learned, Learner
from training.whole_bank import WholeBank

BLEND = {"core": 0.5, "friend": 0.5}
CONFIG = LearningConfig(learning_rate=0.02, epochs=3)


@pytest.fixture
def whole() -> WholeBank:
    """`core`, `friend` and `family`, full of noise."""
    trainer = small_trainer()
    model = trainer.bank.model
    trainer.bank.remove()
    bank = FacetBank(model, 4, 3, "top-2")
    for seed, name in enumerate(("core", "friend", "family")):
        bank.load(name, "v", random_facet(bank, seed, rank=4, strength=0.3))
    split = SplitModel(model, 2)
    base = cast(Any, SimpleNamespace(model=model))
    return WholeBank(base, bank, split, LowerCache(split), dict.fromkeys(("core", "friend", "family"), "v"))


def example(begin: int, wanted: int | None, unwanted: int | None, *, approved: bool = False) -> Example:
    """After two words of the contact's, one word of the owner's and the end of it."""
    told = [
        Rendered([1, 2, begin, begin + 1, word, 3], [False] * 4 + [True] * 2)
        for word in (wanted, unwanted)
        if word is not None
    ]
    (row,) = pack(told, 100, 0)
    return Example(
        row,
        None if wanted is None else row.members.index(0),
        None if unwanted is None else row.members.index(len(told) - 1),
        approved,
        BLEND,
    )


LESSONS = [
    *(example(begin, 30, 31) for begin in range(4, 18, 2)),
    example(20, 30, None),
    example(22, 30, None, approved=True),
    example(24, None, 31),
]
HELD_OUT = [example(begin, 30, 31) for begin in (19, 21, 23, 25)]
OLD = [Rehearsal(row, BLEND) for row in some_rows(3)]


OPPOSITE = [
    Rehearsal(row, BLEND)
    for begin in range(4, 24, 2)
    for row in pack([Rendered([1, 2, begin, begin + 1, 31], [False] * 4 + [True])], 100, 0)
]
"""Says what the lessons unteach."""


def course(**changes: Any) -> Course:
    made: dict[str, Any] = {"facet": "friend", "version": "v", "lessons": LESSONS, "held_out": HELD_OUT}
    return Course(**{**made, "rehearsals": OLD, "validation": (), "tolerance": 0.01, **changes})


def learn(
    whole: WholeBank, place: Path, what: Course, told: Callable[[int, int, float], None] = lambda _a, _b, _c: None
) -> Learned:
    return Learner(whole, what, CONFIG, seed=7).learn(place / "checkpoint.safetensors", told)


def slots(whole: WholeBank) -> list[torch.Tensor]:
    """[slot, 4 rows, ...] of every matrix."""
    return [matrix.detach().clone().view(3, 4, -1) for matrix in whole.bank.parameters()]


def test_should_learn_a_habit_that_holds_for_what_it_was_not_taught(whole: WholeBank, tmp_path: Path) -> None:
    before = slots(whole)
    learned = learn(whole, tmp_path, course())
    assert learned.habit.better
    assert (learned.habit.lessons, learned.habit.pairs, learned.habit.gained) == (4, 4, 1.0)
    assert learned.habit.loss_after < learned.habit.loss_before - 0.1
    assert (learned.epochs, learned.validation_before) == (3, None)
    for was, now in zip(before, slots(whole), strict=True):
        torch.testing.assert_close(now[[0, 2]], was[[0, 2]], rtol=0, atol=0)
        assert not torch.equal(now[1], was[1]), "only the slot of the facet that learns"
    assert not any(matrix.requires_grad or matrix.grad is not None for matrix in whole.bank.parameters())


def test_should_rehearse_what_it_knew(whole: WholeBank, tmp_path: Path) -> None:
    """Without it the old conversations are forgotten more."""
    costs = []
    for place, rehearsals in (("with", OLD), ("without", [])):
        start = whole.bank.read_slot(1)
        learned = learn(whole, tmp_path / place, course(rehearsals=rehearsals, validation=OLD, tolerance=10.0))
        assert learned.validation_after is not None
        costs.append(learned.validation_after)
        whole.bank.write_slot(1, start)
    assert costs[0] < costs[1] - 0.02


class Killed(BaseException):
    """As if the process ended here."""


def test_should_go_on_after_a_kill_as_if_nothing_had_been(whole: WholeBank, tmp_path: Path) -> None:
    start = whole.bank.read_slot(1)
    unbroken = learn(whole, tmp_path / "unbroken", course())
    whole.bank.write_slot(1, start)
    steps: list[int] = []

    def told(step: int, _steps: int, _loss: float) -> None:
        steps.append(step)
        if len(steps) == 5:
            raise Killed

    with pytest.raises(Killed):
        learn(whole, tmp_path / "broken", course(), told)
    whole.bank.write_slot(1, start)  # as the next process finds it
    again = learn(whole, tmp_path / "broken", course(), told)
    assert steps == [1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9], "the epoch that was through is not done again"
    assert again.habit == unbroken.habit
    for layer, pair in unbroken.facet.pairs.items():
        torch.testing.assert_close(again.facet.pairs[layer].a, pair.a, rtol=0, atol=0)
    whole.bank.write_slot(1, start)
    assert learn(whole, tmp_path / "broken", course(), told).habit == unbroken.habit
    assert len(steps) == 11, "what is through waits for its verdict"


def test_should_take_back_what_costs_likeness_and_stop_there(whole: WholeBank, tmp_path: Path) -> None:
    learned = learn(whole, tmp_path, course(validation=OPPOSITE, rehearsals=[], tolerance=0.0))
    assert learned.epochs == 1
    assert learned.validation_before is not None
    assert learned.validation_after is not None
    assert learned.validation_after <= learned.validation_before
    free = learn(whole, tmp_path / "free", course(validation=OPPOSITE, rehearsals=[], tolerance=10.0))
    assert free.validation_after is not None
    assert free.validation_after > learned.validation_before


def test_should_not_be_held_back_by_what_the_lessons_are_about(whole: WholeBank, tmp_path: Path) -> None:
    """Old conversations say the very word that is unlearned: they are not asked for it, nor rehearsed with it."""
    start = whole.bank.read_slot(1)
    apart = [replace(one, apart=frozenset({(30, None), (31, None)})) for one in OPPOSITE]
    freely = learn(whole, tmp_path / "freely", course(validation=apart, rehearsals=apart, tolerance=0.0))
    assert (freely.epochs, freely.validation_before) == (3, None), "nothing else is said in them"
    whole.bank.write_slot(1, start)
    torn = learn(whole, tmp_path / "torn", course(rehearsals=OPPOSITE))
    whole.bank.write_slot(1, start)
    held = learn(whole, tmp_path / "held", course(validation=OPPOSITE, rehearsals=[], tolerance=0.0))
    assert held.epochs == 1
    assert freely.habit.loss_after < min(torn.habit.loss_after, held.habit.loss_after)


def test_should_have_nothing_to_say_of_a_habit_that_nothing_was_held_out_of(whole: WholeBank, tmp_path: Path) -> None:
    habit = learn(whole, tmp_path, course(held_out=())).habit
    assert (habit.lessons, habit.gained, habit.better) == (0, None, True)
