"""ChatLab's interchange format, JSON and JSON Lines, as events: an inlet for whatever its converters can read.

Shape from the published "ChatLab Standard Format" 0.0.1 and 0.0.2 (`chatlab`, `meta`, `members`, `messages`; types are
numbers). The platform is what `meta.platform` says, so a WeChat chat that came this way has WeChat's ids. Says nothing
of people that the file does not: `ownerId` of a group is its exporter by the specification. WeFlow's streaming exporter
(2026) writes a JSON Lines of its own: `{_type: "chatlab"}`, `{_type: "meta", name, platform}`, then the messages.
"""

import re
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
    LineIds,
    Person,
    RawLine,
    Reading,
    Reason,
)
from training.importers.json_lines import json_lines
from training.importers.json_stream import JsonStream, keys_beside
from training.importers.source import Sample, Source
from training.importers.text import tidy

_AGAIN = "export it again as ChatLab JSON or JSONL"
_TEXT, _REPLY = 0, 25
_REASONS: Mapping[int, Reason] = {
    1: "media",
    2: "media",
    3: "media",
    4: "media",
    5: "sticker",
    7: "forward",
    8: "media",
    20: "media",
    21: "media",
    22: "service",
    23: "call",
    24: "forward",
    26: "forward",
    27: "media",
    80: "service",
    81: "deleted",
}
_JSON = re.compile(r'\s*\{.*?"chatlab"\s*:\s*\{', re.DOTALL)
_HEADER = re.compile(r'"_type"\s*:\s*"(?:header|chatlab)"')
_NO_WORD = re.compile(r"[^a-z0-9]+")
_LATEST_UNIX_S = 1 << 36
_MENTION = re.compile(r"@([^@\s]{1,64})")


@dataclass(slots=True)
class _Chat:
    """What the messages are read with: the chat, and who is in it."""

    head: ChatHead
    platform: str
    names: dict[str, str] = field(default_factory=dict)
    ids_by_name: dict[str, str] = field(default_factory=dict)
    line_ids: LineIds = field(default_factory=LineIds)


def _sniff_json(sample: Sample) -> bool:
    return _JSON.match(sample.text) is not None and not _sniff_lines(sample)


def _sniff_lines(sample: Sample) -> bool:
    first = next((line for line in sample.text.split("\n") if line.strip() and not line.startswith("#")), "")
    return first.lstrip().startswith("{") and _HEADER.search(first) is not None and '"chatlab"' in first


def _read_json(source: Source, reading: Reading) -> Iterator[Event]:
    del reading  # times are Unix seconds
    known: dict[str, Any] = {}
    with JsonStream(source, _AGAIN) as stream:
        if stream.peek() != "{":
            raise stream.broken("is no ChatLab file: it does not begin with an object")
        seen = False
        for key in stream.keys():  # noqa: SIM118  # it is no dict
            if key != "messages" or stream.peek() != "[":
                known[key] = stream.value()
                continue
            seen = True
            if "meta" not in known or "members" not in known:
                known = keys_beside(source, _AGAIN, "messages")
            if (meta := known.get("meta")) is None or not isinstance(meta, dict):
                raise stream.broken("does not say which chat it is (no meta)")
            members = known.get("members")
            chat = _chat(meta, members if isinstance(members, list) else [])
            yield from _opening(chat)
            for message in stream.items():
                yield from _message(chat, message)
        stream.end()
        if not seen:
            raise stream.broken("holds no messages")


def _read_lines(source: Source, reading: Reading) -> Iterator[Event]:
    """Members stand between the header and the messages; the chat is opened with the first message."""
    del reading
    records = json_lines(source, _AGAIN)
    header = next(records, None)
    meta = header.get("meta") if header and header.get("_type") == "header" else None
    members: list[Any] = []
    if header and header.get("_type") == "chatlab":  # WeFlow's own variant, which says little of the chat
        meta = next(records, None)
        meta, members = _surveyed(source, meta) if meta and meta.get("_type") == "meta" else (None, [])
    if not isinstance(meta, dict):
        raise CorpusError(f"{source.name} does not begin with a ChatLab header", _AGAIN)
    chat: _Chat | None = None
    for record in records:
        kind = record.get("_type") if record else None
        if kind == "member":
            members.append(record)
        elif kind == "message":
            if chat is None:
                chat = _chat(meta, members)
                yield from _opening(chat)
            yield from _message(chat, record)
        else:
            yield Aside("damaged")


def _surveyed(source: Source, meta: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """What the header leaves out: private or not, and with whom, by who writes."""
    members: dict[str, Any] = {}
    for record in json_lines(source, _AGAIN):
        if record and record.get("type") == _TEXT and (sender := _text(record, "sender")):
            members.setdefault(sender, {"platformId": sender, "accountName": record.get("accountName")})
            if len(members) > 2:
                return {**meta, "type": "group"}, []
    return {**meta, "type": "private"}, list(members.values())


def _chat(meta: Mapping[str, Any], members: list[Any]) -> _Chat:
    """The chat by its header. The contact of a private one: who is not the exporter, or whose name the chat has."""
    platform = _platform(_text(meta, "platform"))
    name = _text(meta, "name")
    names = {}
    for member in members:
        if isinstance(member, dict) and (who := _person_id(platform, _text(member, "platformId"))):
            names[who] = _text(member, "accountName") or _text(member, "groupNickname")
    owner = _person_id(platform, _text(meta, "ownerId"))
    ids_by_name = {called: who for who, called in names.items() if called}
    if _text(meta, "type") == "private":
        others = [who for who in names if who != owner] if owner else []
        contact = others[0] if len(others) == 1 else ids_by_name.get(name, "")
        head = ChatHead(
            contact or f"{platform}:{name or 'chat'}", "personal", name or names.get(contact, ""), contact, owner
        )
    else:
        head = ChatHead(f"{platform}:{_text(meta, 'groupId') or name or 'chat'}", "group", name, "", owner)
    return _Chat(head, platform, names, ids_by_name)


def _opening(chat: _Chat) -> Iterator[Event]:
    yield chat.head
    yield from (Person(who, name) for who, name in chat.names.items() if name)


def _message(chat: _Chat, message: Any) -> Iterator[Event]:
    if not isinstance(message, dict):
        yield Aside("damaged")
        return
    sender = _person_id(chat.platform, _text(message, "sender"))
    line = _line(chat, message, sender)
    if isinstance(line, RawLine) and sender not in chat.names and (name := _text(message, "accountName")):
        chat.names[sender] = name
        chat.ids_by_name[name] = sender
        yield Person(sender, name)
    yield line


def _line(chat: _Chat, message: Mapping[str, Any], sender: str) -> RawLine | Aside:
    kind = message.get("type")
    if not isinstance(kind, int) or not sender:
        return Aside("damaged")
    if kind not in (_TEXT, _REPLY):
        return Aside(_REASONS.get(kind, "unsupported"))
    text = _text(message, "content")
    at_ms = _at_ms(message.get("timestamp"))
    if not text or len(text) > LONGEST_TEXT_CHARS:
        return Aside("too_long" if text else "empty")
    if at_ms is None:
        return Aside("undated")
    line_id = _text(message, "platformMessageId") or chat.line_ids.next(at_ms, sender, text)
    named = (found[1] for found in _MENTION.finditer(text)) if chat.head.kind == "group" and "@" in text else ()
    to = next((chat.ids_by_name[name] for name in named if name in chat.ids_by_name), "")
    return RawLine(line_id, sender, text, at_ms, _text(message, "replyToMessageId"), to)


def _at_ms(written: object) -> int | None:
    """Seconds by the specification; some converters write milliseconds."""
    if isinstance(written, int | float) and not isinstance(written, bool) and 0 < written < _LATEST_UNIX_S * 1000:
        return int(written) if written > _LATEST_UNIX_S else int(written) * 1000
    return None


def _platform(written: str) -> str:
    word = _NO_WORD.sub("", written.casefold())
    return {"weixin": "wechat", "": "chatlab"}.get(word, word)


def _person_id(platform: str, platform_id: str) -> str:
    if platform == "telegram" and platform_id.isdigit():
        platform_id = f"user{platform_id}"  # as the adapter and Telegram's own export have it
    return f"{platform}:{platform_id}" if platform_id else ""


def _text(fields: Mapping[str, Any], key: str) -> str:
    found = fields.get(key)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    return tidy(found) if isinstance(found, str) else ""


FORMATS = (
    Format("chatlab-jsonl", "ChatLab (JSON Lines)", _sniff_lines, _read_lines),
    Format("chatlab", "ChatLab (JSON)", _sniff_json, _read_json),
)
