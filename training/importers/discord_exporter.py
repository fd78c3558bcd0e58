"""DiscordChatExporter's JSON (one channel or DM to a file) as events: a pure converter over a stream.

The shape is that of its `JsonMessageWriter` (github.com/Tyrrrz/DiscordChatExporter, 2.20 of 2020 to 2.46 of 2025).
The file does not say who exported it, but a DM is named after the *other* one: that tells the contact, and so the
owner, once both have written. Knows nothing of who the owner is in a server's channel.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

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
from training.importers.discord_markup import PLATFORM, instant_ms, number_of, person_id, plain
from training.importers.json_stream import JsonStream
from training.importers.source import Sample, Source
from training.importers.text import tidy

_EXPORT_AGAIN = "export the channel again with DiscordChatExporter, format JSON"
_DM = frozenset(("DirectTextChat", "1"))
_NEWS = frozenset(("GuildNews", "5"))
_SPOKEN = frozenset(("Default", "Reply", "0", "19"))
_CALLS = frozenset(("Call", "3"))
_PART = re.compile(r" \[part \d{1,5}\]\Z")
_MOST_PARTS = 100
_COMMANDS = frozenset(("20", "23", "ChatInputCommand", "ContextMenuCommand"))


@dataclass(frozen=True, slots=True)
class _Channel:
    number: str
    kind: Literal["personal", "group", "news"]
    name: str


@dataclass(frozen=True, slots=True)
class _Sides:
    """Who is who in a DM: the one it is named after, and the other; "" while unknown."""

    contact: str = ""
    owner: str = ""
    contact_is_bot: bool = False


def sniff(sample: Sample) -> bool:
    """Its first keys are `guild`, `channel` and `dateRange`."""
    return sample.text.lstrip().startswith("{") and all(
        key in sample.text for key in ('"guild"', '"channel"', '"dateRange"', '"messages"')
    )


def read(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`."""
    channel = _channel(source)
    if channel.kind == "news":
        yield SkippedChat("channel", channel.name, sum(1 for _ in _messages(source)))
        return
    sides = _sides(source, channel.name) if channel.kind == "personal" else _Sides()
    if sides.contact_is_bot:
        yield SkippedChat("bot_chat", channel.name, sum(1 for _ in _messages(source)))
        return
    yield _head(channel, sides)
    names: dict[str, str] = {}
    for message in _messages(source):
        line = _line(message, reading, group=channel.kind == "group")
        if not isinstance(line, RawLine):
            yield Aside(line)
            continue
        name = _name(message["author"])
        if names.get(line.sender) != name:
            names[line.sender] = name
            yield Person(line.sender, name, saved=False)
        yield line


FORMAT = Format("discord-exporter", "DiscordChatExporter (JSON)", sniff, read)


def _messages(source: Source) -> Iterator[Any]:
    with JsonStream(source, _EXPORT_AGAIN) as stream:
        for key in stream.keys():  # noqa: SIM118  # it is no dict
            if key == "messages":
                yield from stream.items()
        stream.end()


def _channel(source: Source) -> _Channel:
    """What stands before the messages; where they stand first, they are passed over."""
    head: dict[str, Any] = {}
    with JsonStream(source, _EXPORT_AGAIN) as stream:
        for key in stream.keys():  # noqa: SIM118
            if key != "messages":
                head[key] = stream.value()
            elif "channel" in head:
                break
    channel, guild = head.get("channel"), head.get("guild")
    if not isinstance(channel, dict) or not (number := number_of(channel.get("id"))):
        raise CorpusError(f"{source.name} does not say which channel it holds", _EXPORT_AGAIN)
    kind, name = str(channel.get("type")), tidy(str(channel.get("name") or number))
    if kind in _DM:
        return _Channel(number, "personal", name)
    if isinstance(guild, dict) and number_of(guild.get("id")) not in ("", "0") and guild.get("name"):
        name = tidy(f"{guild['name']} #{name}")
    return _Channel(number, "news" if kind in _NEWS else "group", name)


def _head(channel: _Channel, sides: _Sides) -> ChatHead:
    if channel.kind == "personal":
        key = sides.contact or f"{PLATFORM}:channel{channel.number}"
        return ChatHead(key, "personal", channel.name, sides.contact, sides.owner)
    return ChatHead(f"{PLATFORM}:{channel.number}", "group", channel.name)


def _sides(source: Source, channel_name: str) -> _Sides:
    """Reads until two people have written, also in the other parts of a DM that was exported in parts: in each of them
    the chat has to be the same. A DM in which both bear its name tells nothing."""
    seen: dict[str, Mapping[str, Any]] = {}
    for part in _parts(source):
        for author in filter(None, map(_author, _messages(part))):
            seen.setdefault(person_id(author["id"]), author)
            if len(seen) == 2:
                break
        if len(seen) == 2:
            break
    named = [one for one, author in seen.items() if channel_name in (author.get("nickname"), author.get("name"))]
    if len(named) != 1:
        return _Sides()
    (contact,) = named
    sides = _Sides(contact, contact_is_bot=seen[contact].get("isBot") is True)
    others = [one for one, author in seen.items() if one != contact and author.get("isBot") is not True]
    return replace(sides, owner=others[0]) if others else sides


def _parts(source: Source) -> Iterator[Source]:
    """The file itself, then the others of its parts: `Ann [1].json`, `Ann [1] [part 2].json`, ..."""
    yield source
    base = source.name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = _PART.sub("", base.removesuffix(".json"))
    for number in range(1, _MOST_PARTS):
        name = f"{stem} [part {number}].json" if number > 1 else f"{stem}.json"
        if name == base:
            continue
        if (found := source.sibling(name)) is None:
            return
        yield found


def _line(message: Any, reading: Reading, *, group: bool) -> RawLine | Reason:
    author = _author(message)
    if author is None:
        return "damaged"
    if (unspoken := _unspoken(message, author)) is not None:
        return unspoken
    people = [one for one in _list(message.get("mentions")) if isinstance(one, dict) and number_of(one.get("id"))]
    content = message.get("content")
    text = plain(content, {str(one.get("id")): _name(one) for one in people}) if isinstance(content, str) else ""
    if not text:
        return _wordless(message)
    if len(text) > LONGEST_TEXT_CHARS:
        return "too_long"
    at_ms = instant_ms(message.get("timestamp"), reading.zone)
    if at_ms is None:
        return "undated"
    sender = person_id(author["id"])
    to = {person_id(one.get("id")) for one in people if one.get("isBot") is not True} - {sender}
    addressee = to.pop() if group and len(to) == 1 else ""
    return RawLine(number_of(message.get("id")), sender, text, at_ms, _answered(message.get("reference")), addressee)


def _unspoken(message: Mapping[str, Any], author: Mapping[str, Any]) -> Reason | None:
    kind = str(message.get("type"))
    if author.get("isBot") is True or kind in _COMMANDS:
        return "bot"
    if kind in _CALLS:
        return "call"
    if kind not in _SPOKEN:
        return "service"
    reference = message.get("reference")
    forwarded = isinstance(reference, dict) and reference.get("type") == "Forward"
    return "forward" if forwarded or message.get("forwardedMessage") else None


def _wordless(message: Mapping[str, Any]) -> Reason:
    if message.get("stickers"):
        return "sticker"
    return "media" if message.get("attachments") or message.get("embeds") else "empty"


def _answered(reference: object) -> str:
    return number_of(reference.get("messageId")) if isinstance(reference, dict) else ""


def _author(message: object) -> Mapping[str, Any] | None:
    author = message.get("author") if isinstance(message, dict) and number_of(message.get("id")) else None
    return author if isinstance(author, dict) and number_of(author.get("id")) else None


def _name(author: Mapping[str, Any]) -> str:
    return tidy(str(author.get("nickname") or author.get("name") or "")) or str(author.get("id"))


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []
