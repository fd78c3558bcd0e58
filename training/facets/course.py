"""The course of a training: which rows make a step, how large it is, when validation is looked at, when it is enough.

Pure, from numbers of tokens and steps alone. Knows no model and no loss.
"""

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.examples import Row

_WARMUP = 0.06
_LOOK_TOKENS = 100_000
_LOOK_COST = 5
"""So many tokens are learned from between two looks for each token that is looked at."""


@dataclass(frozen=True, slots=True)
class Course:
    """`epoch_steps` steps an epoch, with `looks` looks at the validation rows in each, the last at its end."""

    epochs: int
    epoch_steps: int
    looks: int

    @property
    def steps(self) -> int:
        """Steps in all, if nothing ends it early."""
        return self.epochs * self.epoch_steps

    def epoch_of(self, step: int) -> int:
        """The epoch (the first is 1) in which the last of `step` steps lies."""
        return math.ceil(step / self.epoch_steps)

    def looks_after(self, step: int) -> bool:
        """Whether validation is looked at when `step` steps are done."""
        if not step:
            return False
        within = (step - 1) % self.epoch_steps + 1
        return within * self.looks // self.epoch_steps > (within - 1) * self.looks // self.epoch_steps

    def is_over(self, step: int, fruitless: int) -> bool:
        """All steps are done, or half an epoch of looks in a row (at least one) was no better than the best before."""
        return step >= self.steps or fruitless >= max(1, self.looks // 2)


def plan_course(epochs: int, epoch_steps: int, tokens: int, validation_tokens: int) -> Course:
    """A long epoch is looked at every 100,000 tokens, or less often where looking would cost much."""
    looks = tokens // max(_LOOK_TOKENS, _LOOK_COST * validation_tokens) if validation_tokens else 1
    return Course(epochs, epoch_steps, max(1, min(looks, epoch_steps)))


def batches_from(step: int, rows: Sequence[Row], rows_per_step: int, seed: str) -> Iterator[Sequence[Row]]:
    """The rows of each step after the first `step`, for ever; every epoch in an order of its own."""
    for epoch in itertools.count():
        order = random.Random(f"{seed} {epoch}").sample(rows, len(rows))  # noqa: S311  # an order, not a secret
        for at in range(0, len(order), rows_per_step):
            if step <= 0:
                yield order[at : at + rows_per_step]
            step -= 1


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: up in the first steps, then down along half a cosine to a twentieth."""
    warmup = max(1, round(steps * _WARMUP))
    if step < warmup:
        return (step + 1) / warmup
    return 0.05 + 0.475 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
