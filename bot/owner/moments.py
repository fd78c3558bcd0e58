"""Spans, moments, days and times of day in the owner's words, read and said. Pure.

Knows no command. Reading raises `Unclear`; what is said here reads back as the same.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.owner.phrases import Token, Unclear, joined
from bot.windows import local, readings_ms

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_SETS = {
    "daily": tuple(range(7)),
    "everyday": tuple(range(7)),
    "weekdays": tuple(range(5)),
    "weekend": (5, 6),
    "weekends": (5, 6),
}
_DAY_MIN = 1440
_MINUTE_MS = 60_000
_UNIT_MIN = {"w": 7 * _DAY_MIN, "d": _DAY_MIN, "h": 60, "m": 1}
_LONGEST_MIN = 366 * _DAY_MIN

_SPAN = re.compile(
    r"(?:(?P<w>\d{1,6})w(?:eeks?)?)?(?:(?P<d>\d{1,6})d(?:ays?)?)?"
    r"(?:(?P<h>\d{1,6})h(?:ours?|rs?)?)?(?:(?P<m>\d{1,6})m(?:in(?:ute)?s?)?)?",
    re.ASCII,
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?(?P<half>am|pm)?", re.ASCII)
_CLOCK_HINT = "a time is 18:00 or 6pm"
_MOMENT_HINT = "say 18:00, 6pm, tomorrow 9:00, monday, monday 8:00 or 2026-12-24 18:00"
_DAYS_HINT = "days are daily, weekdays, weekend, mon-fri or mon,wed,fri"


def span_ms(tokens: Sequence[Token]) -> int | None:
    """`2h`, `90m`, `1h30m`, `3d`, `2 hours`; None when the words are no span. Raises Unclear on one that is no use."""
    text = "".join(token.word or '"' for token in tokens)
    match = _SPAN.fullmatch(text)
    if match is None or not text:
        return None
    minutes = sum(int(found) * _UNIT_MIN[unit] for unit, found in match.groupdict().items() if found)
    if not 0 < minutes <= _LONGEST_MIN:
        raise Unclear(f"{joined(tokens)} is no useful time", "say between 1m and 366d, e.g. 2h, 1h30m or 3d")
    return minutes * _MINUTE_MS


def clock_min(text: str) -> int:
    """The minute of the day of `18:00`, `9.30`, `6pm`, `6:30pm`, `noon`, `midnight`; 24:00 is 1440. Raises Unclear."""
    if text in ("noon", "midnight"):
        return 720 if text == "noon" else 0
    match = _CLOCK.fullmatch(text)
    if match is not None and (match["minute"] or match["half"]):
        hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "pm" else 0)
        elif half:
            hour = 99
        if minute < 60 and hour * 60 + minute <= _DAY_MIN:
            return hour * 60 + minute
    raise Unclear(f"{text} is no time of day", _CLOCK_HINT)


def moment_ms(tokens: Sequence[Token], now_ms: int, zone: ZoneInfo) -> int:
    """The next moment these words mean, after now. A day without a time means its first minute. Raises Unclear."""
    if len(tokens) == 1 and (exact := exact_ms(tokens[0].text)) is not None:
        if exact > now_ms:
            return exact
        raise Unclear(f"{tokens[0].text} is past", _MOMENT_HINT)
    words = [token.word for token in tokens if token.word != "at"]
    if not words or len(words) > 2 or not all(words):
        raise Unclear(f"{joined(tokens) or 'until'} is no moment", _MOMENT_HINT)
    days = _days_meant(words[0], local(now_ms, zone).date())
    if days is None and len(words) == 1:
        days, words = _days_meant("", local(now_ms, zone).date()), ["", *words]
    try:
        minute = clock_min(words[1]) if len(words) == 2 else 0
    except Unclear:
        days = None
    if days is None:
        raise Unclear(f"{joined(tokens)} is no moment", _MOMENT_HINT)
    for day in days:
        for moment in readings_ms(day, minute, zone):
            if moment > now_ms:
                return moment
    raise Unclear(f"{joined(tokens)} is past", _MOMENT_HINT)


def exact_ms(text: str) -> int | None:
    """The moment of an ISO text with date, time and offset, `2026-11-22T18:00+01:00`; None: it is not one."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None or not 2000 <= at.year < 2200:
        return None
    return round(at.timestamp() * 1000)


def days_of(text: str) -> tuple[int, ...]:
    """`mon-fri`, `sat-mon`, `mon,wed,fri`, `tuesday`, `daily`, `weekdays`, `weekend`, in order. Raises Unclear."""
    if text in _DAY_SETS:
        return _DAY_SETS[text]
    days: set[int] = set()
    for part in text.replace("–", "-").split(","):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        if begin is None or end is None:
            raise Unclear(f"{text} names no days", _DAYS_HINT)
        days.update((begin + ahead) % 7 for ahead in range((end - begin) % 7 + 1))
    return tuple(sorted(days))


def said_days(days: Sequence[int]) -> str:
    """`daily`, `mon-fri`, `mon,wed,fri`."""
    if len(days) == 7:
        return "daily"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{_DAYS[days[0]]}-{_DAYS[days[-1]]}"
    return ",".join(_DAYS[day] for day in days)


def said_clock(minute: int) -> str:
    """`18:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _day(text: str) -> int | None:
    for names in (_DAYS, _DAY_NAMES):
        if text in names:
            return names.index(text)
    return {"tues": 1, "thur": 3, "thurs": 3}.get(text)


def _days_meant(word: str, today: date) -> list[date] | None:
    """The dates a word may mean, the likeliest first; an empty word: whichever day comes first."""
    if not word:
        return [today + timedelta(days=ahead) for ahead in range(3)]
    if word in ("today", "tomorrow"):
        return [today + timedelta(days=word == "tomorrow")]
    if (weekday := _day(word)) is not None:
        nearest = today + timedelta(days=(weekday - today.weekday()) % 7)
        return [nearest, nearest + timedelta(days=7)]
    try:
        day = date.fromisoformat(word)
    except ValueError:
        return None
    return [day] if 2000 <= day.year < 2200 else None
