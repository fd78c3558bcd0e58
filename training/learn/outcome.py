"""What became of each facet's learning, as frozen data: what `teaching` makes and the command prints. No torch."""

from typing import Literal

import msgspec

from training.learn.planning import Plan


class Habit(msgspec.Struct, frozen=True):
    """What was learned, on the latest lessons, which were held out. `loss`: as `preference.lesson_loss`, a mean."""

    lessons: int
    loss_before: float
    loss_after: float
    pairs: int
    gained: float | None
    """Share of the pairs in which the wanted reply has gained on the unwanted one; None without pairs."""

    @property
    def better(self) -> bool:
        """Whether what was learned holds for lessons that were not."""
        return self.lessons == 0 or self.loss_after < self.loss_before


class Taught(msgspec.Struct, frozen=True):
    """What became of one plan. `waiting`: nothing was tried; `reason` says why it is not live."""

    facet: str
    state: Literal["live", "refused", "waiting"]
    new: int
    """Corrections since the last try, approvals not counted."""
    needed: int
    reason: str = ""
    version: str = ""
    lessons: int = 0
    epochs: int = 0
    habit: Habit | None = None
    likeness_change: float | None = None
    """As in the record of the version: the share by which held-out nats per token changed; +0.01 is 1 % worse."""
    likeness_ci: tuple[float, float] | None = None
    seconds: float = 0.0


def waiting(plan: Plan) -> Taught:
    """Nothing is tried, and why."""
    reason = f"{plan.fresh} of {plan.needed} new corrections"
    if plan.outdated:
        reason = "it knows what has been forgotten or cut since → selfsame train"
    return Taught(plan.facet, "waiting", plan.fresh, plan.needed, reason)
