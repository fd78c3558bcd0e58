"""Members of a server write on Discord, the owner decides there: with the real model and the real library."""

from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.discord_server.server import DiscordServer
from tests.discord_server.state import Channel, Guild, Message, User
from tests.platforms.instance import NOTICE, REPLY_S, Instance
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="package")


@dataclass
class Harbour:
    """A server with its people; the owner is paired."""

    instance: Instance
    guild: Guild
    channel: Channel
    owner: User

    @property
    def server(self) -> DiscordServer:
        return self.instance.discord

    async def card(self, naming: str) -> Message:
        await until(lambda: self._cards(naming), REPLY_S)
        return self._cards(naming)[-1]

    def _cards(self, naming: str) -> list[Message]:
        desk = self.server.shown(self.server.dm(self.owner))
        return [message for message in desk if message.buttons and naming in message.text]

    def token(self, card: Message, label: str) -> str:
        return next(str(button["custom_id"]) for button in card.buttons if button["label"] == label)


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def harbour(instance: Instance) -> Harbour:
    server = instance.discord
    guild = server.add_guild()
    channel = server.add_channel(guild)
    owner = server.add_user("Tilda", guild)
    await until(lambda: server.command_writes, REPLY_S)
    paired = server.slash(owner, "pair", server.dm(owner), words=instance.console_code())
    await until(lambda: paired.shown, REPLY_S)
    return Harbour(instance, guild, channel, owner)


async def test_a_direct_message_should_be_held_and_sent_when_the_owner_presses_send(harbour: Harbour) -> None:
    server = harbour.server
    stranger = server.add_user("Viktor", harbour.guild)
    server.writes(stranger, server.dm(stranger), "is this the archive?")
    card = await harbour.card("is this the archive?")
    assert server.said(server.dm(stranger)) == []
    pressed = server.press(harbour.owner, card, harbour.token(card, "Send"))
    await until(lambda: len(server.said(server.dm(stranger))) >= 2, REPLY_S)
    assert server.said(server.dm(stranger))[0].startswith(NOTICE)
    await until(lambda: not card.buttons, REPLY_S)
    assert pressed.answer is not None
    assert server.pings() == []


async def test_a_role_should_make_a_friend_and_a_mention_should_be_answered(harbour: Harbour) -> None:
    server = harbour.server
    await harbour.instance.owner("autoreply auto for friend")
    friend = server.add_user("Wilma", harbour.guild, roles=(server.add_role(harbour.guild, "Close friends"),))
    server.writes(friend, harbour.channel, "nobody is addressed by this")
    server.writes(friend, harbour.channel, "how was the rehearsal?", mentions=(server.bot,))
    await until(lambda: len(server.said(harbour.channel)) >= 2, REPLY_S)
    told = await harbour.instance.owner(f"why discord:{harbour.channel.id}")
    assert "friend" in told
    assert server.pings() == []


async def test_the_owners_form_should_send_her_own_words(harbour: Harbour) -> None:
    server = harbour.server
    stranger = server.add_user("Xenia", harbour.guild)
    server.writes(stranger, server.dm(stranger), "what does it cost?")
    card = await harbour.card("what does it cost?")
    asked = server.press(harbour.owner, card, harbour.token(card, "Edit"))
    await until(lambda: asked.modal, REPLY_S)
    assert asked.modal is not None
    field = asked.modal["components"][0]
    part = field["component"] if field["type"] == 18 else field["components"][0]
    server.submit(asked, {part["custom_id"]: "It costs nothing."})
    await until(lambda: "It costs nothing." in server.said(server.dm(stranger)), REPLY_S)


async def test_a_slash_command_should_be_answered_to_the_owner_alone(harbour: Harbour) -> None:
    server = harbour.server
    asked = server.slash(harbour.owner, "status", server.dm(harbour.owner))
    await until(lambda: asked.shown, REPLY_S)
    mallory = server.add_user("Mallory", harbour.guild)
    before = await harbour.instance.owner("status")
    tried = server.slash(mallory, "autoreply", server.dm(mallory), words="auto")
    await until(lambda: tried.shown, REPLY_S)
    assert all(message.only_for is mallory for message in server.whispered(mallory))
    assert await harbour.instance.owner("status") == before
