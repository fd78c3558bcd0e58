"""Figures as shapes: what a chart draws, in its own units, with the words each shape says when pointed at. Pure.

Knows no HTML and no colours: a shape has the name of a style.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from training.report.figures import Month

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOUR_STEPS = 5
_MOST_BARS = 180


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle. `says`: its tooltip."""

    x: float
    y: float
    width: float
    height: float
    style: str
    says: str


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place; `anchor` as in SVG."""

    x: float
    y: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of `width` x `height` units. `rules`: heights of the horizontal lines behind the shapes."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]
    rules: tuple[float, ...] = ()
    left: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """One contact type in a chart: its key in the figures, its name for people, its style."""

    key: str
    title: str
    style: str


def month_chart(months: Sequence[Month], series: Sequence[Series], width: int, height: int) -> Chart:
    """Lines per month, stacked by contact type; per year where there are more months than can be told apart."""
    periods = _periods(months)
    top = max((sum(counts.values()) for _name, counts in periods), default=0)
    step = _step(top)
    full = max(step, ceil(top / step) * step)
    left, bottom = 10 + 9 * len(_short(full)), height - 26
    room, slot = bottom - 12, (width - left - 4) / max(1, len(periods))
    shapes: list[Shape] = []
    for at, (name, counts) in enumerate(periods):
        below = float(bottom)
        for one in series:
            count = counts.get(one.key, 0)
            tall = count / full * room
            below -= tall
            if count:
                says = f"{name}, {one.title}: {count:,} {'line' if count == 1 else 'lines'}"
                x, wide = left + at * slot + slot * 0.08, max(slot * 0.84, 0.5)
                shapes.append(Shape(round(x, 2), round(below, 2), round(wide, 2), round(tall, 2), one.style, says))
    heights = [round(bottom - value / full * room, 2) for value in range(0, full + 1, step)]
    values = [Label(left - 6, y + 4, _short(at * step), "end") for at, y in enumerate(heights)]
    return Chart(
        width, height, tuple(shapes), (*values, *_month_labels(periods, left, slot, height)), tuple(heights), left
    )


def hour_chart(hours: Sequence[Sequence[int]]) -> Chart:
    """The owner's lines by hour (across) and weekday (down), in six steps of shade: `h0` is none."""
    cell, left, top = 19, 40, 22
    most = max((count for row in hours for count in row), default=0)
    shapes: list[Shape] = []
    for day, row in enumerate(hours):
        for hour, count in enumerate(row):
            shade = ceil(_HOUR_STEPS * count / most) if most else 0
            says = f"{WEEKDAYS[day]} {hour:02}:00–{hour:02}:59: {count:,} {'line' if count == 1 else 'lines'} of yours"
            shapes.append(Shape(left + hour * cell, top + day * cell, cell - 2, cell - 2, f"h{shade}", says))
    days = [Label(left - 8, top + day * cell + 13, name, "end") for day, name in enumerate(WEEKDAYS)]
    clock = [Label(left + hour * cell + 8, 14, f"{hour:02}") for hour in range(0, 24, 3)]
    return Chart(left + 24 * cell, top + 7 * cell, tuple(shapes), (*days, *clock), (), left)


def _periods(months: Sequence[Month]) -> list[tuple[str, dict[str, int]]]:
    """Every month from the first to the last, also those without lines, or every year when there are too many."""
    if not months:
        return []
    first, last = (int(month.month[:4]) * 12 + int(month.month[5:]) - 1 for month in (months[0], months[-1]))
    by_year = last - first >= _MOST_BARS
    names = (
        [str(year) for year in range(first // 12, last // 12 + 1)]
        if by_year
        else [f"{_MONTHS[at % 12]} {at // 12}" for at in range(first, last + 1)]
    )
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for month in months:
        year, number = month.month[:4], int(month.month[5:])
        counts = found[year if by_year else f"{_MONTHS[number - 1]} {year}"]
        for name, count in month.lines.items():
            counts[name] = counts.get(name, 0) + count
    return list(found.items())


def _month_labels(
    periods: Sequence[tuple[str, dict[str, int]]], left: float, slot: float, height: int
) -> tuple[Label, ...]:
    """As many names of months or years as there is room for."""
    names = [name for name, _counts in periods]
    if names and " " in names[0]:
        first = _MONTHS.index(names[0][:3])
        every = next((every for every in (1, 2, 3, 6, 12, 24, 60) if every * slot >= 64), 120)
        chosen = [at for at in range(len(names)) if (first + at) % 12 % min(every, 12) == 0]
        if every > 12:
            chosen = [at for at in chosen if int(names[at][-4:]) % (every // 12) == 0]
        texts = {at: names[at][-4:] if every >= 12 else names[at] for at in chosen}
    else:
        every = max(1, ceil(48 / slot))
        texts = {at: names[at] for at in range(0, len(names), every)}
    edge = left + len(names) * slot
    return tuple(
        Label(round(left + (at + 0.5) * slot, 2), height - 6, text)
        for at, text in texts.items()
        if left + (at + 0.5) * slot + 4 * len(text) <= edge + 4 and (at + 0.5) * slot >= 4 * len(text) - 12
    )


def _step(top: int) -> int:
    """A round distance between lines so that at most five are drawn."""
    if top <= 4:
        return 1
    rough = top / 4
    size = 10 ** floor(log10(rough))
    return int(next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough))


def _short(count: int) -> str:
    """1,500 as `1.5k`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:g}{letter}"
    return str(count)
