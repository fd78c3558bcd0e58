"""The owner's corpus: conversations and contacts on disk, merged so that importing a file twice adds nothing.

Knows no export format and no model. A chat is one JSONL file: a header, then a line of JSON for each line of the chat.
Every file is replaced whole (written beside, then renamed): a reader never meets half of one.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from model_server.contract import Line
from model_server.errors import CorpusError
from model_server.home import Home


class ChatHeader(msgspec.Struct, frozen=True):
    """The first line of a chat's file."""

    chat_key: str
    contact_name: str


class Conversation(msgspec.Struct, frozen=True):
    """Everything one chat holds, oldest line first. `chat_key` is `telegram:user72001`."""

    chat_key: str
    contact_name: str
    lines: tuple[Line, ...]


class Contact(msgspec.Struct, frozen=True):
    """Who writes. `type` is "" until the owner says it; `ids` are the chats known to be this contact's."""

    name: str
    type: str = ""
    ids: tuple[str, ...] = ()


class _ContactsFile(msgspec.Struct, frozen=True):
    contacts: tuple[Contact, ...] = ()


class _ExcludedFile(msgspec.Struct, frozen=True):
    senders: tuple[str, ...] = ()


_TYPE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NO_TYPES = ("core", "articles")

_Kind = TypeVar("_Kind", bound=msgspec.Struct)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, readable by the owner alone, on disk before its name changes."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_conversations(home: Home) -> list[Conversation]:
    """All chats, by key. CorpusError when a file is not one of ours."""
    return [_read_chat(path) for path in sorted(home.corpus_dir.glob("*.jsonl"))]


def merge_conversation(home: Home, fresh: Conversation) -> int:
    """Add the lines of `fresh` that are not stored yet (by line id); how many those were."""
    path = home.corpus_dir / f"{fresh.chat_key.replace(':', '_')}.jsonl"
    known = {line.line_id: line for line in _read_chat(path).lines} if path.exists() else {}
    merged = known | {line.line_id: line for line in fresh.lines if line.line_id not in known}
    if len(merged) == len(known):
        return 0
    ordered = sorted(merged.values(), key=lambda line: (line.at_ms, len(line.line_id), line.line_id))
    header = ChatHeader(fresh.chat_key, fresh.contact_name)
    replace_file(path, b"".join(msgspec.json.encode(row) + b"\n" for row in (header, *ordered)))
    return len(merged) - len(known)


def read_contacts(home: Home) -> list[Contact]:
    """Who is who; empty when nothing was imported yet."""
    if not home.contacts_file.exists():
        return []
    return list(_decode(home.contacts_file, home.contacts_file.read_bytes(), _ContactsFile).contacts)


def write_contacts(home: Home, contacts: Iterable[Contact]) -> None:
    """Replace the contacts file."""
    encoded = msgspec.json.encode(_ContactsFile(tuple(contacts)))
    replace_file(home.contacts_file, msgspec.json.format(encoded, indent=1) + b"\n")


def read_excluded(home: Home) -> frozenset[str]:
    """The ids (`telegram:user72001`) of all who asked to be forgotten. CorpusError when that cannot be known."""
    if not home.excluded_file.exists():
        return frozenset()
    return frozenset(_decode(home.excluded_file, home.excluded_file.read_bytes(), _ExcludedFile).senders)


def without_excluded(
    conversations: Iterable[Conversation], contacts: Iterable[Contact], excluded: frozenset[str]
) -> list[Conversation]:
    """The conversations of everybody else: who is excluded under one id is so under all that are known to be his."""
    gone = excluded.union(*(contact.ids for contact in contacts if excluded.intersection(contact.ids)))
    return [conversation for conversation in conversations if conversation.chat_key not in gone]


def merge_contacts(known: list[Contact], chats: Iterable[ChatHeader], types: Mapping[str, str]) -> list[Contact]:
    """Contacts with one added for each new chat; `types` (name -> type) labels those that have no type yet."""
    owned = {contact_id for contact in known for contact_id in contact.ids}
    added = [Contact(chat.contact_name, ids=(chat.chat_key,)) for chat in chats if chat.chat_key not in owned]
    return [
        contact if contact.type else msgspec.structs.replace(contact, type=types.get(contact.name, ""))
        for contact in (*known, *added)
    ]


def set_type(contacts: list[Contact], named: str, contact_type: str) -> list[Contact]:
    """Contacts with the type of `named` (a name, or an id where names repeat) changed. CorpusError when not one."""
    check_type(contact_type)
    found = [contact for contact in contacts if named in contact.ids] or [
        contact for contact in contacts if contact.name.casefold() == named.casefold()
    ]
    if not found:
        raise CorpusError(f"no contact is called {named!r}", "see `selfsame contacts list`")
    if len(found) > 1:
        ids = ", ".join(contact.ids[0] for contact in found if contact.ids)
        raise CorpusError(f"{len(found)} contacts are called {named!r}", f"name one by its id: {ids}")
    changed = msgspec.structs.replace(found[0], type=contact_type)
    return [changed if contact is found[0] else contact for contact in contacts]


def check_type(contact_type: str) -> None:
    """CorpusError unless this can name a contact type, and so a facet."""
    if _TYPE.fullmatch(contact_type) is None or contact_type in _NO_TYPES:
        raise CorpusError(
            f"{contact_type!r} cannot name a contact type",
            f"use small letters, digits, - and _; not {' or '.join(_NO_TYPES)}",
        )


def read_types(path: Path) -> dict[str, str]:
    """A JSON object of contact name -> contact type. CorpusError names the file."""
    try:
        types = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: {error}", 'expected a JSON object such as {"Mum": "family"}') from None
    for contact_type in types.values():
        check_type(contact_type)
    return types


def _read_chat(path: Path) -> Conversation:
    header, *rows = path.read_bytes().splitlines() or [b""]
    known = _decode(path, header, ChatHeader)
    return Conversation(known.chat_key, known.contact_name, tuple(_decode(path, row, Line) for row in rows))


def _decode(path: Path, raw: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} is damaged: {error}", "move it away and import the export again") from None
