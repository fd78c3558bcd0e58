"""Times as the owner says them: spans and moments, exact, on nights that jump too."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.owner.commands import Pause
from bot.owner.grammar import parse

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


NOON = ms("2026-11-22T12:00+01:00")  # a Sunday


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("18:00", "2026-11-22T18:00+01:00"),
        ("6pm", "2026-11-22T18:00+01:00"),
        ("6:30PM", "2026-11-22T18:30+01:00"),
        ("noon", "2026-11-23T12:00+01:00"),
        ("12:00", "2026-11-23T12:00+01:00"),  # now is past
        ("12:01", "2026-11-22T12:01+01:00"),
        ("9.30", "2026-11-23T09:30+01:00"),
        ("12am", "2026-11-23T00:00+01:00"),
        ("midnight", "2026-11-23T00:00+01:00"),
        ("24:00", "2026-11-23T00:00+01:00"),
        ("today 18:00", "2026-11-22T18:00+01:00"),
        ("tomorrow", "2026-11-23T00:00+01:00"),
        ("tomorrow 9:00", "2026-11-23T09:00+01:00"),
        ("tomorrow at 9:00", "2026-11-23T09:00+01:00"),
        ("monday", "2026-11-23T00:00+01:00"),
        ("Monday 8:00", "2026-11-23T08:00+01:00"),
        ("sat 8:00", "2026-11-28T08:00+01:00"),
        ("sunday", "2026-11-29T00:00+01:00"),
        ("sunday 11:00", "2026-11-29T11:00+01:00"),
        ("sunday 13:00", "2026-11-22T13:00+01:00"),
        ("2026-12-24", "2026-12-24T00:00+01:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00+01:00"),
        ("2026-12-24T18:00:01.5+02:00", "2026-12-24T17:00:01.5+01:00"),
    ],
)
def test_a_moment_should_be_the_next_one_the_words_can_mean(words: str, moment: str) -> None:
    assert parse(f"/pause until {words}", NOON, AMSTERDAM) == Pause(ms(moment))


@pytest.mark.parametrize(
    ("now", "words", "moment"),
    [
        ("2026-03-28T20:00+01:00", "2:30", "2026-03-29T03:00+02:00"),  # skipped: at the jump
        ("2026-03-28T20:00+01:00", "8:00", "2026-03-29T08:00+02:00"),
        ("2026-10-24T20:00+02:00", "2:30", "2026-10-25T02:30+02:00"),  # twice: the first
        ("2026-10-25T02:45+02:00", "2:30", "2026-10-25T02:30+01:00"),  # the first is past
        ("2026-10-25T02:45+01:00", "2:30", "2026-10-26T02:30+01:00"),
        ("2026-12-31T23:59+01:00", "0:30", "2027-01-01T00:30+01:00"),
    ],
)
def test_a_moment_should_be_right_on_the_nights_the_clock_jumps(now: str, words: str, moment: str) -> None:
    assert parse(f"/pause until {words}", ms(now), AMSTERDAM) == Pause(ms(moment))


@pytest.mark.parametrize(
    ("words", "span_ms"),
    [
        ("2h", 2 * HOUR),
        ("90m", 90 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("1h 30min", 90 * MINUTE),
        ("3d", 3 * DAY),
        ("1w", 7 * DAY),
        ("2 hours", 2 * HOUR),
        ("1 day", DAY),
        ("45 minutes", 45 * MINUTE),
        ("366d", 366 * DAY),
    ],
)
def test_a_span_should_count_from_now(words: str, span_ms: int) -> None:
    assert parse(f"/pause for {words}", NOON + 1, AMSTERDAM) == Pause(NOON + 1 + span_ms)
