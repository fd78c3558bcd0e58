"""Runs real processes and takes them down: two bots, two workers, one Redis, killed or stopped all the time.

Knows nothing of scripts or turns: it starts processes, harms them, waits for the end and lets `checker` judge.
"""

import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import redis.asyncio
from redis.exceptions import RedisError

from bot import embedded_redis, keys
from bot.loops import persist
from model_server.contract import REQUESTS, RESULTS
from model_server.home import Home
from model_server.redis_link import connect
from tests.chaos.bot_process import Setup
from tests.chaos.checker import Sent, Verdict, judge
from tests.chaos.plan import PLATFORM, Plan, make_plan

_HARM_EVERY_S = 0.5
_REDIS_HARM_EVERY_S = 6.0
_LONGEST_STOP_S = 3.0


class Report(msgspec.Struct, frozen=True):
    """One run: what was done to it and what came out."""

    seed: int
    resend_is_safe: bool
    seconds: float
    kills: int
    stops: int
    redis_kills: int
    verdict: Verdict


class Actor:
    """One process that is started again whenever it was killed."""

    def __init__(self, module: str, folder: Path) -> None:
        self._argv = (sys.executable, "-m", module, str(folder))
        self._errors = folder / f"{module}.err"
        self._child: asyncio.subprocess.Process | None = None
        self.stopped_until = 0.0

    async def start(self) -> None:
        with self._errors.open("ab") as errors:
            self._child = await asyncio.create_subprocess_exec(
                *self._argv, stdout=errors, stderr=errors, preexec_fn=embedded_redis.dying_with_us()
            )

    def signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        if self._child.returncode is None:
            self._child.send_signal(number)

    async def kill(self) -> None:
        assert self._child is not None
        self.signal(signal.SIGKILL)
        await self._child.wait()
        self.stopped_until = 0.0

    async def tend(self) -> None:
        """Wake it when its time is up; start it again when it is gone."""
        assert self._child is not None
        if self._child.returncode is not None:
            await self.start()
        if self.stopped_until and time.monotonic() >= self.stopped_until:
            self.signal(signal.SIGCONT)
            self.stopped_until = 0.0


async def run(
    chats: int,
    lines: int,
    seconds: float,
    seed: int,
    *,
    patience_s: float,
    resend_is_safe: bool = False,
    ack_first: bool = False,
    work_ms: tuple[int, int] = (20, 60),
    deadline_ms: int = 60_000,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """One run: `lines` written over `seconds`, harm until everything has ended or `patience_s` is over."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="selfsame-chaos-") as name:
        home = Home(Path(name)).create()
        child = await embedded_redis.start(home)
        url = f"unix://{home.redis_socket}"
        client = connect(url)
        setup = Setup(url, resend_is_safe=resend_is_safe, ack_first=ack_first, work_ms=work_ms, deadline_ms=deadline_ms)
        plan = make_plan(time.time() + 1, chats, lines, seconds, seed)
        (home.path / "setup.json").write_bytes(msgspec.json.encode(setup))
        (home.path / "plan.json").write_bytes(msgspec.json.encode(plan))
        modules = ("tests.chaos.bot_process", "tests.chaos.worker_process")
        actors = [Actor(module, home.path) for module in modules for _ in range(2)]
        at_risk: set[str] = set()
        started = time.monotonic()
        kills = stops = redis_kills = 0
        try:
            for actor in actors:
                await actor.start()
            redis_harm_at = started + _REDIS_HARM_EVERY_S
            while time.monotonic() - started < patience_s and not await _all_ended(client, home.path, plan):
                await asyncio.sleep(_HARM_EVERY_S)
                victim = rng.choice(actors)
                victim.signal(signal.SIGSTOP)
                if victim in actors[:2]:  # a bot
                    at_risk |= await _being_sent(client)
                killed = rng.random() < 0.5
                kills, stops = kills + killed, stops + (not killed)
                if killed:
                    await victim.kill()
                else:
                    victim.stopped_until = time.monotonic() + rng.uniform(0.3, _LONGEST_STOP_S)
                for actor in actors:
                    await actor.tend()
                if time.monotonic() >= redis_harm_at:
                    at_risk |= await _being_sent(client)
                    child = await _start_again(child, home, rng.uniform(0, 0.5))
                    at_risk |= await _being_sent(client)
                    redis_kills += 1
                    redis_harm_at = time.monotonic() + _REDIS_HARM_EVERY_S
                progress(f"{_acked(home.path)} of {lines} lines taken, {kills + stops + redis_kills} harms")
            # Those still asleep get to say what they had in mind: a zombie's late words count.
            for actor in actors:
                actor.signal(signal.SIGCONT)
            await asyncio.sleep(0.5)
            verdict = await _judge(client, home.path, plan, resend_is_safe, at_risk)
        finally:
            for actor in actors:
                await actor.kill()
            await client.aclose()
            await embedded_redis.stop(child)
        errors = [path.read_text() for path in home.path.glob("*.err")]
        assert not any("Traceback" in text for text in errors), errors
        return Report(seed, resend_is_safe, round(time.monotonic() - started, 1), kills, stops, redis_kills, verdict)


async def _start_again(child: asyncio.subprocess.Process, home: Home, pause_s: float) -> asyncio.subprocess.Process:
    child.kill()
    await child.wait()
    await asyncio.sleep(pause_s)
    return await embedded_redis.start(home)


async def _all_ended(client: redis.asyncio.Redis, folder: Path, plan: Plan) -> bool:
    if _acked(folder) < len(plan.lines):
        return False
    try:
        left = await client.zcard(keys.DUE) + await client.zcard(keys.outboxes(PLATFORM))
        return left + await client.xlen(REQUESTS) + await client.xlen(RESULTS) == 0
    except (RedisError, OSError):
        return False


async def _being_sent(client: redis.asyncio.Redis) -> set[str]:
    """The bubbles that somebody has begun to send."""

    async def look() -> set[str]:
        ledgers = [key async for key in client.scan_iter(match=keys.LEDGER_PREFIX + "*", count=1000)]
        async with client.pipeline(transaction=False) as pipe:
            for key in ledgers:
                pipe.hgetall(key)
            found = cast(list[dict[bytes, bytes]], await pipe.execute())
        return {name.decode() for ledger in found for name, state in ledger.items() if state.startswith(b"sending")}

    return await persist("look", look, asyncio.Event())


async def _judge(client: redis.asyncio.Redis, folder: Path, plan: Plan, dedupes: bool, at_risk: set[str]) -> Verdict:
    ended: list[tuple[str, str]] = []
    hidden: list[str] = []
    async for key in client.scan_iter(match=keys.OUTCOME_PREFIX + "*", count=1000):
        state, line_ids = cast(list[bytes], await client.hmget(key, ["state", "lines"]))
        ended += [(line_id, state.decode()) for line_id in msgspec.json.decode(line_ids, type=list[str])]
        if state == b"unknown":
            hidden += await _hidden_bubbles(client, key.decode().removeprefix(keys.OUTCOME_PREFIX))
    sent = [msgspec.json.decode(line, type=Sent) for line in _lines(folder / "sent")]
    cut_short = {line.decode() for line in _lines(folder / "cut_short")}
    acked = (folder / "acked").read_text().split()
    return judge(plan, acked, sent, ended, dedupes=dedupes, hidden=hidden, at_risk=at_risk | cut_short)


async def _hidden_bubbles(client: redis.asyncio.Redis, request_id: str) -> list[str]:
    """What `checker.judge` calls hidden, of one turn that ended `unknown`."""
    ledger = cast(dict[bytes, bytes], await client.hgetall(keys.ledger(request_id)))
    bubbles = [name.decode() for name, state in ledger.items() if state == b"unknown" and b"#notice" not in name]
    return bubbles or [request_id]


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def _acked(folder: Path) -> int:
    path = folder / "acked"
    return len(set(path.read_text().split())) if path.exists() else 0
