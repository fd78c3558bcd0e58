"""`python -m tests.chaos.bot_process FOLDER`: a real bot whose platform is a file.

The adapter is the outermost seam: what stands in `sent` was said. It offers every line of the plan in each chat's
order until it is acknowledged, and after a restart the last ones once more, as platforms do.
"""

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

import msgspec
import structlog

from adapters.base import FOREVER_MS, ChatRef, InboundMessage, Inbox, OutboundMessage, RetryLater, SentReceipt
from bot.config import BotConfig, PacingConfig, TurnsConfig
from bot.owner.staff import hire
from bot.process import Bot
from model_server.home import Home
from model_server.redis_link import connect
from tests.chaos.checker import Sent
from tests.chaos.plan import PLATFORM, Plan, PlannedLine

_OFFERED_AGAIN = 3
_RETRY_LATER = 0.02
_LATENCY_S = 0.06
"""At most, to the platform and back: time enough to be killed while a send is under way."""


class Setup(msgspec.Struct, frozen=True):
    """What the arena tells its processes, in `setup.json`."""

    redis_url: str
    lease_ms: int = 1_500
    deadline_ms: int = 60_000
    resend_is_safe: bool = False
    work_ms: tuple[int, int] = (20, 60)
    ack_first: bool = False
    """A planted fault: workers forget a request before they have answered it."""


def append(path: Path, text: str) -> None:
    """One line, on disk when this returns; many processes may append to one file."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, text.encode() + b"\n")
        os.fsync(file)
    finally:
        os.close(file)


class RecordingAdapter:
    """A `PlatformAdapter` on files."""

    platform = PLATFORM

    def __init__(self, folder: Path, resend_is_safe: bool) -> None:
        self._folder = folder
        self._resend_is_safe = resend_is_safe

    def resend_safe_ms(self, chat: ChatRef) -> int:
        return FOREVER_MS if self._resend_is_safe else 0

    async def run(self, inbox: Inbox) -> None:
        plan = msgspec.json.decode((self._folder / "plan.json").read_bytes(), type=Plan)
        acked = self._folder / "acked"
        before = set(acked.read_text().split()) if acked.exists() else set()
        chats: dict[str, list[PlannedLine]] = {}
        for line in plan.lines:
            chats.setdefault(line.chat, []).append(line)
        async with asyncio.TaskGroup() as group:
            for lines in chats.values():
                known = sum(line.line_id in before for line in lines)
                group.create_task(self._offer(inbox, lines[max(0, known - _OFFERED_AGAIN) :], plan.start_s))
        await asyncio.Event().wait()

    async def _offer(self, inbox: Inbox, lines: list[PlannedLine], start_s: float) -> None:
        for line in lines:
            await asyncio.sleep(max(0.0, start_s + line.at_s - time.time()))
            message = InboundMessage(
                ChatRef(PLATFORM, line.chat), line.line_id, line.line_id, line.chat, line.chat, int(time.time() * 1000)
            )
            while await inbox(message) == "full":  # noqa: ASYNC110  # offered again, as a platform does
                await asyncio.sleep(0.1)
            append(self._folder / "acked", line.line_id)

    async def send(self, message: OutboundMessage) -> SentReceipt:
        if random.random() < _RETRY_LATER:
            raise RetryLater(0.2)
        sent = Sent(message.chat.chat_id, message.bubble_id, message.text)
        try:
            await asyncio.sleep(random.uniform(0, _LATENCY_S))
            append(self._folder / "sent", msgspec.json.encode(sent).decode())
            await asyncio.sleep(random.uniform(0, _LATENCY_S))
        except asyncio.CancelledError:
            append(self._folder / "cut_short", message.bubble_id)
            raise
        return SentReceipt(message.bubble_id)

    async def show_typing(self, chat: ChatRef) -> None:
        pass


def read_setup(folder: Path) -> Setup:
    return msgspec.json.decode((folder / "setup.json").read_bytes(), type=Setup)


async def run(folder: Path) -> None:
    setup = read_setup(folder)
    config = BotConfig(
        turns=TurnsConfig(
            autoreply="auto",
            autoreply_strangers="auto",
            quiet_ms=150,
            longest_wait_ms=1_500,
            lease_ms=setup.lease_ms,
            deadline_ms=setup.deadline_ms,
            disclosure="notice",
        ),
        pacing=PacingConfig(per_character_ms=1, longest_ms=100),
    )
    client = connect(setup.redis_url)
    home, adapter = Home(folder), RecordingAdapter(folder, setup.resend_is_safe)
    bot = Bot(client, config, home, [adapter], hire(client, config, home, lambda: {adapter.platform: adapter}))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, bot.stop)
    await bot.run()
    await client.aclose()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(run(Path(sys.argv[1])))
