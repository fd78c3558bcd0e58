"""`python -m tests.chaos.worker_process FOLDER`: the real worker loop; its engine names the lines it answers."""

import asyncio
import os
import random
import signal
import sys
import uuid
from pathlib import Path

import structlog

from model_server.contract import FIELD, REQUESTS, RESULTS, WORKERS, Reply, ReplyRequest, Result, encode
from model_server.redis_link import connect, connect_blocking
from model_server.streams import Lease, LeaseKeeper, RequestQueue
from model_server.worker import Worker, WorkerSettings
from tests.chaos.bot_process import Setup, read_setup
from tests.chaos.plan import scripted_reply


class ScriptedAnswerer:
    """Names the contact's lines at the end of the request, after some milliseconds."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    async def answer(self, request: ReplyRequest) -> Reply:
        await asyncio.sleep(random.uniform(*self._setup.work_ms) / 1000)
        turn: list[str] = []
        for line in reversed(request.lines):
            if line.author != "contact":
                break
            turn.insert(0, line.line_id)
        text = scripted_reply(turn)
        return Reply(request.request_id, request.chat_key, text, request.contact_type, {}, {}, 1, 1, 0, 0, "stop")


class AckFirstQueue(RequestQueue):
    """The planted fault: a taken request is forgotten at once. Its worker still publishes what it finishes."""

    async def take(self, count: int, wait_ms: int) -> list[Lease]:
        leases = await super().take(count, wait_ms)
        async with self._client.pipeline(transaction=True) as forget:
            for lease in leases:
                forget.xack(REQUESTS, WORKERS, lease.entry_id)
                forget.xdel(REQUESTS, lease.entry_id)
            await forget.execute()
        return leases

    async def publish(self, lease: Lease, result: Result) -> bool:
        async with self._client.pipeline(transaction=True) as done:
            done.xadd(RESULTS, {FIELD: encode(result)})
            done.xack(REQUESTS, WORKERS, lease.entry_id)  # one that was taken over from a dead worker
            done.xdel(REQUESTS, lease.entry_id)
            await done.execute()
        return True


class NoKeeper(LeaseKeeper):
    """Nobody holds what was forgotten, so nothing is lost by not renewing it."""

    def beat(self, lease: Lease) -> bool:
        return True


async def run(folder: Path) -> None:
    setup = read_setup(folder)
    consumer = f"worker-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    lease_ms = 1_000
    queue_type, keeper_type = (AckFirstQueue, NoKeeper) if setup.ack_first else (RequestQueue, LeaseKeeper)
    queue = queue_type(connect(setup.redis_url), consumer, lease_ms)
    keeper = keeper_type(connect_blocking(setup.redis_url), consumer)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    settings = WorkerSettings(slots=4, lease_ms=lease_ms, drain_s=2)
    await Worker(queue, keeper, ScriptedAnswerer(setup), settings).run(stopping)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(run(Path(sys.argv[1])))
