"""Every end of a turn should be told once, whatever becomes of the link."""

import asyncio

from bot.loops import Stopping
from bot.outcomes import Endings
from tests.bot.conftest import MakeDesk
from tests.waiting import until


async def test_should_tell_each_ending_once_though_the_link_broke(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="off")
    told: list[str] = []
    endings = Endings(desk.client)

    async def listen() -> None:
        async for outcome in endings.as_they_end(Stopping()):
            told.append(outcome.request_id)  # noqa: PERF401  # seen as it is told

    async def end_one() -> None:
        await desk.line()
        await desk.turns.step()

    await end_one()  # before anybody listened
    listening = asyncio.create_task(listen())
    await until(lambda: endings._told)
    await end_one()
    await until(lambda: told)
    listening.cancel()  # the link is gone, and with it whatever is published now
    await asyncio.wait([listening])
    await end_one()
    await end_one()
    listening = asyncio.create_task(listen())
    await until(lambda: len(told) >= 3)
    await end_one()
    await until(lambda: "test:1:5" in told)
    listening.cancel()
    await asyncio.wait([listening])
    assert told == ["test:1:2", "test:1:3", "test:1:4", "test:1:5"]


async def test_should_tell_a_held_turn_again_when_it_moves_on(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft")
    told: list[tuple[str, str]] = []
    endings = Endings(desk.client)

    async def listen() -> None:
        async for outcome in endings.as_they_end(Stopping()):
            told.append((outcome.request_id, outcome.state))  # noqa: PERF401  # seen as it is told

    listening = asyncio.create_task(listen())
    await until(lambda: endings._told is not None)
    await desk.line()
    first = await desk.drafted()
    await until(lambda: told)
    await desk.drafts.send(first.no)
    await desk.deliver()
    await until(lambda: len(told) >= 2)
    listening.cancel()
    await asyncio.wait([listening])
    await desk.line()
    second = await desk.drafted()
    await desk.drafts.discard(second.no)
    listening = asyncio.create_task(listen())
    await until(lambda: len(told) >= 3)
    listening.cancel()
    await asyncio.wait([listening])
    assert told == [("test:1:1", "held"), ("test:1:1", "answered"), ("test:1:2", "skipped")]
