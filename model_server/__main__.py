"""`python -m model_server`: one model worker. Composes base model, bank, engine, voice and worker, by hand, here.

Ends with EX_CONFIG (sysexits.h) and one line when the owner has to mend something first; with 1 when only a new process
can help: what the supervisor restarts.
"""

import asyncio
import contextlib
import os
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import structlog
from redis.exceptions import RedisError

from model_server.blend_store import load_book
from model_server.blends import read_blends
from model_server.config import (
    EngineConfig,
    FacetsConfig,
    ModelConfig,
    OwnerConfig,
    RedisConfig,
    find_config,
    read_document,
    read_section,
)
from model_server.engine_watch import keep_running
from model_server.errors import EngineStopped, RedisUnavailable, SelfsameError
from model_server.fitted import FittedFile
from model_server.home import find_home
from model_server.log import configure_logging, flaw_of
from model_server.presence import Presence, keep_announcing, withdraw
from model_server.redis_link import check_server, connect, connect_blocking, redis_url
from model_server.streams import LeaseKeeper, RequestQueue
from model_server.threads import settle_threads
from model_server.worker import Worker, WorkerSettings

log = structlog.get_logger()


async def run() -> None:
    """Serve until SIGTERM or SIGINT; a second one ends at once."""
    path = find_config()
    document, home = read_document(path), find_home(path).create()
    configure_logging("worker", home, console=False)
    model_config = read_section(document, "model", ModelConfig)
    engine_config = read_section(document, "engine", EngineConfig)
    facets = read_section(document, "facets", FacetsConfig)
    owner = read_section(document, "owner", OwnerConfig)
    defaults, fitted = read_blends(document), FittedFile(home)
    url = redis_url(read_section(document, "redis", RedisConfig), home)
    client, consumer = connect(url), f"worker-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    await check_server(client)

    settle_threads(model_config.threads)  # before torch is loaded: OpenMP reads its environment once
    from model_server.base_model import load_base_model  # noqa: PLC0415
    from model_server.engine import BatchingEngine  # noqa: PLC0415
    from model_server.facet_watch import Told, take_in_changes, watch_facets  # noqa: PLC0415
    from model_server.facets import FacetBank  # noqa: PLC0415
    from model_server.voice import Voice  # noqa: PLC0415

    base = load_base_model(model_config, home)
    bank = FacetBank(base.model, facets.rank, facets.slots, facets.layers)
    engine = BatchingEngine(base, bank, engine_config)
    voice = Voice(base.tokenizer, bank, engine, owner, engine_config, lambda: load_book(client, defaults, fitted()))
    settings = WorkerSettings(slots=engine_config.max_requests)
    keeper = LeaseKeeper(connect_blocking(url), consumer)
    worker = Worker(RequestQueue(client, consumer, settings.lease_ms), keeper, voice, settings, engine.is_running)
    take_in_changes(home, bank, engine, Told())
    engine.start()
    log.info("ready", consumer=consumer, model=base.name, device=str(base.device), facets=bank.table.live())

    def presence() -> Presence:
        return Presence(consumer, engine.is_running(), base.name, str(base.device), bank.table.live())

    aside = (watch_facets(home, bank, engine), keep_announcing(client, presence), keep_running(engine))
    try:
        await beside(aside, worker.run, stop_on_signals())
    finally:
        engine.stop()
        with contextlib.suppress(RedisError, OSError):
            await withdraw(client, consumer)
        await client.aclose()


async def beside(
    aside: Iterable[Coroutine[Any, Any, None]],
    work: Callable[[asyncio.Event], Awaitable[None]],
    stopping: asyncio.Event,
) -> None:
    """Do `work` while the endless tasks `aside` run. One that ends stops the work, and its error is ours."""
    tasks = [asyncio.create_task(one) for one in aside]
    for task in tasks:
        task.add_done_callback(lambda _: stopping.set())
    try:
        await work(stopping)
        for task in tasks:
            if task.done() and (error := task.exception()):
                log.error("ended_unexpectedly", flaw=flaw_of(error))
                raise error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def stop_on_signals() -> asyncio.Event:
    """Set at the first SIGTERM or SIGINT; at the second the process ends, and its requests return to the stream."""
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping


def main() -> None:
    """One worker process."""
    os.umask(0o077)  # whatever we write is the owner's alone
    try:
        asyncio.run(run())
    except (EngineStopped, RedisUnavailable) as error:
        sys.exit(f"selfsame worker: {error}")
    except SelfsameError as error:
        print(f"selfsame worker: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(os.EX_CONFIG)


if __name__ == "__main__":
    main()
