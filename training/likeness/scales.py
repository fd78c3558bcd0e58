"""Scales: numbers as places between 0 and 100, round numbers to name them by, and marks. Pure; knows no figure."""

from dataclasses import dataclass
from math import ceil, floor, log, log10

from training.likeness.figures import Interval
from training.likeness.wording import ways

_ROOM = 0.04
"""Left free at both ends of a scale, as a share of what it shows."""
_MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on a scale with its name."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot, with its interval where there is one. `style` names how it looks, `says` is its tooltip."""

    at: float
    style: str
    says: str
    low: float | None = None
    high: float | None = None


class Scale:
    """Numbers to places, 0 to 100. What lies outside is at the nearest end."""

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.high = high if high > low else low + 1.0

    def __call__(self, number: float) -> float:
        """The place of a number."""
        at = 100 * (number - self.low) / (self.high - self.low)
        return round(min(100.0, max(0.0, at)), 2)

    def mark(self, number: float, style: str, says: str, ci: Interval | None = None) -> Mark:
        """A dot with its interval."""
        low, high = (self(ci[0]), self(ci[1])) if ci else (None, None)
        return Mark(self(number), style, says, low, high)


def roomy(low: float, high: float, narrowest: float) -> Scale:
    """A scale from `low` to `high`, at least so wide, with some room at both ends."""
    missing = max(0.0, narrowest - (high - low)) / 2
    low, high = low - missing, high + missing
    room = _ROOM * (high - low)
    return Scale(low - room, high + room)


def way_ticks(scale: Scale) -> tuple[Tick, ...]:
    """Round numbers of ways to go on, on a scale of nats; the finest series of 1-2-5, 1-5 or 1 that is not too many."""
    first, last = floor(scale.low / log(10)), ceil(scale.high / log(10))
    for digits in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 5), (1,)):
        counts = [digit * 10.0**power for power in range(max(first, 0), min(last, 300) + 1) for digit in digits]
        found = [count for count in counts if scale.low <= log(count) <= scale.high]
        if len(found) <= _MOST_TICKS:
            return tuple(Tick(scale(log(count)), f"{count:,g}") for count in found)
    return tuple(Tick(scale(at), ways(at)) for at in (scale.low, scale.high))


def percent_ticks(scale: Scale) -> tuple[Tick, ...]:
    """Round percentages of more or less likelihood."""
    step = _step((scale.high - scale.low) / _MOST_TICKS)
    numbers = [at * step for at in range(ceil(scale.low / step), floor(scale.high / step) + 1)]
    return tuple(Tick(scale(one), f"{one:+g} %".replace("-", "−") if one else "0") for one in numbers)


def _step(rough: float) -> float:
    size = 10.0 ** floor(log10(max(rough, 1e-6)))
    return next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * (1 - 1e-9))
