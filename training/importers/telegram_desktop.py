"""Telegram Desktop's JSON exports as events: a pure converter over a stream.

Does not know where events are kept. Channels, bots and saved messages are set aside whole; service lines, media
without words, forwards and lines sent via bots one by one. Shape and words from Telegram Desktop's own exporter
(`export_output_json.cpp`, 4.x to 6.x); exports before 2021 have bare numbers as `from_id`, and no `date_unixtime`.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
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
    SkippedChat,
)
from training.importers.source import Sample, Source
from training.importers.telegram_stream import EXPORT_AGAIN, Personal, RawChat, SavedContact, stream_export
from training.importers.text import local_ms, tidy

PERSONAL = "personal_chat"
_GROUPS = {
    # what Telegram itself writes before a group's number where it names one
    "private_group": "chat",
    "private_supergroup": "channel",
    "public_supergroup": "channel",
}
_CHANNELS = ("private_channel", "public_channel")
_CALLS = ("phone_call", "group_call", "conference_call")
_MEDIA_KEYS = frozenset(
    (
        "contact_information",
        "file",
        "game_title",
        "giveaway_information",
        "invoice_information",
        "location_information",
        "media_type",
        "photo",
        "place_name",
        "poll",
        "todo_list",
    )
)
_LATEST_UNIX_S = 1 << 36
_KINDS = "|".join((PERSONAL, "bot_chat", "saved_messages", *_GROUPS, *_CHANNELS))
_ONE_CHAT = re.compile(rf'\s*\{{.*?"type"\s*:\s*"(?:{_KINDS})"', re.DOTALL)
_FULL = re.compile(r'\s*\{.*?"(?:personal_information|left_chats|chats)"\s*:\s*\{', re.DOTALL)


@dataclass(slots=True)
class _Book:
    """Whom the export tells of besides its chats: its owner and the address book (old ones have no ids, so no use)."""

    people: dict[str, Person] = field(default_factory=dict)
    saved: bool = False

    def named(self, who: str, name: str) -> Person:
        """Somebody under his name of now; who is in no address book has his own, and without one nobody knows."""
        if known := self.people.get(who):
            return msgspec.structs.replace(known, name=name)
        return Person(who, name, False if self.saved else None)


def sniff(sample: Sample) -> bool:
    """An object with a chat of one of Telegram's own types, or with its personal information."""
    return bool(_ONE_CHAT.match(sample.text) or (_FULL.match(sample.text) and '"user_id"' in sample.text))


def read(source: Source, reading: Reading) -> Iterator[Event]:
    """The export's events. CorpusError when the file is none, or breaks off."""
    owner = ""
    book = _Book()
    ownerless: list[ChatHead] = []
    chats = 0
    for found in stream_export(source):
        if isinstance(found, RawChat):
            chats += 1
            for event in _chat(found, owner, book, reading.zone):
                if isinstance(event, ChatHead) and not event.owner:
                    ownerless.append(event)
                yield event
        elif isinstance(found, SavedContact):
            if person := _person(found.fields, saved=True):
                book.people[person.id] = person
                book.saved = True
                yield person
        elif isinstance(found, Personal) and (person := _person(found.fields, saved=None)):
            owner = person.id
            book.people[person.id] = person
            yield person
    if not chats:
        raise CorpusError(f"{source.name} holds no Telegram chats", EXPORT_AGAIN)
    if owner:  # said after the chats
        yield from (msgspec.structs.replace(head, owner=owner) for head in ownerless)


def _chat(chat: RawChat, owner: str, book: _Book, zone: tzinfo) -> Iterator[Event]:
    name = tidy(chat.name) if isinstance(chat.name, str) else ""
    known = isinstance(chat.chat_id, int | str) and not isinstance(chat.chat_id, bool)
    if chat.kind == PERSONAL and known:
        contact = f"telegram:user{tidy(str(chat.chat_id))}"
        yield ChatHead(contact, "personal", name or contact.removeprefix("telegram:"), contact, owner)
        people = {contact: name}
        if name:
            yield book.named(contact, name)
        yield from _lines(chat.messages, False, people, book, zone)
    elif chat.kind in _GROUPS and known:
        key = f"telegram:{_GROUPS[chat.kind]}{tidy(str(chat.chat_id))}"
        yield ChatHead(key, "group", name or key.removeprefix("telegram:"), "", owner)
        yield from _lines(chat.messages, True, {}, book, zone)
    else:
        kind = "channel" if chat.kind in _CHANNELS else tidy(chat.kind) if isinstance(chat.kind, str) else ""
        yield SkippedChat(kind or "unknown", name, sum(1 for _ in chat.messages))


def _lines(
    messages: Iterator[Any], in_group: bool, people: dict[str, str], book: _Book, zone: tzinfo
) -> Iterator[Event]:
    """`people` are those whose name was said already; in a personal chat the contact's is the chat's."""
    contact = "" if in_group else next(iter(people))
    for message in messages:
        line = to_line(message, zone, in_group=in_group) if isinstance(message, dict) else "damaged"
        if not isinstance(line, RawLine):
            yield Aside(line)
            continue
        name = message.get("from")
        if line.sender != contact and isinstance(name, str) and people.get(line.sender) != name:
            people[line.sender] = name
            if tidied := tidy(name):
                yield book.named(line.sender, tidied)
        yield line


def to_line(message: Mapping[str, Any], zone: tzinfo, *, in_group: bool) -> RawLine | Reason:
    """One message as a line, or the reason why it is none. `zone` is for exports that say local times only."""
    if reason := _not_his_words(message):
        return reason
    written = message.get("text")
    text = plain_text(written)
    if not text:
        return _wordless(message)
    if len(text) > LONGEST_TEXT_CHARS:
        return "too_long"
    at_ms = _at_ms(message, zone)
    if at_ms is None:
        return "undated"
    number, sender = _number(message.get("id")), _sender(message)
    if not number or not sender:
        return "damaged"
    answered = "" if "reply_to_peer_id" in message else _number(message.get("reply_to_message_id"))
    addressed = _mentioned(written) if in_group and isinstance(written, list) else ""
    return RawLine(number, sender, text, at_ms, answered, addressed)


def _not_his_words(message: Mapping[str, Any]) -> Reason | None:
    kind = message.get("type")
    if kind == "message":
        if "forwarded_from" in message or "saved_from" in message:
            return "forward"
        return "bot" if "via_bot" in message else None
    if kind == "service":
        return "call" if message.get("action") in _CALLS else "service"
    return "unsupported" if isinstance(kind, str) else "damaged"


def _wordless(message: Mapping[str, Any]) -> Reason:
    if message.get("media_type") == "sticker":
        return "sticker"
    return "media" if _MEDIA_KEYS & message.keys() else "empty"


def plain_text(text: object) -> str:
    """Telegram's text, a string or a list of strings and `{type, text}`."""
    if isinstance(text, str):
        return tidy(text)
    parts = text if isinstance(text, list) else []
    words = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return tidy("".join(word for word in words if isinstance(word, str)))


def _mentioned(parts: list[Any]) -> str:
    """The first one addressed by a link to himself (`mention_name`); an @name does not say whose it is."""
    for part in parts:
        if isinstance(part, dict) and part.get("type") == "mention_name" and (number := _number(part.get("user_id"))):
            return f"telegram:user{number}"
    return ""


def _sender(message: Mapping[str, Any]) -> str:
    """`telegram:user123`, or `channel123` for a group's anonymous admins; before 2021 the bare number."""
    found = message.get("from_id")
    if isinstance(found, str):
        sender = tidy(found)
        return f"telegram:{sender}" if sender else ""
    number = _number(found)
    return f"telegram:user{number}" if number else ""


def _number(found: object) -> str:
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def _at_ms(message: Mapping[str, Any], zone: tzinfo) -> int | None:
    found = message.get("date_unixtime")
    with contextlib.suppress(ValueError, OverflowError, OSError):
        if isinstance(found, str | int | float):
            at_s = int(found)
            return at_s * 1000 if 0 < at_s < _LATEST_UNIX_S else None
        if isinstance(local := message.get("date"), str):
            at_ms = local_ms(datetime.fromisoformat(local).replace(tzinfo=None), zone)
            return at_ms if at_ms > 0 else None
    return None


def _person(fields: Any, *, saved: bool | None) -> Person | None:
    """Somebody of `personal_information` or `contacts`; None without an id, as in old address books."""
    if not isinstance(fields, dict) or not (number := _number(fields.get("user_id"))):
        return None
    names = (fields.get("first_name"), fields.get("last_name"))
    name = " ".join(word for word in (tidy(one) for one in names if isinstance(one, str)) if word)
    phone = fields.get("phone_number")
    digits = re.sub(r"\D", "", phone).removeprefix("00") if isinstance(phone, str) else ""
    return Person(f"telegram:user{number}", name, saved, (f"+{digits}",) if digits else ())


FORMAT = Format("telegram-desktop", "Telegram Desktop (JSON)", sniff, read)
