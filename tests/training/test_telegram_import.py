"""Telegram Desktop's exports: what becomes a line, what is set aside, and what is refused."""

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from training.importers.base import ChatHead, Event, Person, RawLine, Reading, SkippedChat
from training.importers.json_repair import RepairedJson
from training.importers.source import MemorySource
from training.importers.telegram_desktop import FORMAT, plain_text

from .exports import OWNER, chat, full, message, talk
from .reading import EIGHT_EAST, document, events_of, fixture, only, set_aside, spoken

ME, CONTACT = f"telegram:user{OWNER}", "telegram:user1"


def read(export: Any) -> list[Event]:
    return events_of(FORMAT, document(export))


def lines_of(*messages: Any, kind: str = "personal_chat") -> list[RawLine]:
    return only(RawLine, read(full(chat(1, list(messages), kind=kind))))


def texts_of(*messages: Any) -> list[tuple[str, str]]:
    return [(line.sender, line.text) for line in lines_of(*messages)]


def test_should_tell_who_wrote_and_keep_ids_and_times() -> None:
    events = read(full(chat(1, [message(7, 1, "hello"), message(8, OWNER, "hi", name="Me")])))
    assert only(ChatHead, events) == [ChatHead(CONTACT, "personal", "Mum", CONTACT, ME)]
    assert only(RawLine, events) == [
        RawLine("7", CONTACT, "hello", 1_720_000_420_000),
        RawLine("8", ME, "hi", 1_720_000_480_000),
    ]
    assert only(Person, events)[-1] == Person(ME, "Me")


def test_should_join_entities_into_plain_text() -> None:
    text = ["see ", {"type": "link", "text": "https://example.org/a"}, " or ", {"type": "bold", "text": "ask"}]
    assert texts_of(message(1, 1, text)) == [(CONTACT, "see https://example.org/a or ask")]


def test_should_read_a_deleted_account_as_the_contact() -> None:
    events = read(full(chat(1, [message(1, 1, "hello", name=None)], name=None)))
    assert spoken(events) == [(CONTACT, "hello")]
    assert only(ChatHead, events)[0].name == "user1"


def test_should_read_sender_numbers_and_local_times_of_old_exports() -> None:
    events = events_of(FORMAT, fixture("telegram/year_2019.json"))
    assert [(line.sender, line.at_ms) for line in only(RawLine, events)] == [
        ("telegram:user72003", 1_556_935_200_000),  # 10:00 as the clock showed it, in China
        ("telegram:user72001", 1_556_935_260_000),
    ]


def test_should_keep_what_a_message_answers() -> None:
    first, second = lines_of(message(1, 1, "when?"), message(2, OWNER, "at nine", reply_to_message_id=1))
    assert (first.reply_to, second.reply_to) == ("", "1")
    elsewhere = message(3, OWNER, "so he said", reply_to_message_id=1, reply_to_peer_id="channel9")
    assert lines_of(elsewhere)[0].reply_to == ""


def test_should_use_groups_and_know_whom_a_mention_means() -> None:
    mention = [{"type": "mention_name", "text": "Kai", "user_id": 3}, " bring the drum"]
    events = read(full(chat(9, [message(1, OWNER, mention)], "Band", "private_supergroup")))
    assert only(ChatHead, events) == [ChatHead("telegram:channel9", "group", "Band", "", ME)]
    assert only(RawLine, events)[0].to == "telegram:user3"
    assert lines_of(message(1, OWNER, mention))[0].to == "", "in a personal chat everything is to the contact"


def test_should_count_what_it_sets_aside() -> None:
    export = full(
        chat(
            1,
            [
                {"id": 1, "type": "service", "action": "phone_call", "actor_id": "user1", "text": ""},
                {"id": 1, "type": "service", "action": "pin_message", "actor_id": "user1", "text": ""},
                {"id": 2, "type": "unsupported"},
                message(3, 1, "", photo="(File not included.)"),
                message(3, 1, "", file="a.webp", media_type="sticker"),
                message(4, 1, "what a view", photo="(File not included.)"),
                message(5, OWNER, "not my words", forwarded_from=None),
                message(6, OWNER, "a poem by a machine", via_bot="@poems"),
                message(7, 1, "  "),
                message(7, 1, "x" * 20_001),
                {**message(8, 1, "when?"), "date_unixtime": "hidden"},
                {**message(9, 1, "who?"), "from_id": None},
                "not even a message",
            ],
        ),
        chat(2, [message(10, 1, "headline")], "News", "public_channel"),
        chat(3, [message(11, OWNER, "a note")], None, "saved_messages"),
        chat(4, [message(12, OWNER, "/start"), message(13, 4, "welcome")], "A Bot", "bot_chat"),
    )
    events = read(export)
    assert spoken(events) == [(CONTACT, "what a view")]
    once = ("call", "service", "unsupported", "media", "sticker", "forward", "bot", "empty", "too_long", "undated")
    assert set_aside(events) == {**dict.fromkeys(once, 1), "damaged": 2}
    assert only(SkippedChat, events) == [
        SkippedChat("channel", "News", 1),
        SkippedChat("saved_messages", "", 1),
        SkippedChat("bot_chat", "A Bot", 2),
    ]


class TestTheAddressBook:
    def test_should_say_who_is_saved_and_under_which_number(self) -> None:
        people = {person.id: person for person in only(Person, events_of(FORMAT, fixture("telegram/full.json")))}
        assert people["telegram:user72002"] == Person("telegram:user72002", "Mum", True, ("+442079460102",))
        assert people["telegram:user72001"].handles == ("+12025550101",), "the owner's own number"
        assert people["telegram:user72003"].saved is False

    def test_should_not_say_that_nobody_is_saved_where_there_is_none(self) -> None:
        assert {person.saved for person in only(Person, read(talk(1, 4)))} == {None}


class TestTheLayout:
    def test_should_read_one_chat_which_does_not_say_whose_it_is(self) -> None:
        assert only(ChatHead, read(talk(1, 4))) == [ChatHead(CONTACT, "personal", "Mum", CONTACT, "")]

    def test_should_read_keys_in_any_order(self) -> None:
        late = {"messages": [message(1, 1, "hello")], "type": "personal_chat", "id": 1, "name": "Mum"}
        group = {"messages": [message(2, 1, "hello all")], "type": "private_group", "id": 2, "name": "Band"}
        channel = {"messages": [message(3, 1, "news")], "type": "public_channel", "id": 3, "name": "News"}
        export = {"chats": {"list": [late, group, channel]}, "personal_information": {"user_id": OWNER}}
        events = read(export)
        assert spoken(events) == [(CONTACT, "hello"), (CONTACT, "hello all")]
        assert only(SkippedChat, events) == [SkippedChat("channel", "News", 1)]
        said_last = {head.key: head.owner for head in only(ChatHead, events)}
        assert said_last == {CONTACT: ME, "telegram:chat2": ME}, "the owner is said again when he becomes known"

    def test_should_read_the_chats_that_were_left(self) -> None:
        whole = events_of(FORMAT, fixture("telegram/full.json"))
        assert ("telegram:user72001", "goodbye all") in spoken(whole)

    def test_should_read_what_is_on_one_line(self) -> None:
        compact = MemorySource("result.json", json.dumps(full(talk(1, 6)), separators=(",", ":")).encode())
        assert len(spoken(events_of(FORMAT, compact))) == 6

    def test_should_hold_no_more_than_a_message_of_a_long_chat(self) -> None:
        text = "a message of quite ordinary length, as people write them"
        source = document(full(chat(1, [message(n, 1, text) for n in range(20_000)])))
        fills = 0

        class Watched(BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                nonlocal fills
                fills += 1
                return super().read(size)

        class Slow(MemorySource):
            def open(self) -> BytesIO:
                return Watched(self.content)

        events = iter(FORMAT.read(Slow(source.name, source.content), Reading(EIGHT_EAST)))
        while not isinstance(next(events), RawLine):
            pass
        assert fills < 10, "the first message is told long before the file is read"
        assert sum(isinstance(event, RawLine) for event in events) == 19_999


class TestSniffing:
    def test_should_know_its_own(self) -> None:
        for export in (talk(1, 2), full(talk(1, 2)), full(talk(1, 2), owner=None)):
            assert FORMAT.sniff(document(export).sample())

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"messages": []}', 'said {"type": "personal_chat"}'])
    def test_should_not_claim_others(self, text: str) -> None:
        assert not FORMAT.sniff(MemorySource("a.json", text.encode()).sample())

    def test_should_not_be_taken_in_by_what_somebody_wrote(self) -> None:
        quoted = {"items": ['{"type": "personal_chat", "chats": {"user_id": 1}}']}
        assert not FORMAT.sniff(document(quoted).sample())


class TestBrokenFiles:
    @given(st.integers(min_value=0))
    @settings(max_examples=60)
    def test_should_refuse_an_export_cut_anywhere(self, cut: int) -> None:
        whole = json.dumps(full(talk(1, 6), talk(2, 3)), indent=1).encode()
        with pytest.raises(CorpusError, match=r"result\.json .* → export again from Telegram Desktop"):
            events_of(FORMAT, MemorySource("result.json", whole[: cut % len(whole)]))

    def test_should_say_where_it_breaks_off(self) -> None:
        whole = json.dumps(full(talk(1, 2), talk(2, 200)), indent=1)
        cut = MemorySource("result.json", "\n".join(whole.split("\n")[:900]).encode())
        with pytest.raises(CorpusError, match=r"result.json breaks off near line (89\d|900)"):
            events_of(FORMAT, cut)

    def test_should_say_where_it_is_no_json(self) -> None:
        with pytest.raises(CorpusError, match=r"is not valid JSON .* near line 6 → export again"):
            events_of(FORMAT, fixture("telegram/malformed/year_2019.json"))

    def test_should_read_good_messages_among_bad_ones(self) -> None:
        events = events_of(FORMAT, fixture("telegram/malformed/one_chat.json"))
        assert spoken(events) == [("telegram:user72001", "still here")]
        assert set_aside(events) == {"damaged": 4, "empty": 1, "undated": 1}

    @pytest.mark.parametrize(
        "content",
        ["<html></html>", "[]", "{}", '"chats"', '{"chats": {"list": []}}', "[" * 100_000, '{"id":' * 100_000],
    )
    def test_should_refuse_what_is_no_export(self, content: str) -> None:
        with pytest.raises(CorpusError, match="export again"):
            events_of(FORMAT, MemorySource("result.json", content.encode()))

    def test_should_refuse_a_value_without_end(self) -> None:
        endless = b'{"name": "' + b"x" * (17 << 20)
        with pytest.raises(CorpusError, match="holds a value of more than 16 million characters near line 1"):
            events_of(FORMAT, MemorySource("result.json", endless))

    json_values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**62), 2**62)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["text", "type", "x"]), inner),
        max_leaves=6,
    )
    keys = st.sampled_from(
        ["id", "type", "from", "from_id", "text", "date_unixtime", "date", "forwarded_from", "photo"]
    )

    @given(st.lists(st.dictionaries(keys, json_values | st.just("message")) | json_values, max_size=5), json_values)
    @settings(max_examples=60)
    def test_should_survive_any_messages_and_lose_none(self, messages: list[Any], name: Any) -> None:
        events = read(full({"name": name, "type": "personal_chat", "id": 1, "messages": messages}))
        assert len(spoken(events)) + sum(set_aside(events).values()) == len(messages)


def as_telegram_writes(text: str) -> bytes:
    """A JSON string with Telegram's own escape for control characters."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    return ('"' + "".join(short.get(c) or (f"\\x{ord(c):02X}" if c < " " else c) for c in text) + '"').encode()


PIECES = ["\\", "\\x07", "x", "0", "A", "\n", "\0", "\x1f", '"', "é", "漢"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), st.integers(1, 9))
@settings(max_examples=60)
def test_should_repair_control_characters_wherever_a_chunk_ends(text: str, chunk_bytes: int) -> None:
    stream = RepairedJson(BytesIO(as_telegram_writes(text)), chunk_bytes)
    repaired = b"".join(iter(stream.read, b""))
    assert json.loads(repaired) == text


def test_should_import_an_export_with_control_characters() -> None:
    whole = document(full(chat(1, [message(1, 1, "ding")])))
    rung = MemorySource(whole.name, whole.content.replace(b"ding", rb"d\x07ing\\x07"))
    assert spoken(events_of(FORMAT, rung)) == [(CONTACT, r"ding\x07")]


@given(st.text(), st.text())
@settings(max_examples=60)
def test_should_read_the_same_text_whole_and_in_parts(one: str, two: str) -> None:
    assert plain_text([one, {"type": "bold", "text": two}]) == plain_text(one + two)
