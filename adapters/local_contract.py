"""What the two adapters of our own (web page, terminal) ask of the bot: seats, history, training status, their errors.

Knows no socket, no HTTP and no Redis. The bot hands in callables; these are the types that go through them.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from adapters.base import ChatRef

TEXT_LIMIT_CHARS = 4000
"""The longest line we take, as on Telegram."""
LINE_ID = r"^[0-9A-Za-z-]{8,64}$"
"""What a client may call a line; a UUID fits. A re-post under the same id is the same line."""

# C0 without tab and newline, DEL, C1: a terminal would obey them.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody the visitor can be: the contact type, a name, one line about them, and what they might say first."""

    contact_type: str
    name: str
    note: str = ""
    openers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line as it stood in the chat. Of a reply: one for each bubble that was sent.

    `line_id` is the `message_id` of an inbound line, the `bubble_id` of a bubble: a page that saw it live knows it.
    """

    line_id: str
    author: Literal["contact", "owner", "persona"]
    text: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class FacetProgress:
    """How far one facet is in training. `progress` goes from 0 to 1."""

    name: str
    state: Literal["waiting", "training", "live", "failed"]
    progress: float


History = Callable[[ChatRef, int], Awaitable[list[HistoryLine]]]
"""The newest lines of a chat, at most so many, oldest first."""
Status = Callable[[], Awaitable[list[FacetProgress]]]
"""Every facet of this persona, in the order they train; empty when none is known."""


class LocalError(Exception):
    """Something expected went wrong: `what` happened and the `hint` of what to do next (both for the owner only)."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} → {self.hint}"


class AddressUnusable(LocalError):
    """The port or the socket path we are told to listen on cannot be had."""


class NotRunning(LocalError):
    """No bot listens on the terminal socket."""


class NoAnswer(LocalError):
    """The bot runs, but no reply came: in time, or at all."""


def machine_notice(owner_name: str) -> str:
    """The honest sentence under the owner's name, always in sight."""
    first, *_ = owner_name.split() or [""]
    return f"A machine answers in {first}’s name" if first else "A machine answers here"


def printable(text: str) -> str:
    """`text` without the control characters that a terminal would obey."""
    return _CONTROL.sub("", text)
