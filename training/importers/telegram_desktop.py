"""Telegram Desktop's `result.json` (one chat or a full export) as conversations: a pure converter over a stream.

Does not know where conversations are kept. Groups, channels, bots and saved messages are set aside whole; service
lines, media without words, forwards and lines sent via bots one by one. All of it is counted.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from model_server.contract import Line
from training.corpus import Conversation
from training.importers.telegram_stream import RawChat, stream_chats

PLATFORM = "telegram"
PERSONAL = "personal_chat"
_MEDIA_KEYS = frozenset(
    (
        "contact_information",
        "file",
        "game_title",
        "invoice_information",
        "location_information",
        "media_type",
        "photo",
        "place_name",
        "poll",
    )
)
_LATEST_UNIX_S = 1 << 36

SetAside = Literal["service", "unsupported", "media", "forward", "via_bot", "empty", "undated"]


@dataclass(frozen=True, slots=True)
class ImportedChat:
    """One personal chat, and how many of its messages were set aside, by reason."""

    conversation: Conversation
    set_aside: Counter[str]


@dataclass(frozen=True, slots=True)
class SkippedChat:
    """A chat set aside whole. `kind` is Telegram's word for it, such as `private_group`."""

    kind: str
    messages: int


@dataclass(slots=True)
class Senders:
    """Who wrote in an export: its owner's id where it says so, and the name behind each sender's id."""

    owner_id: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    contacts: set[str] = field(default_factory=set)
    """The other side of each personal chat."""

    def candidates(self) -> dict[str, str]:
        """Sender id -> name of those who may be the owner: in personal chats, everybody but the contacts."""
        return {one: name for one, name in self.names.items() if one not in self.contacts} or self.names


def read_senders(path: Path, *, stop_at_owner: bool) -> Senders:
    """Who wrote in the export. With `stop_at_owner`, reading ends as soon as it says whose it is."""
    senders = Senders()
    names: dict[str, str] = {}

    def receive(message: Any) -> None:
        if isinstance(message, dict) and (who := sender_id(message)):
            names.setdefault(who, str(message.get("from") or who))

    def receiver() -> Any:
        names.clear()
        return receive

    for found in stream_chats(path, receiver):
        if isinstance(found, str):
            senders.owner_id = found
            if stop_at_owner:
                break
        elif found.kind == PERSONAL:
            senders.contacts.add(f"user{found.chat_id}")
            senders.names |= names
    return senders


def read_chats(path: Path, owner_id: str) -> Iterator[ImportedChat | SkippedChat]:
    """Every chat of the export, in its order. CorpusError when the file is none, or breaks off."""
    lines: list[Line] = []
    set_aside: Counter[str] = Counter()

    def receive(message: Any) -> None:
        line = to_line(message, owner_id) if isinstance(message, dict) else "unsupported"
        if isinstance(line, Line):
            lines.append(line)
        else:
            set_aside[line] += 1

    def receiver() -> Any:
        lines.clear()
        set_aside.clear()
        return receive

    for found in stream_chats(path, receiver):
        if isinstance(found, RawChat):
            if found.kind != PERSONAL:
                yield SkippedChat(found.kind or "unknown", found.messages)
                continue
            name = (found.name or "").strip() or f"user{found.chat_id}"
            key = f"{PLATFORM}:user{found.chat_id}"
            yield ImportedChat(Conversation(key, name, tuple(lines)), Counter(set_aside))


def to_line(message: Mapping[str, Any], owner_id: str) -> Line | SetAside:
    """One message of a personal chat as a line, or the reason why it is none."""
    if message.get("type") != "message":
        return "service" if message.get("type") == "service" else "unsupported"
    if "forwarded_from" in message or "saved_from" in message:
        return "forward"
    if "via_bot" in message:
        return "via_bot"
    text = plain_text(message.get("text"))
    if not text:
        return "media" if _MEDIA_KEYS & message.keys() else "empty"
    at_s = _unix_s(message.get("date_unixtime"))
    if at_s is None:
        return "undated"
    author: Literal["owner", "contact"] = "owner" if sender_id(message) == owner_id else "contact"
    return Line(line_id=str(message.get("id")), author=author, text=text, at_ms=at_s * 1000)


def plain_text(text: object) -> str:
    """Telegram's text, a string or a list of strings and `{type, text}`, without control characters."""
    parts = text if isinstance(text, list) else [text]
    words = (part.get("text") if isinstance(part, dict) else part for part in parts)
    joined = "".join(word for word in words if isinstance(word, str))
    kept = "".join(char for char in joined if char in "\n\t" or not (char < " " or "\x7f" <= char < "\xa0"))
    return kept.encode("utf-8", "ignore").decode("utf-8").strip()


def sender_id(message: Mapping[str, Any]) -> str | None:
    """`user123`; exports before 2021 wrote the bare number."""
    found = message.get("from_id")
    if isinstance(found, int):
        return f"user{found}"
    return found if isinstance(found, str) else None


def _unix_s(written: object) -> int | None:
    with contextlib.suppress(ValueError, OverflowError):
        at_s = int(written) if isinstance(written, str | int | float) else 0
        if 0 < at_s < _LATEST_UNIX_S:
            return at_s
    return None
