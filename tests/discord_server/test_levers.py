"""What a test may make people and the platform do, seen by a real discord.py client."""

import discord
import pytest

from tests.discord_server import rules
from tests.discord_server.bot import Bot
from tests.discord_server.server import SENDS, DiscordServer, running_discord
from tests.discord_server.state import Channel, Guild, User
from tests.waiting import until


async def test_a_thread_should_be_a_place_of_its_own(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    thread = server.add_channel(guild, "a question", parent=channel)
    server.writes(robin, thread, "in the thread")
    await until(lambda: bot.heard)
    place = bot.heard[0].channel
    assert isinstance(place, discord.Thread)
    assert (place.id, place.parent_id) == (int(thread.id), int(channel.id))
    await place.send("here too")
    assert (server.said(thread), server.said(channel)) == (["here too"], [])
    server.deny(channel, rules.SEND_IN_THREADS)
    with pytest.raises(discord.Forbidden):
        await place.send("no more")


async def test_a_message_may_arrive_twice(server: DiscordServer, channel: Channel, robin: User, bot: Bot) -> None:
    line = server.writes(robin, channel, "once")
    server.arrives_again(line)
    await until(lambda: len(bot.heard) == 2)
    assert [(message.id, message.content) for message in bot.heard] == [(int(line.id), "once")] * 2


async def test_other_voices_should_be_told_apart(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    server.webhook_writes(channel, "News", "headline")
    server.writes(server.add_user("Quizmaster", guild, bot=True), channel, "next question")
    server.system_line(robin, channel)
    await until(lambda: len(bot.heard) == 3)
    assert [message.webhook_id is not None for message in bot.heard] == [True, False, False]
    assert [message.author.bot for message in bot.heard] == [True, True, False]
    assert [message.is_system() for message in bot.heard] == [False, False, True]
    assert server.said(channel) == [], "none of it was said by the bot"


async def test_any_refusal_may_be_asked_for(server: DiscordServer, channel: Channel, bot: Bot) -> None:
    server.refuses(
        SENDS, 403, 20028, "The write action you are performing on the channel has hit the write rate limit."
    )
    with pytest.raises(discord.Forbidden) as refused:
        await bot.place(channel.id).send("x")
    assert refused.value.code == 20028
    await bot.place(channel.id).send("y")
    assert server.said(channel) == ["y"]


async def test_roles_should_change_while_the_bot_is_there(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    server.writes(robin, channel, "before")
    server.join(robin, guild, server.add_role(guild, "Close friends"))
    server.writes(robin, channel, "after")
    await until(lambda: len(bot.heard) == 2)
    authors = [message.author for message in bot.heard]
    assert [[role.name for role in author.roles[1:]] for author in authors if isinstance(author, discord.Member)] == [
        [],
        ["Close friends"],
    ]
    assert [role.name for role in (await bot.guilds[0].fetch_member(int(robin.id))).roles] == [
        "@everyone",
        "Close friends",
    ]


async def test_a_call_that_this_server_does_not_know_should_fail_the_test() -> None:
    async def ask() -> None:
        async with running_discord() as server, Bot() as bot:
            await bot.login(server.token)
            with pytest.raises(discord.NotFound):
                await bot.http.request(discord.http.Route("GET", "/voice/regions"))

    with pytest.raises(AssertionError, match="GET /voice/regions"):
        await ask()
