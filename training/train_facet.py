"""One facet from its rows: a LoRA in the first slot of a bank, trained on the owner's reply tokens, best epoch kept.

Knows no corpus and no file but its checkpoint. The same rows, settings and threads give the same facet, also when the
training was killed between two epochs and went on.
"""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from model_server.facet_files import Facet
from model_server.facets import FacetBank
from training.checkpoint import Progressed, read_checkpoint, write_checkpoint
from training.config import TrainingConfig
from training.examples import Row
from training.manifest import digest_of
from training.split_model import LowerCache, SplitModel

_WARMUP = 0.06
_WEIGHT_DECAY = 0.01
_LARGEST_GRADIENT = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One facet to train: the rows to learn from, how often, and the rows that tell which pass was the best."""

    name: str
    rows: tuple[Row, ...]
    validation: tuple[Row, ...]
    epochs: int

    @property
    def tokens(self) -> int:
        """Tokens of one epoch."""
        return sum(len(row.ids) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Step:
    """Told after each step. `tokens` were computed by it in `seconds`; `loss` is in nats per reply token."""

    step: int
    steps: int
    loss: float
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A facet and how it came about."""

    facet: Facet
    progressed: Progressed
    """`loss_before` and `best_loss` are of the validation rows, in nats per reply token."""


class Trainer:
    """A base model in a bank of one slot, and the activations that all facets share."""

    def __init__(self, base_name: str, bank: FacetBank, split: SplitModel, config: TrainingConfig) -> None:
        self.base_name = base_name
        self.bank = bank
        self.split = split
        self.config = config
        self.lower = LowerCache(split)

    def validate(self, rows: Sequence[Row], *, facet: bool = True) -> float:
        """Nats per reply token of `rows` with the slot's facet, or (`facet=False`) with none. 0.0 for no rows."""
        total = 0.0
        with torch.no_grad(), self.bank.using(torch.ones(1) if facet else None):
            for row in rows:
                total += float(self.loss(row))
        tokens = sum(len(row.targets) for row in rows)
        return total / tokens if tokens else 0.0

    def train(self, stage: Stage, checkpoint: Path, told: Callable[[Step], None] = lambda _step: None) -> Trained:
        """Train a facet, going on from `checkpoint` if it is of this very training."""
        parameters = self.bank.parameters()
        self.begin(stage.name)
        optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.98), weight_decay=_WEIGHT_DECAY)
        inputs = self.inputs_of(stage)
        best = [matrix.detach().clone() for matrix in parameters]
        if (kept := read_checkpoint(checkpoint, inputs)) is not None:
            state, tensors = kept
            best = _restore(tensors, parameters, optimiser)
        else:
            before = self.validate(stage.validation, facet=False)
            state = Progressed(inputs, epoch=0, step=0, best_epoch=0, best_loss=0.0, loss_before=before, seconds=0.0)
        started = time.monotonic() - state.seconds
        # an epoch that made it worse is the last
        while state.epoch < stage.epochs and state.best_epoch == state.epoch:
            steps = self._epoch(stage, state.epoch, optimiser, told)
            loss = self.validate(stage.validation)
            epoch = state.epoch + 1
            # without validation rows the last epoch is the best
            better = not stage.validation or epoch == 1 or loss < state.best_loss
            if better:
                best = [matrix.detach().clone() for matrix in parameters]
            state = Progressed(
                inputs=inputs,
                epoch=epoch,
                step=state.step + steps,
                best_epoch=epoch if better else state.best_epoch,
                best_loss=loss if better else state.best_loss,
                loss_before=state.loss_before,
                seconds=time.monotonic() - started,
            )
            write_checkpoint(checkpoint, state, _snapshot(best, parameters, optimiser))
        with torch.no_grad():
            for matrix, value in zip(parameters, best, strict=True):
                matrix.copy_(value)
        return Trained(self.bank.read_slot(0), state)

    def _epoch(self, stage: Stage, epoch: int, optimiser: torch.optim.Optimizer, told: Callable[[Step], None]) -> int:
        """One pass over the rows in an order of its own; how many steps that took."""
        size = self.config.rows_per_step
        order = random.Random(f"{self.config.seed} {stage.name} {epoch}").sample(stage.rows, len(stage.rows))  # noqa: S311
        batches = [order[at : at + size] for at in range(0, len(order), size)]
        for number, batch in enumerate(batches):
            begun = time.monotonic()
            step, steps = epoch * len(batches) + number, stage.epochs * len(batches)
            optimiser.param_groups[0]["lr"] = self.config.learning_rate * _pace(step, steps)
            loss = self.step(batch, optimiser)
            told(Step(step + 1, steps, loss, sum(len(row.ids) for row in batch), time.monotonic() - begun))
        return len(batches)

    def inputs_of(self, stage: Stage) -> str:
        """Digest of everything the facet depends on: every token, the settings and which base model."""
        recipe = (stage.name, stage.epochs, self.config.seed, self.config.learning_rate, self.config.rows_per_step)
        bank = (self.bank.rank, sorted(self.bank.linears), self.base_name)
        learned = [[(row.ids, row.segments, row.sources) for row in part] for part in (stage.rows, stage.validation)]
        return digest_of(recipe, bank, learned)

    def loss(self, row: Row) -> torch.Tensor:
        """Nats of all reply tokens of a row together, under the gains in force."""
        logits = self.split.upper(self.lower(row), row)
        return F.cross_entropy(logits.float(), torch.tensor(row.targets, device=logits.device), reduction="sum")

    def step(self, batch: Sequence[Row], optimiser: torch.optim.Optimizer) -> float:
        """One step on the rows together; their loss before it, in nats per reply token."""
        tokens = sum(len(row.targets) for row in batch)
        total = 0.0
        with self.bank.using(torch.ones(1)):
            for row in batch:
                loss = self.loss(row) / tokens
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.bank.parameters(), _LARGEST_GRADIENT)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return total

    @torch.no_grad()
    def begin(self, name: str) -> None:
        """A facet that changes nothing yet: A random, by seed and name, as peft begins; B zero."""
        draw = torch.Generator().manual_seed(random.Random(f"{self.config.seed} {name}").getrandbits(62))  # noqa: S311
        for linear in self.bank.linears.values():
            bound = 1 / math.sqrt(linear.a.shape[1])
            linear.a.copy_(torch.empty(linear.a.shape).uniform_(-bound, bound, generator=draw))
            linear.bt.zero_()
            linear.a.requires_grad_(True)
            linear.bt.requires_grad_(True)


def _pace(step: int, steps: int) -> float:
    """Share of the learning rate: up in the first steps, then down along half a cosine to a twentieth."""
    warmup = max(1, round(steps * _WARMUP))
    if step < warmup:
        return (step + 1) / warmup
    return 0.05 + 0.475 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def _snapshot(
    best: Sequence[torch.Tensor], parameters: Sequence[torch.nn.Parameter], optimiser: torch.optim.Optimizer
) -> dict[str, torch.Tensor]:
    tensors = {f"best.{at}": matrix for at, matrix in enumerate(best)}
    for at, matrix in enumerate(parameters):
        tensors[f"now.{at}"] = matrix
        for key, value in optimiser.state[matrix].items():
            tensors[f"{key}.{at}"] = value
    return tensors


@torch.no_grad()
def _restore(
    tensors: dict[str, torch.Tensor],
    parameters: Sequence[torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
) -> list[torch.Tensor]:
    """The inverse of `_snapshot`; returns the best matrices so far."""
    state = {}
    for at, matrix in enumerate(parameters):
        matrix.copy_(tensors[f"now.{at}"])
        state[at] = {key: tensors[f"{key}.{at}"] for key in ("step", "exp_avg", "exp_avg_sq")}
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    return [tensors[f"best.{at}"].to(matrix.device) for at, matrix in enumerate(parameters)]
