"""The events of a `result.json` as chats, while the file streams past: one chat is held at a time, never the file.

Knows Telegram's two layouts (one chat; a full export) and nothing of what a message means: `take` is given each one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ijson

from model_server.errors import CorpusError
from training.importers.json_repair import RepairedJson

_CHAT_LISTS = ("chats.list.item", "left_chats.list.item")
_EXPORT_AGAIN = "export again from Telegram Desktop: Settings, Advanced, Export Telegram data, machine-readable JSON"


@dataclass(slots=True)
class RawChat:
    """A chat as its events pass; its keys may come in any order. `at` is its prefix in the document."""

    at: str
    take: Callable[[Any], None]
    name: str | None = None
    kind: str | None = None
    chat_id: int | str | None = None
    messages: int = 0
    _builder: Any = None

    def event(self, prefix: str, event: str, value: Any) -> None:
        """One event of the document, as long as this chat is the innermost one."""
        if self._builder is not None:
            self._builder.event(event, value)
            if prefix == f"{self.at}messages.item" and event in ("end_map", "end_array"):
                self._message(self._builder.value)
                self._builder = None
        elif prefix == f"{self.at}messages.item":
            if event in ("start_map", "start_array"):
                self._builder = ijson.ObjectBuilder()
                self._builder.event(event, value)
            else:
                self._message(value)
        elif event == "string" and prefix == f"{self.at}name":
            self.name = value
        elif event == "string" and prefix == f"{self.at}type":
            self.kind = value
        elif event in ("string", "number") and prefix == f"{self.at}id":
            self.chat_id = value

    @property
    def in_message(self) -> bool:
        """Whether the events are those of a message just now."""
        return self._builder is not None

    def _message(self, message: Any) -> None:
        self.messages += 1
        self.take(message)


def stream_chats(path: Path, receiver: Callable[[], Callable[[Any], None]]) -> Iterator[str | RawChat]:
    """The id of the export's owner when it says it (`user123`), and each chat when it has ended.

    `receiver()` is called for each chat and returns what takes its messages. CorpusError, with the place and the next
    step, when the file is missing, is no such export, or breaks off.
    """
    try:
        source = path.open("rb")
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}", "name a result.json, or the folder it is in") from None
    with source:
        stream = RepairedJson(source)
        chats = 0
        try:
            for found in _chats(stream, receiver):
                chats += isinstance(found, RawChat)
                yield found
        except ijson.JSONError as error:
            reason = next(iter(str(error).splitlines()), "").strip()
            what = (
                "breaks off" if "premature EOF" in reason or "ncomplete" in reason else f"is not valid JSON ({reason})"
            )
            raise CorpusError(f"{path} {what} near line {stream.lines_read}, {chats} chats in", _EXPORT_AGAIN) from None
        if not chats:
            raise CorpusError(f"{path} holds no Telegram chats", _EXPORT_AGAIN)


def _chats(stream: RepairedJson, receiver: Callable[[], Callable[[Any], None]]) -> Iterator[str | RawChat]:
    chat = single = RawChat("", receiver())
    for prefix, event, value in ijson.parse(stream, use_float=True):
        if chat.in_message or prefix not in (*_CHAT_LISTS, "personal_information.user_id"):
            chat.event(prefix, event, value)
        elif event == "start_map":
            chat = RawChat(f"{prefix}.", receiver())
        elif event == "end_map":
            yield chat
            chat = single
        elif event in ("string", "number"):
            yield f"user{value}"
    if single.messages or single.kind:
        yield single
