"""ChatLab's interchange format: what becomes a line, and what is refused."""

import json

import pytest

from model_server.errors import CorpusError
from training.importers.base import ChatHead, Person, RawLine
from training.importers.chatlab import FORMATS
from training.importers.source import MemorySource

from .reading import document, events_of, fixture, only, set_aside, spoken

LINES, JSON = FORMATS
ROBIN, LIN = "wechat:wxid_robin0001", "wechat:wxid_lin0001"


def test_should_read_a_private_chat() -> None:
    events = events_of(JSON, fixture("chatlab/private.json"))
    assert only(ChatHead, events) == [ChatHead(LIN, "personal", "林溪", LIN, ROBIN)]
    assert spoken(events) == [(LIN, "在吗"), (ROBIN, "在的"), (ROBIN, "好的")]
    first, second, third = only(RawLine, events)
    assert (first.line_id, first.at_ms, second.reply_to) == ("9001", 1_720_000_000_000, "9001")
    assert third.line_id, "a message without an id gets one"
    assert set_aside(events) == {"media": 1, "sticker": 1, "deleted": 1}


def test_should_read_a_group_line_by_line() -> None:
    events = events_of(LINES, fixture("chatlab/group.jsonl"))
    assert only(ChatHead, events) == [ChatHead("discord:700100", "group", "Trail", "", "discord:8101")]
    assert only(Person, events)[-1] == Person("discord:8103", "otto"), "whom no member line names"
    asked, _, later = only(RawLine, events)
    assert asked.to == "discord:8101"
    assert later.at_ms == 1_720_000_060_000, "milliseconds, as some converters write"


def test_should_give_people_of_telegram_the_ids_that_the_adapter_sees() -> None:
    export = json.loads(fixture("chatlab/private.json").content)
    export["meta"] = {"name": "Kai", "platform": "Telegram", "type": "private"}
    export["members"] = [{"platformId": "7", "accountName": "Kai"}, {"platformId": "8", "accountName": "Robin"}]
    export["messages"] = [{"sender": "7", "accountName": "Kai", "timestamp": 1_720_000_000, "type": 0, "content": "hi"}]
    events = events_of(JSON, document(export))
    assert only(ChatHead, events) == [ChatHead("telegram:user7", "personal", "Kai", "telegram:user7", "")]
    assert spoken(events) == [("telegram:user7", "hi")]


def test_should_read_messages_that_stand_before_their_header() -> None:
    export = json.loads(fixture("chatlab/private.json").content)
    turned = {key: export[key] for key in ("messages", "chatlab", "members", "meta")}
    assert events_of(JSON, document(turned)) == events_of(JSON, fixture("chatlab/private.json"))


def test_should_not_say_who_the_contact_is_where_nothing_does() -> None:
    export = json.loads(fixture("chatlab/private.json").content)
    del export["meta"]["ownerId"]
    export["meta"]["name"] = "a talk"
    head = only(ChatHead, events_of(JSON, document(export)))[0]
    assert (head.key, head.contact, head.owner) == ("wechat:a talk", "", "")


def test_should_read_good_messages_among_bad_ones() -> None:
    events = events_of(JSON, fixture("chatlab/malformed/private.json"))
    assert set_aside(events) == {"damaged": 3, "media": 1, "sticker": 1, "deleted": 1, "undated": 1}
    events = events_of(LINES, fixture("chatlab/malformed/group.jsonl"))
    assert set_aside(events) == {"damaged": 2, "service": 1}
    assert spoken(events) == [("discord:8102", "@robin which map?")]


def test_should_refuse_what_breaks_off() -> None:
    lines = fixture("chatlab/group.jsonl").content
    with pytest.raises(CorpusError, match=r"group.jsonl breaks off near line 8 → export it again"):
        events_of(LINES, MemorySource("group.jsonl", lines[:-20]))
    whole = fixture("chatlab/private.json").content
    with pytest.raises(CorpusError, match=r"breaks off near line \d+ → export it again"):
        events_of(JSON, MemorySource("private.json", whole[:-20]))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"chatlab": {}, "messages": [1]}', "{} {}", '{"messages": 1}'])
def test_should_refuse_what_is_none(content: str) -> None:
    for form in FORMATS:
        with pytest.raises(CorpusError, match="export it again"):
            events_of(form, MemorySource("a.json", content.encode()))


@pytest.mark.parametrize(("writers", "kind"), [(("Ann", "Bo"), "personal"), (("Ann", "Bo", "Cy"), "group")])
def test_should_read_the_lines_that_weflow_streams(writers: tuple[str, ...], kind: str) -> None:
    """They begin with no header, and do not say whether the chat is one of two."""
    said = [
        {"_type": "message", "sender": one, "accountName": one, "timestamp": 1, "type": 0, "content": "hi"}
        for one in writers
    ]
    records = [{"_type": "chatlab", "version": "1.0"}, {"_type": "meta", "name": "Ann", "platform": "wechat"}, *said]
    source = MemorySource("a.jsonl", "\n".join(map(json.dumps, records)).encode())
    assert LINES.sniff(source.sample())
    events = events_of(LINES, source)
    (head,) = only(ChatHead, events)
    assert (head.kind, head.contact) == (kind, "wechat:Ann" if kind == "personal" else "")
    assert len(spoken(events)) == len(writers)
