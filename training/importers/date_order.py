"""Which part of a date is the day, which the month: told from all dates of a file together.

Knows no format. A phone writes dates as its region does, and says nowhere which region that was. What is impossible
decides, then time that would run backwards, then what is known of the language; what is left open is the owner's to
say. Takes memory that does not grow with the file.
"""

from collections.abc import Callable, Iterable
from datetime import date

from training.importers.base import DateOrder
from training.importers.half_days import ANY_ORDER

_FIRST_YEAR, _LAST_YEAR = 2009, 2099  # none of the apps whose exports leave it open is older
_LEAP_DAYS = 2
"""Messages stand as they arrived, which is not quite as they were sent: so much backwards proves nothing."""
_FAR_LESS = 10

Parts = tuple[str, str, str]


def to_date(parts: Parts, order: DateOrder) -> date | None:
    """The day that these parts name in this order; None when there is none, or no chat was exported yet."""
    a, b, c = parts
    year, month, day = {"dmy": (c, b, a), "mdy": (c, a, b), "ymd": (a, b, c)}[order]
    try:
        found = date(_year(year), int(month), int(day))
    except ValueError:  # also a part with an era where a day should be
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


class DateEvidence:
    """What the dates of one file tell; shown to it one by one, in the file's order."""

    def __init__(self) -> None:
        self._tracks: dict[DateOrder, _Track] = {"dmy": _Track(), "mdy": _Track(), "ymd": _Track()}
        self._allowed = ANY_ORDER
        self._last: Parts | None = None
        self._year_first = False
        self.example = ""
        """The first date as it is written, for the question."""

    def see(
        self, parts: Parts, separator: str, allowed: frozenset[DateOrder] = ANY_ORDER, weekday: int | None = None
    ) -> None:
        """Take the next date of the file into account. `weekday` (Monday 0) where it is written beside the date."""
        self._allowed &= allowed
        if parts == self._last:
            return
        self._last = parts
        self._year_first = self._year_first or len(parts[0]) == 4
        self.example = self.example or separator.join(parts)
        for order, track in self._tracks.items():
            day = to_date(parts, order)
            track.see(day if day is None or weekday in (None, day.weekday()) else None)

    def decide(self, told: DateOrder | None) -> DateOrder | None:
        """The order; None when the file leaves it open and the owner has said nothing that fits."""
        if self._year_first:
            return "ymd"
        left = self._least(self._tracks, lambda track: track.impossible)
        left = self._least(left, lambda track: track.leaps)
        left = [order for order in left if order in self._allowed] or left
        left = self._without_short_year(left)
        if len({self._tracks[order].days for order in left}) == 1:  # 05/05: all read the same
            return left[0]
        return told if told in left else None

    def _least(self, orders: Iterable[DateOrder], count: Callable[["_Track"], int]) -> list[DateOrder]:
        found = {order: count(self._tracks[order]) for order in orders}
        return [order for order, value in found.items() if value == min(found.values())]

    def _without_short_year(self, left: list[DateOrder]) -> list[DateOrder]:
        """Two digits of the year hardly ever come first: it is thought of only where it makes years into days.

        19.03.20 and 19.03.21 may be two days of one week, or two birthdays.
        """
        others: list[DateOrder] = [order for order in left if order != "ymd"]
        shortest = min((self._tracks[order].span_days for order in others), default=0)
        return left if self._tracks["ymd"].span_days * _FAR_LESS < shortest else others or left


class _Track:
    """How the dates of a file look in one order."""

    def __init__(self) -> None:
        self.impossible = 0
        self.leaps = 0
        self.days = 0
        """A digest of all days seen: equal where two orders read every date the same."""
        self._first = self._last = 0

    def see(self, day: date | None) -> None:
        if day is None:
            self.impossible += 1
            return
        number = day.toordinal()
        self.leaps += self._last - number > _LEAP_DAYS
        self.days = hash((self.days, number))
        self._first, self._last = self._first or number, number

    @property
    def span_days(self) -> int:
        return self._last - self._first


def _year(written: str) -> int:
    """The common year: `2023`, `23`, Thai `2566` and `66`, Japanese `R5`. ValueError when it is none."""
    if written[0] in "RH":
        return int(written[1:]) + (2018 if written[0] == "R" else 1988)
    year = int(written)
    if len(written) == 4:
        return year - 543 if year > 2400 else year
    return 1957 + year if year >= 52 else 2000 + year
