"""Fixtures every test may use: one real Redis a session, on a unix socket, emptied between tests."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis.asyncio

from bot import embedded_redis
from model_server.home import Home
from model_server.redis_link import connect

pytest_plugins = ("tests.model_fixtures",)


@pytest.fixture(scope="session")
def redis_home() -> Iterator[Home]:
    """A home with the embedded server running in it."""
    with tempfile.TemporaryDirectory(prefix="selfsame-") as directory:
        home = Home(Path(directory).resolve()).create()
        with asyncio.Runner() as runner:
            child = runner.run(embedded_redis.start(home))
            yield home
            runner.run(embedded_redis.stop(child))


@pytest.fixture
def redis_url(redis_home: Home) -> str:
    """The address of the session's server (shared: prefer the `redis_client` fixture, which empties it first)."""
    return f"unix://{redis_home.redis_socket}"


@pytest.fixture
async def redis_client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A client on an empty server."""
    client = connect(redis_url)
    await client.flushall()
    yield client
    await client.aclose()
