"""Discord's own data package (folder or zip) as events: each channel's `messages.json`, or `messages.csv` before 2024.

The shape is that of packages of 2019 to 2025: `messages/c<id>/messages.json|csv` beside `channel.json`, with
`messages/index.json` (names of channels) and `account/user.json` (whose package it is). The account may be left out
since 2024, and the two folders are called by the owner's language since 2025. It holds the owner's own lines only, so
every chat in it is one-sided. Knows nothing of the package's activity logs.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import msgspec

from model_server.errors import CorpusError
from training.importers.base import (
    LONGEST_TEXT_CHARS,
    Aside,
    ChatHead,
    Event,
    Format,
    Person,
    RawLine,
    Reading,
    Reason,
)
from training.importers.csv_rows import read_rows
from training.importers.discord_markup import PLATFORM, instant_ms, mentioned, number_of, person_id, plain
from training.importers.json_stream import JsonStream
from training.importers.named_chat import ME
from training.importers.source import Sample, Source
from training.importers.text import tidy

_WHOLE = "import the whole package, as the folder or the zip that Discord sent"
_ACCOUNTS = ("../../account/user.json", "../../Account/user.json")
_PLACE = re.compile(r"(?:^|/)c?\d{15,20}/messages\.(json|csv)$")
_CSV_HEAD = "ID,Timestamp,Contents"
_MOST_CHANNELS = 500
_MOST_SIDE_BYTES = 64 << 20
_DM, _GROUP_DM = frozenset(("1", "DM")), frozenset(("3", "GROUP_DM"))
_DM_NAME = "Direct Message with "


def sniff(sample: Sample) -> bool:
    """`c<id>/messages.json` or `.csv` with the package's columns; a channel without a message is an empty array."""
    found = _PLACE.search(sample.name.replace("\\", "/"))
    if found is None:
        return False
    start = sample.text.lstrip()
    if found[1] == "csv":
        return start.startswith(_CSV_HEAD)
    return start.startswith("[") and (start[1:].lstrip().startswith("]") or '"Contents"' in start)


def read(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`. CorpusError when nothing beside it says where its messages were written."""
    channel = _side(source, "channel.json")
    if not number_of(channel.get("id")):
        raise CorpusError(f"{source.name}: no channel.json tells where these messages were written", _WHOLE)
    index = _side(source, "../index.json")
    account = next((one for place in _ACCOUNTS if number_of((one := _side(source, place)).get("id"))), {})
    own = number_of(account.get("id")) or _common_recipient(source, channel, index)
    owner = person_id(own or ME)
    head = _head(channel, index, own, owner)
    yield head
    yield Person(owner, _shown(account) or head.owner.partition(":")[2], saved=False)
    yield from _friend(account, head.contact)
    table = source.name.casefold().endswith(".csv")
    for row in read_rows(source, _WHOLE, ("ID", "Timestamp", "Contents")) if table else _json_rows(source):
        line = _line(row, owner)
        yield line if isinstance(line, RawLine) else Aside(line)


FORMAT = Format("discord-package", "Discord data package", sniff, read)


def _common_recipient(source: Source, channel: Mapping[str, Any], index: Mapping[str, Any]) -> str:
    """Whose package it is where it has no account: who takes part in two of its DMs. "" when that cannot be told."""
    common = _recipients(channel)
    dms = (number for number, name in index.items() if str(name).startswith(_DM_NAME))  # in English, that is
    others_too = (number for number, name in index.items() if not str(name).startswith(_DM_NAME))
    for number in islice(chain(dms, others_too), _MOST_CHANNELS):
        others = _recipients(_side(source, f"../c{number}/channel.json")) if number_of(number) else set()
        if others and others != common:
            common = common & others if common else others
            if len(common) == 1:
                return common.pop()
    return ""


def _recipients(channel: Mapping[str, Any]) -> set[str]:
    """The two of a DM; nobody of any other channel."""
    found = channel.get("recipients") if str(channel.get("type")) in _DM else None
    people = {number_of(one) for one in found} - {""} if isinstance(found, list) else set()
    return people if len(people) == 2 else set()


def _head(channel: Mapping[str, Any], index: Mapping[str, Any], own: str, owner: str) -> ChatHead:
    number = number_of(channel.get("id"))
    name = _name(channel, index.get(number)) or number
    if str(channel.get("type")) not in _DM:
        return ChatHead(f"{PLATFORM}:{number}", "group", name, "", owner)
    others = _recipients(channel) - {own} if own else set()
    contact = person_id(others.pop()) if len(others) == 1 else ""
    return ChatHead(contact or f"{PLATFORM}:channel{number}", "personal", name, contact, owner)


def _name(channel: Mapping[str, Any], listed: object) -> str:
    """`alice`, `Server #general`; the index says the same in one string, and knows the names of DMs."""
    guild = channel.get("guild")
    if isinstance(guild, dict) and guild.get("name"):
        return tidy(f"{guild['name']} #{channel.get('name') or channel.get('id')}")
    if str(channel.get("type")) in _GROUP_DM and channel.get("name"):
        return tidy(str(channel["name"]))
    return tidy(listed.removeprefix(_DM_NAME).removesuffix("#0")) if isinstance(listed, str) else ""


def _friend(account: Mapping[str, Any], contact: str) -> Iterator[Person]:
    """The contact under the name that the owner gave him, or that he shows, where he is a friend of the account."""
    friends = account.get("relationships")
    for one in friends if contact and isinstance(friends, list) else []:
        if isinstance(one, dict) and person_id(one.get("id")) == contact:
            given = one.get("nickname")
            user = one.get("user")
            name = tidy(given) if isinstance(given, str) else _shown(user if isinstance(user, dict) else {})
            if name:
                yield Person(contact, name, saved=isinstance(given, str))


def _shown(user: Mapping[str, Any]) -> str:
    return tidy(str(user.get("global_name") or user.get("username") or ""))


def _side(source: Source, relative: str) -> Mapping[str, Any]:
    """Another file of the package, an object; empty when there is none."""
    found = source.sibling(relative)
    if found is None:
        return {}
    try:
        with closing(found.open()) as stream:
            content = stream.read(_MOST_SIDE_BYTES + 1)
        if len(content) > _MOST_SIDE_BYTES:
            raise CorpusError(f"{found.name} is too large to be what its name says", _WHOLE)
        value = _parsed(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CorpusError(f"{found.name} is damaged: {error}", _WHOLE) from None
    return value if isinstance(value, dict) else {}


@lru_cache(maxsize=4)
def _parsed(content: bytes) -> Any:
    """Thousands of channels stand beside the same account and the same index. Nobody changes what this returns."""
    return msgspec.json.decode(content)


def _json_rows(source: Source) -> Iterator[Any]:
    with JsonStream(source, _WHOLE) as stream:
        yield from stream.items()
        stream.end()


def _line(row: object, owner: str) -> RawLine | Reason:
    if not isinstance(row, dict) or not number_of(row.get("ID")):
        return "damaged"
    content = row.get("Contents")
    text = plain(content, {}) if isinstance(content, str) else ""
    if not text or not isinstance(content, str):
        return "media" if row.get("Attachments") else "empty"
    if len(text) > LONGEST_TEXT_CHARS:
        return "too_long"
    at_ms = instant_ms(row.get("Timestamp"), UTC)
    if at_ms is None:
        return "undated"
    to = mentioned(content)
    return RawLine(number_of(row["ID"]), owner, text, at_ms, to=person_id(to.pop()) if len(to) == 1 else "")
