"""How figures are judged: clear or not, near or far. Every threshold stands here. Pure, and without a sentence."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from training.leaks.canaries import is_type
from training.likeness.figures import (
    OVERALL,
    Attribution,
    Gap,
    Interval,
    LeakFigures,
    LikenessReport,
    Losses,
    StyleMeasure,
    StyleOfType,
)
from training.slices import CORE

Closeness = Literal["as you", "close", "off", "far", "differs"]

CONTACT_TYPE = "contact_type"
"""The attribution that tells for whom a reply was meant."""
SOME_BY_HEART, MUCH_BY_HEART = 0.1, 0.35
"""Nats by which the lead on what was learned outgrows the base model's: some from the first, much from the second."""


def types_of(report: LikenessReport) -> dict[str, Losses]:
    """The losses without those of all together."""
    return {name: one for name, one in report.losses.items() if name != OVERALL}


def overall_of(report: LikenessReport) -> Losses | None:
    """The losses of all together, or of the only type there is."""
    if OVERALL in report.losses:
        return report.losses[OVERALL]
    types = list(types_of(report).values())
    return types[0] if len(types) == 1 else None


def overall_style(report: LikenessReport) -> tuple[str, StyleOfType] | None:
    """How all that was generated is written, or what was for the only type there is; with whose it is."""
    if OVERALL in report.style:
        return OVERALL, report.style[OVERALL]
    return next(iter(report.style.items()), None)


def clear(ci: Interval | None) -> Literal["above", "below", "unclear"]:
    """Where an interval of differences lies; one that holds zero may be chance, and so may one that is missing."""
    if ci is None:
        return "unclear"
    return "above" if ci[0] > 0 else "below" if ci[1] < 0 else "unclear"


def closeness(one: StyleMeasure) -> Closeness:
    """How the clone stands between the owner's own change over time and the bare model.

    `as you`: the interval reaches down to the floor; `close` and `off`: nearer to the floor or to the bare model;
    `far`: no nearer than the bare model; `differs`: there is no scale to say it on.
    """
    floor = one.floor or 0.0
    lowest = one.distance_ci[0] if one.distance_ci else one.distance
    if lowest <= floor + 1e-9:
        return "as you"
    if one.bare is None:
        return "differs"
    if one.distance >= one.bare or one.bare <= floor:
        return "far"
    return "close" if one.distance - floor < (one.bare - floor) / 2 else "off"


def of_all_facets(leaks: Mapping[str, LeakFigures], count: Callable[[LeakFigures], int]) -> int:
    """Secrets or replies of all facets together, none of them twice.

    `core` was planted with what the facets of contact types were, and learned the same replies: the larger of the two
    counts. What articles and one contact's own facet were planted with is not in it.
    """
    types = sum(count(one) for name, one in leaks.items() if is_type(name))
    others = sum(count(one) for name, one in leaks.items() if name != CORE and not is_type(name))
    return max(count(leaks[CORE]) if CORE in leaks else 0, types) + others


def by_heart(one: Gap) -> float:
    """Nats by which the clone does better on what it learned from, beyond what was simply easier to say."""
    return (one.held_out - one.train) - (one.base_held_out - one.base_train)


def worst(measures: Sequence[StyleMeasure]) -> list[StyleMeasure]:
    """What is nearer to the bare model than to the owner, the furthest first."""

    def how_far(one: StyleMeasure) -> float:
        floor = one.floor or 0.0
        return (one.distance - floor) / max((one.bare or 0.0) - floor, 1e-6)

    return sorted((one for one in measures if closeness(one) in ("off", "far")), key=how_far, reverse=True)


def tells_clone(one: Attribution) -> bool:
    """Whether it tells clone from owner (so that guessing is best) and not one contact type from another."""
    return one.name != CONTACT_TYPE
