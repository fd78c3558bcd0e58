"""Telegram Desktop's `result.json` (one chat, or a full export) taken apart while it streams past.

Knows the two layouts and nothing of what a message means. Shape from `export_output_json.cpp` of Telegram Desktop
(4.x to 6.x): one chat is `{name, type, id, messages}`; a full export `{personal_information, contacts: {list},
chats: {list}, left_chats: {list}}`. A chat whose `messages` stand before its `type` is looked up in a second pass over
the file, so nothing is held whichever way round its keys are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training.importers.json_stream import JsonStream
from training.importers.source import Source

EXPORT_AGAIN = "export again from Telegram Desktop: Settings, Advanced, Export Telegram data, machine-readable JSON"

_Head = Mapping[str, Any]
_Place = tuple[str, int]
_HEAD_KEYS = ("name", "type", "id")
_NAMELESS = ("saved_messages", "replies", "verify_codes")
_CHAT_LISTS = ("chats", "left_chats")


@dataclass(frozen=True, slots=True)
class Personal:
    """Whose export it is: `user_id`, `first_name`, `last_name`, `phone_number`, as they stand there."""

    fields: Any


@dataclass(frozen=True, slots=True)
class SavedContact:
    """One entry of the owner's address book, as it stands there."""

    fields: Any


@dataclass(frozen=True, slots=True)
class RawChat:
    """A chat. `messages` has to be read before whatever follows the chat is asked for."""

    kind: Any
    name: Any
    chat_id: Any
    messages: Iterator[Any]


def stream_export(source: Source) -> Iterator[Personal | SavedContact | RawChat]:
    """Everything of interest in the order of the file. CorpusError where it is no JSON or breaks off."""
    heads = _Heads(source)
    with JsonStream(source, EXPORT_AGAIN) as stream:
        if stream.peek() != "{":
            raise stream.broken("is no Telegram export: it does not begin with an object")
        yield from _chat(stream, heads, ("", 0), lambda key: _full(stream, heads, key))
        stream.end()


def _full(stream: JsonStream, heads: "_Heads", key: str) -> Iterator[Personal | SavedContact | RawChat]:
    """One key of a full export."""
    if key == "personal_information":
        yield Personal(stream.value())
    elif key == "contacts" and stream.peek() == "{":
        for _ in _list_of(stream):
            yield SavedContact(stream.value())
    elif key in _CHAT_LISTS and stream.peek() == "{":
        for number, _ in enumerate(_list_of(stream)):
            if stream.peek() == "{":
                yield from _chat(stream, heads, (key, number), _nothing)


def _list_of(stream: JsonStream) -> Iterator[None]:
    """The places of the `list` of the next object."""
    for key in stream.keys():  # noqa: SIM118  # it is no dict
        if key == "list" and stream.peek() == "[":
            yield from stream.entries()


_Found = Personal | SavedContact | RawChat


def _chat(
    stream: JsonStream, heads: "_Heads", place: _Place, other: Callable[[str], Iterator[_Found]]
) -> Iterator[_Found]:
    """The chat that is the next object, if it is one; keys that are no chat's go to `other`."""
    head: dict[str, Any] = {}
    told = False
    for key in stream.keys():  # noqa: SIM118
        if key in _HEAD_KEYS:
            head[key] = stream.value()
        elif key == "messages" and stream.peek() == "[":
            told = True
            messages = stream.items()
            yield _raw_chat(head if _complete(head) else heads.of(place), messages)
            for _ in messages:  # whoever did not want them
                pass
        else:
            yield from other(key)
    if not told and _complete(head):
        yield _raw_chat(head, iter(()))


def _raw_chat(head: _Head, messages: Iterator[Any]) -> RawChat:
    return RawChat(head.get("type"), head.get("name"), head.get("id"), messages)


def _complete(head: _Head) -> bool:
    return "type" in head and "id" in head and ("name" in head or head["type"] in _NAMELESS)


def _nothing(_key: str) -> Iterator[_Found]:
    return iter(())


class _Heads:
    """The heads of all chats, read ahead at the first chat whose messages come first."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[_Place, _Head] | None = None

    def of(self, place: _Place) -> _Head:
        if self._known is None:
            self._known = dict(self._read())
        return self._known.get(place, {})

    def _read(self) -> Iterator[tuple[_Place, _Head]]:
        with JsonStream(self._source, EXPORT_AGAIN) as stream:
            top: dict[str, Any] = {}
            for key in stream.keys():  # noqa: SIM118
                if key in _HEAD_KEYS:
                    top[key] = stream.value()
                elif key in _CHAT_LISTS and stream.peek() == "{":
                    for number, _ in enumerate(_list_of(stream)):
                        if stream.peek() == "{":
                            yield (key, number), _head(stream)
            yield ("", 0), top


def _head(stream: JsonStream) -> _Head:
    return {key: stream.value() for key in stream.keys() if key in _HEAD_KEYS}  # noqa: SIM118
