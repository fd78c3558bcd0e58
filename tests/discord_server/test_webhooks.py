"""What the pretended Discord enforces about webhooks, seen by a real discord.py client."""

import discord
import pytest

from tests.discord_server import rules
from tests.discord_server.bot import Bot
from tests.discord_server.server import DiscordServer
from tests.discord_server.state import Channel, Guild, User
from tests.waiting import until


@pytest.fixture
def may(guild: Guild) -> None:
    guild.everyone.permissions |= rules.MANAGE_WEBHOOKS


@pytest.fixture
async def text_channel(bot: Bot, channel: Channel) -> discord.TextChannel:
    found = await bot.fetch_channel(int(channel.id))
    assert isinstance(found, discord.TextChannel)
    return found


async def test_making_a_webhook_should_need_the_right(text_channel: discord.TextChannel) -> None:
    with pytest.raises(discord.Forbidden) as refused:
        await text_channel.create_webhook(name="Sam")
    assert refused.value.code == 50013


@pytest.mark.usefixtures("may")
@pytest.mark.parametrize("name", ["My Discord", "clyde", "x" * 81, " "])
async def test_some_names_should_be_refused(text_channel: discord.TextChannel, name: str) -> None:
    with pytest.raises(discord.HTTPException) as refused:
        await text_channel.create_webhook(name=name)
    assert refused.value.code == 50035
    webhook = await text_channel.create_webhook(name="Sam")
    with pytest.raises(discord.HTTPException) as refused:
        await webhook.send("hello", username=name, wait=True)
    assert refused.value.code == 50035


@pytest.mark.usefixtures("may")
async def test_a_channel_should_take_fifteen_webhooks(server: DiscordServer, text_channel: discord.TextChannel) -> None:
    for n in range(15):
        await text_channel.create_webhook(name=f"Voice {n}")
    with pytest.raises(discord.HTTPException) as refused:
        await text_channel.create_webhook(name="Voice 15")
    assert refused.value.code == 30007
    assert len(await text_channel.webhooks()) == 15


@pytest.mark.usefixtures("may")
async def test_a_webhook_should_speak_under_a_name_and_a_picture(
    server: DiscordServer, channel: Channel, robin: User, text_channel: discord.TextChannel, bot: Bot
) -> None:
    webhook = await text_channel.create_webhook(name="Voice")
    said = await webhook.send(
        f"hello {server.mention(robin)}",
        username="Sam",
        avatar_url="https://example.org/sam.png",
        wait=True,
        allowed_mentions=discord.AllowedMentions.none(),
    )
    assert await webhook.send("no answer wanted") is None  # type: ignore[func-returns-value]
    shown = server.shown(channel)
    assert [(m.name, m.avatar_url) for m in shown] == [("Sam", "https://example.org/sam.png"), ("Voice", None)]
    assert shown[0].id == str(said.id)
    assert server.pings() == []
    assert server.said(channel) == [m.text for m in shown]
    await until(lambda: len(bot.heard) == 2)
    assert (bot.heard[0].webhook_id, bot.heard[0].author.bot, bot.heard[0].author.name) == (webhook.id, True, "Sam")
    await webhook.delete_message(said.id)
    assert server.said(channel) == ["no answer wanted"]


@pytest.mark.usefixtures("may")
async def test_a_webhook_should_know_no_nonce(
    server: DiscordServer, channel: Channel, text_channel: discord.TextChannel
) -> None:
    webhook = await text_channel.create_webhook(name="Voice")
    server.breaks_down("POST /webhooks/*/*", status=502, after=True)
    await webhook.send("twice", wait=True)  # discord.py itself tries again after a 502 ...
    assert server.said(channel) == ["twice", "twice"], "... and nothing tells the second from the first"


@pytest.mark.usefixtures("may")
async def test_the_token_should_be_the_key_and_be_shown_to_its_maker_only(
    server: DiscordServer, channel: Channel, text_channel: discord.TextChannel
) -> None:
    server.webhook_writes(channel, "News", "headline")
    webhook = await text_channel.create_webhook(name="Voice")
    seen = {hook.name: hook.token for hook in await text_channel.webhooks()}
    assert seen == {"News": None, "Voice": webhook.token}
    assert webhook.token is not None
    for id_, token, code in ((webhook.id, "wrong", 50027), (4711, webhook.token, 10015)):
        wrong = discord.Webhook.partial(id_, token, session=webhook.session)
        with pytest.raises(discord.HTTPException) as refused:
            await wrong.send("x", wait=True)
        assert refused.value.code == code
    await webhook.delete()
    with pytest.raises(discord.NotFound):
        await webhook.send("x", wait=True)
