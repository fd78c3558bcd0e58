"""The arithmetic of fitting weights to losses: where the most likely weights lie, for one label or for several at once.

Several labels are a multilevel model with partial pooling (Gelman and Hill 2007, chapter 12): their shared shape is
Gaussian around a prior, each label's weights are Gaussian around the shape, and the mode of all is found together. So a
label with many replies says its own weights, and one with few has about the shape. Knows no model and no facet: whoever
calls says what weights cost, and computing that is dear.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARED_SPREAD = 0.3
"""How far the shape may stray from the prior: a hundred replies are hardly held by it, a handful are."""

_WORTH_NATS = 0.05
"""A step that promises less, of all replies together, is not taken."""
_MOST_PASSES = 16
_LONGEST_STEP, _SHORTEST_STEP = 0.25, 0.005
"""Of one weight at a time; the first step is a guess, each later one knows how the nats bend."""

Nats = Callable[[str, tuple[float, ...]], tuple[float, Sequence[float]]]
"""What weights cost a label: nats of all its reply tokens together, and their slope along each weight."""
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shape:
    """Fitted weights, in the order of the prior. `passes`: how often the nats of every label were computed."""

    shared: tuple[float, ...]
    by_label: dict[str, tuple[float, ...]]
    passes: int


def fit_around(nats: Nats, label: str, prior: Sequence[float], spreads: Sequence[float]) -> Shape:
    """The weights of one label alone, each Gaussian around its `prior` with its own standard deviation."""
    found, passes = _mode(nats, [label], np.array([prior], dtype=np.float64), np.diag(np.array(spreads) ** -2.0))
    return Shape(tuple(prior), {label: _told(found[0])}, passes)


def fit_shape(nats: Nats, labels: Sequence[str], prior: Sequence[float], spread: float) -> Shape:
    """The shape that `labels` share, `SHARED_SPREAD` around `prior`, and the weights of each, `spread` around it."""
    center, count = np.array(prior, dtype=np.float64), len(labels)
    # with the shape integrated out, the labels' weights are Gaussian around the prior, and lean on each other
    leaning = np.linalg.inv(spread**2 * np.eye(count) + SHARED_SPREAD**2) if count else np.zeros((0, 0))
    found, passes = _mode(nats, labels, np.tile(center, (count, 1)), np.kron(leaning, np.eye(len(prior))))
    away = SHARED_SPREAD**2 / (spread**2 + count * SHARED_SPREAD**2) * (found - center).sum(0)
    return Shape(_told(center + away), dict(zip(labels, map(_told, found), strict=True)), passes)


def _mode(nats: Nats, labels: Sequence[str], prior: Array, hold: Array) -> tuple[Array, int]:
    """[labels, width]: where nats and the penalty of a Gaussian of precision `hold` around `prior` are least together.

    Newton's method with a curvature for each label, learnt from its slopes by BFGS: partially separable quasi-Newton
    (Griewank and Toint 1982). A handful of passes, where one curvature for all would take dozens.
    """

    def look(at: Array) -> tuple[float, Array]:
        found = [nats(label, _told(weights)) for label, weights in zip(labels, at, strict=True)]
        away = (at - prior).ravel()
        slopes = np.array([slope for _value, slope in found], dtype=np.float64).reshape(at.shape)
        return sum(value for value, _slope in found) + float(away @ hold @ away) / 2, slopes

    if not prior.size:
        return prior, 0
    at, passes, reach = prior, 1, _LONGEST_STEP
    cost, slopes = look(at)
    curves = [np.eye(len(slope)) * np.linalg.norm(slope) / _LONGEST_STEP for slope in slopes]
    while passes < _MOST_PASSES and reach > _SHORTEST_STEP:
        curve, uphill = _block_diagonal(curves) + hold, slopes.ravel() + hold @ (at - prior).ravel()
        step = -np.linalg.solve(curve, uphill)
        step *= reach / max(reach, float(np.abs(step).max()))
        if -float(uphill @ step + step @ curve @ step / 2) < _WORTH_NATS:
            break
        there = at + step.reshape(at.shape)
        cost_there, slopes_there = look(there)
        passes += 1
        curves = [
            _bent(curve, moved, changed, first=passes == 2)
            for curve, moved, changed in zip(curves, there - at, slopes_there - slopes, strict=True)
        ]
        if cost_there < cost:
            at, cost, slopes = there, cost_there, slopes_there
        else:
            reach = float(np.abs(step).max()) / 2
    return at, passes


def _bent(curve: Array, moved: Array, changed: Array, *, first: bool) -> Array:
    """A label's curvature after its slope has changed by `changed` over the way `moved` (BFGS)."""
    rise = float(moved @ changed)
    if rise <= 1e-3 * float(moved @ curve @ moved):  # no bowl here: what is known of it stays
        return curve
    if first:
        curve = np.eye(len(moved)) * float(changed @ changed) / rise
    bent = curve @ moved
    return curve - np.outer(bent, bent) / float(moved @ bent) + np.outer(changed, changed) / rise


def _block_diagonal(blocks: Sequence[Array]) -> Array:
    width = len(blocks[0])
    whole = np.zeros((width * len(blocks), width * len(blocks)))
    for at, block in enumerate(blocks):
        whole[at * width : (at + 1) * width, at * width : (at + 1) * width] = block
    return whole


def _told(weights: Array) -> tuple[float, ...]:
    return tuple(float(weight) for weight in weights)
