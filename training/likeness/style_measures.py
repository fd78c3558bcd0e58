"""The style of one sample of generated replies against the owner's: every measure, its interval, its scale. Pure.

Knows no model. The scale of a distance is made of equally many replies: the owner's earlier ones, drawn to the same
contacts, and those of the bare model to the same lines. So all three carry what small samples add to any distance.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from training.likeness.distances import (
    Distance,
    Floats,
    Numbers,
    delta,
    jensen_shannon,
    wasserstein,
    with_interval,
)
from training.likeness.figures import Interval, StyleMeasure
from training.likeness.particles import count_particles, learn_particles, usual_spread
from training.likeness.prompts import Said
from training.likeness.style import Habits, KindMeasure, NumberMeasure, kind_measures, number_measures

DRAWS = 40
"""How often the owner's earlier replies are drawn; the mean is the floor."""
_FEWEST_PARTICLES = 8
_DECIMALS = 4
DELTA = "Delta (Burrows 2002), over the small words the owner says most"
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Sample:
    """Replies to the same lines, in the same order, and what the owner had written before.

    `draws` [draws, earlier]: 1 where an earlier reply is drawn, about as many as there are lines.
    """

    clone: tuple[Said, ...]
    real: tuple[Said, ...]
    bare: tuple[Said, ...]
    earlier: tuple[Said, ...]
    draws: Floats

    def drawn(self, most: int) -> list[list[str]]:
        """The texts of the first draws of earlier replies."""
        return [[self.earlier[at].text for at in np.flatnonzero(row)] for row in self.draws[:most]]


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of the owner's way before any reply is compared."""

    particles: tuple[str, ...]
    habits: Habits

    @classmethod
    def of(cls, earlier: Sequence[Said]) -> "Learned":
        """From the replies that were trained on, to everybody."""
        return cls(learn_particles(earlier), Habits.learn(earlier))


def draw_earlier(earlier: Sequence[Said], real: Sequence[Said], seed: int) -> Floats:
    """[DRAWS, earlier]: so many to each contact as there are lines of his; where he has fewer, others' instead."""
    draw = np.random.default_rng(seed)
    by_contact: dict[str, list[int]] = defaultdict(list)
    for at, said in enumerate(earlier):
        by_contact[said.contact_id].append(at)
    wanted: dict[str, int] = defaultdict(int)
    for said in real:
        wanted[said.contact_id] += 1
    rows = np.zeros((DRAWS, len(earlier)))
    for row in rows:
        for contact, count in wanted.items():
            found = by_contact.get(contact, [])
            row[draw.choice(found, min(count, len(found)), replace=False) if found else []] = 1
        missing = min(len(real), len(earlier)) - int(row.sum())
        row[draw.choice(np.flatnonzero(row == 0), missing, replace=False)] = 1
    return rows


def joined(samples: Sequence[Sample]) -> Sample:
    """All of them together."""
    draws = np.zeros((DRAWS, sum(len(one.earlier) for one in samples)))
    at = 0
    for one in samples:
        draws[:, at : at + len(one.earlier)] = one.draws
        at += len(one.earlier)
    clone, real, bare, earlier = (
        tuple(said for one in samples for said in getattr(one, name)) for name in ("clone", "real", "bare", "earlier")
    )
    return Sample(clone, real, bare, earlier, draws)


def measure_style(sample: Sample, learned: Learned, resamples: int, seed: int) -> tuple[StyleMeasure, ...]:
    """Every measure that this owner's writing has: none of casing where letters have no case."""
    found = [_of_numbers(sample, one, resamples, seed) for one in number_measures()]
    found += [
        measure
        for one in kind_measures(learned.habits)
        if (measure := _of_kinds(sample, one, resamples, seed)) is not None
    ]
    if len(learned.particles) >= _FEWEST_PARTICLES and sample.earlier:
        found.append(_of_particles(sample, learned.particles, resamples, seed))
    return tuple(found)


def _of_numbers(sample: Sample, one: NumberMeasure, resamples: int, seed: int) -> StyleMeasure:
    read = tuple(Numbers.of(one.read(replies)) for replies in _all(sample))
    clone, real, _bare, earlier = read
    scale = float(np.std(np.concatenate([real.values, earlier.values]))) or 1.0
    found = _compared(sample, read, lambda ours, theirs: wasserstein(ours, theirs, scale), resamples, seed)
    owner, its = (round(float(numbers.values.mean()), _DECIMALS) for numbers in (real, clone))
    return StyleMeasure(one.name, one.title, one.source, owner, its, one.unit, *found)


def _of_kinds(sample: Sample, one: KindMeasure, resamples: int, seed: int) -> StyleMeasure | None:
    """None where the owner's replies hold nothing of the sort."""
    read = [one.read(replies) for replies in _all(sample)]
    if not any(read[1]):
        return None
    places = {
        kind: at for at, kind in enumerate(sorted({kind for of_all in read for kinds in of_all for kind in kinds}))
    }
    counts = tuple(_counted(of_all, places) for of_all in read)
    found = _compared(sample, counts, jensen_shannon, resamples, seed)
    owner, its = _mean_of(one, sample.real), _mean_of(one, sample.clone)
    return StyleMeasure(one.name, one.title, one.source, owner, its, one.unit, *found)


def _of_particles(sample: Sample, particles: Sequence[str], resamples: int, seed: int) -> StyleMeasure:
    counts = tuple(count_particles(replies, particles) for replies in _all(sample))
    spread = usual_spread(counts[-1], len(sample.real), seed)
    found = _compared(sample, counts, lambda ours, theirs: delta(ours, theirs, spread), resamples, seed)
    return StyleMeasure("particles", "small words", DELTA, None, None, "", *found)


def _all(sample: Sample) -> tuple[tuple[Said, ...], ...]:
    return sample.clone, sample.real, sample.bare, sample.earlier


def _compared(
    sample: Sample, read: Sequence[Read], between: Callable[[Read, Read], Distance], resamples: int, seed: int
) -> tuple[float, Interval | None, float | None, float | None]:
    """The distance of clone and owner, its interval, the floor, and the bare model's."""
    clone, real, bare, earlier = read
    replies = len(sample.real)
    distance, ci = with_interval(between(clone, real), replies, resamples, seed)
    once = np.ones((1, replies))
    floor = between(earlier, real)(sample.draws, np.repeat(once, DRAWS, axis=0)).mean() if sample.earlier else None
    scale = float(between(bare, real)(once, once)[0])
    rounded = (round(ci[0], _DECIMALS), round(ci[1], _DECIMALS)) if ci else None
    return (
        round(distance, _DECIMALS),
        rounded,
        None if floor is None else round(float(floor), _DECIMALS),
        round(scale, _DECIMALS),
    )


def _counted(read: Sequence[Sequence[str]], places: Mapping[str, int]) -> Floats:
    """[replies, kinds]."""
    counts = np.zeros((len(read), len(places)))
    for row, kinds in zip(counts, read, strict=True):
        for kind in kinds:
            row[places[kind]] += 1
    return counts


def _mean_of(one: KindMeasure, replies: Sequence[Said]) -> float | None:
    values = [value for said in replies if one.value and (value := one.value(said.text)) is not None]
    return round(sum(values) / len(values), _DECIMALS) if values else None
