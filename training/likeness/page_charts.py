"""Figures of likeness as marks on scales, in percent of a scale's width, and what each says when pointed at. Pure.

Percent, because a page stretches the scale to the width it has while dots stay round and words stay legible. Knows no
HTML and no colours: a mark has the name of a style.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, isfinite

from training.likeness.figures import CONDITIONS, OVERALL, Attribution, LikenessReport, Losses, StyleMeasure
from training.likeness.judging import Closeness, closeness
from training.likeness.scales import Mark, Scale, Tick, percent_ticks, roomy, way_ticks
from training.likeness.wording import condition_title, interval, percent, share, signed, value, ways

_NARROWEST_NATS = 0.2
_NARROWEST_PERCENT = 1.0
_COLOURS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart: marks on a scale between a title and a value."""

    title: str
    marks: tuple[Mark, ...]
    value: str
    strong: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows under one name."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Panels that share one scale. `zero`: where nothing is, if the scale has such a place."""

    panels: tuple[Panel, ...]
    ticks: tuple[Tick, ...]
    zero: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar."""

    at: float
    width: float
    style: str
    says: str


@dataclass(frozen=True, slots=True)
class Weight:
    """A facet's weight in words."""

    facet: str
    style: str
    said: str


@dataclass(frozen=True, slots=True)
class Blended:
    """One contact type's weights: parts to the right of zero add, parts to the left take away."""

    name: str
    source: str
    bars: tuple[Bar, ...]
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Blends:
    """The weights of every contact type on one scale; `zero` and `one` are places on it."""

    rows: tuple[Blended, ...]
    zero: float
    one: float


def loss_chart(losses: Mapping[str, Losses]) -> Chart:
    """For each contact type its voices, each at its loss; all on one scale, named by the ways to go on."""
    shown = [number for one in losses.values() for number in _numbers_of(one) if isfinite(number)]
    scale = roomy(min(shown, default=0.0), max(shown, default=1.0), _NARROWEST_NATS)
    panels = tuple(Panel(name, tuple(_loss_rows(one, scale))) for name, one in losses.items())
    return Chart(panels, way_ticks(scale))


def worth_chart(losses: Mapping[str, Losses]) -> Chart | None:
    """What the blend is worth against the shuffled control and against one facet for all, in percent of likelihood."""
    pairs = {
        name: [
            (title, difference, ci)
            for title, difference, ci in (
                ("shuffled control", one.net, one.net_ci),
                ("one facet for all", one.gain, one.gain_ci),
            )
            if difference is not None
        ]
        for name, one in losses.items()
    }
    shown = [share(number) for found in pairs.values() for _title, one, ci in found for number in (one, *(ci or ()))]
    if not shown:
        return None
    scale = roomy(min(0.0, *shown), max(0.0, *shown), _NARROWEST_PERCENT)
    panels = tuple(
        Panel(
            name,
            tuple(
                Row(
                    title,
                    (
                        scale.mark(
                            share(one),
                            "blend" if number == 0 else "pooled",
                            f"against {title}: {signed(share(one))}" + (f", {interval(ci)}" if ci else ""),
                            (share(ci[0]), share(ci[1])) if ci else None,
                        ),
                    ),
                    signed(share(one)),
                    strong=number == 0,
                    note=interval(ci),
                )
                for number, (title, one, ci) in enumerate(found)
            ),
        )
        for name, found in pairs.items()
        if found
    )
    return Chart(panels, percent_ticks(scale), scale(0.0))


def style_rows(measures: Iterable[StyleMeasure]) -> tuple[tuple[Row, Closeness, StyleMeasure], ...]:
    """Each measure on a scale of its own, from no difference to the largest of the three distances."""
    rows = []
    for one in measures:
        furthest = max(one.distance, one.floor or 0.0, one.bare or 0.0, one.distance_ci[1] if one.distance_ci else 0.0)
        scale = Scale(0.0, furthest * 1.04 if furthest > 0 else 1.0)
        marks = []
        if one.floor is not None:
            marks.append(scale.mark(one.floor, "floor", f"you then and now: {one.floor:.3f}"))
        if one.bare is not None:
            marks.append(scale.mark(one.bare, "base", f"the bare model: {one.bare:.3f}"))
        if marks:  # alone on a scale of its own, a dot would say nothing
            marks.append(scale.mark(one.distance, "blend", f"your clone: {one.distance:.3f}", one.distance_ci))
        said = (
            ""
            if one.owner is None or one.clone is None
            else f"you {value(one.owner, one.unit)}, it {value(one.clone, one.unit)}"
        )
        rows.append((Row(one.title, tuple(marks), said), closeness(one), one))
    return tuple(rows)


def told_rows(found: Iterable[Attribution]) -> tuple[tuple[Row, Attribution], ...]:
    """Each classifier from never to always right, beside what guessing gives and what it gets on the owner's own."""
    scale = Scale(0.0, 1.0)
    rows = []
    for one in found:
        marks = [scale.mark(one.chance, "chance", f"guessing: {percent(one.chance)}")]
        if one.reference is not None:
            own = f"on your own, earlier and later: {percent(one.reference)}"
            marks.append(scale.mark(one.reference, "floor", own))
        marks.append(scale.mark(one.accuracy, "blend", f"on the clone’s: {percent(one.accuracy)}", one.ci))
        rows.append((Row(one.title, tuple(marks), percent(one.accuracy)), one))
    return tuple(rows)


def shades(counts: Mapping[str, int]) -> dict[str, str]:
    """A style for each label told, by its share of the row: `h0` is none, `h5` is all."""
    whole = sum(counts.values())
    return {label: f"h{ceil(5 * count / whole)}" if whole else "h0" for label, count in counts.items()}


def blend_chart(report: LikenessReport, styles: Mapping[str, str]) -> Blends:
    """The weights in force. `styles`: the colour of each facet."""
    blends = {name: one for name, one in report.losses.items() if name != OVERALL and one.weights}
    sums = [
        (sum(w for w in one.weights.values() if w > 0), -sum(w for w in one.weights.values() if w < 0))
        for one in blends.values()
    ]
    right, left = max((one[0] for one in sums), default=1.0), max((one[1] for one in sums), default=0.0)
    scale = Scale(-left, max(right, 1.0))
    rows = []
    for name, one in blends.items():
        ends = {True: 0.0, False: 0.0}
        bars, weights = [], []
        for facet, weight in sorted(one.weights.items(), key=lambda item: (list(styles).index(item[0]), item[0])):
            begin = ends[weight > 0]
            end = ends[weight > 0] = begin + weight
            said = f"{weight:.2f}".replace("-", "−")
            places = sorted((scale(begin), scale(end)))
            bars.append(Bar(places[0], round(places[1] - places[0], 2), styles[facet], f"{facet} {said}"))
            weights.append(Weight(facet, styles[facet], said))
        rows.append(Blended(name, one.source, tuple(bars), tuple(weights)))
    return Blends(tuple(rows), scale(0.0), scale(1.0))


def facet_styles(report: LikenessReport) -> dict[str, str]:
    """A colour for each facet that speaks: `core` and `articles` have their own, the others go by the types' order."""
    types = [name for name in report.losses if name != OVERALL]
    spoken = {facet for one in report.losses.values() for facet in one.weights}
    others = sorted(spoken - {*types, "core", "articles"})
    order = [name for name in types if name in spoken] + others
    styles = {"core": "core"} | {name: f"c{min(at, _COLOURS - 1)}" for at, name in enumerate(order)}
    return styles | {"articles": "groups"}


def _loss_rows(one: Losses, scale: Scale) -> Iterable[Row]:
    for condition in CONDITIONS:
        nats = getattr(one, condition)
        if nats is None or not isfinite(nats):
            continue
        ci = one.ci.get(condition)
        says = f"{condition_title(condition)}: {ways(nats)} ways to go on, {nats:.3f} nats"
        if ci:
            says += f" ({ci[0]:.3f} to {ci[1]:.3f})"
        yield Row(
            condition_title(condition), (scale.mark(nats, condition, says, ci),), ways(nats), condition == "blend"
        )


def _numbers_of(one: Losses) -> list[float]:
    found = [number for condition in CONDITIONS if (number := getattr(one, condition)) is not None]
    return [*found, *(end for ci in one.ci.values() for end in ci)]
