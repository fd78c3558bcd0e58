"""Run the processes of one instance as children: start, restart after a crash, stop all of them on the way out.

Knows program names and exit codes, nothing of what the programs do. Production may use systemd or the Procfile instead.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.embedded_redis import dying_with_us
from model_server.home import Home

_GRACE_S = 25.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_STEADY_S = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """A child: its name, its command, and how politely it shares the processor (see nice(2))."""

    name: str
    argv: tuple[str, ...]
    restart: bool = True


def selfsame(*arguments: str) -> tuple[str, ...]:
    """The command line of one of our own commands, run by this interpreter."""
    return (sys.executable, "-m", "bot.cli", *arguments)


WORKER = Program("worker", (sys.executable, "-m", "model_server"))
BOT = Program("bot", (sys.executable, "-m", "bot"))
LEARNER = Program("learner", selfsame("learn", "--nightly"))

Notice = Callable[[str], None]
"""Told, in one line for the owner, when a child ended unexpectedly."""


class Supervisor:
    """Children of this process, all ended when the context is left."""

    def __init__(self, home: Home, notice: Notice) -> None:
        self._home = home
        self._notice = notice
        self._watches: list[asyncio.Task[int]] = []
        self._begun: dict[str, int] = {}

    async def __aenter__(self) -> "Supervisor":
        return self

    async def __aexit__(self, *_: object) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)

    def start(self, program: Program) -> asyncio.Task[int]:
        """Start it and keep it up; the task ends with the exit code of a program that is not restarted.

        EX_CONFIG (sysexits.h) means that the owner has to mend something first: nothing is restarted then.
        """
        watch = asyncio.create_task(self._keep(program), name=program.name)
        self._watches.append(watch)
        return watch

    async def _keep(self, program: Program) -> int:
        wait_s = _FIRST_WAIT_S
        while True:
            started = asyncio.get_running_loop().time()
            code = await self._run_once(program)
            if not program.restart or code == os.EX_CONFIG:
                return code
            if asyncio.get_running_loop().time() - started > _STEADY_S:
                wait_s = _FIRST_WAIT_S
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended: {self.last_words(program)}"
            self._notice(f"{program.name} {how} → starting it again in {wait_s:g} s")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    async def _run_once(self, program: Program) -> int:
        with self._output(program).open("ab") as output:
            self._begun[program.name] = output.tell()
            child = await asyncio.create_subprocess_exec(
                *program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end the children in order
                preexec_fn=dying_with_us(),
            )
        try:
            return await child.wait()
        finally:
            await end(child)

    def _output(self, program: Program) -> Path:
        return self._home.logs_dir / f"{program.name}.out"

    def last_words(self, program: Program) -> str:
        """The last line it printed since it was started: for a program that stopped with a message, the message."""
        said = self._output(program).read_bytes()[self._begun.get(program.name, 0) :]
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "no output"


async def end(child: asyncio.subprocess.Process) -> None:
    """SIGTERM, then SIGKILL when it has not finished what it held in time."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _GRACE_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def until_stopped(*tasks: "asyncio.Task[int]") -> "asyncio.Task[int] | None":
    """Wait for SIGINT or SIGTERM (None), or for one of `tasks` to end (that one)."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        return next((task for task in tasks if task.done()), None)
    finally:
        stopped.cancel()
