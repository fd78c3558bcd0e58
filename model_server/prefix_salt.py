"""Make the prefix cache of continuous batching respect blends: only requests of equal salt share keys and values.

transformers finds shared blocks by hashing token ids alone, so one blend's keys and values would serve another's, and
the text would be wrong without a sign of it. Here the first tokens of every sequence are mixed with its blend's salt
before they are hashed; each block's hash covers its parents', so the whole chain differs. Also mends what a
cancellation breaks: a block of a request that is gone, and the terminal event that never comes.
"""

import struct
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from model_server.gain_seam import KEY

_WORDS = 4
_POSITIVE = 0x7FFFFFFF


def salted(ids: Sequence[int], salt: bytes) -> list[int]:
    """The ids with the first four mixed with a 16-byte salt: for hashing only. No salt leaves them as they are."""
    words = struct.unpack(f"<{_WORDS}I", salt) if salt else (0,) * _WORDS
    mixed = [token ^ (word & _POSITIVE) for token, word in zip(ids, words, strict=False)]
    return [*mixed, *ids[_WORDS:]]


def salt_prefix_cache(
    processor: Any, on_reuse: Callable[[str, int], None], on_cancelled: Callable[[str], None]
) -> None:
    """Patch one batch processor, before its loop starts. Both callbacks are called on the loop's thread.

    `on_reuse(request_id, tokens)` when a prompt's beginning was found in the cache; `on_cancelled(request_id)` when a
    cancelled request has left the batch for good.
    """
    cache, scheduler = processor.cache, processor.scheduler
    search, mark, clear = cache.search_prefix_match, cache.mark_complete_blocks, scheduler.clear_cancelled_requests

    def search_prefix_match(request_id: str, prompt_ids: list[int]) -> int:
        state = scheduler.waiting_requests.get(request_id) or scheduler.active_requests[request_id]
        matched: int = search(request_id, salted(prompt_ids, _salt_of(state)))
        if matched:
            on_reuse(request_id, matched)
        return matched

    def mark_complete_blocks(state: Any, complete_blocks: dict[str, int]) -> None:
        tables = (allocator.block_table for allocator in cache.cache_allocators.values())
        if not all(state.request_id in table for table in tables):
            return  # cancelled between launch and update (asynchronous batching): its blocks are gone
        initial = salted(state.initial_tokens, _salt_of(state))
        mark(
            SimpleNamespace(
                request_id=state.request_id,
                status=state.status,
                initial_tokens=initial,
                generated_tokens=state.generated_tokens,
            ),
            complete_blocks,
        )

    def clear_cancelled_requests() -> list[Any]:
        cancelled: list[Any] = clear()
        for state in cancelled:
            on_cancelled(state.request_id)
        return cancelled

    cache.search_prefix_match = search_prefix_match
    cache.mark_complete_blocks = mark_complete_blocks
    scheduler.clear_cancelled_requests = clear_cancelled_requests


def _salt_of(state: Any) -> bytes:
    salt: bytes = state.logit_processor_kwargs[KEY].salt
    return salt
