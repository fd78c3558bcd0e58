"""imessage-exporter's two layouts: what becomes a line, what is the exporter's own, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from training.importers.base import ChatHead, Person, RawLine, SkippedChat
from training.importers.imessage_export import FORMATS
from training.importers.source import MemorySource
from training.importers.us_times import us_time

from .reading import events_of, fixture, only, set_aside, spoken

TEXT, PAGE = FORMATS
ME, TESS = "imessage:Me", "imessage:Tess Moor"
SOUP = "https://example.com/soup"
SPOKEN = [(ME, "yes mum\n\nwith a second part"), (ME, "on my way"), (TESS, SOUP), (ME, "good night")]


def test_should_read_the_text() -> None:
    events = events_of(TEXT, fixture("imessage/Tess Moor.txt"))
    assert only(ChatHead, events) == [ChatHead(TESS, "personal", "Tess Moor", TESS, ME)]
    assert only(Person, events) == [Person(TESS, "Tess Moor", saved=True), Person(ME, "Me")]
    assert spoken(events) == [(TESS, "did you eat?"), *SPOKEN, (ME, "晚安 🌙")]
    assert set_aside(events) == {"media": 1, "deleted": 3, "sticker": 1, "service": 1}


def test_should_read_the_page_and_know_the_owner_whatever_he_is_called_there() -> None:
    events = events_of(PAGE, fixture("imessage/Tess Moor.html"))
    assert only(ChatHead, events) == [ChatHead(TESS, "personal", "Tess Moor", TESS, ME)]
    assert spoken(events) == [(TESS, "did you <eat>?"), *SPOKEN]
    assert set_aside(events) == {"media": 1, "deleted": 2, "service": 2}


def test_should_give_a_message_one_id_in_both_layouts() -> None:
    text, page = (
        {line.text: line.line_id for line in only(RawLine, events_of(form, fixture(f"imessage/Tess Moor.{suffix}")))}
        for form, suffix in ((TEXT, "txt"), (PAGE, "html"))
    )
    common = text.keys() & page.keys()
    assert len(common) == 4
    assert all(text[words] == page[words] for words in common)


@pytest.mark.parametrize(("form", "suffix"), [(TEXT, "txt"), (PAGE, "html")])
def test_should_read_a_reply_once_and_know_what_it_answers(form: object, suffix: str) -> None:
    asked, reply, *_ = only(RawLine, events_of(TEXT if form is TEXT else PAGE, fixture(f"imessage/Tess Moor.{suffix}")))
    assert (reply.text, reply.reply_to) == ("yes mum\n\nwith a second part", asked.line_id)
    assert reply.at_ms == 1_652_779_860_000, "17:31 in China"


def test_should_know_a_group_by_its_name() -> None:
    events = events_of(TEXT, fixture("imessage/Book club - 12.txt"))
    assert only(ChatHead, events) == [ChatHead("imessage:group:Book club - 12", "group", "Book club", "", ME)]
    assert only(Person, events)[0] == Person("imessage:+12025550124", "+12025550124", None, ("+12025550124",))
    alone = b"May 17, 2022  5:29:42 PM\nMe\nhello both\n\n"
    (head,) = only(ChatHead, events_of(TEXT, MemorySource("out/Bo, Ines.txt", alone)))
    assert head.kind == "group"


@pytest.mark.parametrize(("name", "kind"), [("22395", "short_code"), ("orphaned", "orphaned")])
def test_should_set_codes_and_orphans_aside_whole(name: str, kind: str) -> None:
    assert events_of(TEXT, fixture(f"imessage/{name}.txt")) == [SkippedChat(kind, name, 1)]


def test_should_set_broken_messages_aside() -> None:
    events = events_of(TEXT, fixture("imessage/malformed/Tess Moor.txt"))
    assert set_aside(events) == {"undated": 1, "damaged": 1}


def test_should_say_where_a_page_breaks_off() -> None:
    with pytest.raises(CorpusError, match=r"Tess Moor.html breaks off near line \d+ → export again with imessage"):
        events_of(PAGE, fixture("imessage/malformed/Tess Moor.html"))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("content", ["", "dear diary", "<p>hello</p>"])
def test_should_refuse_what_is_none(form: object, content: str) -> None:
    with pytest.raises(CorpusError, match="holds no messages of imessage-exporter"):
        events_of(TEXT if form is TEXT else PAGE, MemorySource("a", content.encode()))


words = st.text("abc é漢 .!?", min_size=1, max_size=12).map(str.strip).filter(bool)
messages = st.lists(st.tuples(st.booleans(), st.lists(words, min_size=1, max_size=3)), min_size=1, max_size=8)


@given(messages)
@settings(max_examples=60)
def test_should_read_back_whatever_was_said(said: list[tuple[bool, list[str]]]) -> None:
    written = "".join(
        f"May 17, 2022  5:{at:02d}:00 PM\n{'Me' if mine else 'Bo'}\n" + "\n\n".join(parts) + "\n\n"
        for at, (mine, parts) in enumerate(said)
    )
    events = events_of(TEXT, MemorySource("Bo.txt", written.encode()))
    assert spoken(events) == [(ME if mine else "imessage:Bo", "\n\n".join(parts)) for mine, parts in said]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("May 17, 2022  5:29:42 PM", "2022-05-17 17:29:42"),
        ("Jan 01, 2022 12:00:00 AM", "2022-01-01 00:00:00"),
        ("Dec 31, 2022 12:59:59 PM", "2022-12-31 12:59:59"),
        ("Mar 03, 2024 17:29:42", "2024-03-03 17:29:42"),
        ("Feb 30, 2024 17:29:42", "None"),
        ("Mai 17, 2022  5:29:42 PM", "None"),
    ],
)
def test_should_read_times(written: str, shown: str) -> None:
    assert str(us_time(written)) == shown


def test_should_refuse_a_page_that_no_parser_takes() -> None:
    page = b'<div class="message"><span class="timestamp">May 17, 2022  5:29:42 PM</span><![x'
    with pytest.raises(CorpusError, match="is damaged near line 1 → export again"):
        events_of(PAGE, MemorySource("a.html", page + b"<![" * 10))


def test_should_read_a_page_with_a_long_style() -> None:
    page = fixture("imessage/Tess Moor.html")
    styled = page.content.replace(b"</style>", b".a {color: red}\n" * 10_000 + b"</style>")
    assert len(styled) > len(page.content)
    assert events_of(PAGE, MemorySource(page.name, styled)) == events_of(PAGE, page)
