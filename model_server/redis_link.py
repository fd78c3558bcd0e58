"""The one way to connect to Redis, and what we demand of the server.

Knows no key and starts no server (`bot.embedded_redis` does). Retries are off on purpose: redis-py repeats commands
that may already have been carried out, so every write of ours is an idempotent script and the caller decides whether
to try again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from model_server.config import RedisConfig
from model_server.errors import RedisUnavailable
from model_server.home import Home

T = TypeVar("T")

LINK_ERRORS = (RedisConnectionError, RedisTimeoutError, OSError)
"""The server is gone or silent: wait, reconnect, and drain what was pending."""

_OLDEST = (6, 2)
# Longer than any BLOCK of ours (streams read with BLOCK <= 2 s), shorter than a person's patience with a frozen server.
_SOCKET_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 2.0


def redis_url(config: RedisConfig, home: Home) -> str:
    """The configured server, else the embedded one's socket."""
    return config.url or f"unix://{home.redis_socket}"


def connect(url: str) -> redis.asyncio.Redis:
    """An asyncio client answering bytes, with no hidden retries. Connects on first use."""
    return redis.asyncio.Redis.from_url(
        url,
        retry=AsyncRetry(NoBackoff(), 0),
        retry_on_error=[],
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        health_check_interval=0,
    )


def connect_blocking(url: str) -> redis.Redis:
    """The same for a thread of its own (lease heartbeats)."""
    return redis.Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        health_check_interval=0,
    )


async def check_server(client: redis.asyncio.Redis) -> str:
    """The server's version, once it answers and its settings cannot lose messages. Raises RedisUnavailable."""
    try:
        info = await client.info("server")
        memory = await client.info("memory")
        persistence = await client.info("persistence")
    except (RedisError, OSError) as error:
        raise RedisUnavailable(
            f"Redis does not answer ({type(error).__name__})",
            "start that server, or leave [redis] url empty: `selfsame up` brings its own",
        ) from None
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise RedisUnavailable(f"Redis {version} is too old", "use 6.2 or newer, or leave [redis] url empty")
    policy = memory.get("maxmemory_policy")
    if policy != "noeviction":
        raise RedisUnavailable(
            f"Redis may evict messages (maxmemory-policy is {policy})", "set maxmemory-policy noeviction on that server"
        )
    if not persistence.get("aof_enabled"):
        raise RedisUnavailable(
            "Redis forgets what it took when it is stopped (appendonly is no)", "set appendonly yes on that server"
        )
    return version


async def ensure_group(client: redis.asyncio.Redis, stream: str, group: str) -> None:
    """Create stream and consumer group from the stream's beginning; safe to repeat."""
    try:
        await client.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


def entries_of(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The entries of an XREADGROUP of one stream: RESP2 answers a list of (stream, entries), RESP3 a mapping."""
    if not answer:
        return []
    found = next(iter(answer.values()))[0] if isinstance(answer, dict) else answer[0][1]
    return cast(list[tuple[bytes, dict[bytes, bytes]]], found)


def ask_instance(url: str, act: Callable[[redis.asyncio.Redis], Awaitable[T]]) -> T:
    """What `act` finds or does there, for a command of the owner's. RedisUnavailable when no instance runs."""

    async def run() -> T:
        client = connect(url)
        try:
            return await act(client)
        except (RedisError, OSError) as error:
            gone = isinstance(error, LINK_ERRORS)
            what = "nothing runs here" if gone else f"Redis does not do what it is asked ({type(error).__name__})"
            raise RedisUnavailable(what, "start it with `make demo` or `selfsame up`") from None
        finally:
            await client.aclose()

    return asyncio.run(run())
