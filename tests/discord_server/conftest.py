"""One pretended Discord a test, and real discord.py clients that log in to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import discord
import pytest

from tests.discord_server.bot import Bot
from tests.discord_server.server import DiscordServer, running_discord
from tests.discord_server.state import Channel, Guild, User
from tests.waiting import until

Connect = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with running_discord() as running:
        yield running


@pytest.fixture
def guild(server: DiscordServer) -> Guild:
    return server.add_guild("Harbour")


@pytest.fixture
def channel(server: DiscordServer, guild: Guild) -> Channel:
    return server.add_channel(guild, "general")


@pytest.fixture
def robin(server: DiscordServer, guild: Guild) -> User:
    return server.add_user("Robin", guild)


@pytest.fixture
async def connect(server: DiscordServer) -> AsyncIterator[Connect]:
    """Log a client in and wait until it is ready: `bot = await connect(intents=...)`."""
    running: list[tuple[Bot, asyncio.Task[None]]] = []

    async def start(intents: discord.Intents | None = None) -> Bot:
        bot = Bot(intents)
        task = asyncio.create_task(bot.start(server.token))
        running.append((bot, task))
        await until(lambda: bot.is_ready() or task.done())
        if task.done():
            task.result()
        return bot

    yield start
    for bot, task in running:
        await bot.close()
        with suppress(discord.DiscordException):
            await task


@pytest.fixture
async def bot(connect: Connect) -> Bot:
    """A client that may read everything."""
    return await connect()
