"""Somebody else's Discord: the npm package discord-digital-twin, as a child process that one line of JSON drives.

It keeps us from testing our adapter only against our own idea of Discord. What it does not pretend is not tested here:
direct messages, mentions, RESUME, intents, nonces, rate limits, webhooks (see `tests/discord_server` for those).
"""

import asyncio
import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PACKAGES = Path(__file__).parents[2] / ".cache" / "peers" / "discord"
RUNNER = Path(__file__).with_name("discord_twin.mjs")


def missing() -> str | None:
    """What is not installed, and how to get it; None: all there."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (PACKAGES / "node_modules" / "discord-digital-twin").is_dir():
        return "the peer discord-digital-twin is not installed → make peers"
    return None


class DiscordPeer:
    """An async context manager. `api` is the base of its REST API; `channels` are two text channels of one server."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self.api = ""
        self.token = ""
        self.user = ""
        self.channels: list[str] = []

    async def __aenter__(self) -> Self:
        node = shutil.which("node")
        assert node is not None
        self._child = await asyncio.create_subprocess_exec(
            node, str(RUNNER), str(PACKAGES), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        told = await self._read()
        self.api, self.token, self.user, self.channels = told["api"], told["token"], told["user"], told["channels"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        self._child.stdin.close()  # its input ends, so it ends
        await asyncio.wait_for(self._child.wait(), 10)

    async def ask(self, act: str, **what: str) -> Any:
        """One of the runner's acts, and what it gives back."""
        assert self._child is not None
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"act": act, **what}).encode() + b"\n")
        await self._child.stdin.drain()
        return await self._read()

    async def _read(self) -> Any:
        assert self._child is not None
        assert self._child.stdout is not None
        line = await asyncio.wait_for(self._child.stdout.readline(), 20)
        assert line, "the peer ended"
        return json.loads(line)

    async def said(self, channel: str) -> list[str]:
        """The texts that the bot shows in a channel."""
        return [message["content"] for message in await self.ask("shown", channel=channel) if message["author"]["bot"]]
