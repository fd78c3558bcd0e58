"""One facet from its rows: a LoRA in the first slot of a bank, trained on the owner's reply tokens, best look kept.

Knows no corpus and no file but its checkpoint. The same rows, settings and threads give the same facet, also when the
training was stopped anywhere and went on, and on however many processes (but for the rounding of their sums).
"""

import contextlib
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from model_server.errors import ConfigError, FacetError
from model_server.facet_files import Facet
from model_server.facets import FacetBank
from training.config import TrainingConfig
from training.examples import Row
from training.facets.checkpoint import Progressed
from training.facets.course import Course, batches_from, pace, plan_course
from training.facets.devices import Crew, Order, precision
from training.facets.split_model import LowerCache, SplitModel
from training.facets.training_state import TrainingState
from training.manifest import digest_of

_LARGEST_GRADIENT = 1.0
_CHECKPOINT_S = 60.0


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
class CandidateFacet:
    """The facet at the best look of an epoch (the first is 1), and its validation loss (0.0 without validation)."""

    epoch: int
    loss: float
    facet: Facet


@dataclass(frozen=True, slots=True)
class Trained:
    """The best facet, how it came about, and the best of each epoch (`facet` is one of them)."""

    facet: Facet
    progressed: Progressed
    """`loss_before` and `best_loss` are of the validation rows, in nats per reply token."""
    candidates: tuple[CandidateFacet, ...]


class Trainer:
    """A base model in a bank of one slot, and the activations that all facets share.

    ConfigError when there are more processes than rows in a step.
    """

    def __init__(
        self, base_name: str, bank: FacetBank, split: SplitModel, config: TrainingConfig, crew: Crew | None = None
    ) -> None:
        self.base_name = base_name
        self.bank = bank
        self.split = split
        self.config = config
        self.lower = LowerCache(split)
        self.crew = crew or Crew()
        if config.rows_per_step < self.crew.size:
            raise ConfigError(
                f"{self.crew.size} processes cannot share a step of {config.rows_per_step} rows",
                f"set rows_per_step = {self.crew.size} or more in [training], or start fewer processes",
            )

    def train(self, stage: Stage, checkpoint: Path, told: Callable[[Step], None] = lambda _step: None) -> Trained:
        """Train a facet, going on from `checkpoint` if it is of this very training; when stopped, it is kept there.

        FacetError when there is nothing to learn from, or the loss is no number any more.
        """
        if not stage.rows:
            raise FacetError(f"`{stage.name}` has no reply that fits a row", "raise row_tokens in [training]")
        epoch_steps = math.ceil(len(stage.rows) / self.config.rows_per_step)
        validation_tokens = sum(len(row.ids) for row in stage.validation)
        course = plan_course(stage.epochs, epoch_steps, stage.tokens, validation_tokens)
        state = self._start(stage, checkpoint)
        try:
            self._follow_course(stage, course, state, checkpoint, told)
        except BaseException:
            with contextlib.suppress(OSError):  # what stopped us is what counts
                state.write(checkpoint)
            raise
        best = state.done.best_epoch
        candidates = {}
        for epoch in sorted(state.candidates, key=lambda epoch: epoch == best):  # the best stays in the slot
            state.take(epoch)
            candidates[epoch] = CandidateFacet(epoch, state.done.losses[epoch], self.bank.read_slot(0))
        return Trained(candidates[best].facet, state.done, tuple(candidates[epoch] for epoch in sorted(candidates)))

    def _start(self, stage: Stage, checkpoint: Path) -> TrainingState:
        self.begin(stage.name)
        state = TrainingState(self.bank.parameters(), self.inputs_of(stage))
        if not state.read(checkpoint):
            before = self.validate(stage.validation, facet=False)
            state.done = msgspec.structs.replace(state.done, loss_before=before)
        return state

    def _follow_course(
        self, stage: Stage, course: Course, state: TrainingState, checkpoint: Path, told: Callable[[Step], None]
    ) -> None:
        """Step and look until it is over, and write down now and then where that is."""
        config = self.config
        batches = batches_from(state.done.step, stage.rows, config.rows_per_step, f"{config.seed} {stage.name}")
        self._look_if_due(stage, course, state)
        written = time.monotonic()
        while not course.is_over(state.done.step, state.done.fruitless):
            begun = time.monotonic()
            at, batch = state.done.step, next(batches)
            loss = self.gradients(batch)
            if not math.isfinite(loss):
                raise FacetError(f"training `{stage.name}` fell apart: its loss is {loss}", "lower learning_rate")
            with state.changing():
                self.update(state.optimiser, config.learning_rate * pace(at, course.steps))
                state.advance(epoch=(at + 1) // course.epoch_steps)
            told(Step(at + 1, course.steps, loss, sum(len(row.ids) for row in batch), time.monotonic() - begun))
            if self._look_if_due(stage, course, state) or time.monotonic() - written > _CHECKPOINT_S:
                state.write(checkpoint)
                written = time.monotonic()

    def _look_if_due(self, stage: Stage, course: Course, state: TrainingState) -> bool:
        step = state.done.step
        if due := course.looks_after(step) and state.done.looked < step:
            state.look(self.validate(stage.validation), course.epoch_of(step), validated=bool(stage.validation))
        return due

    def inputs_of(self, stage: Stage) -> str:
        """Digest of everything the facet depends on: every token, the settings and which base model."""
        recipe = (stage.name, stage.epochs, self.config.seed, self.config.learning_rate, self.config.rows_per_step)
        bank = (self.bank.rank, sorted(self.bank.linears), self.base_name)
        learned = [[(row.ids, row.segments, row.sources) for row in part] for part in (stage.rows, stage.validation)]
        return digest_of(recipe, bank, learned)

    def loss(self, row: Row) -> torch.Tensor:
        """Nats of all reply tokens of a row together, under the gains in force."""
        with precision(self.split.model.device):
            logits = self.split.upper(self.lower(row), row)
        return F.cross_entropy(logits.float(), torch.tensor(row.targets, device=logits.device), reduction="sum")

    def validate(self, rows: Sequence[Row], *, facet: bool = True) -> float:
        """Nats per reply token of `rows` with the slot's facet, or (`facet=False`) with none. 0.0 for no rows."""
        tokens = sum(len(row.targets) for row in rows)
        return self._compute(Order(tuple(rows), tokens, "measure" if facet else "measure_base")) if tokens else 0.0

    def step(self, batch: Sequence[Row], optimiser: torch.optim.Optimizer) -> float:
        """One step on the rows together; their loss before it, in nats per reply token."""
        loss = self.gradients(batch)
        self.update(optimiser)
        return loss

    def gradients(self, batch: Sequence[Row]) -> float:
        """The loss of the rows together in nats per reply token, and its gradients in the matrices of the bank."""
        for matrix in self.bank.parameters():
            matrix.grad = None  # of a step that was cut off
        return self._compute(Order(tuple(batch), sum(len(row.targets) for row in batch), "learn"))

    def update(self, optimiser: torch.optim.Optimizer, rate: float | None = None) -> None:
        """Let the matrices follow their gradients; `rate`: at this learning rate from now on."""
        if rate is not None:
            optimiser.param_groups[0]["lr"] = rate
        torch.nn.utils.clip_grad_norm_(self.bank.parameters(), _LARGEST_GRADIENT)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    def follow(self) -> None:
        """Work for the leader of the crew until it has nothing more to do: what every other process calls."""
        matrices = self.bank.parameters()
        self.begin("")
        while (order := self.crew.hear(matrices)) is not None:
            for matrix in matrices:
                matrix.grad = None
            self._compute_share(order)

    def _compute(self, order: Order) -> float:
        self.crew.call(order, self.bank.parameters())
        return self._compute_share(order)

    def _compute_share(self, order: Order) -> float:
        """The sum of all processes, each over its share of the rows; alone: over all."""
        learn = order.task == "learn"
        total = 0.0
        with torch.set_grad_enabled(learn), self.bank.using(None if order.task == "measure_base" else torch.ones(1)):
            for row in self.crew.share(order.rows):
                loss = self.loss(row) / order.divisor
                if learn:
                    loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
        return self.crew.add_up(total, self.bank.parameters() if learn else ())

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
