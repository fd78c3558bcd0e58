"""Signal's exports, its own and those of two tools: what becomes a line, whose it is, and what is refused."""

import json

import pytest

from model_server.errors import CorpusError
from training.importers.base import Aside, ChatHead, Person, RawLine, SkippedChat
from training.importers.named_chat import head_of, person_of
from training.importers.signal_backup_text import FORMAT as BACKUP_TEXT
from training.importers.signal_export import FORMATS
from training.importers.signal_history import FORMAT as HISTORY
from training.importers.source import MemorySource

from .reading import events_of, fixture, only, set_aside, spoken

DATA, MARKDOWN, PAGE = FORMATS
ME = "signal:Me"
MUM = "signal:11223344-5566-7788-99aa-bbccddeeff00"
BO = "signal:00000000-0000-0000-0000-000000000001"


class TestHistory:
    """Signal's own `main.jsonl`."""

    def test_should_follow_the_chats_in_their_common_order(self) -> None:
        events = events_of(HISTORY, fixture("signal/main.jsonl"))
        mum, club, again = only(ChatHead, events)
        assert mum == again == ChatHead(MUM, "personal", "Mum", MUM, ME)
        assert (club.kind, club.name, club.owner) == ("group", "Book club", ME)
        said = [event for event in events if isinstance(event, ChatHead | RawLine)]
        chat_of = [getattr(event, "text", None) or getattr(event, "name", None) for event in said]
        assert chat_of == [
            *("Mum", "did you eat?", "yes"),
            *("Book club", "@Mum bring the cake", "I can"),
            *("Mum", "lovely picture", "晚安"),
        ]

    def test_should_know_people_by_their_accounts_and_numbers(self) -> None:
        people = only(Person, events_of(HISTORY, fixture("signal/main.jsonl")))
        assert people == [
            Person(ME, "Ada Quill", False),
            Person(MUM, "Mum", True, ("+12025550123",)),
            Person(BO, "Bo Lind", False),
        ]

    def test_should_say_what_is_answered_and_who_is_addressed(self) -> None:
        lines = only(RawLine, events_of(HISTORY, fixture("signal/main.jsonl")))
        asked, yes, bring, can, *_ = lines
        assert (yes.reply_to, yes.to) == (asked.line_id, "")
        assert bring.to == MUM
        assert (can.reply_to, can.to) == (bring.line_id, BO)

    def test_should_count_what_it_sets_aside(self) -> None:
        events = events_of(HISTORY, fixture("signal/main.jsonl"))
        once = ("sticker", "deleted", "call", "service", "too_long", "undated", "unsupported")
        assert set_aside(events) == {"media": 3, "damaged": 2, **dict.fromkeys(once, 1)}
        assert only(SkippedChat, events) == [
            SkippedChat("saved_messages", "Note to Self", 1),
            SkippedChat("channel", "Signal", 1),
        ]

    def test_should_say_where_it_breaks_off(self) -> None:
        with pytest.raises(CorpusError, match=r"main.jsonl breaks off near line 14 → export again from Signal"):
            events_of(HISTORY, fixture("signal/malformed/main.jsonl"))

    @pytest.mark.parametrize("content", ["", "{}", "[1]\n[2]", "null"])
    def test_should_refuse_what_is_none(self, content: str) -> None:
        with pytest.raises(CorpusError, match="export again from Signal"):
            events_of(HISTORY, MemorySource("main.jsonl", content.encode()))


class TestSignalExport:
    """The folders of `sigexport`."""

    def test_should_read_a_chat_with_one_person(self) -> None:
        events = events_of(DATA, fixture("signal_export/TessMoor/data.json"))
        assert only(ChatHead, events) == [ChatHead("signal:TessMoor", "personal", "TessMoor", "signal:TessMoor", ME)]
        assert spoken(events) == [
            ("signal:TessMoor", "did you eat?\nit is late"),
            (ME, "yes `mum`"),
            (ME, "of course"),
            (ME, "晚安 妈妈 🌙"),
        ]
        once = ("media", "sticker", "call", "deleted", "service", "undated", "damaged")
        assert set_aside(events) == dict.fromkeys(once, 1)

    def test_should_find_the_line_that_is_quoted(self) -> None:
        asked, _, answer, _ = only(RawLine, events_of(DATA, fixture("signal_export/TessMoor/data.json")))
        assert answer.reply_to == asked.line_id
        assert asked.at_ms == 1_715_938_182_250, "17:29:42.25 in China"

    def test_should_read_markdown_of_every_age(self) -> None:
        events = events_of(MARKDOWN, fixture("signal_export/BookClub/chat.md"))
        assert only(ChatHead, events) == [ChatHead("signal:group:BookClub", "group", "BookClub", "", ME)]
        assert spoken(events) == [
            (ME, "who brings the cake?"),
            ("signal:Ines", "me"),
            ("signal:Bo", "not me, I bring\ntwo plates"),
            (ME, "look"),
        ]
        cake, _, plates, _ = only(RawLine, events)
        assert plates.reply_to == cake.line_id
        assert set_aside(events) == {"media": 1, "sticker": 1, "deleted": 1}

    def test_should_read_what_lies_there_twice_once(self) -> None:
        assert events_of(MARKDOWN, fixture("signal_export/TessMoor/chat.md")) == []
        assert events_of(PAGE, fixture("signal_export/TessMoor/index.html")) == []

    def test_should_ask_for_the_files_beside_a_page(self) -> None:
        page = fixture("signal_export/TessMoor/index.html")
        with pytest.raises(CorpusError, match=r"chat.md and data.json beside it are missing → export again"):
            events_of(PAGE, MemorySource(page.name, page.content))

    def test_should_set_notes_to_oneself_aside(self) -> None:
        events = events_of(DATA, fixture("signal_export/NoteToSelf/data.json"))
        assert events == [SkippedChat("saved_messages", "NoteToSelf", 2)]

    def test_should_tell_a_broken_file_from_a_broken_record(self) -> None:
        with pytest.raises(CorpusError, match=r"data.json breaks off near line 3 → export again with signal-export"):
            events_of(DATA, fixture("signal_export/malformed/TessMoor/data.json"))
        events = events_of(MARKDOWN, fixture("signal_export/malformed/BookClub/chat.md"))
        assert set_aside(events) == {"undated": 1}
        record = json.dumps({"date": "2024-05-17T17:29:42", "sender": "Me", "body": "hi", "reactions": []})
        events = events_of(DATA, MemorySource("Bo/data.json", f"{record}\n{{]\n{record}\n".encode()))
        assert [type(event) for event in events] == [ChatHead, Person, RawLine, Aside, RawLine]


class TestBackupText:
    """The text of `signalbackup-tools`."""

    NAME = "signalbackup_tools/Bo Lind (_id7).txt"

    def test_should_read_a_chat(self) -> None:
        events = events_of(BACKUP_TEXT, fixture(self.NAME))
        assert only(ChatHead, events) == [ChatHead("signal:Bo Lind", "personal", "Bo Lind", "signal:Bo Lind", "")]
        assert spoken(events) == [
            ("signal:Bo Lind", "hi\nthere"),
            ("signal:Ada Quill", "hello (again)"),
            ("signal:Ada Quill", "好的"),
        ], "reactions are not words; a bracket of one's own is"
        assert set_aside(events) == {"service": 1, "media": 2, "call": 1}

    def test_should_set_days_that_never_were_aside(self) -> None:
        events = events_of(BACKUP_TEXT, fixture("signalbackup_tools/malformed/Bo Lind (_id7).txt"))
        assert set_aside(events) == {"service": 1, "undated": 1}

    def test_should_refuse_what_is_none(self) -> None:
        with pytest.raises(CorpusError, match="holds no messages of signalbackup-tools"):
            events_of(BACKUP_TEXT, MemorySource("Bo (_id7).txt", b"dear diary"))


@pytest.mark.parametrize(
    ("speakers", "kind", "contact", "owner"),
    [
        ({"Me", "Bo"}, "personal", "x:Bo", "x:Me"),
        ({"Me"}, "personal", "x:Bo", "x:Me"),
        ({"Bo"}, "personal", "x:Bo", ""),
        ({"Ada", "Bo"}, "personal", "x:Bo", ""),
        ({"Me", "Ada"}, "group", "", "x:Me"),
        ({"Ada"}, "group", "", ""),
        ({"Ada", "Cy"}, "group", "", ""),
        ({"Me", "Bo", "Ada"}, "group", "", "x:Me"),
    ],
)
def test_should_tell_by_who_speaks_what_a_chat_is(speakers: set[str], kind: str, contact: str, owner: str) -> None:
    head = head_of("x", "Bo", speakers)
    assert (head.kind, head.contact, head.owner) == (kind, contact, owner)


def test_should_take_a_number_or_an_address_for_a_handle() -> None:
    assert person_of("x", "+1 (202) 555-0123").handles == ("+12025550123",)
    assert person_of("x", "Bo@Example.com").handles == ("bo@example.com",)
    assert person_of("x", "Bo 2").handles == ()
