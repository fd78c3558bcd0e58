"""The owner's language: what he types, what it means, and what he is told when it is not clear."""

from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.owner.commands import (
    Autoreply,
    BlendClear,
    BlendSet,
    BlendShow,
    Chats,
    Command,
    ContactBlock,
    ContactMerge,
    ContactName,
    Contacts,
    ContactShow,
    ContactType,
    Digest,
    DigestDaily,
    Drafts,
    DraftVerb,
    ForWhom,
    Help,
    InChat,
    Misunderstood,
    Pair,
    Panic,
    Pause,
    Resume,
    ScheduleAdd,
    ScheduleRemove,
    ScheduleShow,
    ScheduleZone,
    Status,
    Undo,
    Unpair,
    Why,
)
from bot.owner.grammar import parse
from bot.owner.menu import OWNER_COMMANDS
from tests.bot.owner.canonical import canonical

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


NOON = ms("2026-11-22T12:00+01:00")  # a Sunday
DAILY = tuple(range(7))
WEEKDAYS = tuple(range(5))

UNDERSTOOD: list[tuple[str, Command]] = [
    ("/help", Help()),
    ("/start", Help()),
    ("/help /Autoreply", Help("autoreply")),
    ("  /STATUS  ", Status()),
    ("status", Status()),
    ("/status@selfsame_bot", Status()),
    ("/autoreply off", Autoreply("off")),
    ("/AutoReply DRAFT", Autoreply("draft")),
    ("autoreply auto for 2h", Autoreply("auto", NOON + 2 * HOUR)),
    ("autoreply auto 2h", Autoreply("auto", NOON + 2 * HOUR)),
    ("/autoreply draft until 18:00", Autoreply("draft", NOON + 6 * HOUR)),
    ("/autoreply draft in Book club", Autoreply("draft", None, InChat("Book club"))),
    ("/autoreply draft for family", Autoreply("draft", None, ForWhom("family"))),
    ("/autoreply draft for Anna Berg for 3d", Autoreply("draft", NOON + 3 * DAY, ForWhom("Anna Berg"))),
    ("/autoreply auto until monday in Book club", Autoreply("auto", NOON + 12 * HOUR, InChat("Book club"))),
    ('/autoreply auto for "2h"', Autoreply("auto", None, ForWhom("2h"))),
    ("/autoreply auto for “Anna in Berlin”", Autoreply("auto", None, ForWhom("Anna in Berlin"))),
    ("/autoreply clear for O'Brien", Autoreply("clear", None, ForWhom("O'Brien"))),
    ("/pause", Pause()),
    ("/pause 90m", Pause(NOON + 90 * MINUTE)),
    ("/pause for 2 hours in telegram:-100_55", Pause(NOON + 2 * HOUR, InChat("telegram:-100_55"))),
    ("/resume", Resume()),
    ("/resume in Mum", Resume(InChat("Mum"))),
    ("/panic", Panic()),
    ('/panic "now', Panic()),
    ("/drafts", Drafts()),
    ("/send 17", DraftVerb("send", 17)),
    ("/discard #17", DraftVerb("discard", 17)),
    ("/regenerate 17", DraftVerb("regenerate", 17)),
    ("/takeover 17", DraftVerb("takeover", 17)),
    ("/edit 17", DraftVerb("edit", 17)),
    ('/edit 17  she said "ok"\n  and   left ', DraftVerb("edit", 17, 'she said "ok"\n  and   left')),
    ("/contact", Contacts()),
    ("/contacts", Contacts()),
    ("/contact list", Contacts()),
    ("/contact Anna Berg", ContactShow("Anna Berg")),
    ("/contact show Anna Berg", ContactShow("Anna Berg")),
    ("/contact type Anna Berg Family", ContactType("Anna Berg", "family")),
    ("/contact name Anna Annie Berg", ContactName("Anna", "Annie Berg")),
    ("/contact name Anna B to Anna Berg", ContactName("Anna B", "Anna Berg")),
    ('/contact name "Anna B" "From me to you"', ContactName("Anna B", "From me to you")),
    ("/contact merge Anna B into Anna Berg", ContactMerge("Anna B", "Anna Berg")),
    ('/contact merge "To" into "Into"', ContactMerge("To", "Into")),
    ("/contact mode Anna B draft", Autoreply("draft", None, ForWhom("Anna B"))),
    ("/contact mode Anna B auto for 1h", Autoreply("auto", NOON + HOUR, ForWhom("Anna B"))),
    ("/contact mode Anna B block", ContactBlock("Anna B", True)),
    ("/contact block Anna B", ContactBlock("Anna B", True)),
    ("/contact unblock Anna B", ContactBlock("Anna B", False)),
    ("/blend", BlendShow()),
    ("/blend family", BlendShow("family")),
    ("/blend family core=0.5 Family=.5", BlendSet("family", {"core": 0.5, "family": 0.5})),
    ("/blend Anna Berg core=0,25, articles=-1", BlendSet("Anna Berg", {"articles": -1.0, "core": 0.25})),
    ("/blend clear family", BlendClear("family")),
    ('/blend "clear"', BlendShow("clear")),
    ("/why", Why()),
    ("/why Book club", Why("Book club")),
    ("/why in Book club", Why("Book club")),
    ("/undo", Undo()),
    ("/undo Mum", Undo("Mum")),
    ("/schedule", ScheduleShow()),
    ("/schedule add mon-fri 09:00-17:00 auto", ScheduleAdd(WEEKDAYS, 540, 1020, "auto")),
    ("/schedule add weekdays 9-17 auto for family", ScheduleAdd(WEEKDAYS, 540, 1020, "auto", ForWhom("family"))),
    ("/schedule add daily 22:00 – 07:00 quiet", ScheduleAdd(DAILY, 1320, 420, "quiet")),
    ("/schedule add 10pm-7am quiet", ScheduleAdd(DAILY, 1320, 420, "quiet")),
    ("/schedule add sat-mon 0:00-24:00 off", ScheduleAdd((0, 5, 6), 0, 0, "off")),
    (
        "/schedule add Mon, wed,friday noon-24:00 draft in Mum",
        ScheduleAdd((0, 2, 4), 720, 0, "draft", InChat("Mum")),
    ),
    ("/schedule remove 2", ScheduleRemove(2)),
    ("/schedule zone europe/berlin", ScheduleZone("Europe/Berlin")),
    ("/schedule zone america/new york", ScheduleZone("America/New_York")),
    ("/digest", Digest()),
    ("/digest 24h", Digest(NOON - DAY)),
    ("/digest 7 days", Digest(NOON - 7 * DAY)),
    ("/digest daily 8am", DigestDaily(480)),
    ("/digest off", DigestDaily(None)),
    ("/chats", Chats()),
    ("/pair K7QM-2VXD", Pair("K7QM-2VXD")),
    ("/unpair", Unpair()),
]


@pytest.mark.parametrize(("text", "command"), UNDERSTOOD)
def test_the_owner_should_be_understood(text: str, command: Command) -> None:
    assert parse(text, NOON, AMSTERDAM) == command
    assert parse(canonical(command, AMSTERDAM), NOON, AMSTERDAM) == command


def test_every_command_should_be_sayable_and_be_tried_here() -> None:
    assert {type(command) for _, command in UNDERSTOOD} == set(get_args(Command))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "/help"),
        ("/", "/help"),
        ("/autorply draft", "did you mean /autoreply?"),
        ("/staus", "did you mean /status?"),
        ("/dicsard 17", "did you mean /discard?"),
        ("what a lovely day", "/help"),
        ("/status now", "alone"),
        ("/autoreply", "/autoreply off, draft, auto or clear"),
        ("/autoreply on", "/autoreply off, draft, auto or clear"),
        ("/autoreply draft Anna", "for WHO"),
        ("/autoreply draft for", "for WHO"),
        ("/autoreply draft for Anna for Bob", "once for each"),
        ("/autoreply draft for Anna in Berlin", "quotes"),
        ("/autoreply draft for 2h until 18:00", "one of"),
        ("/autoreply draft until whenever", "tomorrow 9:00"),
        ("/autoreply draft until 25:00", "tomorrow 9:00"),
        ("/autoreply draft until 18:61", "tomorrow 9:00"),
        ("/autoreply draft until 13pm", "tomorrow 9:00"),
        ("/autoreply draft until today 9:00", "tomorrow 9:00"),
        ("/autoreply draft until 2026-11-21", "tomorrow 9:00"),
        ("/autoreply draft until 2026-11-22T11:00+01:00", "tomorrow 9:00"),
        ("/autoreply draft for 0m", "e.g. 2h"),
        ("/autoreply draft for 999999d", "e.g. 2h"),
        ("/autoreply clear for 2h", "/autoreply clear"),
        ('/autoreply draft for "Anna', "two quotes"),
        ('/autoreply draft for ""', "Anna Berg"),
        ("/pause for Anna", "/autoreply off for WHO"),
        ("/resume for 2h", "/resume"),
        ("/send", "/drafts shows the numbers"),
        ("/send it", "/drafts shows the numbers"),
        ("/send 17 please", "/drafts shows the numbers"),
        ("/edit 1234567890 x", "/edit 17 NEW WORDS"),
        ("/contact blok Anna", "did you mean /contact block?"),
        ("/contact show", "/contact show WHO"),
        ("/contact type Anna", "/contact type WHO family"),
        ("/contact type Anna close/friend", "small letters"),
        ("/contact name Anna", "/contact name WHO to NEW NAME"),
        ("/contact merge Anna Bob", "/contact merge WHO into WHO"),
        ("/contact merge Anna into", "/contact merge WHO into WHO"),
        ("/contact mode Anna loud", "/contact mode WHO off, draft, auto, clear or block"),
        ("/contact mode Anna draft in Berlin", "/contact mode WHO draft"),
        ("/blend core=1", "/blend family core=0.5"),
        ("/blend family core=loud", "/blend family core=0.5"),
        ("/blend family core=3", "use -2.0 to 2.0"),
        ("/blend family core=nan", "use -2.0 to 2.0"),
        ("/blend family core=0", "/blend family core=0.5"),
        ("/blend clear", "/blend clear TYPE"),
        ("/schedule ad daily 9-17 auto", "did you mean /schedule add?"),
        ("/schedule add daily auto", "/schedule add mon-fri"),
        ("/schedule add daily 9-17", "/schedule add mon-fri"),
        ("/schedule add 24:00-07:00 quiet", "/schedule add daily"),
        ("/schedule add someday 9-17 auto", "weekdays"),
        ("/schedule add daily 9-17 auto for 2h", "leave out the time"),
        ("/schedule remove", "/schedule shows the numbers"),
        ("/schedule remove two", "/schedule shows the numbers"),
        ("/schedule zone Amsterdam", "Europe/Amsterdam"),
        ("/schedule zone", "IANA"),
        ("/digest daily", "/digest daily 08:00"),
        ("/digest daily never", "6pm"),
        ("/digest since 2027-01-01T00:00+00:00", "/digest 24h"),
        ("/pair", "selfsame owner pair"),
    ],
)
def test_what_is_unclear_should_name_the_next_step(text: str, hint: str) -> None:
    answer = parse(text, NOON, AMSTERDAM)
    assert isinstance(answer, Misunderstood), answer
    assert hint in answer.hint


_VERBS = [f"/{name}" for name, _ in OWNER_COMMANDS] + ["/pair", "/contact merge", "/contact name", "/schedule add"]
_WORDS = [word for text, _ in UNDERSTOOD for word in text.split()] + [
    '"',
    "“",
    "in",
    "for",
    "until",
    "=",
    "-",
    ":",
    "٣",
]
_sentences = st.builds(
    lambda verb, words: " ".join([verb, *words]),
    st.sampled_from(_VERBS),
    st.lists(st.sampled_from(_WORDS) | st.text(max_size=6), max_size=7),
)
_moments = st.integers(ms("2026-01-01T00:00Z"), ms("2027-01-01T00:00Z"))
_zones = st.sampled_from((AMSTERDAM, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")))


@given(text=st.text() | _sentences, now_ms=_moments, zone=_zones)
@example(text="/autoreply auto until 9999-12-31 23:59", now_ms=NOON, zone=AMSTERDAM)
@example(text="/autoreply auto until 0001-01-01T00:00+14:00", now_ms=NOON, zone=AMSTERDAM)
@example(text="/digest since 0001-01-01T00:00+14:00", now_ms=NOON, zone=AMSTERDAM)
@example(text="/schedule add ²-³ auto", now_ms=NOON, zone=AMSTERDAM)
@example(text="/blend x core=1e999", now_ms=NOON, zone=AMSTERDAM)
@example(text="/help \x1c//a", now_ms=NOON, zone=AMSTERDAM)
def test_whatever_is_typed_should_be_a_command_that_reads_back_the_same_or_a_hint(
    text: str, now_ms: int, zone: ZoneInfo
) -> None:
    answer = parse(text, now_ms, zone)
    if isinstance(answer, Misunderstood):
        assert answer.what
        assert answer.hint
        return
    said = canonical(answer, zone)
    assert parse(said.removeprefix("/"), now_ms, zone) == answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("autoreply draft for anna for 2h", "/autoreply draft until 2026-11-22T14:00+01:00 for anna"),
        ("autoreply clear in Book club", '/autoreply clear in "Book club"'),
        ("contact mode anna off", "/autoreply off for anna"),
        ("schedule add 22:00-7:00 quiet", "/schedule add daily 22:00-07:00 quiet"),
        ("schedule add monday,tuesday 9-17 auto for friend", "/schedule add mon,tue 09:00-17:00 auto for friend"),
        ("blend family core=1", "/blend family core=1.0"),
    ],
)
def test_a_command_should_be_said_as_the_owner_would(text: str, said: str) -> None:
    command = parse(text, NOON, AMSTERDAM)
    assert not isinstance(command, Misunderstood)
    assert canonical(command, AMSTERDAM) == said
