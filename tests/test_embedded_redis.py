"""The embedded server should be durable, private and alone in its home."""

import asyncio
import os
import shutil
import signal
import stat
from pathlib import Path

import psutil
import pytest
import redis.asyncio
from redis.exceptions import RedisError

from bot import embedded_redis
from model_server.errors import ConfigError, RedisUnavailable
from model_server.home import Home
from model_server.redis_link import check_server, connect
from tests.waiting import until


async def test_should_be_durable_and_never_evict(redis_client: redis.asyncio.Redis) -> None:
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "port": "0"}
    settings = {str(name): str(value) for name, value in (await redis_client.config_get(*wanted)).items()}
    assert settings == wanted
    assert int((await check_server(redis_client)).split(".")[0]) >= 6


async def test_should_refuse_a_server_that_evicts(redis_client: redis.asyncio.Redis) -> None:
    await redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(RedisUnavailable, match="allkeys-lru"):
            await check_server(redis_client)
    finally:
        await redis_client.config_set("maxmemory-policy", "noeviction")


def test_should_listen_on_a_private_socket_only(redis_home: Home) -> None:
    assert stat.S_IMODE(redis_home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(redis_home.redis_socket.stat().st_mode) == 0o700
    pid = int((redis_home.redis_dir / "redis.pid").read_text())
    assert [c for c in psutil.Process(pid).net_connections(kind="inet") if c.status == psutil.CONN_LISTEN] == []


async def test_should_keep_what_it_answered_over_a_kill(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    child = await embedded_redis.start(home)
    client = connect(f"unix://{home.redis_socket}")
    await client.set("kept", "yes")
    child.kill()
    await child.wait()
    again = await embedded_redis.start(home)
    try:
        assert await client.get("kept") == b"yes"
    finally:
        await client.aclose()
        await embedded_redis.stop(again)


async def test_should_not_start_twice_in_one_home(redis_home: Home) -> None:
    with pytest.raises(RedisUnavailable, match="already running"):
        await embedded_redis.start(redis_home)


async def test_should_work_in_a_home_too_deep_for_a_socket(tmp_path: Path) -> None:
    home = Home(tmp_path / ("d" * 60) / ("e" * 60))
    try:
        child = await embedded_redis.start(home)
        await embedded_redis.stop(child)
        assert len(str(home.redis_socket)) < 100
        assert stat.S_IMODE(home.redis_socket.parent.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(home.redis_socket.parent)


async def test_should_name_the_log_when_it_does_not_start(tmp_path: Path) -> None:
    broken = embedded_redis.ServerBinary(Path("/bin/false"), "test")
    with pytest.raises(RedisUnavailable, match="did not start") as caught:
        await asyncio.wait_for(embedded_redis.start(Home(tmp_path), broken), 10)
    assert "redis.log" in caught.value.hint


async def test_should_refuse_a_server_that_forgets(redis_client: redis.asyncio.Redis) -> None:
    await redis_client.config_set("appendonly", "no")
    try:
        with pytest.raises(RedisUnavailable, match="appendonly"):
            await check_server(redis_client)
    finally:
        await redis_client.config_set("appendonly", "yes")


async def test_should_start_it_again_when_it_is_killed(tmp_path: Path) -> None:
    home, told = Home(tmp_path / "home"), list[str]()
    async with embedded_redis.kept_up(home, told.append):
        client = connect(f"unix://{home.redis_socket}")
        await client.set("kept", "yes")
        first = int((home.redis_dir / "redis.pid").read_text())
        os.kill(first, signal.SIGKILL)

        async def is_back() -> bool:
            try:
                return await client.get("kept") == b"yes"
            except (RedisError, OSError):
                return False

        await until(lambda: told)
        await until(is_back)
        await client.aclose()
        second = int((home.redis_dir / "redis.pid").read_text())
    assert first != second
    assert not psutil.pid_exists(second)
    assert told == ["Redis ended with code -9 → starting it again; nothing that was taken is lost"]


async def test_should_let_one_of_two_starts_have_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    both = await asyncio.gather(*(embedded_redis.start(home) for _ in range(2)), return_exceptions=True)
    started = [child for child in both if isinstance(child, asyncio.subprocess.Process)]
    for child in started:
        await embedded_redis.stop(child)
    assert len(started) == 1
    assert [type(error) for error in both if isinstance(error, Exception)] == [RedisUnavailable]


def test_should_refuse_a_socket_directory_that_is_not_ours(tmp_path: Path) -> None:
    home = Home(tmp_path / ("d" * 60) / ("f" * 60))
    place = home.redis_socket.parent
    place.symlink_to(tmp_path)
    try:
        with pytest.raises(ConfigError, match="somebody else"):
            home.create()
    finally:
        place.unlink()
