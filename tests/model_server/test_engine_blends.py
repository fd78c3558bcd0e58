"""Blends in one batch are exactly what peft computes alone; sharing prefixes and replacing facets change nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from model_server.base_model import BaseModel, load_base_model
from model_server.config import EngineConfig, ModelConfig
from model_server.contract import Blend, Line
from model_server.engine import BatchingEngine
from model_server.engine_contract import Generated, Generation
from model_server.facet_files import read_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.render import render_prompt
from tests.model_server.random_facets import random_facet, write_random_facets

BLENDS: list[Blend] = [
    {"a": 0.7, "d": 0.2},
    {"b": 1.0},
    {"b": 0.5, "c": 0.5},
    {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25},
    {},
    {"a": 1.2, "b": -0.4, "d": 0.3},
]
TOKENS = 16

# peft 0.21 asks transformers 5.23 by an old name
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@dataclass(frozen=True)
class Served:
    """An engine with four random facets, the prompt every test asks, and the facets on disk."""

    engine: BatchingEngine
    bank: FacetBank
    prompt: tuple[int, ...]
    facets: Path

    async def ask(self, blend: Blend, tokens: int = TOKENS, name: str = "chat:1") -> Generated:
        lease = self.bank.gains_for(blend)
        try:
            return await self.engine.generate(
                Generation(name, self.prompt, tokens, frozenset(), lease.gains, lease.salt, greedy=True)
            )
        finally:
            self.bank.release(lease)


@pytest.fixture
async def served(bundled: BaseModel, bank: FacetBank, tmp_path: Path) -> AsyncIterator[Served]:
    write_random_facets(bank, tmp_path, "abcd")
    for name in "abcd":
        bank.load(name, "1", read_facet(tmp_path / name))
    lines = [
        Line("1", "contact", "Tell me a long story about the sea, the harbour and the town of your youth, please.", 0)
    ]
    prompt = render_prompt(bundled.tokenizer, "You are Mara. You write to a friend, warmly and at length.", lines, 200)
    assert len(prompt) > 48, "three pages of the cache, so that there is something to share"
    engine = BatchingEngine(bundled, bank, EngineConfig(max_requests=6, context_tokens=256))
    engine.start()
    yield Served(engine, bank, tuple(prompt), tmp_path)
    engine.stop()


@pytest.fixture(scope="module")
def untouched(bundled: BaseModel, model_home: Home) -> Any:
    """A second copy of the model, for peft to wrap."""
    return load_base_model(ModelConfig(device="cpu", dtype="float32", threads=1), model_home).model


@pytest.fixture
def alone(untouched: Any, served: Served) -> list[tuple[int, ...]]:
    """What each blend says on its own, by peft's exact combination of the same files."""
    wrapped = PeftModel.from_pretrained(untouched, served.facets / "a", adapter_name="a")
    for name in "bcd":
        wrapped.load_adapter(served.facets / name, adapter_name=name)
    said = [_say_alone(wrapped, blend, served.prompt) for blend in BLENDS]
    wrapped.unload()
    return said


def _say_alone(wrapped: Any, blend: Blend, prompt: tuple[int, ...]) -> tuple[int, ...]:
    def generate() -> tuple[int, ...]:
        ids = torch.tensor([prompt])
        out = wrapped.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=TOKENS,
            do_sample=False,
            eos_token_id=None,
        )
        return tuple(out[0, len(prompt) :].tolist())

    if not blend:
        with wrapped.disable_adapter():
            return generate()
    wrapped.add_weighted_adapter(list(blend), list(blend.values()), "blend", combination_type="cat")
    wrapped.set_adapter("blend")
    said = generate()
    wrapped.set_adapter("a")
    wrapped.delete_adapter("blend")
    return said


async def test_six_blends_at_once_and_again_from_the_cache(served: Served, alone: list[tuple[int, ...]]) -> None:
    """Should equal peft alone token by token, six at once, with every prompt equal and prefix sharing on."""
    assert len(set(alone)) == len(BLENDS), "every blend should say something else, or this test proves nothing"
    first = await asyncio.gather(*(served.ask(blend) for blend in BLENDS))
    assert [said.ids for said in first] == alone
    assert [said.reused_tokens for said in first] == [0] * len(BLENDS), "a blend was given another blend's cache"
    again = await asyncio.gather(*(served.ask(blend) for blend in reversed(BLENDS)))
    assert [said.ids for said in reversed(again)] == alone
    assert all(said.reused_tokens >= 48 for said in again), "equal blends should share their prefix"


async def test_replacing_a_facet_disturbs_no_running_request(served: Served, bundled: BaseModel) -> None:
    """Should let four streams end in the version they began with, and give the next request the new one."""
    old = (await served.ask({"a": 1.0}, tokens=24)).ids
    new_facet = random_facet(served.bank, seed=99)
    half_way = asyncio.Event()

    async def stream(number: int) -> Generated:
        lease = served.bank.gains_for({"a": 1.0})
        seen: list[int] = []

        def count(token: int) -> None:
            seen.append(token)
            if len(seen) == 8:
                half_way.set()

        generation = Generation(f"s{number}", served.prompt, 24, frozenset(), lease.gains, lease.salt, greedy=True)
        try:
            return await served.engine.generate(generation, count)
        finally:
            served.bank.release(lease)

    def replace() -> None:
        with served.engine.pause():
            served.bank.load("a", "2", new_facet)

    streams = [asyncio.create_task(stream(number)) for number in range(4)]
    await half_way.wait()
    await asyncio.to_thread(replace)
    assert not any(task.done() for task in streams), "the facet should have been replaced while they ran"
    after = asyncio.create_task(served.ask({"a": 1.0}, tokens=24))
    assert [said.ids for said in await asyncio.gather(*streams)] == [old] * 4
    fresh = await after
    assert fresh.ids != old
    assert fresh.reused_tokens == 0, "keys and values of the old version must not serve the new one"
    served.bank.load("b", "9", new_facet)
    assert (await served.ask({"b": 1.0}, tokens=24)).ids == fresh.ids, "and it should be the new facet that speaks"
    assert served.bank.table.used() <= 6, "the slot of the old version should be free again"
