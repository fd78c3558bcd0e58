"""`python -m model_server`: one model worker. Composes base model, bank, engine, voice and worker, by hand, here.

Ends with EX_CONFIG (sysexits.h) and one line when the owner has to mend something first.
"""

import asyncio
import contextlib
import os
import signal
import sys
import uuid

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
from model_server.errors import RedisUnavailable, SelfsameError
from model_server.home import find_home
from model_server.log import configure_logging
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
    defaults = read_blends(document)
    url = redis_url(read_section(document, "redis", RedisConfig), home)
    client, consumer = connect(url), f"worker-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    await check_server(client)

    settle_threads(model_config.threads)  # before torch is loaded: OpenMP reads its environment once
    from model_server.base_model import load_base_model  # noqa: PLC0415
    from model_server.engine import BatchingEngine  # noqa: PLC0415
    from model_server.facet_watch import take_in_changes, watch_facets  # noqa: PLC0415
    from model_server.facets import FacetBank  # noqa: PLC0415
    from model_server.voice import Voice  # noqa: PLC0415

    base = load_base_model(model_config, home)
    bank = FacetBank(base.model, facets.rank, facets.slots, facets.layers)
    engine = BatchingEngine(base, bank, engine_config)
    voice = Voice(base.tokenizer, bank, engine, owner, engine_config, lambda: load_book(client, defaults))
    settings = WorkerSettings(slots=engine_config.max_requests)
    keeper = LeaseKeeper(connect_blocking(url), consumer)
    worker = Worker(RequestQueue(client, consumer, settings.lease_ms), keeper, voice, settings)
    take_in_changes(home, bank, engine, {})
    engine.start()
    log.info("ready", consumer=consumer, model=base.name, device=str(base.device), facets=bank.table.live())

    def presence() -> Presence:
        return Presence(consumer, engine.is_running(), base.name, str(base.device), bank.table.live())

    aside = [
        asyncio.create_task(watch_facets(home, bank, engine)),
        asyncio.create_task(keep_announcing(client, presence)),
    ]
    try:
        await worker.run(stop_on_signals())
    finally:
        for task in aside:
            task.cancel()
        await asyncio.gather(*aside, return_exceptions=True)
        engine.stop()
        with contextlib.suppress(RedisError, OSError):
            await withdraw(client, consumer)
        await client.aclose()


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
    try:
        asyncio.run(run())
    except RedisUnavailable as error:
        sys.exit(f"selfsame worker: {error}")
    except SelfsameError as error:
        print(f"selfsame worker: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(os.EX_CONFIG)


if __name__ == "__main__":
    main()
