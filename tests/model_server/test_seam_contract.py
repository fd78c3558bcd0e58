"""What the seam, the salt and the deliveries lean on in transformers; the first test to fail after an upgrade."""

import inspect
from types import SimpleNamespace

import torch
from transformers.generation.continuous_batching import cache, cb_logits_processors, continuous_api, input_outputs
from transformers.generation.continuous_batching.cache_allocators.cache_allocator import CacheAllocator
from transformers.generation.continuous_batching.requests import GenerationOutput, RequestState
from transformers.generation.continuous_batching.scheduler import Scheduler

from model_server.engine_contract import Generation
from model_server.gain_seam import KEY, SeamProcessors
from model_server.prefix_salt import salted


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_processor_list_is_used_as_we_think() -> None:
    kept = cb_logits_processors.ContinuousBatchingLogitsProcessorList
    assert parameters(kept.prepare_tensor_args) == ["self", "requests_in_batch", "arg_storage"]
    assert parameters(kept.check_kwargs) == ["self", "kwargs"]
    assert parameters(kept.fill_defaults) == ["self", "int32_tensor"]
    source = inspect.getsource(input_outputs)
    assert "logit_processor.tensors_required" in source
    assert "logits_processor_args=self._bulk_input_tensor[self.static_inputs :, :num_sequences]" in source
    assert {
        "logits_processor_args",
        "cu_seq_lens_q",
        "cu_seq_lens_k",
    } <= input_outputs.PagedAttentionArgs.__annotations__.keys()


def test_the_manager_takes_our_parts() -> None:
    source = inspect.getsource(continuous_api.ContinuousBatchingManager)
    assert "logit_processor=self.logit_processor" in source
    assert "output_router=self.output_router" in source
    assert parameters(continuous_api.OutputRouter.deliver_batch) == ["self", "outputs"]
    assert "do_processing" in inspect.getsource(continuous_api) + inspect.getsource(
        __import__("transformers.generation.continuous_batching.model_runner", fromlist=["ModelRunner"])
    )


def test_the_cache_hashes_only_what_we_salt() -> None:
    assert parameters(cache.PagedAttentionCache.search_prefix_match) == ["self", "request_id", "prompt_ids"]
    assert parameters(cache.PagedAttentionCache.mark_complete_blocks) == ["self", "state", "complete_blocks"]
    assert parameters(Scheduler.clear_cancelled_requests) == ["self"]
    marked = inspect.getsource(cache.PagedAttentionCache.mark_complete_blocks)
    assert "state.initial_tokens + state.generated_tokens" in marked
    assert "state.status" in marked
    assert "compute_block_hash(parent_hash, tokens)" in inspect.getsource(CacheAllocator.mark_complete_blocks)
    assert {"logit_processor_kwargs", "initial_tokens", "generated_tokens"} <= RequestState.__dataclass_fields__.keys()
    assert {"request_id", "generated_tokens", "error"} <= GenerationOutput.__dataclass_fields__.keys()


def test_gains_lie_by_request_and_sampling_by_drawing_request() -> None:
    """Should skip, in the sampling rows only, a request whose prompt is not read to its end."""
    rows = SeamProcessors(slots=2)
    half = Generation("a", (1,), 1, frozenset(), gains=(0.5, 0.0))
    whole = Generation("b", (1,), 1, frozenset(), gains=(0.0, -1.0), temperature=0.9, top_p=0.8)
    batch = [
        SimpleNamespace(state=SimpleNamespace(logit_processor_kwargs={KEY: half}), has_new_token=False),
        SimpleNamespace(state=SimpleNamespace(logit_processor_kwargs={KEY: whole}), has_new_token=True),
    ]
    storage = torch.zeros(rows.tensors_required, 8, dtype=torch.int32)
    written = rows.prepare_tensor_args(requests_in_batch=batch, arg_storage=storage).view(torch.float32)
    assert torch.equal(written[:2, 0], torch.tensor([0.9, 0.8]))
    assert torch.equal(written[2:, :2], torch.tensor([[0.5, 0.0], [0.0, -1.0]]))


def test_a_salt_changes_the_first_tokens_only_and_never_their_sign() -> None:
    ids = list(range(10))
    one, other = salted(ids, b"\xff" * 16), salted(ids, bytes(range(16)))
    assert salted(ids, b"") == ids
    assert one != other != ids
    assert one[4:] == other[4:] == ids[4:]
    assert all(0 <= token < 2**31 for token in [*one, *other])
