"""Signal's own export of chat history (`main.jsonl`) as events: a pure converter over a stream.

The shape is that of Signal's `Backups.proto` written as JSON, one frame to a line (Signal Desktop and Android 8.x of
2026): numbers of 64 bits are strings, bytes are base64. Lines of all chats stand in one order of time, so the head of
a chat is said again whenever the chat changes. Knows nothing of the encrypted backups.
"""

import base64
import hashlib
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

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
from training.importers.json_lines import first_records, json_lines
from training.importers.named_chat import ME
from training.importers.source import Sample, Source
from training.importers.text import tidy

PLATFORM = "signal"
OWNER = f"{PLATFORM}:{ME}"
_EXPORT_AGAIN = "export again from Signal: Settings, Chats, Export chat history"
_FRAMES = frozenset(("account", "recipient", "chat", "chatItem"))
_MEDIA = ("contactMessage", "paymentNotification", "giftBadge", "viewOnceMessage", "poll")
_LATEST_MS = 1 << 46
_OBJECT = "\ufffc"


@dataclass(slots=True)
class _Book:
    """What the frames so far have said of people and chats; grows with their number, not with that of messages."""

    people: dict[str, str] = field(default_factory=dict)
    """Recipient number -> id of the person."""
    names: dict[str, str] = field(default_factory=dict)
    """Account id -> name, for mentions."""
    groups: dict[str, ChatHead] = field(default_factory=dict)
    chats: dict[str, ChatHead | SkippedChat] = field(default_factory=dict)


def sniff(sample: Sample) -> bool:
    """Its first lines are frames of a backup."""
    found = first_records(sample.text, 3)
    return bool(found) and all("backupTimeMs" in one or _frame(one) for one in found)


def read(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`."""
    book, skipped, last = _Book(), Counter[str](), ""
    frames = 0
    for record in json_lines(source, _EXPORT_AGAIN):
        kind = _frame(record) if record else ""
        frames += bool(kind)
        if record is None:
            yield Aside("damaged")
        elif kind == "account":
            yield Person(OWNER, _joined(record[kind], "givenName", "familyName") or ME, saved=False)
        elif kind == "recipient":
            yield from _learn(record[kind], book)
        elif kind == "chat":
            _open(record[kind], book)
        elif kind == "chatItem":
            chat_id = str(record[kind].get("chatId"))
            head = book.chats.get(chat_id)
            if isinstance(head, SkippedChat):
                skipped[chat_id] += 1
                continue
            line = _line(record[kind], book, head)
            if not isinstance(line, RawLine):
                yield Aside(line)
                continue
            if head is not None and chat_id != last:
                last = chat_id
                yield head
            yield line
    if not frames:
        raise CorpusError(f"{source.name} holds no chat history of Signal", _EXPORT_AGAIN)
    for chat_id, messages in skipped.items():
        chat = book.chats[chat_id]
        yield SkippedChat(chat.kind, chat.name, messages)


FORMAT = Format("signal", "Signal (exported chat history)", sniff, read)


def _frame(record: Mapping[str, Any]) -> str:
    return next((kind for kind in record if kind in _FRAMES and isinstance(record[kind], dict)), "")


def _learn(recipient: Mapping[str, Any], book: _Book) -> Iterator[Event]:
    """A person, a group, or the owner himself."""
    number = str(recipient.get("id"))
    contact, group = recipient.get("contact"), recipient.get("group")
    if isinstance(contact, dict):
        account = _account(contact.get("aci"))
        phone = f"+{str(contact['e164']).removeprefix('+')}" if contact.get("e164") else ""
        saved = _joined(contact.get("nickname"), "given", "family") or _joined(
            contact, "systemGivenName", "systemFamilyName"
        )
        name = saved or _joined(contact, "profileGivenName", "profileFamilyName")
        name = name or str(contact.get("username") or phone or f"recipient{number}")
        book.people[number] = f"{PLATFORM}:{account or phone or f'recipient{number}'}"
        book.names[account] = name
        yield Person(book.people[number], name, saved=bool(saved), handles=(phone,) if phone else ())
    elif isinstance(group, dict):
        title = _dig(group, "snapshot", "title", "title")
        name = tidy(title) if isinstance(title, str) and title else f"group {number}"
        digest = hashlib.blake2b(str(group.get("masterKey") or name).encode("utf-8", "ignore"), digest_size=8)
        book.groups[number] = ChatHead(f"{PLATFORM}:group:{digest.hexdigest()}", "group", name, owner=OWNER)
    elif "self" in recipient:
        book.people[number] = OWNER


def _open(chat: Mapping[str, Any], book: _Book) -> None:
    number, chat_id = str(chat.get("recipientId")), str(chat.get("id"))
    if number in book.groups:
        book.chats[chat_id] = book.groups[number]
        return
    person = book.people.get(number, "")
    if person == OWNER:
        book.chats[chat_id] = SkippedChat("saved_messages", "Note to Self", 0)
    elif person:
        name = book.names.get(person.partition(":")[2]) or person.partition(":")[2]
        book.chats[chat_id] = ChatHead(person, "personal", name, person, OWNER)
    else:
        book.chats[chat_id] = SkippedChat("channel", "Signal", 0)


def _line(item: Mapping[str, Any], book: _Book, head: ChatHead | None) -> RawLine | Reason:
    if (reason := _unspoken(item)) is not None:
        return reason
    sender, at_ms = book.people.get(str(item.get("authorId"))), _at_ms(item.get("dateSent"))
    if head is None or sender is None:
        return "damaged"  # its chat or its author was never introduced
    message = item.get("standardMessage") or _dig(item, "directStoryReplyMessage", "textReply")
    body = _dig(message, "text", "body")
    mentions = _mentions(_dig(message, "text", "bodyRanges"))
    text = _with_names(body, [book.names.get(one, "somebody") for one in mentions]) if isinstance(body, str) else ""
    if not text:
        return "media" if _dig(message, "attachments") else "empty"
    if _dig(message, "longText") or len(text) > LONGEST_TEXT_CHARS:
        return "too_long"  # only its beginning stands in the file
    if at_ms is None:
        return "undated"
    quoted = _dig(message, "quote")
    asked = book.people.get(str(_dig(quoted, "authorId")), "")
    target = _at_ms(_dig(quoted, "targetSentTimestamp"))
    answered = f"{target}:{asked}" if target and asked else ""
    to = f"{PLATFORM}:{mentions[0]}" if len(set(mentions)) == 1 else asked
    to = to if head.kind == "group" and to != sender else ""
    return RawLine(f"{at_ms}:{sender}", sender, text, at_ms, answered, to)


def _unspoken(item: Mapping[str, Any]) -> Reason | None:
    if isinstance(item.get("standardMessage"), dict) or "directStoryReplyMessage" in item:
        return None
    if "stickerMessage" in item:
        return "sticker"
    if "remoteDeletedMessage" in item:
        return "deleted"
    if isinstance(update := item.get("updateMessage"), dict):
        return "call" if "individualCall" in update or "groupCall" in update else "service"
    return "media" if any(kind in item for kind in _MEDIA) else "unsupported"


def _mentions(ranges: object) -> list[str]:
    """The accounts mentioned, in the order of their places in the text."""
    found = [one for one in ranges if isinstance(one, dict)] if isinstance(ranges, list) else []
    found = [one for one in found if one.get("mentionAci") and isinstance(one.get("start", 0), int)]
    return [_account(one["mentionAci"]) for one in sorted(found, key=lambda one: int(one.get("start", 0)))]


def _with_names(body: str, names: list[str]) -> str:
    """A mention stands in the text as one object character."""
    for name in names:
        body = body.replace(_OBJECT, f"@{name}", 1)
    return tidy(body.replace(_OBJECT, ""))


def _account(written: object) -> str:
    """An account id as it is shown: base64 of 16 bytes, or the UUID itself."""
    if not isinstance(written, str):
        return ""
    try:
        return str(uuid.UUID(bytes=base64.b64decode(written, validate=True)))
    except ValueError:
        return tidy(written.casefold())


def _at_ms(written: object) -> int | None:
    if isinstance(written, int) or (isinstance(written, str) and written.isascii() and written.isdecimal()):
        at_ms = int(written) if len(str(written)) < 20 else 0
        return at_ms if 0 < at_ms < _LATEST_MS else None
    return None


def _joined(found: object, *keys: str) -> str:
    parts = [found.get(key) for key in keys] if isinstance(found, dict) else []
    return tidy(" ".join(part for part in parts if isinstance(part, str) and part))


def _dig(found: object, *keys: str) -> Any:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
