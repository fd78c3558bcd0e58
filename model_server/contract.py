"""Every type that crosses Redis between the bot and the model server, the two streams, and their codec.

Imports no torch and knows no platform, no key but the two streams, and nothing of how either side works. Unknown fields
are ignored on reading, so an old worker and a new bot can share a Redis during an upgrade.
"""

from typing import Any, Literal, cast

import msgspec

REQUESTS = "ss:{s0}:requests"
"""Stream of `ReplyRequest`, read by the consumer group `WORKERS`. Deleted on ack; never trimmed."""
RESULTS = "ss:{s0}:results"
"""Stream of `Result`, read by the consumer group `BOTS`. Deleted on commit; never trimmed."""
WORKERS = "workers"
BOTS = "bots"
FIELD = b"m"
"""The one field of an entry: the encoded message."""

Blend = dict[str, float]
"""Weights over facets, facet name -> weight. Empty: the base model alone."""


class Line(msgspec.Struct, frozen=True):
    """One message of a chat. `line_id` is the platform's, opaque here; `at_ms` is Unix time in milliseconds."""

    line_id: str
    author: Literal["contact", "owner", "persona"]
    text: str
    at_ms: int


class ReplyRequest(msgspec.Struct, frozen=True, tag="request"):
    """Ask for one reply. `request_id` is derived from the chat and its last line: a replay is the same request."""

    request_id: str
    chat_key: str
    contact_id: str
    contact_name: str
    contact_type: str
    lines: tuple[Line, ...]
    """Oldest first; the last ones are the contact's, the turn to answer."""
    created_ms: int
    deadline_ms: int
    """After this moment nobody wants the reply any more (Unix ms); the worker answers `ReplyFailed("expired")`."""
    greedy: bool = False
    """Always the most likely token: for tests and comparisons."""


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """The persona's words. `blend` is what was really in force: facets that are not loaded are absent."""

    request_id: str
    chat_key: str
    text: str
    contact_type: str
    blend: Blend
    facet_versions: dict[str, str]
    prompt_tokens: int
    reply_tokens: int
    queue_ms: int
    """From `created_ms` to the moment generation began."""
    generate_ms: int
    finish: Literal["stop", "length"]


class ReplyFailed(msgspec.Struct, frozen=True, tag="failed"):
    """No reply will come. `reason` is one word for machines; `detail` is for the owner and holds no text of people."""

    request_id: str
    chat_key: str
    reason: Literal["expired", "poison", "too_long", "engine", "unreadable"]
    detail: str = ""


Result = Reply | ReplyFailed


def encode(message: ReplyRequest | Result) -> bytes:
    """The wire form: JSON, readable by eye in redis-cli."""
    return msgspec.json.encode(message)


def decode_request(raw: bytes) -> ReplyRequest:
    """Raises msgspec.DecodeError (msgspec.ValidationError) on anything that is not a request."""
    return cast(ReplyRequest, _decode(raw, ReplyRequest))


def decode_result(raw: bytes) -> Result:
    """Raises msgspec.DecodeError (msgspec.ValidationError) on anything that is not a result."""
    return cast(Result, _decode(raw, Result))


def _decode(raw: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except UnicodeDecodeError as error:  # msgspec lets it through as it is: bytes that are no UTF-8 at all
        raise msgspec.DecodeError(str(error)) from None
