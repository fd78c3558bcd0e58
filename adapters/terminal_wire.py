"""What crosses the terminal socket: one JSON object a line, the same types on both ends.

Knows no socket. A contact's client: first `Hello`, then `Say`; the server: first `Welcome` or `NotAllowed`, then the
others. The owner's client: `OwnerSays`, and the server answers each with one `OwnerHears`.
"""

import msgspec

from adapters.local_contract import HistoryLine
from adapters.owner_port import Card

LINE_LIMIT_BYTES = 1024 * 1024
"""The longest JSON line either side reads: a welcome carries a whole history."""


class Hello(msgspec.Struct, frozen=True, tag_field="event", tag="hello"):
    """Who I am. `session` names a chat of its own; None is the standing chat of this contact type."""

    contact_type: str = msgspec.field(name="as")
    name: str | None = None
    session: str | None = None


class OwnerSays(msgspec.Struct, frozen=True, tag_field="event", tag="owner_says"):
    """A word of the owner's to the desk, e.g. `autoreply draft for 2h`. `cards`: he wants to see what waits for him."""

    text: str
    cards: bool = False


class Say(msgspec.Struct, frozen=True):
    """A line. `line_id` is the client's: said twice, it is the same line."""

    text: str
    line_id: str


class Welcome(msgspec.Struct, frozen=True, tag_field="event", tag="welcome"):
    """You are in. `lines` is the chat so far, oldest first."""

    owner_name: str
    notice: str
    contact_type: str
    contact_name: str
    lines: tuple[HistoryLine, ...]


class NotAllowed(msgspec.Struct, frozen=True, tag_field="event", tag="not_allowed"):
    """The hello or the line was refused, and this connection ends. `reason` is for the person at the terminal."""

    reason: str


class OwnerHears(msgspec.Struct, frozen=True, tag_field="event", tag="owner_hears"):
    """What the desk answers. `ok` False: not understood, or refused. `cards`: the newest of what waits for the owner
    now, where he asked for them; `more`: so many wait besides."""

    ok: bool
    text: str
    cards: tuple[Card, ...] = ()
    more: int = 0


class Accepted(msgspec.Struct, frozen=True, tag_field="event", tag="accepted"):
    """The line is on disk."""

    line_id: str


class Full(msgspec.Struct, frozen=True, tag_field="event", tag="full"):
    """The line was not taken: too many are unanswered, or the store is away for a moment. Offer it again."""

    line_id: str


class Typing(msgspec.Struct, frozen=True, tag_field="event", tag="typing"):
    """A reply is on its way."""


class Bubble(msgspec.Struct, frozen=True, tag_field="event", tag="bubble"):
    """A part of a reply. One that was heard already may come again under the same `bubble_id`."""

    bubble_id: str
    text: str


class Ended(msgspec.Struct, frozen=True, tag_field="event", tag="outcome"):
    """How the turn of `line_ids` ended: the fields of `adapters.base.Outcome`."""

    chat_key: str
    request_id: str
    line_ids: tuple[str, ...]
    state: str
    reason: str
    reply: str
    contact_type: str
    blend: dict[str, float]
    generate_ms: int
    total_ms: int


FromServer = Welcome | NotAllowed | OwnerHears | Accepted | Full | Typing | Bubble | Ended
Opening = Hello | OwnerSays
"""What a client may say first."""

_decoder: msgspec.json.Decoder[FromServer] = msgspec.json.Decoder(FromServer)


def to_line(message: Opening | Say | FromServer) -> bytes:
    """One message as one line."""
    return msgspec.json.encode(message) + b"\n"


def from_server(line: bytes) -> FromServer:
    """Raises msgspec.DecodeError on anything else."""
    return _decoder.decode(line)
