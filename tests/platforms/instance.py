"""A whole instance under `selfsame up`, talking to our two platform servers: what the end-to-end tests drive.

Real: every process, Redis, the bundled model, python-telegram-bot, discord.py. Ours: the platforms' servers alone.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from adapters.terminal_client import say_as_owner
from model_server.bundled import ensure_bundled
from model_server.home import Home
from model_server.presence import present_workers
from model_server.redis_link import connect
from tests.discord_server.server import DiscordServer
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Person, Room
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent
STARTING_S = 90.0
REPLY_S = 60.0
NOTICE = "Automatic reply: a machine answers here in Tilda Varnholt's name"

_CONFIG = """
[owner]
name = "Tilda Varnholt"
timezone = "Europe/Amsterdam"
[model]
name = "{model}"
[engine]
max_new_tokens = 24
[turns]
quiet_ms = 150
lease_ms = 6000
[pacing]
longest_ms = {longest_ms}
per_character_ms = 200
[web]
enabled = false
[telegram]
enabled = true
base_url = "{telegram}"
[discord]
enabled = true
api_base = "{discord}"
[discord.roles]
"Close friends" = "friend"
"""


class Instance:
    """One folder, one `selfsame up`, started and stopped at will."""

    def __init__(self, directory: Path, telegram: TelegramServer, discord: DiscordServer) -> None:
        self.directory = directory
        self.telegram = telegram
        self.discord = discord
        self.process: asyncio.subprocess.Process | None = None

    @property
    def home(self) -> Home:
        return Home((self.directory / ".selfsame").resolve())

    def configure(self, model_home: Home, longest_ms: int) -> None:
        text = _CONFIG.format(
            model=ensure_bundled(model_home),
            longest_ms=longest_ms,
            telegram=self.telegram.base_url,
            discord=self.discord.api_base,
        )
        (self.directory / "config.toml").write_text(text)

    async def start(self) -> None:
        """Up, with a worker that is ready and both platforms listened to."""
        with (self.directory / "up.out").open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot.cli", "up"),
                cwd=self.directory,
                env=self._environment(),
                stdout=output,
                stderr=output,
            )
        polls = len(self.telegram.calls_of("getUpdates"))
        await until(self._worker_is_ready, STARTING_S)
        await until(lambda: len(self.telegram.calls_of("getUpdates")) > polls, STARTING_S)
        await until(lambda: self.discord.gateway.identifies, STARTING_S)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 60)

    async def selfsame(self, *arguments: str) -> tuple[int, str]:
        """(exit code, what it printed) of one command of the owner's."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", *arguments),
            cwd=self.directory,
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await asyncio.wait_for(child.communicate(), 60)
        assert child.returncode is not None
        return child.returncode, printed.decode()

    async def owner(self, words: str) -> str:
        """What the desk answers in the shell (by the same socket, without the shell); it has to understand."""
        heard = await say_as_owner(self.home.terminal_socket, words)
        assert heard.ok, heard.text
        return heard.text

    async def pairing_code(self) -> str:
        found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", await self.owner("pair"))
        assert found is not None
        return found.group()

    def console_code(self) -> str:
        """The code that `selfsame up` printed because nobody was paired yet."""
        printed = (self.directory / "up.out").read_text()
        found = re.search(r"nobody is paired on telegram and discord yet: .*/pair ([A-Z0-9]{4}-[A-Z0-9]{4})", printed)
        assert found is not None, printed
        return found.group(1)

    async def status(self) -> dict[str, Any]:
        code, printed = await self.selfsame("status", "--json")
        return json.loads(printed) if code == 0 else {}

    @contextlib.asynccontextmanager
    async def redis(self) -> AsyncIterator[redis.asyncio.Redis]:
        """Straight into the instance's store, to see what no command shows."""
        client = connect(f"unix://{self.home.redis_socket}")
        try:
            yield client
        finally:
            await client.aclose()

    def said_in_the_logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.home.logs_dir.iterdir())

    async def _worker_is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, (self.directory / "up.out").read_text()
        try:
            async with self.redis() as client:
                return any(worker.ready for worker in await present_workers(client))
        except (RedisError, OSError):
            return False

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SELFSAME_")}
        tokens = {
            "SELFSAME_TELEGRAM_TOKEN": self.telegram.token,
            "SELFSAME_DISCORD_TOKEN": self.discord.token,
        }
        return {**kept, **tokens, "PYTHONPATH": str(ROOT)}


class TelegramOwner:
    """Tilda with her phone: her private chat with the bot is the desk."""

    def __init__(self, server: TelegramServer) -> None:
        self.server = server
        self.person: Person = server.person("Tilda", "tilda_v")
        self.desk: Room = server.private(self.person)

    async def says(self, text: str) -> str:
        """Type to the bot; what it answers next."""
        before = len(self.server.sent(self.desk))
        await self.server.contact_writes(self.person, text)
        await until(lambda: len(self.server.sent(self.desk)) > before, REPLY_S)
        return self.server.sent(self.desk)[-1]

    async def card(self, naming: str) -> int:
        """The newest message with buttons that contains these words."""
        await until(lambda: self._cards(naming), REPLY_S)
        return self._cards(naming)[-1]

    async def press(self, card: int, label: str) -> None:
        query = await self.server.press(self.desk, card, label, by=self.person)
        await until(lambda: query.answered)

    def text_of(self, message_id: int) -> str:
        return next(bubble.text for bubble in self.server.shown(self.desk) if bubble.id == message_id)

    def buttons_of(self, message_id: int) -> list[str]:
        (bubble,) = [bubble for bubble in self.server.shown(self.desk) if bubble.id == message_id]
        return [label for label, _ in bubble.buttons]

    def _cards(self, naming: str) -> list[int]:
        return [b.id for b in self.server.shown(self.desk) if b.by_bot and b.buttons and naming in b.text]
