"""The bot composed by hand: configuration, Redis and the concrete adapters become one process.

The one place that names concrete adapters; what happens to a message is nowhere here.
"""

import asyncio
import os
import signal
import sys

import redis.asyncio
import structlog

from adapters.base import ChatRef, PlatformAdapter
from adapters.discord_adapter import DiscordAdapter
from adapters.local_contract import FacetProgress, HistoryLine, LocalError, Seat
from adapters.owner_port import Desk
from adapters.telegram_adapter import TelegramAdapter
from adapters.terminal_adapter import TerminalAdapter
from adapters.web_adapter import WebAdapter
from adapters.web_settings import WebSettings
from bot.adapter_memory import AdapterMemory
from bot.config import BotConfig, read_bot_config
from bot.discord_config import discord_settings
from bot.outcomes import read_history
from bot.owner.staff import hire
from bot.process import Bot
from bot.telegram_config import telegram_settings
from bot.training_progress import facet_progress, read_progress
from model_server.blends import read_blends
from model_server.config import find_config, read_document
from model_server.errors import RedisUnavailable, SelfsameError
from model_server.home import Home, find_home
from model_server.log import configure_logging
from model_server.presence import present_workers
from model_server.redis_link import check_server, connect, redis_url

log = structlog.get_logger()


def build_adapters(config: BotConfig, home: Home, client: redis.asyncio.Redis, desk: Desk) -> list[PlatformAdapter]:
    """The adapters the configuration asks for, their addresses taken. LocalError or ConfigError when one cannot be."""

    async def history(chat: ChatRef, most: int) -> list[HistoryLine]:
        lines = await read_history(client, chat, most)
        return [HistoryLine(line.line_id, line.author, line.text, line.at_ms) for line in lines]

    async def status() -> list[FacetProgress]:
        live = {facet for worker in await present_workers(client) for facet in worker.facets}
        return facet_progress(read_progress(home), live)

    seats = tuple(Seat(seat.type, seat.name, seat.note, seat.openers) for seat in config.web.seats)
    adapters: list[PlatformAdapter] = []
    if config.web.enabled:
        settings = WebSettings(
            host=config.web.host,
            port=config.web.port,
            owner_name=config.owner.name,
            seats=seats,
            demo=config.owner.demo,
            status=status if config.owner.demo else None,
            public_hosts=config.web.public_hosts,
        )
        web = WebAdapter(settings, history, desk)
        web.bind()
        adapters.append(web)
    if config.terminal.enabled:
        terminal = TerminalAdapter(home.terminal_socket, config.owner.name, seats, history, desk)
        terminal.bind()
        adapters.append(terminal)
    if (telegram := telegram_settings(config.telegram)) is not None:
        bot = TelegramAdapter(telegram, desk, AdapterMemory(client, "telegram"))
        bot.bind()
        adapters.append(bot)
    if (discord := discord_settings(config.discord, config.owner.name)) is not None:
        adapters.append(DiscordAdapter(discord, desk, AdapterMemory(client, "discord")))
    return adapters


async def run() -> None:
    """Serve until SIGTERM or SIGINT."""
    path = find_config()
    document, home = read_document(path), find_home(path).create()
    config = read_bot_config(document)
    configure_logging("bot", home, console=False)
    client = connect(redis_url(config.redis, home))
    try:
        await check_server(client)
        by_platform: dict[str, PlatformAdapter] = {}
        staff = hire(client, config, home, lambda: by_platform, read_blends(document))
        adapters = build_adapters(config, home, client, staff.desk)
        by_platform |= {adapter.platform: adapter for adapter in adapters}
        bot = Bot(client, config, home, adapters, staff)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, bot.stop)
        log.info("ready", page=f"http://{config.web.host}:{config.web.port}" if config.web.enabled else "off")
        await bot.run()
    finally:
        await client.aclose()


def main() -> None:
    """One bot process; one line and EX_CONFIG when the owner has to mend something first."""
    os.umask(0o077)  # whatever we write is the owner's alone
    try:
        asyncio.run(run())
    except RedisUnavailable as error:
        sys.exit(f"selfsame bot: {error}")
    except (SelfsameError, LocalError) as error:
        print(f"selfsame bot: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(os.EX_CONFIG)
