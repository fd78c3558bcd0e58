"""Weights fitted to losses: the arithmetic against what linear algebra says of losses that are exact parabolas."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training.blends.fitting import SHARED_SPREAD, fit_around, fit_shape

WEIGHTS = st.lists(st.floats(-1.5, 1.5), min_size=2, max_size=2)


class Bowl:
    """Nats that grow with the squared distance from where a label is best; `curve` grows with its replies."""

    def __init__(self, best: Sequence[float], curve: float) -> None:
        self.best, self.curve, self.asked = np.array(best), curve, 0

    def __call__(self, _label: str, weights: tuple[float, ...]) -> tuple[float, list[float]]:
        self.asked += 1
        away = np.array(weights) - self.best
        return float(5_000 + self.curve * away @ away / 2), list(self.curve * away)


@settings(max_examples=15, deadline=None)
@given(WEIGHTS, WEIGHTS, st.floats(1, 5_000), st.floats(0.05, 0.6))
def test_one_label_should_lie_between_prior_and_its_best_as_its_replies_weigh(
    best: list[float], prior: list[float], curve: float, spread: float
) -> None:
    bowl = Bowl(best, curve)
    found = fit_around(bowl, "a", prior, [spread] * 2)
    pull = 1 / spread**2
    expected = (curve * np.array(best) + pull * np.array(prior)) / (curve + pull)
    cost = curve * np.square(np.array(found.by_label["a"]) - best).sum() / 2
    cost += pull * np.square(np.array(found.by_label["a"]) - prior).sum() / 2
    least = curve * np.square(expected - best).sum() / 2 + pull * np.square(expected - prior).sum() / 2
    assert cost - least < 0.1, "a tenth of a nat of thousands"
    assert bowl.asked == found.passes <= 16


def test_labels_should_share_what_they_have_in_common() -> None:
    bowls = {"many": Bowl([0.9, 0.5], 900), "more": Bowl([0.7, 0.5], 900), "few": Bowl([-1.0, 0.5], 2)}
    shape = fit_shape(lambda label, at: bowls[label](label, at), list(bowls), [0.5, 0.5], 0.2)
    assert 0.68 < shape.shared[0] < 0.82
    np.testing.assert_allclose(shape.by_label["many"], [0.9, 0.5], atol=0.02)
    np.testing.assert_allclose(shape.by_label["more"], [0.7, 0.5], atol=0.02)
    assert shape.by_label["few"][0] > 0.5, "two replies do not outvote what all share"


def test_the_shape_should_equal_the_mode_of_the_whole_model() -> None:
    """All weights at once, by one linear system over the shape and each label's own."""
    bests, curves, prior, spread = [0.1, 0.8, 0.6], [40.0, 300.0, 5.0], -0.5, 0.2
    bowls = {str(at): Bowl([best], curve) for at, (best, curve) in enumerate(zip(bests, curves, strict=True))}
    shape = fit_shape(lambda label, at: bowls[label](label, at), list(bowls), [prior], spread)
    system = np.zeros((4, 4))
    system[0, 0] = 1 / SHARED_SPREAD**2 + 3 / spread**2
    right = np.array([prior / SHARED_SPREAD**2, *(c * b for c, b in zip(curves, bests, strict=True))])
    for at, curve in enumerate(curves, start=1):
        system[at, at] = curve + 1 / spread**2
        system[0, at] = system[at, 0] = -1 / spread**2
    expected = np.linalg.solve(system, right)
    found = [shape.shared[0], *(weights[0] for weights in shape.by_label.values())]
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_should_stay_at_the_prior_without_labels() -> None:
    shape = fit_shape(lambda _label, _at: (0.0, []), [], [0.5, 0.25], 0.2)
    assert (shape.shared, shape.by_label) == ((0.5, 0.25), {})


def test_should_find_its_way_in_a_bowl_that_is_no_parabola_with_hardly_a_penalty() -> None:
    """Steep on one side, flat on the other, as losses are: from far away, within the passes there are."""

    def nats(_label: str, weights: tuple[float, ...]) -> tuple[float, list[float]]:
        core, own = weights
        value = 300 * np.cosh(2 * (core - 0.9)) + 40 * (own - 0.2) ** 4 + 20 * (own - 0.2) ** 2 + 30 * core * own
        slope = (600 * np.sinh(2 * (core - 0.9)) + 30 * own, 160 * (own - 0.2) ** 3 + 40 * (own - 0.2) + 30 * core)
        return float(value), list(slope)

    found = fit_shape(nats, ["a"], [-0.5, 1.5], 5.0)
    assert np.abs(nats("a", found.by_label["a"])[1]).max() < 12
    assert found.passes <= 16
