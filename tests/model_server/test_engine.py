"""The engine around its model: cancelling, dying, stopping, pausing, and refusing what it cannot hold."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from model_server.base_model import BaseModel
from model_server.config import EngineConfig
from model_server.engine import BatchingEngine
from model_server.engine_contract import Generation
from model_server.engine_watch import keep_running
from model_server.errors import EngineStopped
from model_server.facets import FacetBank
from tests.model_server.random_facets import random_facet
from tests.waiting import until

PROMPT = tuple(range(1000, 1040))


def ask(name: str = "chat:1", **changes: Any) -> Generation:
    fields: dict[str, Any] = {"prompt_ids": PROMPT, "max_new_tokens": 8, "stop_ids": frozenset(), "greedy": True}
    return Generation(name, **(fields | changes))


@pytest.fixture
async def engine(bundled: BaseModel, bank: FacetBank) -> AsyncIterator[BatchingEngine]:
    made = BatchingEngine(bundled, bank, EngineConfig(max_requests=4, context_tokens=256))
    made.start()
    yield made
    made.stop()


async def test_it_hands_over_each_token_and_the_whole(engine: BatchingEngine) -> None:
    seen: list[int] = []
    said = await engine.generate(ask(), seen.append)
    assert tuple(seen) == said.ids
    assert len(said.ids) == 8
    assert said.finish == "length"
    assert 0 < said.first_token_ms <= said.generate_ms


async def test_it_ends_with_the_stop_token(engine: BatchingEngine) -> None:
    free = (await engine.generate(ask())).ids
    said = await engine.generate(ask(stop_ids=frozenset({free[3]})))
    assert said.finish == "stop"
    assert said.ids == free[: free.index(free[3]) + 1]


async def test_each_request_samples_in_its_own_way(engine: BatchingEngine) -> None:
    """Should draw the likeliest token where top_p leaves nothing else, beside a request that draws freely."""
    greedy, narrow, wild = await asyncio.gather(
        engine.generate(ask("a")),
        engine.generate(ask("b", greedy=False, temperature=1.0, top_p=1e-6)),
        engine.generate(ask("c", greedy=False, temperature=2.0, top_p=1.0)),
    )
    assert narrow.ids == greedy.ids
    assert wild.ids != greedy.ids


async def test_equal_ids_do_not_collide(engine: BatchingEngine) -> None:
    """Should answer a replayed request beside the one it repeats."""
    one, other = await asyncio.gather(engine.generate(ask()), engine.generate(ask(max_new_tokens=4)))
    assert one.ids[:4] == other.ids


async def test_a_cancelled_request_leaves_nothing_behind(engine: BatchingEngine, bank: FacetBank) -> None:
    """Should end within a step, free its cache, its stream and its slot, and leave its neighbour alone."""
    alone = (await engine.generate(ask("n", max_new_tokens=20))).ids
    bank.load("a", "1", random_facet(bank, 1))
    lease = bank.gains_for({"a": 1.0})
    begun = asyncio.Event()

    async def cancelled() -> None:
        try:
            generation = ask("c", max_new_tokens=200, gains=lease.gains, salt=lease.salt)
            await engine.generate(generation, lambda _token: begun.set())
        finally:
            bank.release(lease)

    doomed = asyncio.create_task(cancelled())
    neighbour = asyncio.create_task(engine.generate(ask("n", max_new_tokens=20)))
    await begun.wait()
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed
    assert not neighbour.done()
    bank.drop("a")
    assert bank.table.used() == 0, "nobody holds the slot any more"
    assert (await neighbour).ids == alone
    processor = engine._manager.batch_processor
    assert not processor.scheduler.active_requests
    assert not processor.scheduler.waiting_requests
    assert not any(allocator.block_table for allocator in processor.cache.cache_allocators.values())
    assert engine._deliveries.open_streams() == 0
    assert engine._deliveries.output_queue.empty()


async def test_a_request_cancelled_before_it_began_is_gone_too(engine: BatchingEngine) -> None:
    task = asyncio.create_task(engine.generate(ask(max_new_tokens=200)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine._deliveries.open_streams() == 0
    assert (await engine.generate(ask(max_new_tokens=2))).ids


async def test_a_dead_loop_is_noticed_and_started_again(
    engine: BatchingEngine, bundled: BaseModel, caplog: pytest.LogCaptureFixture
) -> None:
    """Should fail every running request with EngineStopped, refuse new ones, and work when it was started again."""
    expected = (await engine.generate(ask())).ids

    def fail(*_: object) -> None:
        raise RuntimeError("a kernel failed")

    handle = bundled.model.model.layers[0].register_forward_pre_hook(fail)
    ends = await asyncio.gather(engine.generate(ask("a")), engine.generate(ask("b")), return_exceptions=True)
    handle.remove()
    assert [type(end) for end in ends] == [EngineStopped, EngineStopped]
    assert not engine.is_running()
    with pytest.raises(EngineStopped):
        await engine.generate(ask())
    watch = asyncio.create_task(keep_running(engine, every_s=0))
    await until(engine.is_running)
    watch.cancel()
    assert (await engine.generate(ask())).ids == expected


async def test_stop_ends_what_runs_and_the_thread(engine: BatchingEngine, bundled: BaseModel) -> None:
    """Should let the process exit, and give the model back as it was."""
    begun = asyncio.Event()
    running = asyncio.create_task(engine.generate(ask(max_new_tokens=200), lambda _token: begun.set()))
    await begun.wait()
    engine.stop()
    with pytest.raises(EngineStopped):
        await running
    assert [thread for thread in threading.enumerate() if not thread.daemon] == [threading.main_thread()]
    assert bundled.model.config._attn_implementation == "sdpa"
    assert not bundled.model._forward_pre_hooks


async def test_nothing_is_generated_inside_a_pause(engine: BatchingEngine) -> None:
    """Should hold every running request between two steps, and lose none."""
    expected = (await engine.generate(ask(max_new_tokens=16))).ids
    seen: list[int] = []
    begun, inside, leave = asyncio.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        with engine.pause():
            inside.set()
            leave.wait()

    def take(token: int) -> None:
        seen.append(token)
        begun.set()

    running = asyncio.create_task(engine.generate(ask(max_new_tokens=16), take))
    await begun.wait()
    holding = asyncio.create_task(asyncio.to_thread(hold))
    await asyncio.to_thread(inside.wait)
    before = len(seen)
    await asyncio.wait([running], timeout=0.3)
    assert len(seen) == before < 16
    leave.set()
    await holding
    assert (await running).ids == expected


@pytest.mark.parametrize(
    "changes", [{"prompt_ids": ()}, {"max_new_tokens": 0}, {"max_new_tokens": 250}, {"gains": (1.0, 0.0)}]
)
async def test_it_refuses_what_it_cannot_hold(engine: BatchingEngine, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        await engine.generate(ask(**changes))
