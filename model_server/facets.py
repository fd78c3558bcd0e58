"""The bank: every facet's thin matrices stacked beside the base model's linear layers, blended per token in rank space.

    y = W x + B (g * (A x))        A [slots*r, d_in], B [d_out, slots*r], g: each slot's gain repeated r times

Exact and free of merging: requests with different blends share one batch, and a facet is replaced by a copy into its
rows. Knows no chat, no request and no engine; who sets the gains of a forward pass is `using` here, or `gain_seam`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from model_server.contract import Blend
from model_server.errors import ConfigError, FacetError
from model_server.facet_files import Facet, Pair
from model_server.slots import Lease, SlotTable

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Gains:
    """The gains of the forward pass that runs now, shared by every `BlendLinear` of a model.

    `now` is [..., width], broadcastable to a layer's input; width = rank * leading slots in use. None: base model.
    """

    def __init__(self) -> None:
        self.now: torch.Tensor | None = None


class BlendLinear(nn.Module):
    """A linear layer and, beside it, the bank's matrices for it. `a` [slots*r, d_in], `bt` [slots*r, d_out]."""

    def __init__(self, base: nn.Linear, width: int, gains: Gains) -> None:
        super().__init__()
        self.base = base
        self.gains = gains
        self.a = nn.Parameter(base.weight.new_zeros(width, base.in_features), requires_grad=False)
        self.bt = nn.Parameter(base.weight.new_zeros(width, base.out_features), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., d_in] to [..., d_out]."""
        y: torch.Tensor = self.base(x)
        gains = self.gains.now
        if gains is None:
            return y
        width = gains.shape[-1]
        thin = F.linear(x, self.a[:width]) * gains
        return torch.addmm(y.view(-1, y.shape[-1]), thin.view(-1, width), self.bt[:width]).view(y.shape)


class FacetBank:
    """Facets of one model, in a fixed number of slots of a fixed rank. Wraps the model's layers in place."""

    def __init__(self, model: Any, rank: int, slots: int, layers: str) -> None:
        self.model = model
        self.rank = rank
        self.slots = slots
        self.gains = Gains()
        self.table = SlotTable(slots)
        self.linears = _wrap(model, rank * slots, layers, self.gains)

    def load(self, name: str, version: str, facet: Facet) -> int:
        """Copy a facet into a free slot and give it to new requests; returns the slot.

        FacetError when it does not fit this bank, or no slot is free. While an engine runs, call this inside its
        `pause`: a request that was cancelled a moment ago may still be in the step that is being computed.
        """
        self.check(facet)
        slot = self.table.find_free()
        self.write_slot(slot, facet)
        self.table.put(slot, name, version)
        return slot

    def drop(self, name: str) -> None:
        """No new request gets this facet."""
        self.table.retire(name)

    def gains_for(self, blend: Blend) -> Lease:
        """Gains, versions and blend in force for one request; `release` it when the request has ended."""
        return self.table.lease(blend)

    def release(self, lease: Lease) -> None:
        """The request has ended: an old version nobody uses any more frees its slot."""
        self.table.release(lease)

    def check(self, facet: Facet) -> None:
        """FacetError unless every pair of the facet has a layer here, of its shape, and a rank the bank can hold."""
        if facet.rank > self.rank:
            raise FacetError(f"the facet has rank {facet.rank}, the bank {self.rank}", "raise rank in [facets]")
        for layer, pair in facet.pairs.items():
            if layer not in self.linears:
                raise FacetError(
                    f"the facet sits on `{layer}`, the bank does not", "set layers in [facets] as it was trained"
                )
            base = self.linears[layer].base
            if (pair.b.shape[0], pair.a.shape[1]) != (base.out_features, base.in_features):
                raise FacetError(f"the facet's `{layer}` has the shape of another base model", "train it on this model")

    @torch.no_grad()
    def write_slot(self, slot: int, facet: Facet) -> None:
        """Overwrite the rows of a slot; what the facet leaves out becomes zero. Folds the facet's scale into B."""
        rows = slice(slot * self.rank, (slot + 1) * self.rank)
        for layer, linear in self.linears.items():
            a, bt = linear.a[rows], linear.bt[rows]
            a.zero_()
            bt.zero_()
            if (pair := facet.pairs.get(layer)) is not None:
                a[: facet.rank].copy_(pair.a)
                bt[: facet.rank].copy_((pair.b.float() * facet.scale).t())

    def read_slot(self, slot: int) -> Facet:
        """A copy of a slot as a facet of scale 1: what training through the bank writes to disk."""
        rows = slice(slot * self.rank, (slot + 1) * self.rank)
        pairs = {
            layer: Pair(linear.a[rows].detach().clone(), linear.bt[rows].detach().t().clone())
            for layer, linear in self.linears.items()
        }
        return Facet(pairs, self.rank, 1.0)

    def parameters(self) -> list[nn.Parameter]:
        """Every matrix of the bank (all slots), for training through it: set `requires_grad` as needed."""
        return [matrix for linear in self.linears.values() for matrix in (linear.a, linear.bt)]

    def remove(self) -> None:
        """Give the model its own linear layers back."""
        for name, linear in self.linears.items():
            parent, _, leaf = name.rpartition(".")
            setattr(self.model.get_submodule(parent), leaf, linear.base)

    def attach(self) -> None:
        """The inverse of `remove`: the bank's layers stand in the model again, as they were."""
        for name, linear in self.linears.items():
            parent, _, leaf = name.rpartition(".")
            setattr(self.model.get_submodule(parent), leaf, linear)

    @contextmanager
    def using(self, gains: torch.Tensor | Mapping[str, float] | None) -> Iterator[None]:
        """Plain forward passes of the model with these gains: [slots], or [batch, slots] for a row each.

        A mapping is a blend over the facets loaded now. Gradients flow to the gains. None: the base model alone. Not
        while an engine runs on the same model, except inside its `pause`.
        """
        before = self.gains.now
        self.gains.now = self._spread(gains)
        try:
            yield
        finally:
            self.gains.now = before

    def _spread(self, gains: torch.Tensor | Mapping[str, float] | None) -> torch.Tensor | None:
        if gains is None:
            return None
        if isinstance(gains, Mapping):
            lease = self.table.lease(dict(gains))
            self.table.release(lease)
            gains = torch.tensor(lease.gains)
        spread = gains.to(self.model.device, self.model.dtype).repeat_interleave(self.rank, dim=-1)
        return spread.view(-1, 1, spread.shape[-1])


def choose_layers(layers: str, count: int) -> range:
    """Layer numbers that carry facets: `all`, `top-third` or `top-N` of `count`. ConfigError on anything else."""
    if layers == "all":
        return range(count)
    top = layers.removeprefix("top-")
    if top == "third":
        return range(count - max(1, count // 3), count)
    if layers.startswith("top-") and top.isdigit() and 0 < int(top) <= count:
        return range(count - int(top), count)
    raise ConfigError(f"[facets] layers = `{layers}` fits no model of {count} layers", "use all, top-third or top-N")


def _wrap(model: Any, width: int, layers: str, gains: Gains) -> dict[str, BlendLinear]:
    """Put a `BlendLinear` around each linear of the chosen layers, in the model itself; by the layer's dotted name."""
    wrapped: dict[str, BlendLinear] = {}
    for number in choose_layers(layers, model.config.get_text_config().num_hidden_layers):
        for name, module in list(model.named_modules()):
            parent, _, leaf = name.rpartition(".")
            if f".layers.{number}." in f".{name}" and leaf in LINEARS and isinstance(module, nn.Linear):
                wrapped[name] = BlendLinear(module, width, gains)
                setattr(model.get_submodule(parent), leaf, wrapped[name])
    if not wrapped:
        raise FacetError("the base model has no linear layers that facets can sit on", "choose a llama-like model")
    return wrapped
