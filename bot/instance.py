"""One instance of Selfsame on this machine: its configuration, its home, and running all of its processes.

Knows which processes make an instance and in what order they start; not what they do.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import typer

from bot import embedded_redis
from bot.config import WebConfig, read_bot_config
from bot.discord_config import discord_settings
from bot.order_store import load_orders, machine_zone
from bot.orders import Subject
from bot.owner.pairing import CODE_LIFE_S, Pairing
from bot.supervisor import BOT, LEARNER, WORKER, Program, Supervisor, selfsame, until_stopped
from bot.telegram_config import telegram_settings
from bot.windows import zone_named
from model_server.blends import read_blends
from model_server.config import (
    Document,
    EngineConfig,
    FacetsConfig,
    ModelConfig,
    OwnerConfig,
    RedisConfig,
    find_config,
    read_document,
    read_section,
)
from model_server.errors import ConfigError
from model_server.home import Home, find_home
from model_server.redis_link import check_server, connect, redis_url

_WORKER_SECTIONS: dict[str, type[msgspec.Struct]] = {
    "model": ModelConfig,
    "engine": EngineConfig,
    "facets": FacetsConfig,
}


@dataclass(frozen=True, slots=True)
class Instance:
    """A configuration and the home that belongs to it."""

    config_path: Path | None
    document: Document
    home: Home

    @property
    def owner(self) -> OwnerConfig:
        """Who is answered for."""
        return read_section(self.document, "owner", OwnerConfig)

    @property
    def web(self) -> WebConfig:
        """Where the page is."""
        return read_section(self.document, "web", WebConfig)

    @property
    def redis(self) -> RedisConfig:
        """Which server."""
        return read_section(self.document, "redis", RedisConfig)

    @property
    def learns_nightly(self) -> bool:
        """Unless [learning] says otherwise; what else stands there, the learner reads."""
        learning = self.document.get("learning")
        return not (isinstance(learning, Mapping) and learning.get("nightly") is False)


def read_instance() -> Instance:
    """The instance of this folder, or the one that --config and --home name."""
    path = find_config()
    return Instance(path, read_document(path), find_home(path))


@contextlib.asynccontextmanager
async def running_redis(instance: Instance) -> AsyncIterator[str]:
    """The version of the instance's Redis, checked: the configured one, or the embedded one, kept up meanwhile."""
    async with contextlib.AsyncExitStack() as stack:
        if not instance.redis.url:
            await stack.enter_async_context(embedded_redis.kept_up(instance.home, notice))
        client = connect(redis_url(instance.redis, instance.home))
        try:
            version = await check_server(client)
        finally:
            await client.aclose()
        yield version


async def run_redis() -> int:
    """The embedded Redis in the foreground."""
    instance = read_instance()
    async with running_redis(instance) as version:
        typer.echo(f"Redis {version} on {instance.home.redis_socket}")
        await until_stopped()
    return 0


async def run_up() -> int:
    """Redis, worker, bot and, unless it is off, the learner, until Ctrl-C."""
    instance = read_instance()
    prepare(instance)
    if code := await run_step(selfsame("model", "prepare")):
        return code
    async with running_redis(instance) as version, Supervisor(instance.home, notice) as supervisor:
        typer.echo(f"Redis {version} · home {instance.home.path} · logs in {instance.home.logs_dir}")
        learner = (LEARNER,) if instance.learns_nightly else ()
        programs = {supervisor.start(program): program for program in (WORKER, BOT, *learner)}
        page = f"the page: http://{instance.web.host}:{instance.web.port} · " if instance.web.enabled else ""
        typer.echo(f"{page}the terminal: selfsame chat --as friend · Ctrl-C stops")
        if not instance.owner.name:
            typer.echo('[owner] name is empty: contacts would read "the owner" → set it in config.toml')
        await say_who_decides(instance)
        return report(supervisor, programs, await until_stopped(*programs))


async def say_who_decides(instance: Instance) -> None:
    """What applies to everybody now; and a one-time code while a chat app is on that has no owner yet."""
    config = read_bot_config(instance.document)
    client = connect(redis_url(config.redis, instance.home))
    try:
        orders = await load_orders(client, config.turns, config.owner.timezone)
        now_ms = time.time_ns() // 1_000_000
        typer.echo(f"answers: {orders.rule(Subject('', '', ''), now_ms).why} · change it: selfsame owner autoreply ...")
        pairing = Pairing(client)
        apps = [name for name in ("telegram", "discord") if getattr(config, name).enabled]
        waiting = [name for name in apps if await pairing.owner_of(name) is None]
        if waiting:
            typer.echo(
                f"nobody is paired on {' and '.join(waiting)} yet: send the bot there /pair {await pairing.new_code()}"
                f" within {CODE_LIFE_S // 60} minutes (a new code: selfsame owner pair)"
            )
    finally:
        await client.aclose()


def prepare(instance: Instance) -> None:
    """Everything that can fail before a process is started: the sections that our processes read, the home, the port.

    Children inherit the same instance.
    """
    config = read_bot_config(instance.document)
    telegram_settings(config.telegram)
    discord_settings(config.discord, config.owner.name)
    zone_named(config.owner.timezone or machine_zone())
    read_blends(instance.document)
    for section, kind in _WORKER_SECTIONS.items():
        read_section(instance.document, section, kind)
    instance.home.create()
    os.environ["SELFSAME_HOME"] = str(instance.home.path)
    if instance.config_path:
        os.environ["SELFSAME_CONFIG"] = str(instance.config_path.resolve())
    web = instance.web
    if web.enabled:
        check_port_free(web.host, web.port)


def check_port_free(host: str, port: int) -> None:
    """ConfigError when another program listens there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"the page cannot listen on {host}:{port} ({error.strerror})",
                "stop what runs there (`selfsame status`: is it this instance?), or set another [web] port",
            ) from None


async def run_step(argv: tuple[str, ...]) -> int:
    """Run one command to its end with our own console; its exit code. Ends with us."""
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, preexec_fn=embedded_redis.dying_with_us()
    )
    try:
        return await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def report(
    supervisor: Supervisor, programs: "dict[asyncio.Task[int], Program]", ended: "asyncio.Task[int] | None"
) -> int:
    """The exit code for whatever ended the run: 0 for Ctrl-C, else the child's, its last words told."""
    if ended is None:
        return 0
    typer.echo(supervisor.last_words(programs[ended]), err=True)
    return ended.result() or 1


def notice(text: str) -> None:
    """One line for the owner."""
    typer.echo(f"! {text}", err=True)
