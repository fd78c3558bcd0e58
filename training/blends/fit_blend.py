"""Blends fitted by gradient: a blend is a vector in the forward pass, so its weights learn as any weight does.

Only the gains get gradients, over cached lower activations; the penalty that keeps a blend near what all labels share
is `fitting`. A label is a contact type, a contact, or what a shuffled control makes of them. Knows rows and facets in a
bank; not where blends are kept or who is spoken to. Literature: LoraHub (Huang et al. 2023) and AdaMerging (Yang et
al. 2023) fit few weights over fixed LoRAs and task vectors.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from model_server.blends import HEAVIEST
from model_server.contract import Blend
from training.blends.fitting import Nats, fit_around, fit_shape
from training.examples import Row
from training.whole_bank import WholeBank

ENOUGH_TOKENS = 24_000
"""So many tokens of rows say what there is to say about a handful of weights; of more, rows are drawn by lot."""
_NEGLIGIBLE = 0.03
_DECIMALS = 2
"""Of a weight: its own uncertainty is several times a hundredth."""

Told = Callable[[str], None]
"""Told the label whose rows have just been computed once more."""
Point = tuple[str, tuple[str, ...], tuple[float, ...]]
"""Label, facets and a weight for each."""
Found = tuple[float, tuple[float, ...]]
"""Nats of all reply tokens of the label at a point, and their slope along each weight."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """One label's blend. `before` and `after`: nats per reply token on the rows it was fitted on, 0.0 without rows."""

    blend: Blend
    before: float
    """Under the blend that the fit began with."""
    after: float
    steps: int
    """How often the losses of all labels were computed; 0: no rows."""


class Losses:
    """What weights cost each label's rows, each point computed once. Subclasses keep what they found for longer."""

    def __init__(self, whole: WholeBank, rows_by_label: Mapping[str, Sequence[Row]], told: Told) -> None:
        self._whole = whole
        self._rows = {label: _enough(rows) for label, rows in rows_by_label.items()}
        self._told = told
        self._found: dict[Point, Found] = {}

    def loaded(self) -> dict[str, str]:
        """The facets there are to weigh, name -> version."""
        return self._whole.bank.table.live()

    def tokens(self, label: str) -> int:
        """Reply tokens that the nats of a label are of."""
        return sum(len(row.targets) for row in self._rows.get(label, ()))

    def nats(self, label: str, facets: Sequence[str], weights: Sequence[float]) -> Found:
        """Nats of all reply tokens of a label together under these weights, and their slope along each."""
        point = (label, tuple(facets), tuple(round(weight, 6) for weight in weights))
        if point not in self._found:
            value, slope = slope_of_nats(self._whole, self._rows.get(label, ()), facets, point[2])
            self.keep(point, (value, slope))
            self._told(label)
        return self._found[point]

    def keep(self, point: Point, found: Found) -> None:
        """Remember what weights cost."""
        self._found[point] = found


def slope_of_nats(whole: WholeBank, rows: Sequence[Row], facets: Sequence[str], weights: Sequence[float]) -> Found:
    """Nats of all reply tokens of `rows` with these weights of these loaded facets, and their slope along each weight.

    KeyError when a facet is not loaded.
    """
    live = whole.bank.table.live()
    rows_of_slots = [_one_hot(whole, name, live[name]) for name in facets]
    slots = torch.tensor(rows_of_slots, device=whole.base.device).reshape(len(facets), whole.bank.table.used())
    at = torch.tensor(weights, dtype=torch.float32, device=slots.device, requires_grad=True)
    total = 0.0
    for row in rows:
        with whole.bank.using(at @ slots):
            logits = whole.split.upper(whole.lower(row), row).float()
            loss = F.cross_entropy(logits, torch.tensor(row.targets, device=logits.device), reduction="sum")
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
    return total, (0.0,) * len(facets) if at.grad is None else tuple(at.grad.tolist())


def _one_hot(whole: WholeBank, name: str, version: str) -> list[float]:
    """The gains of one facet alone, over the slots in use."""
    lease = whole.bank.gains_for({name: 1.0})
    whole.bank.release(lease)
    assert lease.versions == {name: version}, name
    return list(lease.gains[: whole.bank.table.used()])


def fit_one(losses: Losses, label: str, prior: Blend, spreads: Mapping[str, float]) -> FitResult:
    """The blend of one label of `losses`. `spreads`: facet -> how far its weight may stray from the prior's."""
    facets = list(spreads)
    start = [prior.get(name, 0.0) for name in facets]
    if not losses.tokens(label):
        return FitResult(_kept(facets, start), 0.0, 0.0, 0)
    shape = fit_around(_over({label: facets}, losses), label, start, list(spreads.values()))
    return _result(losses, (label, facets), start, shape.by_label[label], shape.passes)


def fit_labels(
    whole: WholeBank,
    rows_by_label: Mapping[str, Sequence[Row]],
    own_of: Mapping[str, str],
    others: Sequence[str],
    spread: float,
    *,
    told: Told = lambda _label: None,
) -> dict[str, FitResult]:
    """A blend for each label of `rows_by_label`, over `others` and the label's own facet, if it has one.

    The first of `others` is the facet for all: `core`, or what stands in for it.

    First what the labels share, then how each strays from it, found together (`fitting.fit_shape`). Labels without a
    facet of their own share a shape apart. A label without rows gets the shape. `own_of`: label -> name of its facet.
    """
    return fit_many(Losses(whole, rows_by_label, told), list(rows_by_label), own_of, others, spread)


def fit_many(
    losses: Losses, labels: Sequence[str], own_of: Mapping[str, str], others: Sequence[str], spread: float
) -> dict[str, FitResult]:
    """`fit_labels` for these labels of `losses`."""
    results: dict[str, FitResult] = {}
    loaded = losses.loaded()
    for having in (True, False):
        group = [label for label in labels if (own_of.get(label) in loaded) == having]
        facets = {label: [*others, own_of[label]] if having else list(others) for label in group}
        # half of how the owner always sounds, half of how they sound to this label, as the default blends
        prior = [(0.5 if having else 1.0) * (at == 0) for at in range(len(others))] + [0.5] * having
        heard = [label for label in group if losses.tokens(label)]
        shape = fit_shape(_over(facets, losses), heard, prior, spread)
        for label in group:
            if label in heard:
                weights = shape.by_label[label]
                results[label] = _result(losses, (label, facets[label]), prior, weights, shape.passes)
            else:
                results[label] = FitResult(_kept(facets[label], shape.shared), 0.0, 0.0, 0)
    return {label: results[label] for label in labels}


def _over(facets: Mapping[str, Sequence[str]], losses: Losses) -> Nats:
    return lambda label, weights: losses.nats(label, facets[label], weights)


def _result(
    losses: Losses, of: tuple[str, Sequence[str]], start: Sequence[float], weights: Sequence[float], steps: int
) -> FitResult:
    """`of`: label and facets. With the losses under the blend that the fit began with, and the one that is kept."""
    label, facets = of
    blend, tokens = _kept(facets, weights), losses.tokens(label)
    before, _ = losses.nats(label, facets, start)
    after, _ = losses.nats(label, facets, [blend.get(name, 0.0) for name in facets])
    return FitResult(blend, before / tokens, after / tokens, steps)


def _kept(facets: Sequence[str], weights: Sequence[float]) -> Blend:
    """A blend within bounds, rounded, without what hardly weighs."""
    held = {name: min(max(weight, -HEAVIEST), HEAVIEST) for name, weight in zip(facets, weights, strict=True)}
    return {name: round(weight, _DECIMALS) for name, weight in held.items() if abs(weight) >= _NEGLIGIBLE}


def _enough(rows: Sequence[Row]) -> tuple[Row, ...]:
    """All rows, or a sample of them of about `ENOUGH_TOKENS` that is the same each time."""
    left = ENOUGH_TOKENS - sum(len(row.ids) for row in rows)
    if left >= 0:
        return tuple(rows)
    drawn: list[Row] = []
    tokens = 0
    for row in random.Random(0).sample(list(rows), len(rows)):  # noqa: S311  # an order, not a secret
        if tokens >= ENOUGH_TOKENS:
            break
        drawn.append(row)
        tokens += len(row.ids)
    return tuple(drawn)
