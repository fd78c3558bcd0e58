"""What a trained facet has to show before it goes live: held-out likeness under the blends that serve, and no leak.

Measures with the bank as a worker would have it: every live facet, and the candidate in the place of its forerunner.
Knows nothing of how the facet was trained; the decision itself is `promotion.decide`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from model_server.base_model import BaseModel
from model_server.blends import BlendBook, in_force, resolve
from model_server.contract import Blend
from model_server.errors import FacetError
from model_server.facet_files import Facet, read_facet
from model_server.facets import FacetBank
from model_server.fitted import read_fitted
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live
from training.blends.fit_all import fit_contact
from training.blends.fit_blend import FitResult
from training.conversations import Session
from training.facets.train_facet import Trainer
from training.likeness.compare import Change, compare
from training.likeness.scores import Apart, score_sessions
from training.pipeline import Settings
from training.whole_bank import WholeBank

Told = Callable[[int, int], None]
"""Told how many tokens are done, and of how many."""


CANDIDATE = "candidate"
"""The version of what is under test, in the bank."""


@dataclass(frozen=True, slots=True)
class OwnFit:
    """A contact's blend with a facet of his own, and what that facet is worth on his held-out conversations."""

    fit: FitResult
    worth: Change | None
    """From the best blend without it; None where nothing of his is held out."""


def serving_book(settings: Settings, home: Home) -> BlendBook:
    """The blends of the configuration and the fitted ones; what the owner set for the moment is left aside."""
    fitted = read_fitted(home)
    return BlendBook(settings.blends, fitted_types=fitted.types, fitted_contacts=fitted.contacts)


@contextmanager
def serving_bank(trainer: Trainer, base: BaseModel, settings: Settings, home: Home) -> Iterator[WholeBank]:
    """Every live facet on the trainer's model, and room for one more; the trainer's own bank stands aside meanwhile."""
    live = read_live(home)
    trainer.bank.remove()
    try:
        bank = FacetBank(base.model, settings.facets.rank, len(live) + 1, settings.facets.layers)
        try:
            for name, version in live.items():
                with suppress(FacetError):  # lost, or of another shape: nobody hears it, and training mends it
                    bank.load(name, version, read_facet(facet_dir(home, name, version)))
            yield WholeBank(base, bank, trainer.split, trainer.lower, bank.table.live())
        finally:
            bank.remove()
    finally:
        trainer.bank.attach()


def heard_in(name: str, book: BlendBook, live: Mapping[str, str], sessions: Sequence[Session]) -> list[Session]:
    """The conversations with contacts of known type in which this facet has a say."""
    there = {*live, name}
    return [
        session
        for session in sessions
        if session.contact_type and name in in_force(resolve(book, session.contact_type, session.contact_id), there)
    ]


def change_of(
    whole: WholeBank,
    settings: Settings,
    book: BlendBook,
    *,
    name: str,
    candidate: Facet,
    sessions: Sequence[Session],
    apart: Apart = frozenset(),
    told: Told = lambda _done, _total: None,
) -> Change | None:
    """The live version of a facet against the candidate, in every one of `sessions` in which it has a say.

    `apart`: tokens that are left out of the comparison (`scores.token_nats`). None without a live version, or where it
    has a say in none. `whole` needs a free slot; afterwards it holds the
    candidate.
    """
    heard = heard_in(name, book, whole.live, sessions)
    if name not in whole.live or not heard:
        return None
    before = score_sessions(whole, settings, heard, book, apart=apart, told=told)
    whole.bank.load(name, CANDIDATE, candidate)
    after = score_sessions(whole, settings, heard, book, apart=apart, told=told)
    change = compare(before, after, settings.likeness.resamples, settings.training.seed)
    return change if change.conversations else None


def fit_own(
    whole: WholeBank,
    settings: Settings,
    type_blend: Blend,
    name: str,
    *,
    validation: Sequence[Session],
    held_out: Sequence[Session],
) -> OwnFit:
    """The best blend with a contact's own facet (loaded as `name`) against the best without, both fitted on his
    validation conversations around the blend of his type."""
    best = fit_contact(whole, settings, validation, type_blend)
    own = fit_contact(whole, settings, validation, type_blend, [name])
    before, after = (
        score_sessions(whole, settings, held_out, lambda _session, blend=blend: blend)  # type: ignore[misc]
        for blend in (best.blend, own.blend)
    )
    worth = compare(before, after, settings.likeness.resamples, settings.training.seed)
    return OwnFit(own, worth if worth.conversations else None)
