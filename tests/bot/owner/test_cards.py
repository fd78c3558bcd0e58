"""What the owner sees of a draft."""

from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.owner_port import Button
from bot.drafts import Draft, DraftState
from bot.owner.cards import card_of, mark_of, read_token, time_left, token_of
from model_server.contract import Line

ZONE = ZoneInfo("Europe/Amsterdam")
NOON_MS = 1_780_308_000_000  # 2026-06-01 12:00 in Amsterdam
MINUTE_MS = 60_000
DRAFT = Draft(
    no=17,
    request_id="telegram:b3:9",
    chat_key="telegram:b3",
    contact_id="telegram:user3",
    contact_name="Mum",
    contact_type="family",
    lines=(Line("8", "contact", "are you coming\ntonight?", NOON_MS), Line("9", "contact", "or not", NOON_MS)),
    text="yes, at eight",
    blend={"core": 0.4, "family": 0.6},
    state="open",
    reason="",
    version=3,
    created_ms=NOON_MS,
    deadline_ms=NOON_MS + 125 * MINUTE_MS,
    regenerating=False,
    final="",
)


def test_should_show_who_wrote_what_the_reply_the_blend_and_how_long_there_is() -> None:
    card = card_of(DRAFT, NOON_MS, ZONE)
    assert (card.card_id, card.version) == ("draft-17", 3)
    assert card.screen.text.splitlines() == [
        "Draft 17 · Mum (family) · telegram",
        "> are you coming tonight?",
        "> or not",
        "",
        "Reply:",
        "yes, at eight",
        "",
        "blend: family 0.6 + core 0.4",
        "send before 14:05 (2 h 5 min left)",
    ]
    labels = [[button.label for button in row] for row in card.screen.rows]
    assert labels == [["Send", "Edit", "Discard"], ["Regenerate", "Take over"]]


@pytest.mark.parametrize(
    ("state", "changed", "line"),
    [
        ("sent", {"final": "yes, at eight"}, "— sent as proposed 12:03"),
        ("edited", {"final": "no"}, "— sent in your words 12:03"),
        ("discarded", {}, "— discarded 12:03: nothing was said"),
        ("answered", {}, "— you answered yourself 12:03"),
        ("stale", {"reason": "newer line"}, "— stale 12:03: newer line"),
        ("stale", {"reason": "took over"}, "— you took over 12:03"),
    ],
)
def test_should_say_in_one_line_what_became_of_it(state: DraftState, changed: dict[str, str], line: str) -> None:
    ended = msgspec.structs.replace(DRAFT, state=state, ended_ms=NOON_MS + 3 * MINUTE_MS, **changed)
    screen = card_of(ended, NOON_MS + 9 * MINUTE_MS, ZONE).screen
    assert screen.rows == ()
    assert screen.text.splitlines()[-1] == line
    assert ("yes, at eight" in screen.text) == (state == "sent"), "what was not said is not shown as if it were"


def test_should_say_that_a_new_proposal_is_being_written() -> None:
    screen = card_of(msgspec.structs.replace(DRAFT, regenerating=True), NOON_MS, ZONE).screen
    assert "a new proposal is being written" in screen.text
    assert screen.rows, "the old one can be sent until then"


def test_should_read_back_the_tokens_of_its_buttons() -> None:
    buttons: list[Button] = [button for row in card_of(DRAFT, NOON_MS, ZONE).screen.rows for button in row]
    for button in buttons:
        token = read_token(button.token)
        assert token is not None
        assert (token.no, token.mark) == (17, mark_of("yes, at eight"))
        assert len(button.token.encode()) <= 64
    assert token_of("send", DRAFT) != token_of("send", msgspec.structs.replace(DRAFT, text="yes, at nine"))


@given(st.text(max_size=70))
def test_should_never_stumble_over_a_token_that_is_not_its_own(token: str) -> None:
    assert read_token(token) is None


@given(st.text(max_size=5_000), st.lists(st.text(max_size=4_000), max_size=12))
def test_should_fit_on_every_platforms_screen_and_keep_the_reply(text: str, lines: list[str]) -> None:
    said = tuple(Line(str(at), "contact", line, 0) for at, line in enumerate(lines))
    shown = card_of(msgspec.structs.replace(DRAFT, text=text, lines=said), NOON_MS, ZONE).screen.text
    assert len(shown) <= 2_000
    assert text in shown or len(text) > 1_200, "what is approved is read first"


def test_should_count_down() -> None:
    spans = [(125, "2 h 5 min left"), (59, "59 min left"), (1, "1 min left"), (0, "over"), (-5, "over")]
    assert [time_left(NOON_MS + minutes * MINUTE_MS, NOON_MS) for minutes, _ in spans] == [said for _, said in spans]
    assert time_left(NOON_MS + 40_000, NOON_MS) == "40 s left"
