"""A real house behind a real adapter: Redis, inbox, desk and pairing; the owner paired, one draft's card on her phone.

No model and no process of its own: the draft is answered by hand.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import redis.asyncio

from adapters.telegram_adapter import TelegramAdapter
from adapters.telegram_settings import TelegramSettings
from bot import keys
from bot.accept import make_inbox
from bot.adapter_memory import AdapterMemory
from bot.drafts import Draft
from bot.loops import Stopping
from bot.order_store import ORDERS
from bot.owner import pairing
from bot.owner.cards import card_of, token_of
from bot.owner.desk import wall_clock_ms
from bot.owner.notices import NOTICES
from bot.owner.office import zone_of
from bot.owner.staff import Staff, hire
from model_server.config import OwnerConfig
from model_server.home import Home
from tests.bot.desk import Desk, Recorder, config
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Connection, Person
from tests.waiting import until

OWNER, STRANGER = 501_000_001, 501_000_009
_DESK_CALLS = ("sendMessage", "editMessageText", "answerCallbackQuery", "setMyCommands", "deleteMyCommands")
_AUTHORITY = (ORDERS, pairing._OWNERS, pairing._SESSIONS, keys.HALT, keys.DRAFTS, NOTICES)


@dataclass
class House:
    """Mara owns it. `card`: the message of her private chat with the draft's buttons."""

    server: TelegramServer
    bot: Desk
    staff: Staff
    mara: Person
    stranger: Person
    connection: Connection
    draft: Draft
    card: int = 0

    @property
    def send(self) -> str:
        """What the card's Send carries."""
        return token_of("send", self.draft)

    async def new_code(self) -> str:
        return await self.staff.desk.office.pairing.new_code()

    async def settled(self) -> None:
        """Everything the server had is taken and confirmed."""
        await until(lambda: not self.server.mail.pending_ids)

    async def authority(self) -> dict[str, object]:
        """Everything that grants or changes authority, as it is stored."""
        client = self.bot.client
        names = [name.decode() for name in cast(list[bytes], await client.keys("*"))]
        bound = ("ss:{s0}:outbox", "ss:{s0}:asked:", keys.DRAFT_PREFIX)
        kept = [name for name in names if name in _AUTHORITY or name.startswith(bound)]
        return {name: await client.dump(name) for name in sorted(kept)}

    def said(self) -> int:
        """How often the bot has said or shown anything."""
        return sum(len(self.server.calls_of(method)) for method in _DESK_CALLS)

    async def pushes(self, raw: dict[str, Any]) -> None:
        """A raw update as it stands, about this house's connection and card."""
        text = msgspec.json.encode(raw).decode()
        text = text.replace('"bc1"', f'"{self.connection.id}"').replace("d:send:17:1", self.send)
        await self.server.push(msgspec.json.decode(text))


@contextlib.asynccontextmanager
async def house(client: redis.asyncio.Redis, directory: Path) -> AsyncIterator[House]:
    """Up and paired, until the block ends."""
    settings = msgspec.structs.replace(
        config(autoreply="draft"), owner=OwnerConfig(name="Mara", timezone="Europe/Amsterdam")
    )
    async with TelegramServer() as server:
        mara, stranger = server.person("Mara", "mara_lq", number=OWNER), server.person("Eve", number=STRANGER)
        bot = Desk(client, settings, directory / "contacts.json", Recorder())
        staff = hire(client, settings, Home(directory), lambda: {"test": bot.adapter})
        adapter = TelegramAdapter(
            TelegramSettings(server.token, server.base_url), staff.desk, AdapterMemory(client, "telegram")
        )
        task = asyncio.create_task(adapter.run(make_inbox(bot.scripts, Stopping(), staff.contact_word)))
        try:
            await until(lambda: server.mail.polled)
            await bot.line(text="soup?")
            made = House(server, bot, staff, mara, stranger, await server.connect_business(mara), await bot.drafted())
            await server.contact_writes(mara, f"/pair {await made.new_code()}")
            hers = server.private(mara)
            await until(lambda: "panic" in server.menu(hers, mara))
            card = card_of(made.draft, wall_clock_ms(), zone_of(await staff.desk.office.orders()))
            adapter._limits._chats.clear()
            made.card = int(await adapter.show_owner(str(OWNER), card.screen))
            await made.settled()
            yield made
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await until(lambda: not server.mail.polled)
