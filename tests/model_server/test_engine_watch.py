"""A dead engine should be started again a few times; then the process should end, with its own error and loudly."""

import asyncio

import pytest

from model_server.__main__ import beside, main
from model_server.engine_watch import keep_running
from model_server.errors import EngineStopped


class Mortal:
    """An engine that dies at once each time it is looked at, `lives` times; then it lives, or cannot be started."""

    def __init__(self, lives: int, broken: bool = False) -> None:
        self.lives, self.broken = lives, broken
        self.starts = 0
        self.lived = asyncio.Event()

    def start(self) -> None:
        self.starts += 1
        if self.broken:
            raise RuntimeError("no device")

    def is_running(self) -> bool:
        self.lives -= 1
        if self.lives < 0:
            self.lived.set()
        return self.lives < 0


async def test_should_start_a_dead_engine_again() -> None:
    engine = Mortal(3)
    watch = asyncio.create_task(keep_running(engine, every_s=0))
    await engine.lived.wait()
    assert (engine.starts, watch.done()) == (3, False)
    watch.cancel()


async def test_should_give_up_on_an_engine_that_dies_again_and_again() -> None:
    engine = Mortal(1000)
    with pytest.raises(EngineStopped, match="died 4 times"):
        await keep_running(engine, every_s=0)
    assert engine.starts == 3


async def test_should_give_up_at_once_on_an_engine_that_cannot_be_started() -> None:
    engine = Mortal(1000, broken=True)
    with pytest.raises(EngineStopped, match="cannot be started"):
        await keep_running(engine, every_s=0)
    assert engine.starts == 1


async def test_should_stop_the_work_in_order_when_a_task_beside_it_ends() -> None:
    drained = False

    async def work(stopping: asyncio.Event) -> None:
        nonlocal drained
        await stopping.wait()
        drained = True

    with pytest.raises(EngineStopped):
        await beside([keep_running(Mortal(1000, broken=True), every_s=0)], work, asyncio.Event())
    assert drained


def test_should_exit_so_that_the_supervisor_starts_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies() -> None:
        raise EngineStopped("the engine died 4 times", "see the log")

    monkeypatch.setattr("model_server.__main__.run", dies)
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, str), "a text is exit code 1; EX_CONFIG would not be restarted"
