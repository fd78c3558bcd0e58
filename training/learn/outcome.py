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


class Trait(msgspec.Struct, frozen=True):
    """What corrections do again and again: a piece of a word (`token_id`) that was put in or taken out `times` of the
    `of` times it could have been."""

    token_id: int
    piece: str
    put_in: bool
    times: int
    of: int
    before: int | None = None
    """Only before this token; None: wherever it stands."""
    where: str = ""
    """The same in words."""

    @property
    def place(self) -> tuple[int, int | None]:
        """What is left apart where old chats are asked."""
        return self.token_id, self.before


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
    traits: tuple[Trait, ...] = ()
    """What the corrections say again and again: left apart where `likeness_change` was measured."""
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
