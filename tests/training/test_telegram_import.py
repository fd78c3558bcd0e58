"""Telegram Desktop's exports: what becomes a line, what is set aside, and what is refused."""

import json
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from training.importers.json_repair import RepairedJson
from training.importers.telegram_desktop import ImportedChat, SkippedChat, plain_text, read_chats, read_senders
from training.importing import find_owners

from .exports import OWNER, chat, full, message, talk, write

OWNER_ID = f"user{OWNER}"


def lines_of(path: Path, *messages: Any) -> list[tuple[str, str]]:
    write(path, full(chat(1, list(messages))))
    (found,) = read_chats(path, OWNER_ID)
    assert isinstance(found, ImportedChat)
    return [(line.author, line.text) for line in found.conversation.lines]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "result.json"


def test_should_tell_the_owner_from_the_contact_and_keep_ids_and_times(path: Path) -> None:
    write(path, full(chat(1, [message(7, 1, "hello"), message(8, OWNER, "hi")])))
    (found,) = read_chats(path, OWNER_ID)
    assert isinstance(found, ImportedChat)
    assert found.conversation.chat_key == "telegram:user1"
    assert [(line.line_id, line.author, line.at_ms) for line in found.conversation.lines] == [
        ("7", "contact", 1_720_000_420_000),
        ("8", "owner", 1_720_000_480_000),
    ]


def test_should_join_entities_into_plain_text(path: Path) -> None:
    text = ["see ", {"type": "link", "text": "https://example.org/a"}, " or ", {"type": "bold", "text": "ask"}]
    assert lines_of(path, message(1, 1, text)) == [("contact", "see https://example.org/a or ask")]


def test_should_read_a_deleted_account_as_the_contact(path: Path) -> None:
    assert lines_of(path, message(1, 1, "still here", name=None)) == [("contact", "still here")]
    write(path, full(chat(1, [message(1, 1, "hello", name=None)], name=None)))
    (found,) = read_chats(path, OWNER_ID)
    assert isinstance(found, ImportedChat)
    assert found.conversation.contact_name == "user1"


def test_should_read_sender_numbers_of_old_exports(path: Path) -> None:
    assert lines_of(path, {**message(1, 1, "old"), "from_id": OWNER}) == [("owner", "old")]


def test_should_count_what_it_sets_aside(path: Path) -> None:
    export = full(
        chat(
            1,
            [
                {"id": 1, "type": "service", "action": "phone_call", "actor_id": "user1", "text": ""},
                {"id": 2, "type": "unsupported"},
                message(3, 1, "", photo="(File not included.)"),
                message(4, 1, "what a view", photo="(File not included.)"),
                message(5, OWNER, "not my words", forwarded_from=None),
                message(6, OWNER, "a poem by a machine", via_bot="@poems"),
                message(7, 1, "  "),
                {**message(8, 1, "when?"), "date_unixtime": "hidden"},
                "not even a message",
            ],
        ),
        chat(2, [message(10, 1, "many people")], "The Band", "private_group"),
        chat(3, [message(11, OWNER, "a note")], None, "saved_messages"),
    )
    write(path, export)
    talked, *skipped = read_chats(path, OWNER_ID)
    assert isinstance(talked, ImportedChat)
    assert [line.text for line in talked.conversation.lines] == ["what a view"]
    reasons = {"service": 1, "unsupported": 2, "media": 1, "forward": 1, "via_bot": 1, "empty": 1, "undated": 1}
    assert talked.set_aside == reasons
    assert skipped == [SkippedChat("private_group", 1), SkippedChat("saved_messages", 1)]


def test_should_read_keys_in_any_order(path: Path) -> None:
    group = {"messages": [message(1, 1, "many people")], "type": "private_group", "id": 2, "name": "The Band"}
    write(path, {"chats": {"list": [group]}, "personal_information": {"user_id": OWNER}})
    assert list(read_chats(path, OWNER_ID)) == [SkippedChat("private_group", 1)]


class TestWhoIsMe:
    def test_should_believe_a_full_export(self, path: Path) -> None:
        write(path, full(talk(1, 4)))
        assert find_owners([path], None) == [OWNER_ID]

    def test_should_ask_when_one_chat_does_not_say(self, path: Path) -> None:
        write(path, talk(1, 4))
        with pytest.raises(CorpusError, match=r"does not say who you are → give --me NAME; candidates: Me \(user500\)"):
            find_owners([path], None)

    def test_should_take_the_name_or_the_id_that_is_given(self, path: Path) -> None:
        write(path, talk(1, 4))
        assert find_owners([path], "me") == [OWNER_ID]
        assert find_owners([path], "user500") == [OWNER_ID]

    def test_should_refuse_a_name_nobody_has(self, path: Path) -> None:
        write(path, full(talk(1, 4)))
        with pytest.raises(CorpusError, match="no senders are called 'Nobody'"):
            find_owners([path], "Nobody")

    def test_should_take_the_only_one_who_is_not_the_contact_when_told_to(self, path: Path) -> None:
        write(path, talk(1, 4))
        assert find_owners([path], None, accept_guess=True) == [OWNER_ID]

    def test_should_learn_it_from_another_file(self, path: Path, tmp_path: Path) -> None:
        write(path, talk(1, 4))
        other = write(tmp_path / "whole.json", full(talk(2, 4)))
        assert find_owners([path, other], None) == [OWNER_ID, OWNER_ID]


class TestBrokenFiles:
    @given(st.integers(min_value=0))
    @settings(max_examples=60)
    def test_should_refuse_an_export_cut_anywhere(self, cut: int) -> None:
        whole = json.dumps(full(talk(1, 6), talk(2, 3)), indent=1).encode()
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "result.json"
            path.write_bytes(whole[: cut % len(whole)])
            with pytest.raises(CorpusError, match=r"result\.json .* → export again from Telegram Desktop"):
                list(read_chats(path, OWNER_ID))

    def test_should_say_where_it_breaks_off(self, path: Path) -> None:
        whole = json.dumps(full(talk(1, 2), talk(2, 200)), indent=1)
        path.write_text("\n".join(whole.split("\n")[:900]))
        with pytest.raises(CorpusError, match=r"breaks off near line 900, 1 chats in"):
            list(read_chats(path, OWNER_ID))

    @pytest.mark.parametrize("content", ["<html></html>", "[]", "{}", '"chats"', '{"chats": {"list": []}}'])
    def test_should_refuse_what_is_no_export(self, path: Path, content: str) -> None:
        path.write_text(content)
        with pytest.raises(CorpusError, match="export again"):
            list(read_chats(path, OWNER_ID))

    def test_should_refuse_a_file_that_is_not_there(self, path: Path) -> None:
        with pytest.raises(CorpusError, match="No such file"):
            read_senders(path, stop_at_owner=True)

    json_values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**62), 2**62)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["text", "type", "x"]), inner),
        max_leaves=6,
    )
    keys = st.sampled_from(["id", "type", "from", "from_id", "text", "date_unixtime", "forwarded_from", "photo"])

    @given(st.lists(st.dictionaries(keys, json_values | st.just("message")) | json_values, max_size=5), json_values)
    @settings(max_examples=150)
    def test_should_survive_any_messages_and_lose_none(self, messages: list[Any], name: Any) -> None:
        export = full({"name": name, "type": "personal_chat", "id": 1, "messages": messages})
        with tempfile.TemporaryDirectory() as directory:
            (found,) = read_chats(write(Path(directory) / "result.json", export), OWNER_ID)
        assert isinstance(found, ImportedChat)
        assert len(found.conversation.lines) + found.set_aside.total() == len(messages)


def as_telegram_writes(text: str) -> bytes:
    """A JSON string with Telegram's own escape for control characters."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    return ('"' + "".join(short.get(c) or (f"\\x{ord(c):02X}" if c < " " else c) for c in text) + '"').encode()


PIECES = ["\\", "\\x07", "x", "0", "A", "\n", "\0", "\x1f", '"', "é", "漢"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join), st.integers(1, 9))
def test_should_repair_control_characters_wherever_a_chunk_ends(text: str, chunk_bytes: int) -> None:
    stream = RepairedJson(BytesIO(as_telegram_writes(text)), chunk_bytes)
    repaired = b"".join(iter(stream.read, b""))
    assert json.loads(repaired) == text


def test_should_import_an_export_with_control_characters(path: Path) -> None:
    write(path, full(chat(1, [message(1, 1, "ding")])))
    path.write_bytes(path.read_bytes().replace(b"ding", rb"d\x07ing\\x07"))
    (found,) = read_chats(path, OWNER_ID)
    assert isinstance(found, ImportedChat)
    assert found.conversation.lines[0].text == r"ding\x07"


@given(st.text(), st.text())
def test_should_read_the_same_text_whole_and_in_parts(one: str, two: str) -> None:
    assert plain_text([one, {"type": "bold", "text": two}]) == plain_text(one + two)
