"""The owner's clock: moments of his local time, and weekly windows on it. Pure; daylight saving is settled here.

Knows no order. Minutes count from midnight on the wall clock; moments are Unix ms. A boundary happens when the clock
first reads it: in an hour that comes twice, the first time; in one that is skipped, at the moment of the jump.
"""

import difflib
import functools
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from model_server.errors import ConfigError

_DAY_MIN = 1440
_SECOND_MS = 1000
_LONGEST_NAME = 40


class Weekly(Protocol):
    """A stretch of the day on some days of the week; `bot.orders.Window` is one."""

    @property
    def days(self) -> tuple[int, ...]:
        """Those it begins on; 0 is Monday."""
        ...

    @property
    def start_min(self) -> int:
        """Its first minute."""
        ...

    @property
    def end_min(self) -> int:
        """The minute it ends at; at or before `start_min`: on the next day."""
        ...


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name, in any case of letters. Raises ConfigError."""
    names = _zone_names()
    wanted = name.strip().casefold()
    if (known := names.get(wanted)) is not None:
        return ZoneInfo(known)
    cities = {known.rpartition("/")[2].casefold(): known for known in names.values()}
    near = difflib.get_close_matches(wanted[:_LONGEST_NAME], [*names, *cities], 1)
    guess = ({**cities, **names}[near[0]]) if near else "Europe/Amsterdam"
    raise ConfigError(f"`{name}` is no time zone", f"use an IANA name such as {guess}")


def local(at_ms: int, zone: ZoneInfo) -> datetime:
    """What the clock reads then."""
    return datetime.fromtimestamp(at_ms / _SECOND_MS, zone)


def readings_ms(day: date, minute: int, zone: ZoneInfo) -> tuple[int, ...]:
    """The moments at which the clock reads this minute of this day: one, or two in an hour that comes twice.

    A minute that the clock skips is read at the moment of the jump.
    """
    naive = datetime.combine(day, time()) + timedelta(minutes=minute)
    first, second = (_moment_ms(naive.replace(fold=fold), zone) for fold in (0, 1))
    if first == second:
        return (first,)
    return (first, second) if first < second else (_jump_ms(second, first, zone),)


def ends_ms(window: Weekly, now_ms: int, zone: ZoneInfo) -> int | None:
    """When the window that is in force now ends; None when it is not in force."""
    today = local(now_ms, zone).date()
    spans = _spans(window, today - timedelta(days=2), 3, zone)
    return max((end for start, end in spans if start <= now_ms < end), default=None)


def next_boundary_ms(windows: Iterable[Weekly], now_ms: int, zone: ZoneInfo) -> int | None:
    """The next moment after now at which one of them begins or ends; None without windows."""
    earliest = local(now_ms, zone).date() - timedelta(days=2)
    moments = (moment for window in windows for span in _spans(window, earliest, 11, zone) for moment in span)
    return min((moment for moment in moments if moment > now_ms), default=None)


def next_reading_ms(minute: int, now_ms: int, zone: ZoneInfo) -> int:
    """The next moment after now at which the clock first reads this minute on any day."""
    today = local(now_ms, zone).date()
    moments = (readings_ms(today + timedelta(days=ahead), minute, zone)[0] for ahead in range(3))
    return min(moment for moment in moments if moment > now_ms)


def in_words(at_ms: int, now_ms: int, zone: ZoneInfo) -> str:
    """A moment as a person says it now: `18:00`, `tomorrow 07:00`, `Mon 07:00`, `30 Nov 07:00`, `30 Nov 2027 07:00`."""
    at, now = local(at_ms, zone), local(now_ms, zone)
    days = (at.date() - now.date()).days
    clock = f"{at:%H:%M}"
    if days == 0:
        return clock
    if days in (-1, 1):
        return f"{'tomorrow' if days > 0 else 'yesterday'} {clock}"
    if abs(days) < 7:
        return f"{at:%a} {clock}"
    return f"{at.day} {at:%b} {clock}" if at.year == now.year else f"{at.day} {at:%b %Y} {clock}"


def _spans(window: Weekly, first: date, days: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Begin and end of each time it happens on these days. A window that lies in a skipped hour is empty."""
    end_min = window.end_min + (_DAY_MIN if window.end_min <= window.start_min else 0)
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        if day.weekday() in window.days:
            yield readings_ms(day, window.start_min, zone)[0], readings_ms(day, end_min, zone)[0]


def _moment_ms(naive: datetime, zone: ZoneInfo) -> int:
    return round(naive.replace(tzinfo=zone).astimezone(UTC).timestamp()) * _SECOND_MS


def _jump_ms(before_ms: int, after_ms: int, zone: ZoneInfo) -> int:
    """The moment between these two (one jump lies there) from which on the clock reads by its new offset."""
    old = local(before_ms, zone).utcoffset()
    while after_ms - before_ms > _SECOND_MS:
        middle_ms = (before_ms + after_ms) // 2 // _SECOND_MS * _SECOND_MS
        if local(middle_ms, zone).utcoffset() == old:
            before_ms = middle_ms
        else:
            after_ms = middle_ms
    return after_ms


@functools.cache
def _zone_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}
