"""Discord's two exports: what becomes a line, whose it is, and what is refused."""

import json
from datetime import UTC
from typing import Any

import pytest

from model_server.errors import CorpusError
from training.importers.base import ChatHead, Person, RawLine, SkippedChat
from training.importers.discord_exporter import FORMAT as EXPORTER
from training.importers.discord_markup import instant_ms, plain
from training.importers.discord_package import FORMAT as PACKAGE
from training.importers.source import MemorySource, Source

from .reading import FIXTURES, document, events_of, fixture, only, set_aside, spoken

ADA, ROBIN, WREN = (f"discord:71000000000000000{number}" for number in (1, 2, 3))
DM = "discord_exporter/Direct Messages - Robin Hale [720000000000000001].json"
TEA = "discord_exporter/Ink Club - Lounge - tea [720000000000000002].json"
CHAT = "discord_package/messages/c720000000000000001/messages.json"


def exported(name: str = DM, **changes: Any) -> dict[str, Any]:
    """An export, with some of its keys changed."""
    whole: dict[str, Any] = json.loads(fixture(name).content)
    return {**whole, **changes}


def packaged(name: str, *without: str) -> MemorySource:
    """A file of a package with everything in that package beside it, as the archive it comes in has it."""
    root = FIXTURES / name.split("/messages/", maxsplit=1)[0]
    here = (FIXTURES / name).parent
    beside = {"channel.json": here / "channel.json", "../index.json": root / "messages/index.json"}
    beside["../../account/user.json"] = root / "account/user.json"
    found = tuple((where, path.read_bytes()) for where, path in beside.items() if where not in without)
    return MemorySource(name, (FIXTURES / name).read_bytes(), found)


class TestExporter:
    def test_should_tell_contact_and_owner_of_a_dm_by_its_name(self) -> None:
        events = events_of(EXPORTER, fixture(DM))
        assert only(ChatHead, events) == [ChatHead(ROBIN, "personal", "Robin Hale", ROBIN, ADA)]
        assert only(Person, events) == [Person(ROBIN, "Robin Hale", False), Person(ADA, "Ada", False)]

    def test_should_read_what_was_said_and_what_it_answers(self) -> None:
        events = events_of(EXPORTER, fixture(DM))
        assert spoken(events) == [
            (ROBIN, "are you up? :wave:"),
            (ADA, "barely 😴"),
            (ADA, "why"),
            (ROBIN, "看这个"),
            (ADA, "哈哈哈 太可爱了"),
        ]
        first, *_, last = only(RawLine, events)
        assert (first.line_id, first.at_ms) == ("880000000000000001", 1_720_007_200_123)
        assert last.reply_to == "880000000000000004"

    def test_should_count_what_it_sets_aside(self) -> None:
        reasons = ("media", "sticker", "call", "service", "forward", "undated", "empty", "damaged")
        assert set_aside(events_of(EXPORTER, fixture(DM))) == dict.fromkeys(reasons, 1)

    def test_should_say_who_is_addressed_in_a_server(self) -> None:
        events = events_of(EXPORTER, fixture(TEA))
        assert only(ChatHead, events) == [ChatHead("discord:720000000000000002", "group", "Ink Club #tea")]
        assert [(line.sender, line.to, line.reply_to) for line in only(RawLine, events)] == [
            (WREN, ADA, ""),
            (ADA, WREN, "880000000000001002"),
            (ROBIN, "", ""),
            (ADA, "", ""),
        ], "nobody is, where two are mentioned"
        assert set_aside(events) == {"service": 1, "bot": 1}

    @pytest.mark.parametrize(
        ("name", "skipped"),
        [
            ("Direct Messages - Polly [720000000000000004]", SkippedChat("bot_chat", "Polly", 2)),
            ("Ink Club - news [720000000000000003]", SkippedChat("channel", "Ink Club #news", 1)),
        ],
    )
    def test_should_set_bots_and_announcements_aside_whole(self, name: str, skipped: SkippedChat) -> None:
        assert events_of(EXPORTER, fixture(f"discord_exporter/{name}.json")) == [skipped]

    def test_should_name_no_owner_where_the_contact_is_not_known(self) -> None:
        channel = {"id": "7", "type": "DirectTextChat", "name": "somebody renamed"}
        (head,) = only(ChatHead, events_of(EXPORTER, document(exported(channel=channel))))
        assert (head.key, head.contact, head.owner) == ("discord:channel7", "", "")

    def test_should_not_guess_where_both_bear_the_name_of_the_dm(self) -> None:
        whole = exported()
        for message in whole["messages"]:
            if "author" in message:
                message["author"]["nickname"] = "Robin Hale"
        (head,) = only(ChatHead, events_of(EXPORTER, document(whole)))
        assert (head.contact, head.owner) == ("", "")

    def test_should_read_messages_that_stand_before_their_channel(self) -> None:
        whole = exported()
        turned = {key: whole[key] for key in ("messages", "guild", "channel", "dateRange")}
        assert events_of(EXPORTER, document(turned)) == events_of(EXPORTER, fixture(DM))

    def test_should_know_the_chat_in_each_part_of_a_dm(self) -> None:
        """In the second part only the owner writes, and the first says who the other is."""
        whole = exported()
        mine = [one for one in whole["messages"] if one.get("author", {}).get("id") == ADA.partition(":")[2]]
        first, second = (json.dumps(part).encode() for part in (whole, {**whole, "messages": mine}))
        name = DM.rsplit("/", 1)[-1].removesuffix(".json")
        beside = ((f"{name}.json", first), (f"{name} [part 2].json", second))
        (head,) = only(ChatHead, events_of(EXPORTER, MemorySource(f"{name} [part 2].json", second, beside)))
        assert (head.key, head.owner) == (ROBIN, ADA)

    def test_should_say_where_it_breaks_off(self) -> None:
        broken = fixture(DM.replace("exporter/", "exporter/malformed/"))
        with pytest.raises(CorpusError, match=r"Robin Hale .*json breaks off near line 96 → export the channel again"):
            events_of(EXPORTER, broken)

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"channel": {"id": 1}, "messages": {}}', '{"channel": 3}'])
    def test_should_refuse_what_is_no_export(self, content: str) -> None:
        with pytest.raises(CorpusError, match="export the channel again"):
            events_of(EXPORTER, MemorySource("a.json", content.encode()))


class TestPackage:
    def test_should_read_the_owners_own_lines(self) -> None:
        events = events_of(PACKAGE, packaged(CHAT))
        assert only(ChatHead, events) == [ChatHead(ROBIN, "personal", "robin_hale", ROBIN, ADA)]
        assert only(Person, events) == [Person(ADA, "Ada", False), Person(ROBIN, "Robin Hale", True)]
        assert spoken(events) == [(ADA, "哈哈哈 太可爱了"), (ADA, "why")]
        assert set_aside(events) == {"empty": 1, "media": 1, "damaged": 1, "undated": 1}

    def test_should_read_a_line_as_the_exporter_does(self) -> None:
        """Both exports of one chat are one chat."""
        ours = {line.line_id: line for line in only(RawLine, events_of(PACKAGE, packaged(CHAT)))}
        theirs = {line.line_id: line for line in only(RawLine, events_of(EXPORTER, fixture(DM)))}
        assert ours.keys() <= theirs.keys()
        assert all(ours[one].at_ms == theirs[one].at_ms and ours[one].text == theirs[one].text for one in ours)

    def test_should_read_the_tables_of_older_packages(self) -> None:
        events = events_of(PACKAGE, packaged("discord_package/messages/c720000000000000002/messages.csv"))
        assert only(ChatHead, events) == [ChatHead("discord:720000000000000002", "group", "Ink Club #tea", "", ADA)]
        lines = only(RawLine, events)
        assert [line.text for line in lines] == ["oolong, always", 'two lines\nand @somebody, "quoted"']
        assert lines[1].to == WREN
        assert set_aside(events) == {"media": 1}

    def test_should_know_a_channel_without_messages(self) -> None:
        source = packaged("discord_package/messages/c720000000000000005/messages.json")
        assert PACKAGE.sniff(source.sample())
        assert only(ChatHead, events_of(PACKAGE, source))[0].kind == "group"

    def test_should_ask_for_the_whole_package(self) -> None:
        with pytest.raises(CorpusError, match=r"no channel.json .* → import the whole package"):
            events_of(PACKAGE, packaged(CHAT, "channel.json"))

    def test_should_know_the_owner_of_a_package_without_an_account_by_his_other_dms(self) -> None:
        source = packaged(CHAT, "../../account/user.json")
        other = {"id": "8", "type": 1, "recipients": [ADA.partition(":")[2], WREN.partition(":")[2]]}
        beside = (
            *(one for one in source.siblings if one[0] != "../index.json"),
            ("../index.json", b'{"720000000000000002": "tea in Ink Club", "8": "Direktnachricht mit wren"}'),
            ("../c8/channel.json", json.dumps(other).encode()),
        )
        (head,) = only(ChatHead, events_of(PACKAGE, MemorySource(CHAT, source.content, beside)))
        assert (head.contact, head.owner) == (ROBIN, ADA)

    def test_should_not_guess_the_contact_where_nothing_tells_the_owner(self) -> None:
        events = events_of(PACKAGE, packaged(CHAT, "../../account/user.json"))
        (head,) = only(ChatHead, events)
        assert (head.key, head.contact, head.owner) == ("discord:channel720000000000000001", "", "discord:Me")
        assert {line.sender for line in only(RawLine, events)} == {"discord:Me"}

    @pytest.mark.parametrize("name", ["c720000000000000001/messages.json", "c720000000000000002/messages.csv"])
    def test_should_say_where_it_breaks_off(self, name: str) -> None:
        with pytest.raises(CorpusError, match=r"breaks off near line \d → import the whole package"):
            events_of(PACKAGE, packaged(f"discord_package/malformed/messages/{name}"))


@pytest.mark.parametrize("form", [EXPORTER, PACKAGE])
def test_should_not_take_the_one_for_the_other(form: Any) -> None:
    sources: list[Source] = [fixture(DM), packaged(CHAT)]
    assert [form.sniff(source.sample()) for source in sources].count(True) == 1


def test_should_read_markup_as_the_adapter_shows_it() -> None:
    assert plain("<@1> <@!2> <a:hop:3> <#4> <@&5> a<b>", {"1": "Ada"}) == "@Ada @somebody :hop: #channel @role a<b>"


@pytest.mark.parametrize(
    ("written", "at_ms"),
    [
        ("2024-07-03T11:46:40.1234567+00:00", 1_720_007_200_123),
        ("2024-07-03T13:46:40+02:00", 1_720_007_200_000),
        ("2024-07-03 11:46:40", 1_720_007_200_000),
        ("9999-99-99", None),
        ("0001-01-01T00:00:00+14:00", None),
        (7, None),
    ],
)
def test_should_read_times(written: object, at_ms: int | None) -> None:
    assert instant_ms(written, UTC) == at_ms
