"""The supervisor should keep its children up, say why one ended, and leave none behind."""

import sys
from pathlib import Path

import psutil
import pytest

from bot.supervisor import Program, Supervisor
from model_server.home import Home
from tests.waiting import until


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).create()


def program(name: str, code: str, *, restart: bool = True) -> Program:
    return Program(name, (sys.executable, "-c", code), restart)


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "-c" in child.cmdline()]


async def test_should_start_a_crashed_child_again_and_quote_its_last_words(home: Home) -> None:
    told: list[str] = []
    (home.logs_dir / "worker.out").write_text("an older run's last words\n")
    async with Supervisor(home, told.append) as supervisor:
        supervisor.start(program("worker", "import sys; print('starting', flush=True); sys.exit('no memory left')"))
        await until(lambda: len(told) >= 2)
    assert told[0] == "worker ended: no memory left → starting it again in 1 s"
    assert told[1].endswith("in 2 s"), "it waits longer each time"


async def test_should_name_the_signal_that_ended_a_child(home: Home) -> None:
    told: list[str] = []
    async with Supervisor(home, told.append) as supervisor:
        supervisor.start(program("bot", "import os; print('some log line'); os.kill(os.getpid(), 9)"))
        await until(lambda: told)
    assert told[0] == "bot was ended by SIGKILL → starting it again in 1 s"


async def test_should_not_repeat_what_the_owner_has_to_mend(home: Home) -> None:
    told: list[str] = []
    async with Supervisor(home, told.append) as supervisor:
        watch = supervisor.start(program("worker", "import os, sys; print('mend it', file=sys.stderr); sys.exit(78)"))
        assert await watch == 78
        assert supervisor.last_words(program("worker", "")) == "mend it"
    assert told == []


async def test_should_leave_no_child_behind(home: Home) -> None:
    before = children()  # other tests of this process may have left the helpers of a pool
    async with Supervisor(home, print) as supervisor:
        for name in ("one", "two"):
            supervisor.start(program(name, "import time; time.sleep(600)"))
        await until(lambda: len(children()) == len(before) + 2)
    assert children() == before
