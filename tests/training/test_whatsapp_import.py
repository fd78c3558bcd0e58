"""WhatsApp exports of many phones become the messages that were written; what cannot be told is asked."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from tests.training.whatsapp_styles import STYLES
from training.importers import whatsapp
from training.importers.base import Aside, ChatHead, DateOrder, DatesUndecided, Event, Person, RawLine, Reading
from training.importers.source import MemorySource
from training.importers.whatsapp_chat import person_of
from training.importers.whatsapp_dates import parse_header
from training.importers.whatsapp_text import judge
from training.importers.whatsapp_words import fold

FIXTURES = Path(__file__).parent / "fixtures" / "whatsapp"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text("utf-8"))
ZONE = ZoneInfo("Europe/Berlin")


def read(name: str, content: bytes | str, dates: DateOrder | None = None, zone: ZoneInfo = ZONE) -> list[Event]:
    source = MemorySource(name, content.encode() if isinstance(content, str) else content)
    return list(whatsapp.read(source, Reading(zone, dates)))


def fixture(name: str) -> MemorySource:
    return MemorySource(f"exports/{name}", (FIXTURES / name).read_bytes())


def head_of(events: list[Event]) -> ChatHead:
    return next(event for event in events if isinstance(event, ChatHead))


def lines_of(events: list[Event]) -> list[RawLine]:
    return [event for event in events if isinstance(event, RawLine)]


def asides_of(events: list[Event]) -> dict[str, int]:
    return dict(Counter(event.reason for event in events if isinstance(event, Aside)))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_fixture_should_be_read_as_it_was_written(name: str) -> None:
    expected = EXPECTED[name]
    source = fixture(name)
    assert whatsapp.sniff(source.sample())
    events = read(source.name, source.content, expected["order"] if expected["asked"] else None)

    head = head_of(events)
    assert (head.kind, head.name) == (expected["kind"], expected["name"])
    assert head.key.startswith("whatsapp:group:") == (head.kind == "group")
    assert head.contact == (person_of(expected["contact"]).id if expected["contact"] else "")
    assert head.owner == (person_of(expected["owner"]).id if expected["owner"] else "")
    found = [
        [datetime.fromtimestamp(line.at_ms / 1000, ZONE).replace(tzinfo=None).isoformat(), line.sender, line.text]
        for line in lines_of(events)
    ]
    assert found == [
        [at, person_of(" ".join(who.strip("\u202a\u202c").split())).id, text] for at, who, text in expected["lines"]
    ]
    assert asides_of(events) == expected["asides"]
    known = [event.id for event in events if isinstance(event, Person)]
    assert {line.sender for line in lines_of(events)} <= set(known)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_order_of_dates_should_be_asked_only_where_the_file_does_not_tell(name: str) -> None:
    source, expected = fixture(name), EXPECTED[name]
    if expected["asked"]:
        with pytest.raises(DatesUndecided, match="--dates dmy or --dates mdy"):
            read(source.name, source.content)
    else:  # and what the owner says of all files does not overrule what one of them tells
        for told in ("dmy", "mdy", "ymd", None):
            assert read(source.name, source.content, told) == read(source.name, source.content)


def test_a_group_should_tell_whom_a_message_addresses_and_who_has_no_name() -> None:
    source = fixture("WhatsApp Chat - Trip 2023/_chat.txt")
    events = read(source.name, source.content)
    assert lines_of(events)[0].to == "whatsapp:Ben Ortega"
    people = {event.id: event for event in events if isinstance(event, Person)}
    assert people["whatsapp:+12025550143"].handles == ("+12025550143",)
    assert people["whatsapp:~Zoé"] == Person("whatsapp:~Zoé", "Zoé", False)


def test_an_impossible_time_should_be_set_aside_among_messages_that_can_be_read() -> None:
    twin = read("WhatsApp Chat with Mum.txt", (FIXTURES / "broken_bytes.txt").read_bytes())
    good = lines_of(read("WhatsApp Chat with Mum.txt", (FIXTURES / "WhatsApp Chat with Mum.txt").read_bytes()))
    assert asides_of(twin)["damaged"] == 1
    assert lines_of(twin)[0].text == "Did \ufffd\ufffdyou get home?"
    assert lines_of(twin)[1:] == [line for line in good[1:] if "cute" not in line.text]


@pytest.mark.parametrize(
    ("name", "what"),
    [("broken_days.txt", "line 1: no date here"), ("broken_no_headers.txt", "no line begins as a message")],
)
def test_a_file_that_is_no_export_should_be_refused_with_its_name_and_the_next_step(name: str, what: str) -> None:
    with pytest.raises(CorpusError, match=what) as caught:
        read(name, (FIXTURES / name).read_bytes())
    assert name in caught.value.what
    assert "Export chat" in caught.value.hint


def test_a_message_that_quotes_another_chat_should_stay_one_message() -> None:
    text = (
        "13/02/2023, 10:00 - Ann: look what she wrote\n[13.02.23, 09:00:00] Bo: never\n13.2.2023, 9:01 - Bo: ever\nsee?"
    )
    (line,) = lines_of(read("WhatsApp Chat with Ann.txt", text))
    assert line.text.endswith("never\n13.2.2023, 9:01 - Bo: ever\nsee?")


def test_a_line_that_begins_like_a_message_of_no_known_language_should_stay_text() -> None:
    text = "13/02/2023, 10:00 - Ann: dates\n14/02/2023 perhaps at 10:30 - we see"
    assert [line.text for line in lines_of(read("WhatsApp Chat with Ann.txt", text))] == [
        "dates\n14/02/2023 perhaps at 10:30 - we see"
    ]


def test_the_same_message_should_have_the_same_id_in_a_longer_export() -> None:
    old = "13/02/2023, 10:00 - Ann: ok\n13/02/2023, 10:00 - Ann: ok\n"
    new = old + "14/02/2023, 10:00 - Bo: fine\n"
    ids = [line.line_id for line in lines_of(read("WhatsApp Chat with Ann.txt", new))]
    assert ids[:2] == [line.line_id for line in lines_of(read("WhatsApp Chat with Ann (1).txt", old))]
    assert len(set(ids)) == 3


def test_the_exports_of_two_phones_should_know_each_others_lines() -> None:
    """Android writes minutes, iOS seconds; equal texts of one minute stay apart, even out of order."""
    android = "\n".join(
        f"13/01/23, 10:{at} - Mum: {text}" for at, text in ((10, "ok"), (10, "ok"), (11, "hi"), (10, "ok"))
    )
    times = (("10:10:05", "ok"), ("10:10:40", "ok"), ("10:11:00", "hi"), ("10:10:59", "ok"))
    ios = "\n".join(f"[13/01/23, {at}] Mum: {text}" for at, text in times)
    ids = [[line.line_id for line in lines_of(read(name, said))] for name, said in (("a.txt", android), ("b.txt", ios))]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 4


def test_the_order_of_dates_of_one_file_should_be_there_as_evidence_for_another() -> None:
    """A file that leaves it open says nothing; one with a 13th says it."""
    said = {day: MemorySource("_chat.txt", f"{day}/02/23, 10:10 - Mum: hi".encode()) for day in ("01", "13")}
    assert [whatsapp.FORMAT.dates(source) for source in said.values()] == [None, "dmy"]
    assert whatsapp.FORMAT.dates(MemorySource("_chat.txt", b"no message")) is None


def test_the_hour_that_autumn_repeats_should_not_turn_messages_round() -> None:
    times = ("02:10", "02:50", "02:05", "03:00")
    text = "".join(f"29/10/2023, {time} - Ann: {time}\n" for time in times)
    lines = lines_of(read("WhatsApp Chat with Ann.txt", text))
    assert [line.text for line in sorted(lines, key=lambda line: line.at_ms)] == list(times)


def test_a_very_long_message_should_be_set_aside_without_being_held() -> None:
    text = "13/02/2023, 10:00 - Ann: " + "\n".join(["word " * 1000] * 100) + "\n13/02/2023, 10:01 - Ann: short"
    events = read("WhatsApp Chat with Ann.txt", text)
    assert asides_of(events) == {"too_long": 1}
    assert [line.text for line in lines_of(events)] == ["short"]


def test_an_unnamed_chat_should_be_known_by_who_writes_and_whose_messages_were_taken_back() -> None:
    text = "13/02/2023, 10:00 - Ann: hi\n13/02/2023, 10:01 - Bo: You deleted this message\n"
    head = head_of(read("upload.txt", text))
    assert (head.key, head.contact, head.owner) == ("whatsapp:Ann", "whatsapp:Ann", "whatsapp:Bo")
    head = head_of(read("upload.txt", text.replace("You deleted", "Somebody deleted")))
    assert (head.key, head.contact, head.owner) == ("whatsapp:Ann, Bo", "", "")


@pytest.mark.parametrize(
    "own",
    [
        "<grin>",
        "<sighs in Monday>",
        "null and void",
        "Missed voice calls are the worst",
        "Event: 8pm, be there",
        "a <3",
        "POLL: who is in?",
    ],
)
def test_words_that_only_look_like_those_of_the_app_should_be_kept(own: str) -> None:
    assert [line.text for line in lines_of(read("a.txt", f"13/02/2023, 10:00 - Ann: {own}\n"))] == [own]


WORDS = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Co", "Cn"), exclude_characters="\u00a0\u202f"),
    max_size=40,
)
NAMES = st.sampled_from(["Ann", "Bo Lee", "老王", "+1 202-555-0107", "Zoë", "نور"])


def keepable(text: str) -> bool:
    said = judge(text)
    starts = any(parse_header(line) for line in text.splitlines())
    return said.reason is None and said.text == text == text.strip() and not starts and fold(text) != ""


@st.composite
def chats(draw: st.DrawFn) -> list[tuple[datetime, str, str]]:
    steps = draw(
        st.lists(
            st.tuples(st.integers(0, 60 * 24 * 40), NAMES, st.lists(WORDS, min_size=1, max_size=3)),
            min_size=1,
            max_size=12,
        )
    )
    at = draw(st.datetimes(datetime(2019, 1, 1), datetime(2025, 12, 31))).replace(microsecond=0)
    chat = []
    for minutes, name, text in steps:
        at += timedelta(minutes=minutes)
        chat.append((at, name, "\n".join(text)))
    return [one for one in chat if keepable(one[2])]


@settings(max_examples=60, deadline=None)
@given(chat=chats(), style=st.sampled_from(sorted(STYLES)))
def test_any_chat_should_come_back_as_it_was_written_on_any_phone(
    chat: list[tuple[datetime, str, str]], style: str
) -> None:
    """Or its dates are asked for: only where both readings of all of them are possible."""
    if not chat:
        return
    how = STYLES[style]
    content = "".join(f"{how.header(at)}{name}: {text}\n" for at, name, text in chat)
    zone = ZoneInfo("UTC")
    try:
        events = read("some.txt", content, zone=zone)
    except DatesUndecided:
        assert not how.telling
        assert all(at.day <= 12 for at, _, _ in chat) or "{yy" in how.template  # 19.03.20 may be of 2019 too
        events = read("some.txt", content, how.order, zone=zone)
    found = [(line.at_ms, line.sender, line.text) for line in lines_of(events)]
    assert found == list(as_written(chat, how.seconds, zone))


def as_written(chat: list[tuple[datetime, str, str]], seconds: bool, zone: ZoneInfo) -> Iterator[tuple[int, str, str]]:
    for at, name, text in chat:
        shown = at if seconds else at.replace(second=0)
        yield int(shown.replace(tzinfo=zone).timestamp() * 1000), person_of(name).id, text
