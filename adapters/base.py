"""What a platform adapter is: the contract between one chat platform and the bot.

Knows no platform, no Redis and no model. Ids are strings made at the platform's edge and opaque beyond it. The bot
hands an adapter its `Inbox`; the adapter awaits it for every line and only then tells the platform "taken".
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

FOREVER_MS = 10**13
"""A moment (the year 2286), or a span, that never comes or ends. 14 digits: the most that Lua writes out in full."""


@dataclass(frozen=True, slots=True)
class ChatRef:
    """One conversation place on one platform."""

    platform: str
    chat_id: str

    @property
    def key(self) -> str:
        """`telegram:42`, the name of this chat everywhere beyond the adapter."""
        return f"{self.platform}:{self.chat_id}"

    @classmethod
    def parse(cls, key: str) -> "ChatRef":
        """The inverse of `key`."""
        platform, _, chat_id = key.partition(":")
        return cls(platform, chat_id)


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A line that arrived. `message_id` is unique within its chat and the same when the platform delivers it twice."""

    chat: ChatRef
    message_id: str
    text: str
    sender_id: str
    sender_name: str
    at_ms: int
    from_owner: bool = False
    """The owner himself typed it: a takeover."""
    declared_type: str | None = None
    """Contact type chosen by the visitor: only the local adapters (terminal, demo page) may set it."""
    suggested_type: str | None = None
    """Contact type of a sender the owner has not sorted himself (a role in a server); the owner's word wins."""
    answer_until_ms: int | None = None
    """The platform takes no reply after this moment (Unix ms), e.g. the 24 h window of a business chat."""


@dataclass(frozen=True, slots=True)
class EditedMessage:
    """A line that we may have taken before now reads as in `message`."""

    message: InboundMessage


@dataclass(frozen=True, slots=True)
class DeletedMessages:
    """Lines that people took back: nothing of them is kept or answered."""

    chat: ChatRef
    message_ids: tuple[str, ...]


Inbound = InboundMessage | EditedMessage | DeletedMessages


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One bubble to send. `bubble_id` is stable over retries: a platform that knows it must not show it twice."""

    chat: ChatRef
    bubble_id: str
    text: str


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """The platform took the bubble and calls it `message_id`."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended, for the local adapters and the owner; never shown to a contact of a real platform."""

    chat: ChatRef
    request_id: str
    line_ids: tuple[str, ...]
    state: Literal["answered", "held", "skipped", "dead", "unknown"]
    reason: str
    reply: str
    contact_type: str
    blend: dict[str, float]
    generate_ms: int
    total_ms: int


Accepted = Literal["taken", "duplicate", "full"]
Inbox = Callable[[Inbound], Awaitable[Accepted]]
"""Makes what arrived durable. `taken`: on disk. `duplicate`: it was before. `full`: not taken, to be offered again."""


class SendFailed(Exception):
    """A bubble did not go out, and it is certain that it did not."""


class RetryLater(SendFailed):
    """The platform asks for patience: nothing was sent; only this chat waits `after_s` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"retry after {after_s} s")
        self.after_s = after_s


class Refused(SendFailed):
    """The platform will never take this bubble (blocked, window closed, too long)."""


class OutcomeHidden(Exception):
    """The send may or may not have happened (a timeout after the request left): the ledger says `unknown`."""


class PlatformAdapter(Protocol):
    """One platform. Every method may be called from the bot's event loop only."""

    @property
    def platform(self) -> str:
        """The word before the colon in this platform's chat keys."""
        ...

    def resend_safe_ms(self, chat: ChatRef) -> int:
        """For how long after its first try one `bubble_id` may be sent again and is shown once; 0: never.

        `FOREVER_MS` on a platform of our own; a few minutes where a nonce is remembered that long.
        """
        ...

    async def run(self, inbox: Inbox) -> None:
        """Receive until cancelled. Must return quickly when cancelled."""
        ...

    async def send(self, message: OutboundMessage) -> SentReceipt:
        """Send one bubble. Raises `RetryLater`, `Refused`, `OutcomeHidden`; anything else counts as hidden."""
        ...

    async def show_typing(self, chat: ChatRef) -> None:
        """Show that a reply is on its way, for a few seconds. Never raises for the platform's sake."""
        ...


@runtime_checkable
class Gated(Protocol):
    """A platform that may forbid answering in a chat (a connection switched off, a right withdrawn)."""

    def refusal(self, chat: ChatRef) -> str | None:
        """Why a reply in this chat would be refused now; None: it would be taken. Asked before a reply is drafted."""
        ...


@runtime_checkable
class Unsends(Protocol):
    """A platform on which a sent bubble can be taken back."""

    async def unsend(self, chat: ChatRef, message_ids: tuple[str, ...]) -> None:
        """Delete bubbles of ours for everybody. Raises as `send` does."""
        ...


class Memory(Protocol):
    """What an adapter may keep over restarts: small facts of its own (watermarks, connections), never words."""

    async def get(self, name: str) -> str | None:
        """The fact, or None."""
        ...

    async def put(self, name: str, value: str) -> None:
        """Durable when it returns."""
        ...

    async def names(self, prefix: str) -> tuple[str, ...]:
        """The names of all facts that begin so."""
        ...

    async def drop(self, name: str) -> None:
        """Forget it; nothing when it was not there."""
        ...
