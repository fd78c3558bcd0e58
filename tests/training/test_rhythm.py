"""The owner's rhythm should be read off the corpus, and only off moments when he was there."""

from pathlib import Path

import pytest

from bot.config import PacingConfig
from bot.pacing import at_once, pace
from bot.rhythm_book import RhythmBook
from model_server.contract import Line
from model_server.home import Home
from model_server.rhythm import EVERYBODY, Rhythm, Rhythms
from training.conversations import Session
from training.rhythm import measure_rhythms, write_rhythms


def session(contact_type: str, *lines: tuple[str, str, int]) -> Session:
    """(author, text, seconds since the line before)."""
    at_ms, made = 0, []
    for i, (author, text, after_s) in enumerate(lines):
        at_ms += after_s * 1000
        made.append(Line(str(i), author, text, at_ms))  # type: ignore[arg-type]
    return Session("telegram:1", "Ann", contact_type, tuple(made))


def exchange(wait_s: int, gap_s: int) -> tuple[tuple[str, str, int], ...]:
    return (("contact", "hey", 300), ("owner", "yes", wait_s), ("owner", "ten chars!", gap_s))


def test_should_measure_typing_and_thinking_by_contact_type() -> None:
    quick = session("friend", *exchange(4, 2) * 20)
    slow = session("family", *exchange(20, 9) * 20)
    rhythms = measure_rhythms([quick, slow])
    assert rhythms.of("friend") == Rhythm(think_ms=4_000, per_character_ms=200, replies=20)
    assert rhythms.of("family") == Rhythm(think_ms=20_000, per_character_ms=900, replies=20)
    everybody = rhythms.of("colleague")
    assert everybody == rhythms.types[EVERYBODY]
    assert everybody is not None
    assert everybody.replies == 40


def test_should_not_take_absence_for_slowness() -> None:
    away = session("friend", *exchange(3_600, 600) * 20, *exchange(4, 2) * 20)
    assert measure_rhythms([away]).of("friend") == Rhythm(think_ms=4_000, per_character_ms=200, replies=20)


def test_should_say_nothing_of_what_was_seen_too_seldom() -> None:
    assert measure_rhythms([session("friend", *exchange(4, 2) * 19)]).of("friend") is None


def test_the_bot_should_play_the_rhythm_that_training_wrote(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    book = RhythmBook(home.rhythm_file)
    assert book.of("friend") is None
    write_rhythms(home, Rhythms({"friend": Rhythm(1_000, 100, 40), EVERYBODY: Rhythm(2_000, 50, 80)}))
    config = PacingConfig(longest_ms=4_000)
    assert [b.delay_ms for b in pace("r", "four\nsixsix", 300, config, book.of("friend"))] == [1_100, 600]
    assert [b.delay_ms for b in pace("r", "four\nsixsix", 300, config, book.of("stranger"))] == [1_900, 300]
    write_rhythms(home, Rhythms())
    assert book.of("friend") is None
    home.rhythm_file.write_bytes(b"{")
    assert book.of("friend") is None


@pytest.mark.parametrize("longest_ms", [0, 500])
def test_no_bubble_should_wait_longer_than_the_owner_allows(longest_ms: int) -> None:
    bubbles = pace("r", "a\n" + "long " * 50, 0, PacingConfig(longest_ms=longest_ms), Rhythm(9_000, 300, 40))
    assert [bubble.delay_ms for bubble in bubbles] == [longest_ms, longest_ms]


def test_an_approved_reply_should_not_wait() -> None:
    assert [(b.bubble_id, b.text, b.delay_ms) for b in at_once("r", "a\nb")] == [("r#0", "a", 0), ("r#1", "b", 0)]
