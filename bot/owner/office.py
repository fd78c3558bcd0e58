"""What the desk's answers may reach: the stores, the people known now, and the orders in force. Decides nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo

import redis.asyncio

from adapters.base import PlatformAdapter
from bot import keys
from bot.config import BotConfig
from bot.contacts import STRANGER, Contact, ContactBook, ContactEntry, read_contact
from bot.drafts import DraftBook
from bot.order_store import load_orders
from bot.orders import Orders
from bot.owner.answers import clipped
from bot.owner.names import People, Person
from bot.owner.pairing import Pairing
from bot.scripts import Scripts
from model_server.blend_store import load_book
from model_server.blends import BlendBook
from model_server.contract import Blend
from model_server.fitted import Fitted
from model_server.home import Home

_CHATS_KNOWN = 500
_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Office:
    """The desk's reach. `blends`: the defaults of the configuration; `fitted`: tells what was fitted, as it is now."""

    client: redis.asyncio.Redis
    scripts: Scripts
    config: BotConfig
    home: Home
    contacts: ContactBook
    adapters: Callable[[], Mapping[str, PlatformAdapter]]
    pairing: Pairing
    drafts: DraftBook
    blends: Mapping[str, Blend]
    fitted: Callable[[], Fitted]

    async def halted(self) -> bool:
        """Whether the kill switch is on."""
        return bool(await self.client.exists(keys.HALT))

    async def orders(self) -> Orders:
        """Every order as it is now."""
        return await load_orders(self.client, self.config.turns, self.config.owner.timezone)

    async def blend_book(self) -> BlendBook:
        """Every blend as it is now."""
        return await load_book(self.client, self.blends, self.fitted())

    async def people(self) -> People:
        """Everybody whom the file names or who wrote lately, and the types there are."""
        seen = await self._seen()
        book = await self.blend_book()
        types = {*book.known_types(), STRANGER, *(seat.type for seat in self.config.web.seats)}
        return known_people(self.contacts, seen, tuple(types))

    async def own_chats(self, chats: tuple[str, ...], now_ms: int) -> dict[str, int]:
        """Those of these chats that the owner has to himself for now, and until when."""
        async with self.client.pipeline(transaction=False) as pipe:
            for chat in chats:
                pipe.hget(keys.of_chat(chat).chat, "stand_down_until_ms")
            found = await cast(Awaitable[list[Any]], pipe.execute())
        return {chat: int(raw) for chat, raw in zip(chats, found, strict=True) if raw and int(raw) > now_ms}

    async def _seen(self) -> dict[str, Contact]:
        """Chat key -> who wrote last there, the newest chat first."""
        newest = cast(list[bytes], await self.client.zrevrange(keys.CHATS, 0, _CHATS_KNOWN - 1))
        chats = [key.decode() for key in newest]
        async with self.client.pipeline(transaction=False) as pipe:
            for chat in chats:
                pipe.hget(keys.of_chat(chat).chat, "contact")
            found = await cast(Awaitable[list[Any]], pipe.execute())
        return {chat: read_contact(raw or b"") for chat, raw in zip(chats, found, strict=True)}


def zone_of(orders: Orders) -> ZoneInfo:
    """The clock that the owner's times mean."""
    return ZoneInfo(orders.zone)


def known_people(book: ContactBook, seen: Mapping[str, Contact], types: tuple[str, ...]) -> People:
    """The people of the file, then those only seen, each with their chats. `seen` has the newest chat first."""
    entries = [entry for entry in book.entries() if entry.ids]
    in_file = {one: entry.ids[0] for entry in entries for one in entry.ids}
    chats: dict[str, list[str]] = {}
    last: dict[str, Contact] = {}
    for chat, who in seen.items():
        if who.contact_id:
            contact_id = in_file.get(who.contact_id, who.contact_id)
            chats.setdefault(contact_id, []).append(chat)
            last.setdefault(contact_id, Contact(who.contact_id, clipped(who.name, _NAME_CHARS), who.contact_type))
    persons = [
        *(
            Person(_contact_of(entry, last.get(entry.ids[0])), entry.ids, tuple(chats.get(entry.ids[0], ())))
            for entry in entries
        ),
        *(
            Person(who, (contact_id,), tuple(chats[contact_id]))
            for contact_id, who in last.items()
            if contact_id not in in_file
        ),
    ]
    found = {*types, *(person.contact.contact_type for person in persons)}
    return People(tuple(persons), tuple(sorted(found)), tuple(seen))


def _contact_of(entry: ContactEntry, seen: Contact | None) -> Contact:
    """A type that the owner has not given may have been suggested by the platform when they wrote last."""
    return Contact(entry.ids[0], entry.name, entry.type or (seen.contact_type if seen else STRANGER))
