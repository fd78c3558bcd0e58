"""The smallest bot behind an adapter: takes lines, keeps history, answers when told to. For tests of adapters only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from adapters.base import Accepted, ChatRef, Inbound, InboundMessage, Inbox, OutboundMessage, Outcome, SentReceipt
from adapters.local_contract import HistoryLine, Seat

SEATS = (
    Seat("family", "Mum", "Your mother."),
    Seat("friend", "Noor", "Your oldest friend.", ("u around?",)),
)


class Observer(Protocol):
    """What this bot needs of an adapter."""

    async def run(self, inbox: Inbox) -> None: ...
    async def send(self, message: OutboundMessage) -> SentReceipt: ...
    async def show_typing(self, chat: ChatRef) -> None: ...
    async def observe(self, outcome: Outcome) -> None: ...


class EchoBot:
    """`taken` holds every line once; `answers=True` echoes each at once."""

    def __init__(self, *, answers: bool = False) -> None:
        self.adapter: Observer
        self.answers = answers
        self.full = False
        self.full_once = False
        self.broken = False
        self.offered = 0
        self.taken: list[InboundMessage] = []
        self.lines: dict[str, list[HistoryLine]] = {}

    async def inbox(self, line: Inbound) -> Accepted:
        assert isinstance(line, InboundMessage)
        self.offered += 1
        if self.broken:
            raise ConnectionError("the store is away")
        if self.full or self.full_once:
            self.full_once = False
            return "full"
        if any((known.chat, known.message_id) == (line.chat, line.message_id) for known in self.taken):
            return "duplicate"
        self.taken.append(line)
        self.remember(line.chat, line.message_id, line.text, author_is_contact=True)
        if self.answers:
            await self.answer(line, f"you said {line.text}")
        return "taken"

    async def history(self, chat: ChatRef, limit: int) -> list[HistoryLine]:
        if self.broken:
            raise ConnectionError("the store is away")
        return self.lines.get(chat.key, [])[-limit:]

    def remember(self, chat: ChatRef, line_id: str, text: str, *, author_is_contact: bool = False) -> None:
        author = "contact" if author_is_contact else "persona"
        kept = self.lines.setdefault(chat.key, [])
        kept.append(HistoryLine(line_id, author, text, 1_750_000_000_000 + len(kept)))  # type: ignore[arg-type]

    async def answer(self, line: InboundMessage, *bubbles: str) -> None:
        request_id = f"{line.chat.key}:{line.message_id}"
        for at, text in enumerate(bubbles):
            self.remember(line.chat, f"{request_id}:{at}", text)
            await self.adapter.send(OutboundMessage(line.chat, f"{request_id}:{at}", text))
        await self.adapter.observe(outcome(line, reply="\n".join(bubbles)))


def outcome(line: InboundMessage, **changed: object) -> Outcome:
    fields: dict[str, object] = {
        "chat": line.chat,
        "request_id": f"{line.chat.key}:{line.message_id}",
        "line_ids": (line.message_id,),
        "state": "answered",
        "reason": "",
        "reply": "",
        "contact_type": line.declared_type or "stranger",
        "blend": {"core": 0.6, "friend": 0.4},
        "generate_ms": 1100,
        "total_ms": 1240,
    }
    return Outcome(**{**fields, **changed})  # type: ignore[arg-type]


@asynccontextmanager
async def running(adapter: Observer, bot: EchoBot) -> AsyncIterator[None]:
    """The adapter with this bot behind it."""
    bot.adapter = adapter
    task = asyncio.create_task(adapter.run(bot.inbox))
    await asyncio.sleep(0)  # a task that never began would leave its socket open
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
