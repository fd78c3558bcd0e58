"""The owner's side of a bot, composed: desk, contacts' own words, clock, and who tells the owner what is new.

Knows no platform and does nothing itself.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import redis.asyncio

from adapters.base import InboundMessage, PlatformAdapter
from adapters.owner_port import OwnerChannel
from bot.chat_control import recall, rouse
from bot.clock import Clock
from bot.config import BotConfig
from bot.contacts import ContactBook
from bot.drafts import expire
from bot.owner.contact_words import ContactWords
from bot.owner.desk import OwnerDesk
from bot.owner.digest import digest
from bot.owner.notices import DIGEST, notify
from bot.owner.office import zone_of
from bot.owner.pairing import Pairing
from bot.owner.push import OwnerPush
from bot.scripts import Scripts
from model_server.blends import DEFAULTS
from model_server.contract import Blend
from model_server.home import Home

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody who works for the owner in one bot process."""

    scripts: Scripts
    contacts: ContactBook
    desk: OwnerDesk
    words: ContactWords

    async def contact_word(self, message: InboundMessage) -> bool:
        """Answer a contact's own command; whether it was one."""
        return await self.words.as_line(message)

    def clock(self) -> Clock:
        """Rings at the edges of windows, for the digest, and each minute for drafts past their time."""
        office, scripts = self.desk.office, self.scripts

        async def decide_anew() -> None:
            await rouse(scripts)
            now_ms = time.time_ns() // 1_000_000
            await recall(scripts, office.contacts, await office.orders(), office.adapters(), now_ms)

        async def tell_digest() -> None:
            now_ms, zone = time.time_ns() // 1_000_000, zone_of(await office.orders())
            text = await digest(scripts.client, now_ms - _DAY_MS, now_ms, zone)
            await notify(scripts.client, text, about=DIGEST)

        return Clock(
            scripts.client,
            office.orders,
            on_boundary=decide_anew,
            on_digest=tell_digest,
            on_sweep=lambda: expire(scripts),
        )

    def pushes(self, adapters: list[PlatformAdapter]) -> list[tuple[str, OwnerPush]]:
        """(platform, who tells the owner there) for each adapter that can reach him."""
        return [
            (adapter.platform, OwnerPush(self.desk.office, adapter, adapter.platform))
            for adapter in adapters
            if isinstance(adapter, OwnerChannel)
        ]


def hire(
    client: redis.asyncio.Redis,
    config: BotConfig,
    home: Home,
    adapters: Callable[[], Mapping[str, PlatformAdapter]],
    blends: Mapping[str, Blend] = DEFAULTS,
) -> Staff:
    """The owner's side of one process. `adapters` is asked when one is needed: they are made after their desk."""
    scripts, contacts = Scripts(client, config.turns), ContactBook(home.contacts_file)
    words = ContactWords(scripts, config, home)
    desk = OwnerDesk(
        client=client,
        scripts=scripts,
        config=config,
        home=home,
        contacts=contacts,
        adapters=adapters,
        pairing=Pairing(client),
        contact_words=words,
        blends=blends,
    )
    return Staff(scripts, contacts, desk, words)
