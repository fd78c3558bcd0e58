"""A facet learns from lessons in its place among the others: trained as it is served, every other facet as it is.

The forward passes are those of the blends in force; only the slot of the facet that learns moves, from its live weights
on, and what it has learned before is rehearsed beside the lessons. An epoch that costs likeness on validation replies
is taken back in part, and is the last. Knows examples and a bank; not where they come from, nor what goes live.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from model_server.contract import Blend
from model_server.facet_files import Facet
from training.examples import Row
from training.learn.config import LearningConfig
from training.learn.examples import Example, Rehearsal, tokens_of
from training.learn.kept import LearningKept, read_kept, write_kept
from training.learn.outcome import Habit
from training.learn.preference import Nats, lesson_loss
from training.likeness.scores import token_nats
from training.manifest import digest_of
from training.whole_bank import WholeBank

_LESSONS_A_STEP = 4
_WARMUP = 0.1
_LARGEST_GRADIENT = 1.0
_BACK = (0.5, 0.25)
"""Shares of an epoch's way that are tried when all of it costs too much (weights between two models: Wortsman et al.
2022)."""

Told = Callable[[int, int, float], None]
"""Told the step, of how many, and its loss."""


@dataclass(frozen=True, slots=True)
class Course:
    """What one facet is to learn. `validation` tells when it costs too much: more than `tolerance` of its loss."""

    facet: str
    version: str
    lessons: Sequence[Example]
    held_out: Sequence[Example]
    rehearsals: Sequence[Rehearsal]
    validation: Sequence[Rehearsal]
    tolerance: float


@dataclass(frozen=True, slots=True)
class Learned:
    """The facet afterwards, in how many epochs, and what of it holds. Validation in nats per token of the replies."""

    facet: Facet
    epochs: int
    habit: Habit
    validation_before: float | None
    validation_after: float | None


class Learner:
    """One course in a bank that holds the live version of its facet."""

    def __init__(self, whole: WholeBank, course: Course, config: LearningConfig, seed: int) -> None:
        self._whole = whole
        self._course = course
        self._config = config
        self._seed = seed
        lease = whole.bank.gains_for({course.facet: 1.0})
        whole.bank.release(lease)
        assert lease.versions == {course.facet: course.version}, lease.versions
        self.slot = lease.gains.index(1.0)
        self._rows = slice(self.slot * whole.bank.rank, (self.slot + 1) * whole.bank.rank)
        self._bank = whole.bank.parameters()
        self.start = whole.bank.read_slot(self.slot)
        # leaves of their own: an optimiser over the bank's whole matrices would hold moments of every slot
        self._own = [torch.nn.Parameter(matrix[self._rows].detach().clone()) for matrix in self._bank]

    def learn(self, checkpoint: Path, told: Told = lambda _step, _steps, _loss: None) -> Learned:
        """Go through the course, on from `checkpoint` if it is of this very one. The slot then holds what was learned.

        The file stays: what was learned need not be learned again for a verdict that was cut off.
        """
        course, epochs = self._course, self._config.epochs
        optimiser = torch.optim.AdamW(self._own, lr=self._config.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
        references = [self._reference(one) for one in course.lessons]
        held_out = [self._reference(one) for one in course.held_out]
        before = self.validate()
        inputs = self._inputs()
        state = LearningKept(inputs, epoch=0, done=False)
        if (kept := read_kept(checkpoint, inputs, self._own, optimiser)) is not None:
            state = kept
            self._settle()
        while state.epoch < epochs and not state.done:
            start = [matrix.detach().clone() for matrix in self._own]
            self._epoch(state.epoch, optimiser, references, told)
            whole_way = self._go_back(start, before)
            state = LearningKept(inputs, state.epoch + 1, done=not whole_way)
            write_kept(checkpoint, state, self._own, optimiser)
        return Learned(
            facet=self._whole.bank.read_slot(self.slot),
            epochs=state.epoch,
            habit=self._habit(held_out),
            validation_before=before,
            validation_after=self.validate(),
        )

    def validate(self) -> float | None:
        """Nats per token of the validation replies, as they are served; None without any."""
        rows = self._course.validation
        with torch.no_grad():
            lost = [self._elsewhere(one) for one in rows]
        tokens = sum(count for _, count in lost)
        return sum(float(nats) for nats, _ in lost) / tokens if tokens else None

    @torch.no_grad()
    def nats(self, one: Example) -> Nats:
        """What a lesson costs now."""
        return self._nats(one)

    def _epoch(self, epoch: int, optimiser: torch.optim.Optimizer, references: Sequence[Nats], told: Told) -> None:
        drawn = random.Random(f"{self._seed} {self._course.facet} {epoch}")  # noqa: S311  # an order, not a secret
        order = drawn.sample(range(len(references)), len(references))
        batches = [order[at : at + _LESSONS_A_STEP] for at in range(0, len(order), _LESSONS_A_STEP)]
        rehearsed = self._rehearsed(drawn)
        steps = self._config.epochs * len(batches)
        owed = 0.0
        for number, batch in enumerate(batches, start=epoch * len(batches)):
            optimiser.param_groups[0]["lr"] = self._config.learning_rate * _pace(number, steps)
            beside: list[Rehearsal] = []
            owed += self._config.replay * tokens_of([self._course.lessons[at] for at in batch])
            while owed > 0 and (one := next(rehearsed, None)) is not None:
                beside.append(one)
                owed -= len(one.row.ids)
            lessons = [(self._course.lessons[at], references[at]) for at in batch]
            told(number + 1, steps, self._step(lessons, beside, optimiser))

    def _rehearsed(self, drawn: random.Random) -> Iterator[Rehearsal]:
        """What was learned before, again and again in another order."""
        while self._course.rehearsals:
            yield from drawn.sample(self._course.rehearsals, len(self._course.rehearsals))

    def _step(
        self,
        lessons: Sequence[tuple[Example, Nats]],
        rehearsed: Sequence[Rehearsal],
        optimiser: torch.optim.Optimizer,
    ) -> float:
        """One step on all of it together; the loss of the lessons before it."""
        total = 0.0
        with self._moving():
            for one, reference in lessons:
                loss = lesson_loss(self._nats(one), reference, self._config.beta) / len(lessons)
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
            tokens = sum(len(again.row.targets) for again in rehearsed)
            for again in rehearsed:
                loss = self._elsewhere(again)[0] / tokens
                loss.backward()  # type: ignore[no-untyped-call]
            for own, matrix in zip(self._own, self._bank, strict=True):
                own.grad = None if matrix.grad is None else matrix.grad[self._rows].clone()
        torch.nn.utils.clip_grad_norm_(self._own, _LARGEST_GRADIENT)
        optimiser.step()
        self._settle()
        return total

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Gradients reach the bank, and nothing of them is left behind."""
        for matrix in self._bank:
            matrix.requires_grad_(True)
        try:
            yield
        finally:
            for matrix in self._bank:
                matrix.requires_grad_(False)
                matrix.grad = None

    @torch.no_grad()
    def _settle(self) -> None:
        for own, matrix in zip(self._own, self._bank, strict=True):
            matrix[self._rows].copy_(own)

    @torch.no_grad()
    def _go_back(self, start: Sequence[torch.Tensor], before: float | None) -> bool:
        """Take back as much of an epoch as likeness needs; whether nothing had to be."""
        if before is None:
            return True
        end = [own.detach().clone() for own in self._own]
        for share in (1.0, *_BACK, 0.0):
            for own, there, here in zip(self._own, end, start, strict=True):
                own.copy_(torch.lerp(here, there, share))
            self._settle()
            if (now := self.validate()) is None or now <= before * (1 + self._course.tolerance):
                return share == 1.0
        return False

    def _habit(self, references: Sequence[Nats]) -> Habit:
        now = [self.nats(one) for one in self._course.held_out]
        beta = self._config.beta
        losses = [
            (float(lesson_loss(was, was, beta)), float(lesson_loss(one, was, beta)))
            for one, was in zip(now, references, strict=True)
        ]
        gains = [
            float((was.wanted - one.wanted) - (was.unwanted - one.unwanted))
            for one, was in zip(now, references, strict=True)
            if one.wanted is not None and one.unwanted is not None
            if was.wanted is not None and was.unwanted is not None
        ]
        count = len(losses)
        return Habit(
            lessons=count,
            loss_before=sum(before for before, _ in losses) / count if count else 0.0,
            loss_after=sum(after for _, after in losses) / count if count else 0.0,
            pairs=len(gains),
            gained=sum(gain > 0 for gain in gains) / len(gains) if gains else None,
        )

    def _reference(self, one: Example) -> Nats:
        return self.nats(one).detached()

    def _nats(self, one: Example) -> Nats:
        losses, _ = token_nats(self._logits(one.row, one.blend), one.row)
        owners = torch.tensor(one.row.owners, device=losses.device) - 1
        sums = losses.new_zeros(len(one.row.members)).index_add(0, owners, losses)
        wanted, unwanted = (None if at is None else sums[at] for at in (one.wanted, one.unwanted))
        tokens = 0 if one.wanted is None else sum(owner == one.wanted + 1 for owner in one.row.owners)
        return Nats(wanted, unwanted, tokens, one.approved)

    def _elsewhere(self, one: Rehearsal) -> tuple[torch.Tensor, int]:
        """Nats of what the lessons are not about, and how many tokens that is."""
        losses, counted = token_nats(self._logits(one.row, one.blend), one.row, one.apart)
        return losses.sum(), int(counted.sum())

    def _logits(self, row: Row, blend: Blend) -> torch.Tensor:
        """[targets, vocabulary] under a blend."""
        bank = self._whole.bank
        lease = bank.gains_for(blend)
        bank.release(lease)
        with bank.using(torch.tensor(lease.gains[: bank.table.used()])):
            return self._whole.split.upper(self._whole.lower(row), row).float()

    def _inputs(self) -> str:
        course, live = self._course, sorted(self._whole.live.items())
        rows = [
            [(one.row.ids, one.row.segments, one.row.sources, one.blend) for one in part]
            for part in (course.lessons, course.held_out, course.rehearsals, course.validation)
        ]
        apart = [sorted(map(repr, one.apart)) for one in (*course.rehearsals, *course.validation)]
        marks = [(one.wanted, one.unwanted, one.approved) for one in (*course.lessons, *course.held_out)]
        return digest_of(course.facet, live, self._config, self._seed, course.tolerance, marks, rows, apart)


def _pace(step: int, steps: int) -> float:
    """Share of the learning rate: up in the first steps, then straight down to a twentieth."""
    warmup = max(1, round(steps * _WARMUP))
    if step < warmup:
        return (step + 1) / warmup
    return max(0.05, (steps - step) / max(1, steps - warmup))
