"""The engine: token ids in, token ids out, many requests in one batch, each with its own blend.

transformers' continuous batching does the work; this wraps what a chat worker needs around it: unique ids, a terminal
event for every request, death noticed and survived, a cache of known size that blends never share. Knows no chat.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import structlog
from transformers import GenerationConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig
from transformers.utils import is_flash_attn_2_available

from model_server.base_model import BaseModel
from model_server.config import EngineConfig
from model_server.deliveries import Deliveries, Stream
from model_server.engine_contract import Generated, Generation, OnToken
from model_server.errors import EngineStopped
from model_server.facets import FacetBank
from model_server.gain_seam import KEY, SeamProcessors, attach_gains
from model_server.packed_attention import packed
from model_server.prefix_salt import salt_prefix_cache

log = structlog.get_logger()
_ALIVE_CHECK_S = 1.0
_CANCEL_AGAIN_S = 0.2


class BatchingEngine:
    """`engine_contract.Engine` on one base model and its bank."""

    def __init__(self, base: BaseModel, bank: FacetBank, config: EngineConfig) -> None:
        self._base = base
        self._bank = bank
        self._config = config
        self._numbers = itertools.count()
        self._deliveries = Deliveries()
        self._manager: Any = None
        self._undo = ExitStack()

    def start(self) -> None:
        """Build the cache and start the loop's thread; no-op while it runs. Call it on the event loop."""
        if self.is_running():
            return
        self.stop()
        self._deliveries = Deliveries(asyncio.get_running_loop())
        manager = self._base.model.init_continuous_batching(
            GenerationConfig(do_sample=True, top_k=0, eos_token_id=-1), batching_config(self._config, self._base)
        )
        manager.logit_processor = SeamProcessors(self._bank.slots)
        manager.output_router = self._deliveries
        with ExitStack() as undo:
            undo.callback(attach_gains(self._base.model, self._bank))
            undo.enter_context(packed(self._base.model))
            manager.warmup()
            salt_prefix_cache(manager.batch_processor, self._deliveries.reused, self._deliveries.cancelled)
            manager.start()
            self._undo = undo.pop_all()
        self._manager = manager
        log.info("engine_started", device=str(self._base.device), slots=self._bank.slots)

    def stop(self) -> None:
        """End within one step; what runs raises EngineStopped. Safe to repeat."""
        if self._manager is not None:
            self._manager.stop(block=True, hard_stop=True)
            self._manager.destroy()
            self._manager = None
        self._undo.close()

    def is_running(self) -> bool:
        """Whether generations make progress."""
        return (
            self._manager is not None
            and self._manager.is_running()
            and self._manager.background_thread_status.can_accept_new_requests() is None
        )

    @contextmanager
    def pause(self) -> Iterator[None]:
        """No step is computed inside. Blocks its thread for up to a step: not on the event loop."""
        if not self.is_running():
            yield
            return
        with self._manager.pause():
            yield

    async def generate(self, generation: Generation, on_token: OnToken | None = None) -> Generated:
        """Generate one reply; see `engine_contract.Engine`."""
        self._check(generation)
        if not self.is_running():
            raise _stopped()
        name = f"{generation.request_id}#{next(self._numbers)}"  # a replayed request may meet itself being cancelled
        stream = self._deliveries.open(name, on_token)
        try:
            started = time.perf_counter()
            taken = self._manager.add_request(
                list(generation.prompt_ids),
                request_id=name,
                max_new_tokens=generation.max_new_tokens,
                streaming=True,
                eos_token_id=list(generation.stop_ids),
                **{KEY: generation},
            )
            if taken is None:
                raise _stopped()
            await self._until_ended(stream)
            return _generated(stream, generation, started)
        except asyncio.CancelledError:
            await self._cancel(name, stream)
            raise
        finally:
            self._deliveries.close(name)

    async def _until_ended(self, stream: Stream) -> None:
        """Wait for the last event; EngineStopped if the loop died and took it along."""
        while not stream.ended.done():
            await asyncio.wait([stream.ended], timeout=_ALIVE_CHECK_S)
            if not stream.ended.done() and not self.is_running():
                break
        if not stream.ended.done() or stream.ended.result() != "finished":
            raise _stopped()

    async def _cancel(self, name: str, stream: Stream) -> None:
        """Return when no step computes the request any more: only then may its facets' slots be overwritten."""
        while self.is_running() and not stream.ended.done():
            self._manager.cancel_request(name)  # again, should it have overtaken the request on its way in
            await asyncio.wait([stream.ended], timeout=_CANCEL_AGAIN_S)

    def _check(self, generation: Generation) -> None:
        length = len(generation.prompt_ids) + generation.max_new_tokens
        if not generation.prompt_ids or generation.max_new_tokens < 1:
            raise ValueError("a generation needs a prompt and room for a token")
        if length > self._config.context_tokens:
            raise ValueError(f"prompt and reply are {length} tokens; the context holds {self._config.context_tokens}")
        if len(generation.gains) not in (0, self._bank.slots):
            raise ValueError(f"{len(generation.gains)} gains for {self._bank.slots} slots")


def batching_config(config: EngineConfig, base: BaseModel) -> ContinuousBatchingConfig:
    """Sizes of cache and batch. Never left to transformers, whose defaults take most of the free memory.

    Small pages on a CPU share prefixes closely; flash attention's block tables want 256. A quarter more than all
    requests at full context: the scheduler admits nobody into the last 15 %, and ended chats stay cached in the rest.
    """
    cuda = base.device.type == "cuda"
    # only the package the owner installed: transformers would otherwise fetch a compiled kernel from the hub
    flash = cuda and is_flash_attn_2_available()
    page_tokens = 256 if cuda else 16
    blocks_each = -(-config.context_tokens // page_tokens)
    return ContinuousBatchingConfig(
        page_size=page_tokens,
        num_blocks=-(-blocks_each * config.max_requests * 5 // 4) + 1,
        max_batch_tokens=max(2048 if cuda else 256, config.max_requests),
        max_requests_per_batch=config.max_requests,
        max_blocks_per_request=blocks_each + 1 if flash else 0,
        auto_switch_to_flash=flash,
    )


def _generated(stream: Stream, generation: Generation, started: float) -> Generated:
    ids = tuple(stream.ids)
    return Generated(
        ids=ids,
        finish="stop" if ids and ids[-1] in generation.stop_ids else "length",
        first_token_ms=round((stream.first_token_at - started) * 1000),
        generate_ms=round((time.perf_counter() - started) * 1000),
        reused_tokens=stream.reused_tokens,
    )


def _stopped() -> EngineStopped:
    return EngineStopped("the engine is not running", "start the worker again; its log names the cause")
