"""Intervals by the bootstrap: what else the figures might have been, had the owner had other conversations like these.

Efron (1979, Bootstrap methods), paired as in Koehn (2004, Statistical significance tests for machine translation
evaluation): every figure that is compared is computed on the same resample. Pure; knows no model.

What is drawn is whole conversations, each contact type by itself: lines of one conversation are alike, and how much the
owner talks to whom is no accident. Contacts are not drawn: the clone talks to these very people, it is about them that
something is claimed, and of four contacts no bootstrap learns how contacts differ. n - 1 of n are drawn (Rao and Wu
1988, Resampling inference with complex survey data), which makes intervals honest also where n is small.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BLOCK = 250
"""Resamples at once: with 20,000 conversations 40 MB."""
_LEVELS = (2.5, 97.5)


def resampled_sums(columns: Floats, strata: Sequence[str], resamples: int, seed: int) -> Floats:
    """[resamples, k]: the sums of `columns` [conversations, k] over resampled conversations, stratum by stratum.

    The only conversation of its stratum is in every resample, once.
    """
    places = [np.flatnonzero(np.asarray(strata) == stratum) for stratum in sorted(set(strata))]
    draw = np.random.default_rng(seed)
    sums = np.zeros((resamples, columns.shape[1]))
    for start, end in _blocks(resamples):
        for found in places:
            size = len(found)
            if size == 1:
                sums[start:end] += columns[found[0]]
                continue
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


def interval(values: Floats) -> tuple[float, float]:
    """The middle 95 % of resampled figures."""
    low, high = np.percentile(values, _LEVELS)
    return float(low), float(high)


def interval_of(
    statistic: Callable[[Floats], Floats], columns: Floats, strata: Sequence[str], resamples: int, seed: int
) -> tuple[float, float] | None:
    """The interval of a figure that is made of sums [resamples, k] -> [resamples]; None with fewer than two
    conversations."""
    if len(strata) < 2:
        return None
    return interval(statistic(resampled_sums(columns, strata, resamples, seed)))


def _blocks(resamples: int) -> Iterator[tuple[int, int]]:
    for start in range(0, resamples, _BLOCK):
        yield start, min(start + _BLOCK, resamples)
