"""One whole bot process, its loops running, should answer, survive Redis and its adapters, and stop when asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis.asyncio
import structlog
from structlog.testing import capture_logs

from adapters.base import ChatRef, InboundMessage, Inbox, OutboundMessage, Outcome, PlatformAdapter, SentReceipt
from bot import embedded_redis, keys, process
from bot.owner.staff import hire
from bot.process import Bot
from model_server.contract import Reply, ReplyRequest
from model_server.home import Home
from model_server.redis_link import connect, connect_blocking
from model_server.streams import LeaseKeeper, RequestQueue
from model_server.worker import Worker, WorkerSettings
from tests.bot.desk import NOW_MS, Recorder, config
from tests.waiting import until

SECRET = "the swordfish is in the fridge"


@dataclass
class Live(Recorder):
    """A platform with an inbox; crashes as often as it is told to before it listens."""

    crashes: int = 0
    inbox: Inbox | None = None
    observed: list[Outcome] = field(default_factory=list)

    async def run(self, inbox: object) -> None:
        if self.crashes:
            self.crashes -= 1
            raise ValueError("the platform's fault")
        self.inbox = inbox  # type: ignore[assignment]
        await asyncio.Event().wait()

    async def observe(self, outcome: Outcome) -> None:
        self.observed.append(outcome)

    async def hear(self, line_id: str, text: str = "hi") -> str:
        await until(lambda: self.inbox)
        assert self.inbox is not None
        return await self.inbox(InboundMessage(ChatRef(self.platform, "1"), line_id, text, "ann", "Ann", NOW_MS))


class Echo:
    async def answer(self, request: ReplyRequest) -> Reply:
        text = request.lines[-1].text
        return Reply(
            request.request_id, request.chat_key, text, request.contact_type, {"core": 1.0}, {}, 1, 1, 0, 0, "stop"
        )


async def _listening(client: redis.asyncio.Redis) -> bool:
    [(_, listeners)] = await client.pubsub_numsub(keys.OUTCOME_CHANNEL)
    return bool(listeners)


@asynccontextmanager
async def running(url: str, home: Home, *adapters: PlatformAdapter, **turns: object) -> AsyncIterator[Bot]:
    client = connect(url)
    chosen, by_platform = config(**turns), {adapter.platform: adapter for adapter in adapters}
    bot = Bot(client, chosen, home, list(adapters), hire(client, chosen, home, lambda: by_platform))
    task = asyncio.create_task(bot.run())
    try:
        yield bot
    finally:
        bot.stop()
        await asyncio.wait_for(task, 10)
        await client.aclose()


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[None]:
    client, beats, stopping = connect(url), connect_blocking(url), asyncio.Event()
    one = Worker(RequestQueue(client, "w", 5_000), LeaseKeeper(beats, "w"), Echo(), WorkerSettings(slots=2))
    task = asyncio.create_task(one.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(task, 10)
        await client.aclose()
        beats.close()


async def test_should_answer_and_tell_its_adapter_how_it_ended(
    redis_client: redis.asyncio.Redis, redis_url: str, tmp_path: Path
) -> None:
    platform = Live()
    async with worker(redis_url), running(redis_url, Home(tmp_path), platform):
        await until(lambda: _listening(redis_client))
        assert await platform.hear("1", "soup?") == "taken"
        await until(lambda: platform.observed)
    assert platform.texts == [config().turns.disclosure.replace("{owner}", "the owner"), "soup?"]
    [outcome] = platform.observed
    assert (outcome.state, outcome.reply, outcome.line_ids, outcome.blend) == (
        "answered",
        "soup?",
        ("1",),
        {"core": 1.0},
    )


async def test_should_show_that_a_reply_is_on_its_way(
    redis_client: redis.asyncio.Redis, redis_url: str, tmp_path: Path
) -> None:
    platform = Live()
    async with running(redis_url, Home(tmp_path), platform):
        await platform.hear("1")
        await until(lambda: platform.typing)
    assert platform.typing[0] == ChatRef("test", "1")


async def test_should_restart_an_adapter_that_crashes_and_leave_the_others_alone(
    redis_client: redis.asyncio.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_FIRST_RESTART_S", 0.01)
    broken, sound = Live("broken", crashes=2), Live("sound")
    async with worker(redis_url), running(redis_url, Home(tmp_path), broken, sound):
        assert await broken.hear("1") == "taken"
        assert await sound.hear("1") == "taken"
        await until(lambda: broken.sent and sound.sent)


async def test_should_lose_nothing_while_redis_is_gone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    url = f"unix://{home.redis_socket}"
    child = await embedded_redis.start(home)
    platform = Live()
    try:
        async with worker(url), running(url, home, platform):
            assert await platform.hear("1") == "taken"
            await until(lambda: len(platform.sent) == 2)
            child.kill()
            await child.wait()
            waiting = asyncio.create_task(platform.hear("2", "still there?"))
            with capture_logs() as logs:
                await until(lambda: any(entry["event"] == "redis.trouble" for entry in logs))
            assert not waiting.done(), "the platform is not told `taken` before it is true"
            child = await embedded_redis.start(home)
            assert await waiting in ("taken", "duplicate")
            await until(lambda: len(platform.sent) == 3)
            assert platform.texts[-1] == "still there?"
    finally:
        await embedded_redis.stop(child)


async def test_should_finish_a_send_that_has_begun_before_it_stops(
    redis_client: redis.asyncio.Redis, redis_url: str, tmp_path: Path
) -> None:
    class Slow(Live):
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def send(self, message: OutboundMessage) -> SentReceipt:
            self.begun.set()
            await self.may_end.wait()
            return await super().send(message)

    platform = Slow()
    async with worker(redis_url), running(redis_url, Home(tmp_path), platform) as bot:
        await platform.hear("1")
        await platform.begun.wait()
        bot.stop()
        platform.may_end.set()
    assert len(platform.sent) == 1
    assert await redis_client.hvals(keys.ledger("test:1:1")) in ([b"sent p1", b"pending"], [b"pending", b"sent p1"])


async def test_should_log_no_word_that_people_wrote(
    redis_client: redis.asyncio.Redis, redis_url: str, tmp_path: Path
) -> None:
    platform = Live(script=[None, ValueError(SECRET)])
    structlog.reset_defaults()
    with capture_logs() as logs:
        async with worker(redis_url), running(redis_url, Home(tmp_path), platform):
            await until(lambda: _listening(redis_client))
            await platform.hear("1", SECRET)
            await until(lambda: platform.observed)
    assert {entry["event"] for entry in logs} >= {"turn.opened", "turn.committed", "turn.ended", "bubble.unknown"}
    assert not [entry for entry in logs if "swordfish" in str(entry) or "exc_info" in entry]
