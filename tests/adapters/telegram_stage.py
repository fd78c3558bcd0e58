"""A Telegram adapter that runs against the test server, with doubles behind it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from adapters.base import ChatRef, OutboundMessage, RetryLater, SentReceipt
from adapters.telegram_adapter import TelegramAdapter
from adapters.telegram_settings import TelegramSettings, WebhookSettings
from tests.adapters.telegram_doubles import DeskDouble, InboxDouble, MemoryDouble
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Person
from tests.waiting import until


@dataclass
class Stage:
    """The adapter between the server and the doubles. `mara` is the owner; she is paired."""

    server: TelegramServer
    desk: DeskDouble
    memory: MemoryDouble
    inbox: InboxDouble
    adapter: TelegramAdapter
    mara: Person
    jonas: Person

    async def settled(self) -> None:
        """Everything the server had is taken and confirmed."""
        await until(lambda: not self.server.mail.pending_ids)

    async def send(self, chat_key: str, text: str) -> SentReceipt:
        """Send one bubble as the Courier does: what has to wait is tried again."""
        chat = ChatRef.parse(chat_key)
        while True:
            try:
                return await self.adapter.send(OutboundMessage(chat, "bubble", text))
            except RetryLater as error:
                if error.after_s > 2:
                    raise
                await asyncio.sleep(error.after_s)

    def a_second_later(self) -> None:
        """No chat's own limit holds any more."""
        self.adapter._limits._chats.clear()


@contextlib.asynccontextmanager
async def staged(server: TelegramServer, *, paired: bool = True) -> AsyncIterator[Stage]:
    """A stage whose adapter does not run yet."""
    mara, jonas = server.person("Mara", "mara_lq"), server.person("Jonas", "jonas_ok")
    desk, memory, inbox = DeskDouble(), MemoryDouble(), InboxDouble()
    if paired:
        desk.owners.add(str(mara.id))
    yield Stage(server, desk, memory, inbox, adapter_of(server, desk, memory), mara, jonas)


def adapter_of(
    server: TelegramServer,
    desk: DeskDouble,
    memory: MemoryDouble,
    *,
    groups: bool = True,
    webhook: WebhookSettings | None = None,
) -> TelegramAdapter:
    """An adapter for this server."""
    settings = TelegramSettings(server.token, server.base_url, groups=groups, webhook=webhook)
    return TelegramAdapter(settings, desk, memory)


@contextlib.asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[None]:
    """The stage's adapter, receiving, until the block ends."""
    task = asyncio.create_task(stage.adapter.run(stage.inbox))
    try:
        await until(lambda: task.done() or stage.server.mail.polled or stage.server.mail.webhook is not None)
        assert not task.done(), task.exception()
        yield
    finally:
        task.cancel()
        async with asyncio.timeout(5):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await until(lambda: not stage.server.mail.polled)
