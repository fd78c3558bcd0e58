"""The owner's desk over one real bot process's stores."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.base import ChatRef
from adapters.owner_port import Press, Shown, Word
from bot.contacts import ContactBook
from bot.drafts import Draft
from bot.owner.contact_words import ContactWords
from bot.owner.desk import OwnerDesk, wall_clock_ms
from bot.owner.pairing import Pairing
from model_server.config import OwnerConfig
from model_server.home import Home
from tests.bot.conftest import MakeDesk
from tests.bot.desk import Desk

OWNER = "7"
NOON_MS = 1_780_308_000_000  # 2026-06-01 12:00 in Amsterdam, a Monday


@dataclass
class Owner:
    """Somebody at the desk: the paired owner on Telegram, unless `user_id` says otherwise."""

    bot: Desk
    desk: OwnerDesk
    user_id: str = OWNER
    platform: str = "telegram"

    async def asks(self, text: str, answers: str | None = None) -> Shown | None:
        chat = ChatRef(self.platform, self.user_id)
        return await self.desk.word(Word(self.platform, self.user_id, "Tilda", chat, text, answers))

    async def says(self, text: str) -> str:
        """Something that the desk understands and carries out."""
        shown = await self.asks(text)
        assert shown is not None
        assert shown.screen is not None
        assert shown.ok, shown.screen.text
        return shown.screen.text

    async def is_refused(self, text: str) -> str:
        shown = await self.asks(text)
        assert shown is not None
        assert shown.screen is not None
        assert not shown.ok, shown.screen.text
        return shown.screen.text

    async def presses(self, token: str, text: str | None = None) -> Shown:
        shown = await self.desk.press(Press(self.platform, self.user_id, token, text))
        assert shown is not None
        return shown


MakeOwner = Callable[..., Owner]


@pytest.fixture
def make_owner(make_desk: MakeDesk, tmp_path: Path) -> MakeOwner:
    """`make_owner(now_ms=..., **turns)`: the terminal's, until `paired` made an account his."""

    def make(now_ms: Callable[[], int] = wall_clock_ms, **turns: object) -> Owner:
        bot = make_desk(**{"autoreply": "draft", **turns})
        owner = OwnerConfig(name="Tilda", timezone="Europe/Amsterdam")
        config = msgspec.structs.replace(bot.config, owner=owner)
        home = Home(tmp_path)
        desk = OwnerDesk(
            client=bot.client,
            scripts=bot.scripts,
            config=config,
            home=home,
            contacts=ContactBook(home.contacts_file),
            adapters=lambda: {"test": bot.adapter},
            pairing=Pairing(bot.client),
            contact_words=ContactWords(bot.scripts, config, home),
            now_ms=now_ms,
        )
        return Owner(bot, desk, "local", "terminal")

    return make


@pytest.fixture
async def owner(make_owner: MakeOwner) -> Owner:
    """The owner, paired on Telegram."""
    return await paired(make_owner())


async def paired(local: Owner) -> Owner:
    """The same desk, from the account that a code made the owner's."""
    code = (await local.says("pair")).splitlines()[0]
    phone = replace(local, user_id=OWNER, platform="telegram")
    assert "You are the owner here now" in await phone.says(f"/pair {code}")
    return phone


async def drafted(owner: Owner, reply: str = "well", chat: str = "1", **more: Any) -> Draft:
    """A line of Ann's in this chat, and the draft that answers it."""
    await owner.bot.line(chat, **more)
    return await owner.bot.drafted(reply, chat)
