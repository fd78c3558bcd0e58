"""Intervals by the bootstrap: what else the figures might have been, had the owner had other conversations like these.

Efron (1979, Bootstrap methods), paired as in Koehn (2004, Statistical significance tests for machine translation
evaluation): every figure that is compared is computed on the same resample. Pure; knows no model.

What is drawn is whole conversations, each contact type by itself: lines of one conversation are alike, and how much the
owner talks to whom is no accident. Contacts are not drawn: the clone talks to these very people, it is about them that
something is claimed, and of four contacts no bootstrap learns how contacts differ. n - 1 of n are drawn (Rao and Wu
1988, Resampling inference with complex survey data), and the spread of what is drawn is taken as often as Student's t
says: so intervals are honest also where n is small, and a few conversations that agree by chance show nothing.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
_BLOCK = 250
"""Resamples at once: with 20,000 conversations 40 MB."""
FEWEST = 3
"""Conversations behind an interval: how two differ says nothing of how others would."""
_UPPER = 0.975
_ENDLESS = 1e9


def resampled_sums(columns: Floats, strata: Sequence[str], resamples: int, seed: int) -> Floats:
    """[resamples, k]: the sums of `columns` [conversations, k] over resampled conversations, stratum by stratum.

    At least two conversations.
    """
    places = _places(strata)
    draw = np.random.default_rng(seed)
    sums = np.zeros((resamples, columns.shape[1]))
    for start, end in _blocks(resamples):
        for found in places:
            size = len(found)
            counts = draw.multinomial(size - 1, np.full(size, 1 / size), size=end - start)
            sums[start:end] += counts @ columns[found] * (size / (size - 1))
    return sums


def resampled_means(columns: Floats, seed: int) -> Floats:
    """[resamples]: in each resample (a row) the mean over resampled columns: of independent repetitions, such as seeds.

    One repetition alone is taken as it is: nothing tells how others would differ.
    """
    resamples, repetitions = columns.shape
    if repetitions == 1:
        return columns[:, 0]
    draw = np.random.default_rng(seed)
    counts = draw.multinomial(repetitions - 1, np.full(repetitions, 1 / repetitions), size=resamples)
    means: Floats = (columns * counts).sum(axis=1) / (repetitions - 1)
    return means


def freedom_of(strata: Sequence[str]) -> float:
    """Degrees of freedom of what is drawn from these strata."""
    return float(sum(len(found) - 1 for found in _places(strata)))


def joint_freedom(parts: Iterable[tuple[float, float]]) -> float:
    """Degrees of freedom of a sum of independent parts, each a variance with its own (Welch 1947, Satterthwaite)."""
    varying = [(variance, freedom) for variance, freedom in parts if variance > 0]
    total = sum(variance for variance, _freedom in varying)
    return total**2 / sum(variance**2 / freedom for variance, freedom in varying) if varying else math.inf


def interval(values: Floats, freedom: float) -> tuple[float, float]:
    """95 % by the spread of resampled figures and Student's t (Efron and Tibshirani 1993, chapter 12)."""
    half = float(stdtrit(min(freedom, _ENDLESS), _UPPER)) * float(values.std())
    return float(values.mean()) - half, float(values.mean()) + half


def interval_of(
    statistic: Callable[[Floats], Floats], columns: Floats, strata: Sequence[str], resamples: int, seed: int
) -> tuple[float, float] | None:
    """The interval of a figure that is made of sums [resamples, k] -> [resamples]; None with fewer than `FEWEST`
    conversations."""
    if len(strata) < FEWEST:
        return None
    return interval(statistic(resampled_sums(columns, strata, resamples, seed)), freedom_of(strata))


def _places(strata: Sequence[str]) -> list[NDArray[np.int64]]:
    """Where the conversations of each stratum stand, two at least.

    How one alone might vary nobody knows: such are drawn together, or with the smallest stratum (collapsed strata,
    Wolter 2007, Introduction to variance estimation). Never drawn, they would make any interval too narrow.
    """
    names = np.asarray(strata)
    found = sorted((np.flatnonzero(names == name) for name in sorted(set(strata))), key=len)
    alone = sum(len(places) == 1 for places in found)
    joined = max(alone, 2) if alone else 0
    return [np.concatenate(found[:joined]), *found[joined:]] if joined else found


def _blocks(resamples: int) -> Iterator[tuple[int, int]]:
    for start in range(0, resamples, _BLOCK):
        yield start, min(start + _BLOCK, resamples)
