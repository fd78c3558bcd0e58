"""How far two samples of replies are apart in one respect, with an interval. Pure numbers: knows no reply and no text.

A sample is what was read from each reply: numbers, or how often each kind of thing stands in it. A resample is a row of
weights, one a reply; all distances are computed for many rows at once.

    numbers   Wasserstein-1: how far one must move, on average, to turn one distribution into the other (Kantorovich)
    kinds     Jensen-Shannon divergence, base 2 (Lin 1991): 0 the same, 1 nothing in common
    words     Burrows' Delta (2002): mean distance of word shares, each in its usual spread
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Distance = Callable[[Floats, Floats], Floats]
"""Weights of one sample and of the other, [rows, replies] each, to distances [rows]."""
_BLOCK = 250
_LEVELS = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Numbers:
    """`values` in any order; `reply[i]` is the number of the reply that `values[i]` was read from."""

    values: Floats
    reply: NDArray[np.int64]

    @classmethod
    def of(cls, read: Sequence[Sequence[float]]) -> "Numbers":
        """From what was read of each reply."""
        values = [value for of_one in read for value in of_one]
        reply = [at for at, of_one in enumerate(read) for _ in of_one]
        return cls(np.array(values, dtype=np.float64), np.array(reply, dtype=np.int64))


def wasserstein(ours: Numbers, theirs: Numbers, scale: float) -> Distance:
    """The area between the two cumulative distributions, divided by `scale`."""
    places, inverse = np.unique(np.concatenate([ours.values, theirs.values]), return_inverse=True)
    gaps = np.diff(places)
    mine, other = inverse[: len(ours.values)], inverse[len(ours.values) :]

    def distance(our_weights: Floats, their_weights: Floats) -> Floats:
        if not len(gaps):
            return np.zeros(len(our_weights))
        above = _cumulative(our_weights[:, ours.reply], mine, len(places))
        below = _cumulative(their_weights[:, theirs.reply], other, len(places))
        found: Floats = np.abs(above - below)[:, :-1] @ gaps / scale
        return found

    return distance


def jensen_shannon(ours: Floats, theirs: Floats) -> Distance:
    """`ours` and `theirs` [replies, kinds]: counts of the same kinds. 1 where one sample is empty, 0 where both are."""

    def distance(our_weights: Floats, their_weights: Floats) -> Floats:
        p, q = _shares(our_weights @ ours), _shares(their_weights @ theirs)
        middle = (p + q) / 2
        found: Floats = (_divergence(p, middle) + _divergence(q, middle)) / 2
        found[(p.sum(axis=1) == 0) ^ (q.sum(axis=1) == 0)] = 1.0
        np.clip(found, 0.0, 1.0, out=found)
        return found

    return distance


def delta(ours: Floats, theirs: Floats, spread: Floats) -> Distance:
    """`ours` and `theirs` [replies, words + 1]: counts of words, the last column of all; `spread` [words]."""

    def distance(our_weights: Floats, their_weights: Floats) -> Floats:
        apart: Floats = np.abs(word_shares(our_weights @ ours) - word_shares(their_weights @ theirs)) / spread
        found: Floats = apart.mean(axis=1)
        return found

    return distance


def word_shares(sums: Floats) -> Floats:
    """[rows, words + 1] sums to [rows, words] shares of all words."""
    found: Floats = sums[:, :-1] / np.maximum(sums[:, -1:], 1.0)
    return found


def with_interval(
    distance: Distance, replies: int, resamples: int, seed: int
) -> tuple[float, tuple[float, float] | None]:
    """The distance of two samples whose replies answer the same lines, and its 95 % interval (bootstrap, Efron 1979).

    A line is drawn with both its replies; n - 1 of n, as elsewhere in the report. What is drawn again is farther apart
    than what it was drawn from, by about as much as small samples always are: the interval is moved back by that, so
    that it stands on the scale on which distances of equally many replies are compared. None with one reply.
    """
    ones = np.ones((1, replies))
    found = float(distance(ones, ones)[0])
    if replies < 2:
        return found, None
    draw = np.random.default_rng(seed)
    again: list[Floats] = []
    for start in range(0, resamples, _BLOCK):
        size = (min(_BLOCK, resamples - start), replies)
        weights = draw.multinomial(replies - 1, np.full(replies, 1 / replies), size=size[0]).astype(np.float64)
        again.append(distance(weights, weights))
    resampled = np.concatenate(again)
    low, high = np.percentile(resampled - resampled.mean(), _LEVELS)
    return found, (max(0.0, found + float(low)), max(0.0, found + float(high)))


def _cumulative(weights: Floats, places: NDArray[np.int64], count: int) -> Floats:
    """[rows, places]: the share of a sample that lies at or before each place."""
    heaps = np.zeros((len(weights), count))
    for row, one in enumerate(weights):
        heaps[row] = np.bincount(places, one, count)
    sums = heaps.cumsum(axis=1)
    found: Floats = sums / np.maximum(sums[:, -1:], 1e-12)
    return found


def _shares(counts: Floats) -> Floats:
    found: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
    return found


def _divergence(p: Floats, q: Floats) -> Floats:
    """Kullback-Leibler in bits, row by row; nothing where `p` is nothing."""
    ratio = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    found: Floats = (p * np.log2(ratio)).sum(axis=1)
    return found
