"""Held-out losses: how likely each voice finds what the owner really replied, in conversations nobody trained on.

Nats per token of the owner's replies, what ends them included, by contact type; plain forward passes through the same
bank that serves. Knows nothing of how the facets came to be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from model_server.blends import BlendBook, resolve
from model_server.contract import Blend
from model_server.errors import CorpusError, FacetError
from model_server.facet_files import facet_dir, read_facet, read_live
from model_server.facets import FacetBank
from model_server.home import Home
from training.conversations import Session
from training.examples import Row
from training.pipeline import Settings, load_for_training, read_split, rows_by_type, split_model
from training.slices import CORE, count_replies
from training.split_model import LowerCache, SplitModel

Told = Callable[[int, int], None]
"""Told how many tokens are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Losses:
    """One contact type. `own` is None when the type has no facet of its own (`core` answers for it)."""

    base: float
    """The base model, bare."""
    card: float
    """With the persona card; so are the others."""
    core: float
    own: float | None
    blend: float
    """The blend given for the type, as it would be in force: a facet not yet trained hands its weight to `core`."""
    replies: int
    """The owner's turns in the held-out conversations."""


class Evaluator:
    """The base model with every live facet in its bank."""

    def __init__(self, settings: Settings, home: Home) -> None:
        self.live = read_live(home)
        if CORE not in self.live:
            raise FacetError(
                "no facet has been trained yet", "run `selfsame train`; one that runs already is in `selfsame status`"
            )
        self.base = load_for_training(settings, home)
        self.bank = FacetBank(self.base.model, settings.facets.rank, len(self.live), settings.facets.layers)
        for name, version in self.live.items():
            self.bank.load(name, version, read_facet(facet_dir(home, name, version)))
        self.split: SplitModel = split_model(self.base, settings)
        self.lower = LowerCache(self.split)

    @torch.no_grad()
    def loss(self, rows: Sequence[Row], blend: Blend) -> float:
        """Nats per reply token under a blend; the empty blend is the base model alone."""
        total = 0.0
        with self.bank.using(blend or None):
            for row in rows:
                logits = self.split.upper(self.lower(row), row).float()
                targets = torch.tensor(row.targets, device=logits.device)
                total += float(F.cross_entropy(logits, targets, reduction="sum"))
        return total / sum(len(row.targets) for row in rows)


def evaluate(
    settings: Settings, home: Home, blends: Mapping[str, Blend], told: Told = lambda _done, _total: None
) -> dict[str, Losses]:
    """Losses on the held-out conversations of each contact type, under the blends (contact type -> weights) given.

    CorpusError without held-out conversations, FacetError without facets.
    """
    held_out = [session for session in read_split(home, settings.training).held_out if session.contact_type]
    if not held_out:
        raise CorpusError(
            "no conversation with a contact of known type is held out", "import more chats, or: selfsame contacts set"
        )
    evaluator = Evaluator(settings, home)
    return measure(evaluator, settings, held_out, blends, told)


def measure(
    evaluator: Evaluator,
    settings: Settings,
    sessions: Sequence[Session],
    blends: Mapping[str, Blend],
    told: Told = lambda _done, _total: None,
) -> dict[str, Losses]:
    """The losses of each contact type on any sessions."""
    carded = rows_by_type(evaluator.base.tokenizer, settings, sessions)
    bare = rows_by_type(evaluator.base.tokenizer, settings, sessions, card=False)
    replies = count_replies(sessions)
    total = sum(len(row.ids) for rows in carded.values() for row in rows) * 5
    done = 0
    losses: dict[str, Losses] = {}

    def loss(rows: Sequence[Row], blend: Blend) -> float:
        nonlocal done
        found = round(evaluator.loss(rows, blend), 4)
        done = min(total, done + sum(len(row.ids) for row in rows))
        told(done, total)
        return found

    for contact_type, rows in carded.items():
        has_own = contact_type in evaluator.live
        losses[contact_type] = Losses(
            base=loss(bare[contact_type], {}),
            card=loss(rows, {}),
            core=loss(rows, {CORE: 1.0}),
            own=loss(rows, {contact_type: 1.0}) if has_own else None,
            blend=loss(rows, resolve(BlendBook(defaults=blends), contact_type, "")),
            replies=replies[contact_type],
        )
    told(total, total)
    return losses
