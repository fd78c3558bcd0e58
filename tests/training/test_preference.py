"""The losses of lessons should start where they must and fall the right way."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.learn.preference import Nats, lesson_loss, preferred, undesired

NATS = st.floats(0.0, 200.0)


def nats(wanted: float | None, unwanted: float | None, *, approved: bool = False) -> Nats:
    first, second = (None if one is None else torch.tensor(one, requires_grad=True) for one in (wanted, unwanted))
    return Nats(first, second, tokens=5, approved=approved)


@settings(max_examples=40, deadline=None)
@given(NATS, NATS, st.floats(0.01, 50.0), st.floats(0.05, 1.0))
def test_should_fall_as_the_wanted_reply_gains_and_begin_at_ln_2(
    wanted: float, unwanted: float, gain: float, beta: float
) -> None:
    zero, more = torch.tensor(0.0), torch.tensor(gain)
    assert float(preferred(zero, zero, beta)) == pytest.approx(math.log(2))
    assert float(preferred(-more, zero, beta)) < math.log(2) < float(preferred(more, zero, beta))
    assert float(preferred(zero, more, beta)) == pytest.approx(float(preferred(-more, zero, beta)))
    now, reference = torch.tensor(unwanted + gain), torch.tensor(unwanted)
    assert float(undesired(now, reference, beta)) < 0.5 == float(undesired(reference, reference, beta))


def test_should_move_each_reply_the_right_way() -> None:
    now, was = nats(10.0, 10.0), nats(10.0, 10.0).detached()
    lesson_loss(now, was, 0.1).backward()  # type: ignore[no-untyped-call]
    assert now.wanted is not None
    assert now.unwanted is not None
    assert now.wanted.grad is not None
    assert now.unwanted.grad is not None
    assert float(now.wanted.grad) > 0.2 - 1e-6, "fewer nats for what was wanted: DPO's share and its own, per token"
    assert float(now.unwanted.grad) == pytest.approx(-0.05)


def test_should_ask_little_of_what_he_let_pass_and_something_of_what_he_threw_away() -> None:
    said, passed = nats(10.0, None), nats(10.0, None, approved=True)
    assert float(lesson_loss(said, said.detached(), 0.1).detach()) == pytest.approx(2.0)
    assert float(lesson_loss(passed, passed.detached(), 0.1).detach()) == pytest.approx(0.5)
    thrown = nats(None, 10.0)
    lesson_loss(thrown, thrown.detached(), 0.1).backward()  # type: ignore[no-untyped-call]
    assert thrown.unwanted is not None
    assert thrown.unwanted.grad is not None
    assert float(thrown.unwanted.grad) == pytest.approx(-0.025)
