"""When a training looks at its validation rows, when it ends, and which rows make a step."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.small_model import some_rows
from training.facets.course import Course, batches_from, pace, plan_course


def test_should_look_once_an_epoch_at_what_is_short_and_oftener_at_what_is_long() -> None:
    assert plan_course(2, 30, 18_000, 2_000) == Course(2, 30, 1)
    assert plan_course(1, 2000, 1_200_000, 20_000).looks == 12
    assert plan_course(1, 2000, 1_200_000, 120_000).looks == 2  # looking costs as much as a fifth of learning
    assert plan_course(1, 2, 1_200_000, 100).looks == 2
    assert plan_course(3, 2000, 1_200_000, 0).looks == 1


@given(st.integers(1, 5), st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=50)
def test_should_look_at_the_end_of_every_epoch(epochs: int, epoch_steps: int, looks: int) -> None:
    course = Course(epochs, epoch_steps, min(looks, epoch_steps))
    found = [step for step in range(course.steps + 1) if course.looks_after(step)]
    assert len(found) == epochs * course.looks
    assert {epoch_steps * epoch for epoch in range(1, epochs + 1)} <= set(found)
    assert [course.epoch_of(step) for step in found] == sorted(list(range(1, epochs + 1)) * course.looks)


def test_should_end_after_half_an_epoch_of_looks_in_vain() -> None:
    assert Course(3, 10, 1).is_over(step=10, fruitless=1)
    assert not Course(3, 10, 1).is_over(step=29, fruitless=0)
    assert Course(3, 10, 1).is_over(step=30, fruitless=0)
    assert not Course(1, 100, 8).is_over(step=50, fruitless=3)
    assert Course(1, 100, 8).is_over(step=50, fruitless=4)


@pytest.mark.parametrize("done", [0, 1, 2, 3, 4, 7])
def test_should_give_the_same_steps_wherever_it_begins(done: int) -> None:
    rows = some_rows(5)
    steps = list(itertools.islice(batches_from(0, rows, 2, "7 friend"), 9))
    assert [len(step) for step in steps[:3]] == [2, 2, 1]
    assert list(itertools.islice(batches_from(done, rows, 2, "7 friend"), 9 - done)) == steps[done:]
    assert steps[:3] != steps[3:6]
    assert sorted(row.ids for step in steps[3:6] for row in step) == sorted(row.ids for row in rows)


def test_should_begin_slowly_and_end_slowly() -> None:
    shares = [pace(step, 100) for step in range(100)]
    assert shares[0] < 0.2 < shares[4]
    assert max(shares) == shares[5] == 1.0
    assert shares[6:] == sorted(shares[6:], reverse=True)
    assert shares[-1] == pytest.approx(0.05, abs=0.001)
    assert pace(0, 1) == 1.0
