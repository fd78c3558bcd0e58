"""What a platform adapter is: the contract between one chat platform and the bot.

Knows no platform, no Redis and no model. Ids are strings made at the platform's edge and opaque beyond it. The bot
hands an adapter its `Inbox`; the adapter awaits it for every line and only then tells the platform "taken".
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol


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
Inbox = Callable[[InboundMessage], Awaitable[Accepted]]
"""Makes a line durable. `taken`: on disk. `duplicate`: it was before. `full`: not taken, to be offered again."""


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

    @property
    def resend_is_safe(self) -> bool:
        """True when sending one `bubble_id` twice shows it once (a nonce, or a platform of our own)."""
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
