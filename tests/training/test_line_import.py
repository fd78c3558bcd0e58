"""Chats exported from LINE, on phones and desktops, become the messages that were written."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from training.importers import line
from training.importers.base import Aside, ChatHead, DateOrder, DatesUndecided, Event, RawLine, Reading, SkippedChat
from training.importers.source import MemorySource
from training.importers.text import tidy

FIXTURES = Path(__file__).parent / "fixtures" / "line"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text("utf-8"))
ZONE = ZoneInfo("Asia/Tokyo")


def read(name: str, content: bytes | str, dates: DateOrder | None = None) -> list[Event]:
    source = MemorySource(name, content.encode() if isinstance(content, str) else content)
    return list(line.read(source, Reading(ZONE, dates)))


def fixture(name: str, dates: DateOrder | None = None) -> list[Event]:
    return read(f"exports/{name}", (FIXTURES / name).read_bytes(), dates)


def lines_of(events: list[Event]) -> list[RawLine]:
    return [event for event in events if isinstance(event, RawLine)]


def asides_of(events: list[Event]) -> dict[str, int]:
    return dict(Counter(event.reason for event in events if isinstance(event, Aside)))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_fixture_should_be_read_as_it_was_written(name: str) -> None:
    expected = EXPECTED[name]
    assert line.sniff(MemorySource(name, (FIXTURES / name).read_bytes()).sample())
    events = fixture(name, expected["order"] if expected["asked"] else None)
    head = next(event for event in events if isinstance(event, ChatHead))
    assert (head.kind, head.name) == (expected["kind"], expected["name"])
    assert head.key.startswith("line:group:") == (head.kind == "group")
    assert head.contact == (f"line:{expected['contact']}" if expected["contact"] else "")
    assert head.owner == (f"line:{expected['owner']}" if expected["owner"] else "")
    found = [
        [datetime.fromtimestamp(one.at_ms / 1000, ZONE).replace(tzinfo=None).isoformat(), one.sender, one.text]
        for one in lines_of(events)
    ]
    assert found == [[at, f"line:{who}", text] for at, who, text in expected["lines"]]
    assert asides_of(events) == expected["asides"]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_order_of_dates_should_be_asked_only_where_not_even_the_weekday_tells(name: str) -> None:
    if EXPECTED[name]["asked"]:
        with pytest.raises(DatesUndecided, match="--dates dmy"):
            fixture(name)
    else:
        assert all(fixture(name, told) == fixture(name) for told in ("dmy", "mdy", "ymd"))


def test_a_damaged_line_should_be_set_aside_and_the_others_read() -> None:
    events = fixture("broken_times.txt")
    assert asides_of(events) == {**EXPECTED["phone_en_us.txt"]["asides"], "damaged": 1}
    assert [one.text for one in lines_of(events)] == ["Wh\ufffdat time works: ten?"]


def test_a_file_without_days_should_be_refused_with_its_name_and_the_next_step() -> None:
    with pytest.raises(CorpusError, match=r"broken_no_days\.txt: no line is a day") as caught:
        fixture("broken_no_days.txt")
    assert "Export chat history" in caught.value.hint


def test_a_chat_with_oneself_should_be_skipped_whole() -> None:
    text = "[LINE] Chat history with Keep Memo\nSaved on: 2026/10/01 12:00\n\n2026/09/29(Tue)\n08:00\tNell\tmilk\n"
    assert read("keep.txt", text) == [SkippedChat("saved_messages", "Keep Memo", 1)]


def test_an_open_quotation_should_not_swallow_what_others_said() -> None:
    text = '[LINE] Chat history with Bo\n\n2026/09/29(Tue)\n08:00\tBo\t"so\n08:01\tNell\t"what"\n08:02\tBo\tend"\n'
    assert [one.text for one in lines_of(read("a.txt", text))] == ['"so', '"what"', 'end"']


TEXTS = st.lists(
    st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=15), min_size=1, max_size=3
).map("\n".join)


@settings(max_examples=60, deadline=None)
@given(
    chat=st.lists(st.tuples(st.sampled_from(["Bo Lee", "ネル"]), TEXTS, st.integers(0, 1439)), min_size=1, max_size=8)
)
def test_any_chat_should_come_back_as_it_was_written(chat: list[tuple[str, str, int]]) -> None:
    chat = [(name, text, at) for name, text, at in chat if keepable(name, text)]
    if not chat:
        return
    content = "[LINE] Chat history with Bo Lee\nSaved on: 2026/10/01 12:00\n\n2026/09/29(Tue)\n" + "".join(
        f"{at // 60:02}:{at % 60:02}\t{name}\t" + (f'"{text}"' if "\n" in text else text) + "\n"
        for name, text, at in chat
    )
    day_ms = int(datetime(2026, 9, 29, tzinfo=ZONE).timestamp() * 1000)
    found = [(one.sender, one.text, one.at_ms) for one in lines_of(read("a.txt", content))]
    assert found == [(f"line:{name}", text, day_ms + at * 60_000) for name, text, at in chat]


def keepable(name: str, text: str) -> bool:
    """Texts that stand for something else, and such as LINE's own way of quoting makes ambiguous, are not drawn."""
    quoted = text.startswith('"') or any(part.endswith('"') for part in text.split("\n"))
    return line._reason(name, text, bare=False) is None and not quoted and text == tidy(text)


def test_what_stands_below_a_day_and_belongs_to_no_message_should_be_counted() -> None:
    written = "[LINE] Chat with Mum\n2024/01/05(金)\nlost words\n10:10\tMum\thi\n"
    events = read("[LINE] Chat with Mum.txt", written)
    assert [line.text for line in lines_of(events)] == ["hi"]
    assert asides_of(events) == {"service": 1}


def test_a_group_should_tell_whom_a_message_addresses_where_he_writes_too() -> None:
    said = (("Ann", "@Bo Lee hi"), ("Bo Lee", "@Nobody hi"), ("Cy", "@Ann @Bo Lee hi"), ("Cy", "a@Cy"))
    rows = "".join(f"10:10\t{name}\t{text}\n" for name, text in said)
    events = read("a.txt", f"[LINE] Chat history in Trip\n2024/01/05(金)\n{rows}")
    assert [line.to for line in lines_of(events)] == ["line:Bo Lee", "", "", ""]
