"""A town on our pretended Discord: the real adapter before the real owner's desk, a paired owner, and his double."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from adapters.base import Accepted, Inbound, InboundMessage
from adapters.discord_adapter import DiscordAdapter
from bot import keys
from bot.accept import make_inbox
from bot.adapter_memory import AdapterMemory
from bot.drafts import open_drafts
from bot.loops import Stopping
from bot.order_store import load_orders
from bot.owner.staff import Staff, hire
from model_server.corrections import read_corrections
from model_server.home import Home
from tests.adapters.discord_stage import Stage
from tests.bot.desk import Desk, Recorder, config
from tests.discord_server import rules
from tests.discord_server.server import DiscordServer, running_discord
from tests.discord_server.state import Channel, Interaction, Message, User
from tests.waiting import until

THAT_WAS_ALL = "that was all"


class Ears:
    """The bot's own inbox; remembers the texts it was given."""

    def __init__(self, staff: Staff) -> None:
        self._inbox = make_inbox(staff.scripts, Stopping(), staff.contact_word)
        self.texts: list[str] = []

    async def __call__(self, inbound: Inbound) -> Accepted:
        answer = await self._inbox(inbound)
        if isinstance(inbound, InboundMessage):
            self.texts.append(inbound.text)
        return answer


@dataclass
class Town:
    """A server with the paired owner, people who are not, and a draft that waits for him."""

    stage: Stage
    staff: Staff
    ears: Ears
    adapter: DiscordAdapter
    channel: Channel
    alex: User
    robin: User
    card: Message
    used_code: str

    @property
    def server(self) -> DiscordServer:
        return self.stage.server

    @property
    def dm(self) -> Channel:
        return self.server.dm(self.robin)

    async def code(self) -> str:
        return await self.staff.desk.office.pairing.new_code()

    def button(self, label: str) -> str:
        return next(str(button["custom_id"]) for button in self.card.buttons if button["label"] == label)

    async def form(self) -> Interaction:
        """The form that the owner opened."""
        asked = self.server.press(self.alex, self.card, self.button("Edit"))
        await until(lambda: asked.modal)
        return asked

    async def settled(self, what: Channel | Interaction) -> None:
        """What was done has been heard."""
        if isinstance(what, Interaction):
            await until(lambda: what.answer is not None)
            return
        heard = self.ears.texts.count(THAT_WAS_ALL)
        self.server.writes(self.robin, what, THAT_WAS_ALL, mentions=(self.server.bot,) if what.guild else ())
        await until(lambda: self.ears.texts.count(THAT_WAS_ALL) > heard)


async def authority(town: Town) -> dict[str, Any]:
    """Everything that only the owner can change."""
    office = town.staff.desk.office
    client = office.client
    return {
        "owners": await office.pairing.owner_of("discord"),
        "orders": await load_orders(client, office.config.turns, "UTC"),
        "drafts": await open_drafts(client),
        "halted": await client.exists(keys.HALT),
        "contacts": office.home.contacts_file.read_bytes() if office.home.contacts_file.exists() else b"",
        "corrections": await read_corrections(client),
    }


@asynccontextmanager
async def built(client: redis.asyncio.Redis, home: Home) -> AsyncIterator[Town]:
    """The town on an empty Redis; its owner is paired with a real code."""
    async with running_discord() as server:
        stage = Stage(server)
        guild = server.add_guild()
        admins = server.add_role(guild, "Admins", rules.ADMINISTRATOR)
        channel = server.add_channel(guild)
        alex, robin = server.add_user("Alex", guild), server.add_user("Alex", guild, roles=(admins,))
        otto = server.add_user("Alex", guild, bot=True)
        stage.configure(allowed_bots=frozenset({int(otto.id)}))
        wanted = config(autoreply="draft")
        staff = hire(client, wanted, home, dict)
        stage.desk = staff.desk  # type: ignore[assignment]
        stage.memory = AdapterMemory(client, "discord")  # type: ignore[assignment]
        stage.inbox = ears = Ears(staff)  # type: ignore[assignment]
        desk = Desk(client, wanted, home.contacts_file, Recorder())
        await desk.line()
        await desk.drafted("proposed")
        code = await staff.desk.office.pairing.new_code()
        async with stage.running() as adapter:
            server.writes(alex, server.dm(alex), f"/pair {code}")
            await until(lambda: server.said(server.dm(alex)))
            await until(lambda: server.command_writes)
            card = next(card for card in await staff.desk.board() if card.card_id == "draft-1")
            shown_as = await adapter.show_owner(alex.id, card.screen)
            yield Town(
                stage, staff, ears, adapter, channel, alex, robin, server.world.messages[shown_as], used_code=code
            )
