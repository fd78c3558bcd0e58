"""The owner's clock, with the nights on which it jumps: real dates, exact moments."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.orders import Window
from bot.windows import ends_ms, in_words, next_boundary_ms, next_reading_ms, readings_ms, zone_named
from model_server.errors import ConfigError

AMSTERDAM = ZoneInfo("Europe/Amsterdam")  # 2026: jumps on at 29 Mar 01:00Z, back at 25 Oct 01:00Z
NEW_YORK = ZoneInfo("America/New_York")  # 2026: jumps on at 8 Mar 07:00Z, back at 1 Nov 06:00Z
DAILY = tuple(range(7))
NIGHT = Window(1, DAILY, 22 * 60, 7 * 60, "quiet")
DAY_MS = 86_400_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def window(start: str, end: str, days: tuple[int, ...] = DAILY) -> Window:
    (start_min, end_min) = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    return Window(1, days, start_min, end_min, "auto")


@pytest.mark.parametrize(
    ("zone", "day", "clock", "moments"),
    [
        (AMSTERDAM, "2026-07-01", "02:30", ["2026-07-01T00:30Z"]),
        (AMSTERDAM, "2026-03-29", "01:59", ["2026-03-29T00:59Z"]),
        (AMSTERDAM, "2026-03-29", "02:00", ["2026-03-29T01:00Z"]),
        (AMSTERDAM, "2026-03-29", "02:30", ["2026-03-29T01:00Z"]),
        (AMSTERDAM, "2026-03-29", "03:00", ["2026-03-29T01:00Z"]),
        (AMSTERDAM, "2026-03-29", "03:01", ["2026-03-29T01:01Z"]),
        (AMSTERDAM, "2026-10-25", "02:30", ["2026-10-25T00:30Z", "2026-10-25T01:30Z"]),
        (AMSTERDAM, "2026-10-25", "03:00", ["2026-10-25T02:00Z"]),
        (NEW_YORK, "2026-03-08", "02:30", ["2026-03-08T07:00Z"]),
        (NEW_YORK, "2026-11-01", "01:00", ["2026-11-01T05:00Z", "2026-11-01T06:00Z"]),
        (NEW_YORK, "2026-11-01", "02:00", ["2026-11-01T07:00Z"]),
    ],
)
def test_a_clock_should_read_a_minute_once_twice_or_at_the_jump(
    zone: ZoneInfo, day: str, clock: str, moments: list[str]
) -> None:
    minute = int(clock[:2]) * 60 + int(clock[3:])
    assert readings_ms(date.fromisoformat(day), minute, zone) == tuple(map(ms, moments))


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        (AMSTERDAM, "2026-07-01T20:00Z", "2026-07-02T05:00Z"),
        (AMSTERDAM, "2026-03-28T21:00Z", "2026-03-29T05:00Z"),  # eight hours
        (AMSTERDAM, "2026-10-24T20:00Z", "2026-10-25T06:00Z"),  # ten
        (NEW_YORK, "2026-03-08T03:00Z", "2026-03-08T11:00Z"),
        (NEW_YORK, "2026-11-01T02:00Z", "2026-11-01T12:00Z"),
    ],
)
def test_a_night_should_end_when_the_clock_says_so(zone: ZoneInfo, start: str, end: str) -> None:
    assert ends_ms(NIGHT, ms(start) - 1, zone) is None
    assert ends_ms(NIGHT, ms(start), zone) == ms(end)
    assert ends_ms(NIGHT, ms(end) - 1, zone) == ms(end)
    assert ends_ms(NIGHT, ms(end), zone) is None
    assert next_boundary_ms([NIGHT], ms(start) - 1, zone) == ms(start)
    assert next_boundary_ms([NIGHT], ms(start), zone) == ms(end)


def test_a_window_in_a_skipped_hour_should_not_happen_that_day() -> None:
    small = window("02:10", "02:50")
    assert next_boundary_ms([small], ms("2026-03-28T12:00Z"), AMSTERDAM) == ms("2026-03-29T01:00Z")
    assert ends_ms(small, ms("2026-03-29T01:00Z"), AMSTERDAM) is None
    assert ends_ms(small, ms("2026-03-30T00:10Z"), AMSTERDAM) == ms("2026-03-30T00:50Z")


def test_a_window_should_begin_at_the_jump_when_its_start_is_skipped() -> None:
    half = window("02:30", "03:15")
    assert ends_ms(half, ms("2026-03-29T01:00Z") - 1, AMSTERDAM) is None
    assert ends_ms(half, ms("2026-03-29T01:00Z"), AMSTERDAM) == ms("2026-03-29T01:15Z")


def test_a_window_in_a_doubled_hour_should_happen_once() -> None:
    small = window("02:10", "02:50")
    assert ends_ms(small, ms("2026-10-25T00:10Z"), AMSTERDAM) == ms("2026-10-25T00:50Z")
    assert ends_ms(small, ms("2026-10-25T01:10Z"), AMSTERDAM) is None  # 02:10 again
    around = window("01:30", "03:00")
    assert ends_ms(around, ms("2026-10-25T01:10Z"), AMSTERDAM) == ms("2026-10-25T02:00Z")


def test_a_window_across_midnight_should_belong_to_the_day_it_begins_on() -> None:
    friday = window("22:00", "02:00", days=(4,))
    saturday_one = ms("2026-07-03T23:00Z")  # 01:00 on Saturday the 4th
    assert ends_ms(friday, saturday_one, AMSTERDAM) == ms("2026-07-04T00:00Z")
    assert ends_ms(friday, saturday_one - DAY_MS, AMSTERDAM) is None  # 01:00 on Friday
    assert ends_ms(friday, saturday_one + DAY_MS, AMSTERDAM) is None  # 01:00 on Sunday
    assert next_boundary_ms([friday], ms("2026-07-04T00:00Z"), AMSTERDAM) == ms("2026-07-10T20:00Z")


def test_a_window_that_ends_where_it_starts_should_last_a_day() -> None:
    whole = window("00:00", "00:00", days=(6,))
    assert ends_ms(whole, ms("2026-10-25T12:00Z"), AMSTERDAM) == ms("2026-10-25T23:00Z")  # 25 hours long
    assert next_boundary_ms([whole], ms("2026-10-20T00:00Z"), AMSTERDAM) == ms("2026-10-24T22:00Z")


def test_the_next_boundary_should_be_the_nearest_of_all_windows() -> None:
    windows = [NIGHT, window("09:00", "17:00", days=(0, 1, 2, 3, 4))]
    sunday_noon = ms("2026-11-22T11:00Z")
    expected = ["2026-11-22T21:00Z", "2026-11-23T06:00Z", "2026-11-23T08:00Z", "2026-11-23T16:00Z", "2026-11-23T21:00Z"]
    now_ms, found = sunday_noon, []
    for _ in expected:
        now_ms = next_boundary_ms(windows, now_ms, AMSTERDAM) or 0
        found.append(now_ms)
    assert found == [ms(text) for text in expected]
    assert next_boundary_ms([], sunday_noon, AMSTERDAM) is None


def test_the_next_boundary_of_a_window_that_is_just_over_should_be_a_week_away() -> None:
    sunday = window("09:00", "10:00", days=(6,))
    assert next_boundary_ms([sunday], ms("2026-11-22T09:00Z"), AMSTERDAM) == ms("2026-11-29T08:00Z")


def test_a_daily_moment_should_come_once_a_day_on_nights_that_jump_too() -> None:
    half_past_two = 150
    assert next_reading_ms(half_past_two, ms("2026-03-28T12:00Z"), AMSTERDAM) == ms("2026-03-29T01:00Z")
    assert next_reading_ms(half_past_two, ms("2026-03-29T01:00Z"), AMSTERDAM) == ms("2026-03-30T00:30Z")
    assert next_reading_ms(half_past_two, ms("2026-10-25T00:30Z"), AMSTERDAM) == ms("2026-10-26T01:30Z")


@given(
    now_ms=st.integers(ms("2026-01-01T00:00Z"), ms("2028-01-01T00:00Z")),
    share=st.floats(0, 1, exclude_max=True),
    days=st.sets(st.integers(0, 6), min_size=1),
    start_min=st.integers(0, 1439),
    end_min=st.integers(0, 1439),
    zone=st.sampled_from((AMSTERDAM, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu"))),
)
def test_nothing_should_change_between_two_boundaries(
    *, now_ms: int, share: float, days: set[int], start_min: int, end_min: int, zone: ZoneInfo
) -> None:
    one = Window(1, tuple(sorted(days)), start_min, end_min, "auto")
    boundary_ms = next_boundary_ms([one], now_ms, zone)
    assert boundary_ms is not None
    assert now_ms < boundary_ms <= now_ms + 9 * DAY_MS
    between_ms = now_ms + int((boundary_ms - now_ms) * share)
    assert ends_ms(one, between_ms, zone) == ends_ms(one, now_ms, zone)
    assert ends_ms(one, now_ms, zone) in (None, boundary_ms)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-22T17:00Z", "18:00"),
        ("2026-11-22T23:30Z", "tomorrow 00:30"),
        ("2026-11-21T22:59Z", "yesterday 23:59"),
        ("2026-11-27T07:00Z", "Fri 08:00"),
        ("2026-11-17T07:00Z", "Tue 08:00"),
        ("2026-11-29T07:00Z", "29 Nov 08:00"),
        ("2027-01-02T07:00Z", "2 Jan 2027 08:00"),
    ],
)
def test_a_moment_should_be_said_as_people_say_it(at: str, words: str) -> None:
    assert in_words(ms(at), ms("2026-11-22T11:00Z"), AMSTERDAM) == words


def test_a_zone_should_be_found_in_any_case_and_guessed_when_it_is_nearly_one() -> None:
    assert zone_named("europe/amsterdam").key == "Europe/Amsterdam"
    with pytest.raises(ConfigError, match="Europe/Amsterdam"):
        zone_named("Amsterdm")
    with pytest.raises(ConfigError, match="Europe/Berlin"):
        zone_named("Europe/Berln")
    for name in ("", "/etc/passwd", "../x", "x" * 5_000, "Europe", "a\0b"):
        with pytest.raises(ConfigError):
            zone_named(name)
