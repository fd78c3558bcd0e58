"""A Discord adapter on our pretended Discord, and doubles of what stands behind it: desk, memory, inbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

import adapters.discord_client
from adapters.base import Accepted, ChatRef, DeletedMessages, EditedMessage, Inbound, InboundMessage
from adapters.discord_adapter import DiscordAdapter
from adapters.discord_settings import DiscordSettings
from adapters.owner_port import Card, Press, Shown, Word
from tests.discord_server.server import DiscordServer
from tests.waiting import until


class MemoryDouble:
    """A `Memory` in a dict."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        return self.facts.get(name)

    async def put(self, name: str, value: str) -> None:
        self.facts[name] = value

    async def names(self, prefix: str) -> tuple[str, ...]:
        return tuple(name for name in self.facts if name.startswith(prefix))

    async def drop(self, name: str) -> None:
        self.facts.pop(name, None)


@dataclass
class DeskDouble:
    """A desk that knows one owner and answers what the test says."""

    owner: str = ""
    on_word: Shown = field(default_factory=Shown)
    on_press: Shown = field(default_factory=Shown)
    words: list[Word] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    contact_words: list[tuple[ChatRef, str, str]] = field(default_factory=list)
    questions: list[tuple[str, str]] = field(default_factory=list)
    commands: tuple[tuple[str, str], ...] = (
        ("status", "What applies"),
        ("pair", "Pair with a code"),
        ("help", "Words"),
    )
    busy: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.busy.set()

    async def is_owner(self, platform: str, user_id: str) -> bool:
        return platform == "discord" and user_id == self.owner

    async def word(self, word: Word) -> Shown | None:
        await self.busy.wait()
        self.words.append(word)
        if word.text.startswith("/pair ") and word.user_id != self.owner:
            return Shown()
        return self.on_word if word.user_id == self.owner else None

    async def press(self, press: Press) -> Shown | None:
        await self.busy.wait()
        self.presses.append(press)
        return self.on_press if press.user_id == self.owner else None

    async def shown_as(self, platform: str, message_id: str, token: str) -> None:
        self.questions.append((message_id, token))

    async def contact_word(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str | None:
        if command.split(maxsplit=1)[0] not in dict(self.contact_commands()):
            return None
        self.contact_words.append((chat, sender_id, command))
        return f"about {command}"

    def owner_commands(self) -> tuple[tuple[str, str], ...]:
        return self.commands

    def contact_commands(self) -> tuple[tuple[str, str], ...]:
        return (
            ("help", "What this is"),
            ("privacy", "What is kept"),
            ("human", "Ask for him"),
            ("forgetme", "Forget me"),
        )

    async def told(self) -> tuple[Card, ...]:
        return ()

    async def board(self) -> tuple[Card, ...]:
        return ()


class InboxDouble:
    """Remembers what it took; may be full, or not there."""

    def __init__(self) -> None:
        self.taken: list[Inbound] = []
        self.answers: list[Accepted | Exception] = []
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, message: Inbound) -> Accepted:
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else "taken"
        if isinstance(answer, Exception):
            raise answer
        if answer == "taken" and isinstance(message, InboundMessage) and message in self.taken:
            return "duplicate"
        if answer == "taken":
            self.taken.append(message)
        return answer

    @property
    def lines(self) -> list[InboundMessage]:
        return [one for one in self.taken if isinstance(one, InboundMessage)]

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    @property
    def edits(self) -> list[InboundMessage]:
        return [one.message for one in self.taken if isinstance(one, EditedMessage)]

    @property
    def deletions(self) -> list[tuple[str, ...]]:
        return [one.message_ids for one in self.taken if isinstance(one, DeletedMessages)]


class Stage:
    """The server, one adapter at a time, and its doubles."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.settings = DiscordSettings(token=server.token, owner_name="Alex Rivera", api_base=server.api_base)
        self.memory = MemoryDouble()
        self.inbox = InboxDouble()
        self.desk = DeskDouble()

    def configure(self, **changes: Any) -> None:
        """Other settings for the next run."""
        self.settings = replace(self.settings, **changes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[DiscordAdapter]:
        """The adapter, connected and ready; gone afterwards."""
        adapter = DiscordAdapter(self.settings, self.desk, self.memory)
        task = asyncio.create_task(adapter.run(self.inbox))
        try:
            await until(lambda: task.done() or (adapter._client is not None and adapter._client.is_ready()))
            if task.done():
                task.result()
            yield adapter
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def quicken(monkeypatch: pytest.MonkeyPatch) -> None:
    """No polite waits: not before another session, and not for servers that never come."""
    monkeypatch.setattr(adapters.discord_client, "SERVERS_ARRIVE_S", 0.05)

    async def at_once(self: object, shard_id: int | None, *, initial: bool = False) -> None: ...

    monkeypatch.setattr("discord.Client.before_identify_hook", at_once)
