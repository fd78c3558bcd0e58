"""The owner is found in every export of the fixtures: each folder is one invented owner's, whole and file by file."""

import contextlib
import dataclasses
from collections import Counter
from datetime import UTC
from pathlib import Path

import pytest
from msgspec.structs import replace

from model_server.errors import CorpusError
from model_server.home import Home
from training.corpus import read_conversations
from training.importers.base import ChatHead, Person, RawLine, Reading
from training.importers.formats import choose
from training.importers.source import Source
from training.importers.sources import find_sources
from training.importing import ImportOptions, import_everything
from training.people.facts import ChatFacts, SenderFacts
from training.people.me import Me, find_me
from training.raw.forgotten import read_forgotten
from training.raw.reading import ReadOptions, read_everything
from training.raw.store import RawStore
from training.scrub.config import ScrubConfig

from .exports import OWNER, chat, full, message, write

FIXTURES = Path(__file__).parent / "fixtures"
OWNERS = {
    "chatlab": {"robin", "Robin"},
    "discord_exporter": {"Ada"},
    "discord_package": {"Ada", "Me"},
    "imessage": {"Me"},
    "line": {"Nell Hart", "ネル", "阿奈", "สมชาย"},
    "signal": {"Ada Quill"},
    "signal_export": {"Me"},
    "signalbackup_tools": {"Ada Quill"},
    "telegram": {"Robin Vale"},
    "wechat": {"Robin", "me", "wxid_robin0001"},
    "whatsapp": {"Nell", "Nell Hart", "Νελ", "Нелл", "נל", "نيل", "阿奈", "ネル", "넬"},
}
"""Folder -> what its owner is called in it."""
CALLED_OTHERWISE = {"discord_package": {"Me"}, "wechat": {"wxid_robin0001"}}
"""Those of them that no chat of the whole folder goes by."""
SILENT = {"line": {"line:group:登山部"}}
"""Chats in which the owner wrote nothing."""
UNDECIDED_ALONE = {
    "discord_exporter/Ink Club - Lounge - tea [720000000000000002].json",
    "line/[LINE] 登山社的聊天.txt",
    "line/phone_ja_era.txt",
    "line/phone_th_group.txt",
    "whatsapp/WhatsApp Chat with Garden Club.txt",
    "whatsapp/chat with Ken copied.txt",
}
"""Files that do not tell by themselves who their owner is."""


def read(home: Home, path: Path) -> tuple[list[ChatFacts], dict[str, str], Me]:
    """Chats, names by id, and who is found to be the owner with every guess confirmed."""
    with RawStore.open(home.create()) as store:
        read_everything([path], store, ReadOptions(UTC, dates="dmy"), read_forgotten(home), lambda _progress: None)
        chats, people = store.chat_facts(), store.people()
    return chats, {one.id: one.name for one in people}, find_me(chats, people, (), frozenset(), "").accepted()


@pytest.mark.parametrize("folder", sorted(OWNERS))
def test_should_find_the_owner_in_every_chat_of_a_folder(folder: str, tmp_path: Path) -> None:
    chats, names, me = read(Home(tmp_path), FIXTURES / folder)
    found = me.settled()
    assert {names[one] for one in found.values() if one} == OWNERS[folder] - CALLED_OTHERWISE.get(folder, set())
    assert {chat.key for chat in chats} == set(found)
    assert {key for key, one in found.items() if not one} == SILENT.get(folder, set())
    assert not {chat.contact for chat in chats if chat.contact} & me.ids


def facts(source: Source) -> tuple[list[ChatFacts], dict[str, SenderFacts]]:
    """What one file tells, without a store. Nothing where no format knows it, or it cannot be read alone."""
    known = choose(source.sample())
    heads: dict[str, ChatHead] = {}
    lines: dict[str, Counter[str]] = {}
    people: dict[str, SenderFacts] = {}
    key = ""
    with contextlib.suppress(CorpusError):
        for event in known.read(source, Reading(UTC, "dmy")) if known else ():
            if isinstance(event, ChatHead):
                key = event.key
                heads[key] = event if event.owner or key not in heads else replace(event, owner=heads[key].owner)
            elif isinstance(event, Person):
                people[event.id] = SenderFacts(event.id, event.name, event.saved, event.handles)
            elif isinstance(event, RawLine):
                lines.setdefault(key, Counter())[event.sender] += 1
    chats = [
        ChatFacts(one.key, one.kind, one.key.partition(":")[0], one.name, one.contact, (one.owner,), ("x",), written)
        for one in heads.values()
        if (written := lines.get(one.key))
    ]
    return [chat if chat.owners[0] else dataclasses.replace(chat, owners=()) for chat in chats], people


@pytest.mark.parametrize("folder", sorted(OWNERS))
def test_should_name_him_and_nobody_else_in_every_file_alone(folder: str) -> None:
    undecided = set()
    for source in find_sources([FIXTURES / folder]).sources:
        if "/malformed/" in source.name:
            continue  # of a file that breaks off nothing is kept
        chats, people = facts(source)
        me = find_me(chats, list(people.values()), (), frozenset(), "").accepted()
        named = {
            one: people[one].name if one in people else one.partition(":")[2] for one in me.settled().values() if one
        }
        assert set(named.values()) <= OWNERS[folder], source.name
        if chats and not named:
            undecided.add(f"{folder}/{Path(source.name).relative_to(FIXTURES / folder)}")
    assert undecided == {name for name in UNDECIDED_ALONE if name.startswith(f"{folder}/")}


def test_should_know_every_line_of_an_owner_whom_four_exporters_call_differently(tmp_path: Path) -> None:
    """`wechat:me`, his account, his name: one chat, read from the files of several tools."""
    home = Home(tmp_path)
    import_everything([FIXTURES / "wechat"], home, ImportOptions(ReadOptions(UTC), ScrubConfig()))
    chat = next(one for one in read_conversations(home) if one.chat.key == "wechat:wxid_lin0001")
    owners = {line.sender for line in chat.lines if line.author == "owner"}
    assert len(owners) > 1
    assert {line.sender for line in chat.lines} - owners == {"wechat:wxid_lin0001"}


def test_should_learn_nothing_from_the_export_of_a_contact(tmp_path: Path) -> None:
    """Two full exports in one folder, each rightly saying whose it is: both have the chat between the two."""
    home, other = Home(tmp_path / "home"), 72055
    both = [message(1, OWNER, "soup?", "Robin"), message(2, other, "later", "Ruth")]
    boss = [message(3, 72066, "report?", "Boss"), message(4, other, "tomorrow, says Ruth", "Ruth")]
    exports = [
        write(tmp_path / "mine.json", full(chat(other, both, "Ruth"))),
        write(tmp_path / "hers.json", full(chat(OWNER, both, "Robin"), chat(72066, boss, "Boss"), owner=other)),
    ]
    options = ImportOptions(ReadOptions(UTC), ScrubConfig(), accept_guesses=True)
    asked = import_everything(exports, home, options)
    assert (asked.replies, asked.contacts, len(asked.questions)) == (0, [], 1)
    told = import_everything(exports, home, dataclasses.replace(options, me=("Robin",)))
    assert (told.questions, told.skipped_chats) == ([], {"export_of_a_contact": 2})
    assert [one.name for one in told.contacts] == ["Ruth"]
    said = [(line.author, line.text) for one in read_conversations(home) for line in one.lines]
    assert said == [("owner", "soup?"), ("contact", "later")]
