"""What a lesson costs a voice: arithmetic on the nats of a wanted and an unwanted reply. Pure; knows no facet.

`reference` is what the same replies cost before anything was learned. All nats are of a whole reply, summed over its
tokens, what ends it included.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

_APPROVED = 0.25
"""Weight of what he let pass: the persona's own words teach it little, and too much of them makes it repeat itself."""


@dataclass(frozen=True, slots=True)
class Nats:
    """Of one lesson. `tokens` are the wanted reply's; None: the lesson has no such reply."""

    wanted: torch.Tensor | None
    unwanted: torch.Tensor | None
    tokens: int
    approved: bool = False

    def detached(self) -> "Nats":
        """The same numbers, without how they came about."""
        wanted, unwanted = (None if one is None else one.detach() for one in (self.wanted, self.unwanted))
        return Nats(wanted, unwanted, self.tokens, self.approved)


def lesson_loss(now: Nats, reference: Nats, beta: float) -> torch.Tensor:
    """A pair: that the wanted reply gains on the unwanted one (DPO, Rafailov et al. 2023), and nats per token of the
    wanted one, without which both grow unlikely together (Pang et al. 2024). A wanted reply alone: its nats per token.
    An unwanted one alone: that it grows unlikely (KTO, Ethayarajh et al. 2024)."""
    if now.wanted is None:
        assert now.unwanted is not None
        assert reference.unwanted is not None
        return undesired(now.unwanted, reference.unwanted, beta)
    said = now.wanted / now.tokens
    if now.unwanted is None:
        return said * (_APPROVED if now.approved else 1.0)
    assert reference.wanted is not None
    assert reference.unwanted is not None
    return said + preferred(now.wanted - reference.wanted, now.unwanted - reference.unwanted, beta)


def preferred(wanted: torch.Tensor, unwanted: torch.Tensor, beta: float) -> torch.Tensor:
    """DPO's loss: ln 2 at the start, towards 0 as the wanted reply gains. Arguments: by how much nats have risen."""
    return -F.logsigmoid(beta * (unwanted - wanted))


def undesired(now: torch.Tensor, reference: torch.Tensor, beta: float) -> torch.Tensor:
    """KTO's loss of an undesirable reply: one half at the start, towards 0 as it grows unlikely.

    KTO compares with a divergence that it estimates over a batch; of four lessons that is noise, so it is taken to be
    0, as in APO (D'Oosterlinck et al. 2024).
    """
    return torch.sigmoid(beta * (reference - now))
