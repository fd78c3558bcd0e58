"""The seam between continuous batching and the bank: how each request's gains reach every token of a packed batch.

transformers carries per-request numbers for its logits processors in rows of one static tensor, which it hands to
`model.forward` and copies to the device. This list of processors adds a row per slot for the gains; a pre-hook on the
model spreads them over the packed tokens by `cu_seq_lens_q`. All tensor operations on static inputs: a CUDA graph
captures them. Leans on names of one transformers release, pinned in pyproject.toml and checked by a contract test.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.hooks import RemovableHandle
from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessorList
from transformers.generation.logits_process import LogitsProcessorList

from model_server.engine_contract import Generation
from model_server.facets import FacetBank
from model_server.sampling import shape_scores

_SAMPLING_ROWS = 2
KEY = "generation"
"""The one `logit_processor_kwargs` of a request: its `Generation`."""


class SeamProcessors(ContinuousBatchingLogitsProcessorList):  # type: ignore[misc]
    """Rows: temperature and top_p of the requests that draw a token, in that order; then the gains of all requests."""

    def __init__(self, slots: int) -> None:
        super().__init__(LogitsProcessorList())
        self.slots = slots
        self.tensors_required = _SAMPLING_ROWS + slots
        self.do_processing = True

    def check_kwargs(self, kwargs: dict[str, Any]) -> None:
        """Raise ValueError, which fails that request alone, unless it is a generation for this bank."""
        generation = kwargs.get(KEY)
        if not isinstance(generation, Generation) or len(generation.gains) not in (0, self.slots):
            raise ValueError("not a generation for this bank")

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        """Greedy, no gain: what padding rows hold."""
        int32_tensor.zero_()

    def prepare_tensor_args(self, requests_in_batch: Sequence[Any], arg_storage: torch.Tensor) -> torch.Tensor:
        """Write the rows for one batch; float32 seen as int32."""
        all_of = [
            request.state.logit_processor_kwargs[KEY] if request.state.logit_processor_kwargs else None
            for request in requests_in_batch
        ]
        drawing = [
            generation for request, generation in zip(requests_in_batch, all_of, strict=True) if request.has_new_token
        ]
        _put(arg_storage[:_SAMPLING_ROWS], [_sampling_of(generation) for generation in drawing])
        _put(arg_storage[_SAMPLING_ROWS:], [self._gains_of(generation) for generation in all_of])
        return arg_storage

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, logits_processor_args: torch.Tensor
    ) -> torch.Tensor:
        """Shape the scores [rows, vocab] of the requests that draw a token."""
        temperature, top_p = logits_processor_args[:_SAMPLING_ROWS, : scores.shape[0]].view(torch.float32)
        return shape_scores(scores, temperature, top_p)

    def _gains_of(self, generation: Generation | None) -> Sequence[float]:
        return generation.gains if generation is not None and generation.gains else (0.0,) * self.slots


def attach_gains(model: Any, bank: FacetBank) -> Callable[[], None]:
    """Hook the model so that the engine's forward passes take their gains from the batch; returns how to undo it.

    Must happen before the engine's warm-up, or a captured CUDA graph lacks the gains. Other forward passes keep the
    gains that `FacetBank.using` gave them.
    """

    def before(_module: Any, _args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        rows = kwargs.get("logits_processor_args")
        if rows is not None:
            # on a CPU, slots that hold nothing cost nothing; a CUDA graph needs one shape for good
            used = bank.table.used() if rows.device.type == "cpu" else bank.slots
            bank.gains.now = _per_token(rows, kwargs["cu_seq_lens_q"], kwargs["input_ids"].shape[1], used, bank)

    def after(_module: Any, _args: tuple[Any, ...], kwargs: dict[str, Any], _output: Any) -> None:
        if kwargs.get("logits_processor_args") is not None:
            bank.gains.now = None

    handles: list[RemovableHandle] = [
        model.register_forward_pre_hook(before, with_kwargs=True),
        model.register_forward_hook(after, with_kwargs=True),
    ]

    def detach() -> None:
        for handle in handles:
            handle.remove()
        bank.gains.now = None

    return detach


def _per_token(
    rows: torch.Tensor, cu_seq_lens_q: torch.Tensor, tokens: int, used: int, bank: FacetBank
) -> torch.Tensor | None:
    """Gains of every packed token, [1, tokens, used * rank]; None when the bank is empty."""
    if not used:
        return None
    place = torch.arange(tokens, device=cu_seq_lens_q.device, dtype=cu_seq_lens_q.dtype)
    # padding makes cu_seq_lens_q plateau at its end: tokens beyond it belong, harmlessly, to the last request
    owner = torch.searchsorted(cu_seq_lens_q[1:], place, right=True).clamp_(max=cu_seq_lens_q.numel() - 2)
    gains = rows[_SAMPLING_ROWS : _SAMPLING_ROWS + used].view(torch.float32)[:, owner].t()
    return gains.to(bank.model.dtype).repeat_interleave(bank.rank, dim=-1).unsqueeze(0)


def _sampling_of(generation: Generation | None) -> tuple[float, float]:
    if generation is None or generation.greedy:
        return 0.0, 1.0
    return generation.temperature, generation.top_p


def _put(rows: torch.Tensor, columns: Sequence[Sequence[float]]) -> None:
    if columns:
        packed = torch.tensor(columns, dtype=torch.float32).t().contiguous().view(torch.int32)
        rows[:, : len(columns)] = packed.to(rows.device)
