"""What an importer is: a sniffer, and a pure converter from one source to a stream of events.

Knows no format, no store and no owner: an importer says who wrote, never who of them is "me", unless its format does.
Ids of people are `platform:sender`, the same that the bot's adapters see (`telegram:user72001`, `discord:8123`), so
that whoever was imported is known when he writes. Events stream: no importer holds a file, or a chat, in memory.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal, get_args

import msgspec

from model_server.errors import CorpusError
from training.importers.source import Sample, Source

Reason = Literal[
    "service",  # joined, renamed, pinned: the platform speaks, nobody else
    "call",
    "media",  # a picture, voice, file, poll, place without words of its own
    "sticker",
    "forward",  # somebody else's words
    "bot",
    "empty",
    "deleted",
    "undated",
    "unsupported",  # a kind the format's makers know and we do not
    "damaged",  # one record that cannot be read, among records that can
    "too_long",
]
"""Why one message is no line of the corpus. Each is counted, by file; none is dropped in silence."""
REASONS: tuple[str, ...] = get_args(Reason)

ChatKind = Literal["personal", "group"]
DateOrder = Literal["dmy", "mdy", "ymd"]

LONGEST_TEXT_CHARS = 20_000
"""A longer message is set aside as `too_long`: pasted files and logs are nobody's manner."""


class ChatHead(msgspec.Struct, frozen=True):
    """The chat that the following lines are of; said before its first line, and again when more becomes known of it.

    `key`: in a personal chat the id of the contact (`telegram:user72001`, `whatsapp:Mum`), else `platform:` and the
    group's id, or `platform:group:` and its title where it has none. `contact` and `owner` are ids of people, "" where
    the format does not tell them; `owner` is set only where the *file* says who exported it (`IsSender`, `Me`, an
    account id), never by a guess.
    """

    key: str
    kind: ChatKind
    name: str
    contact: str = ""
    owner: str = ""


class Person(msgspec.Struct, frozen=True):
    """Somebody who writes, or a contact: his name as the owner sees it. May be said more than once; the latest counts.

    `saved`: the name is from the owner's own address book (True), his own choice (False), or nobody knows (None).
    `handles`: phone numbers (E.164 where possible) and e-mail addresses, by which people are recognised over platforms.
    """

    id: str
    name: str
    saved: bool | None = None
    handles: tuple[str, ...] = ()


class RawLine(msgspec.Struct, frozen=True, gc=False):
    """One message as it was written. `line_id` is unique in its chat and the same in every export of that chat: the
    platform's own, or derived (`LineIds`). `reply_to`: the line it answers; `to`: the person it addresses."""

    line_id: str
    sender: str
    text: str
    at_ms: int
    reply_to: str = ""
    to: str = ""


class Aside(msgspec.Struct, frozen=True):
    """Messages that were read and are no lines."""

    reason: Reason
    count: int = 1


class SkippedChat(msgspec.Struct, frozen=True):
    """A whole chat set aside. `kind` in a word: `channel`, `bot_chat`, `saved_messages`, `official_account`."""

    kind: str
    name: str
    messages: int


class Article(msgspec.Struct, frozen=True):
    """Something the owner wrote, as Markdown. `key` is the same whenever the same piece is exported again."""

    key: str
    title: str
    markdown: str
    at_ms: int = 0


Event = ChatHead | Person | RawLine | Aside | SkippedChat | Article


@dataclass(frozen=True, slots=True)
class Reading:
    """What an importer is told besides the source: the zone of times without one, and the order of dates, if known."""

    zone: tzinfo
    dates: DateOrder | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One export format. `sniff` looks at a sample only; `read` is lazy, pure, and raises CorpusError with file, place
    and next step. A file that cannot say its order of dates raises `DatesUndecided`."""

    name: str
    """As in `--format`: small letters and dashes."""
    title: str
    """For people: `Telegram Desktop (JSON)`."""
    sniff: Callable[[Sample], bool]
    read: Callable[[Source, Reading], Iterator[Event]]
    dates: Callable[[Source], DateOrder | None] = lambda _source: None
    """What the beginning of a file tells of the order of its dates: evidence for others that the same phone wrote."""


class LineIds:
    """Ids for formats that have none: the same message gets the same id in every export of its chat.

    A digest of time, sender and text; equal messages of the same instant are told apart by their number.
    """

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        """How often each of the latest messages was written; equal instants stand together, or nearly so."""

    def next(self, at_ms: int, sender: str, text: str) -> str:
        """The id of the next message of the chat."""
        first = _digest(str(at_ms), sender, text)
        same = self._seen.pop(first, 0)
        self._seen[first] = same + 1
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return _digest(first, str(same)) if same else first


_REMEMBERED = 256


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


class DatesUndecided(CorpusError):
    """Nothing in the file tells whether days or months come first: the owner has to say it.

    `evidence`: what other files tell, in words.
    """

    def __init__(self, name: str, example: str, evidence: str = "") -> None:
        super().__init__(
            f"{name}: {example} may be day/month or month/day, and nothing in the file tells which{evidence}",
            "say it: --dates dmy or --dates mdy",
        )
        self.name = name
        self.example = example
