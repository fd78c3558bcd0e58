"""Every importer, given its own fixtures with bytes of them changed: events, or a CorpusError that says what to do.

Never another exception, never a hang, never more than was read. `make fuzz` does the same for as long as one likes.
"""

import time
from datetime import UTC, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from training.importers.base import Event, Format, Reading
from training.importers.formats import FORMATS
from training.importers.source import MemorySource

from .reading import FIXTURES, fixture, replaced

NAMES = sorted(str(path.relative_to(FIXTURES)) for path in FIXTURES.rglob("*") if path.is_file())
TOKENS = (
    *(b"%c" % sign for sign in b"{}[]\"',:<>&\\\n\0-"),
    *(b"\\x", b"\\u0000", b"\\ud800", b"null", b"true", b"-1", b"1e999", b"NaN", b"\r\n", b"]]>"),
    *(b"\xff", b"\xe2\x80\x8e", b"\xef\xbb\xbf", b"\xff\xfe"),
)

LONG_BYTES = 100_000

Change = tuple[str, float, float, bytes]
changes = st.tuples(
    st.sampled_from(("cut", "drop", "double", "insert", "replace", "repeat")),
    st.floats(0, 1),
    st.floats(0, 0.2),
    st.sampled_from(TOKENS) | st.binary(max_size=6),
)


def changed(content: bytes, change: Change) -> bytes:
    """`content` after one change; `at` and `share` are parts of its length."""
    kind, at, share, token = change
    begin = int(at * len(content))
    end = begin + int(share * len(content))
    middle = {
        "cut": b"",
        "drop": b"",
        "double": content[begin:end] * 2,
        "insert": token + content[begin:end],
        "replace": token,
        "repeat": token * 2_000 + content[begin:end],
    }[kind]
    return content[:begin] + middle + (b"" if kind == "cut" else content[end:])


def read_all(form: Format, source: MemorySource) -> list[Event]:
    """What is read until it ends or breaks off."""
    events: list[Event] = []
    try:
        for event in form.read(source, Reading(UTC, "dmy")):
            events.append(event)
            assert len(events) <= 2 * source.size + 100, "more events than bytes"
    except CorpusError as error:
        if not error.what or not error.hint:
            pytest.fail("the owner is not told what happened, or not what to do")
    return events


def check(form: Format, source: MemorySource) -> None:
    events = read_all(form, source)
    said = len(msgspec.json.encode(events))  # which also shows that every text can be stored
    there = source.size + sum(len(content) for _, content in source.siblings)
    assert said <= 40 * there + 500 * len(events) + 10_000, "more is said than was read"


CLAIMED = {name: [form.name for form in FORMATS if form.sniff(fixture(name).sample())] for name in NAMES}
NAMES_OF = {form.name: [name for name, by in CLAIMED.items() if form.name in by] for form in FORMATS}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@given(st.data())
@settings(max_examples=25, deadline=timedelta(seconds=10))
def test_should_read_or_refuse_a_changed_fixture(form: Format, data: st.DataObject) -> None:
    source = fixture(data.draw(st.sampled_from(NAMES_OF[form.name])))
    which = data.draw(st.one_of(st.just(0), st.integers(0, len(source.siblings))))
    content = source.content if which == 0 else source.siblings[which - 1][1]
    for change in data.draw(st.lists(changes, min_size=1, max_size=3)):
        content = changed(content, change)
    check(form, replaced(source, which, content))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode) | st.lists(st.sampled_from(TOKENS)).map(b"".join))
@settings(max_examples=10, deadline=timedelta(seconds=10))
def test_should_read_or_refuse_anything_named_as_its_format(form: Format, content: bytes) -> None:
    check(form, MemorySource("named.bin", content))


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("token", [b"[", b"{", b'{"a":', b'"', b"<a>", b"\\", b"\n", b",", b"[\n", b"&lt;", b"1"])
def test_should_not_hang_on_the_same_thing_again_and_again(form: Format, token: bytes) -> None:
    began_s = time.process_time()
    check(form, MemorySource("named.bin", token * (LONG_BYTES // len(token))))
    assert time.process_time() - began_s < 3, "what is read once takes 0.1 s, what is read once a byte minutes"


def test_no_fixture_should_be_claimed_by_two() -> None:
    assert {name: by for name, by in CLAIMED.items() if len(by) > 1} == {}


def test_every_format_should_have_a_fixture_and_a_malformed_twin() -> None:
    for form, names in NAMES_OF.items():
        malformed = [name for name in names if "malformed" in name or "broken" in name]
        assert len(names) > len(malformed) > 0, form
