"""A causal LM cut in two below the lowest layer that carries facets: the frozen part, and the part that learns.

What the frozen part computes for a row does not depend on any facet: it is computed once and kept (`LowerCache`), for
all epochs of all facets. Knows rows and activations; nothing of losses, optimisers or facets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from training.examples import Row, attention_mask

_PROBE = Row(ids=(5, 9, 7, 11), positions=(0, 1, 2, 3), segments=(0, 0, 0, 0), sources=(), targets=())
_CACHE_BYTES = 2 * 1024**3


class SplitModel:
    """`lower` then `upper` equals the model's own forward pass; on a model where it does not, all of it is `upper`."""

    def __init__(self, model: Any, first_layer: int) -> None:
        self.model = model
        self.decoder = model.get_decoder()
        self.head = model.get_output_embeddings()
        self.first_layer = first_layer
        if first_layer and not self._splits():
            self.first_layer = 0

    @torch.no_grad()
    def lower(self, row: Row) -> torch.Tensor:
        """[1, tokens, width]: what enters the lowest layer that learns."""
        ids = torch.tensor([row.ids], device=self.model.device)
        embedded: torch.Tensor = self.decoder.get_input_embeddings()(ids)
        if not self.first_layer:
            return embedded
        with self._only(slice(0, self.first_layer), norm=False):
            return self._run(embedded, row)

    def upper(self, entering: torch.Tensor, row: Row) -> torch.Tensor:
        """[targets, vocabulary]: logits at the row's sources only; the head is the dearest layer of a small model."""
        sources = torch.tensor(row.sources, device=entering.device)
        logits: torch.Tensor = self.head(self._states(entering, row)[0, sources])
        return logits

    def _states(self, entering: torch.Tensor, row: Row) -> torch.Tensor:
        with self._only(slice(self.first_layer, None), norm=True):
            return self._run(entering, row)

    def _run(self, entering: torch.Tensor, row: Row) -> torch.Tensor:
        states: torch.Tensor = self.decoder(
            inputs_embeds=entering,
            attention_mask=attention_mask(row, entering.dtype, entering.device),
            position_ids=torch.tensor([row.positions], device=entering.device),
            use_cache=False,
        ).last_hidden_state
        return states

    @contextmanager
    def _only(self, layers: slice, *, norm: bool) -> Iterator[None]:
        """The decoder with some of its layers, and with or without its last norm."""
        whole, last = self.decoder.layers, self.decoder.norm
        self.decoder.layers = whole[layers]
        self.decoder.norm = last if norm else nn.Identity()
        try:
            yield
        finally:
            self.decoder.layers, self.decoder.norm = whole, last

    @torch.no_grad()
    def _splits(self) -> bool:
        ids = torch.tensor([_PROBE.ids], device=self.model.device)
        whole = self.decoder(input_ids=ids, use_cache=False).last_hidden_state
        try:
            return bool(torch.allclose(self._states(self.lower(_PROBE), _PROBE), whole, rtol=1e-3, atol=1e-3))
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
            return False


class LowerCache:
    """The lower activations of rows, by the row itself; in memory as long as they fit, computed anew beyond that."""

    def __init__(self, split: SplitModel, limit_bytes: int = _CACHE_BYTES) -> None:
        self._split = split
        self._kept: dict[tuple[tuple[int, ...], tuple[int, ...]], torch.Tensor] = {}
        self._room_bytes = limit_bytes

    def __call__(self, row: Row) -> torch.Tensor:
        """[1, tokens, width]."""
        key = (row.ids, row.segments)
        if (kept := self._kept.get(key)) is not None:
            return kept
        fresh = self._split.lower(row)
        size = fresh.numel() * fresh.element_size()
        if size <= self._room_bytes:
            self._kept[key] = fresh
            self._room_bytes -= size
        return fresh
