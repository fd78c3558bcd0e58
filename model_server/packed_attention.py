"""Attention over a packed batch on a CPU: each request attends to its own keys, and to no one else's.

Without flash attention, continuous batching lets every packed token look at the keys of all requests under a mask, work
that grows with the square of their number. This computes the diagonal blocks only: eight chats of 900 tokens prefill
1.7 times faster (16.5 s against 28.5 on one core). Knows no gains and no cache but the paged one it is handed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "selfsame_packed"


def packed_attention(  # noqa: PLR0917 - the order is transformers'
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    cache: Any = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Query [1, heads, tokens, d] of all requests; returns [1, tokens, heads, d]. transformers' attention interface."""
    if cache is None:  # a plain forward pass beside the engine
        plain: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
        return plain
    key, value = cache.update(key_states=key, value_states=value, layer_idx=module.layer_idx, kwargs=kwargs)
    queries_end: list[int] = kwargs["cu_seq_lens_q"].tolist()
    keys_end: list[int] = kwargs["cu_seq_lens_k"].tolist()
    out = [
        _attend(query[:, :, q0:q1], key[:, :, k0:k1], value[:, :, k0:k1], scaling)
        for q0, q1, k0, k1 in zip(queries_end, queries_end[1:], keys_end, keys_end[1:], strict=False)
    ]
    return torch.cat(out, dim=2).transpose(1, 2), None


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float | None) -> torch.Tensor:
    """One request: its new tokens are the last of its keys, each sees what came before it."""
    _, heads, new, width = query.shape
    kv_heads, seen = key.shape[1], key.shape[2]
    if new == 1:  # the heads that share a key become rows of one query: nothing is repeated
        rows = query.reshape(1, kv_heads, heads // kv_heads, width)
        return scaled_dot_product_attention(rows, key, value, scale=scaling).reshape(1, heads, 1, width)
    mask = None if new == seen else torch.ones(new, seen, dtype=torch.bool).tril(seen - new)
    return scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=mask is None, scale=scaling, enable_gqa=kv_heads != heads
    )


@contextmanager
def packed(model: Any) -> Iterator[None]:
    """Let a model on a CPU attend this way inside; no change where it does not apply (CUDA, sliding windows)."""
    config = model.config.get_text_config()
    types = getattr(config, "layer_types", None) or ["full_attention"]
    full = set(types) == {"full_attention"} and getattr(config, "sliding_window", None) is None
    before = model.config._attn_implementation
    if model.device.type != "cpu" or before != "sdpa" or not full:
        yield
        return
    AttentionInterface.register(NAME, packed_attention)
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
