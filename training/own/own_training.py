"""Trains and judges a facet of one contact's own: a small rank, and worth something to him or not live at all.

Knows the contact's conversations and the gate; not who switched it on.
"""

import time

from model_server.blends import CORE, resolve
from model_server.facet_files import Facet
from model_server.facets import FacetBank
from model_server.fitted import FitFigures, put_contact
from model_server.live_facets import read_live
from training.contacts import Contact
from training.facets.making import Compare, Comparison
from training.facets.train_facet import Trainer
from training.own.own_facets import count_all, sessions_of
from training.pipeline import Settings
from training.verdict.gate import CANDIDATE, OwnFit, change_of, fit_own, serving_bank
from training.verdict.judge import Judge
from training.verdict.promotion import is_outdated


def small_trainer(trainer: Trainer, settings: Settings) -> Trainer:
    """Another trainer on the same model, for facets of the smaller rank; the first one cannot be used any more.

    It works alone: there is too little to share.
    """
    trainer.bank.remove()
    rank = min(settings.training.own_rank, settings.facets.rank)
    bank = FacetBank(trainer.bank.model, rank, 1, settings.facets.layers)
    small = Trainer(trainer.base_name, bank, trainer.split, settings.training)
    small.lower = trainer.lower
    return small


def compare_own(judge: Judge, contact: Contact) -> Compare:
    """How a facet of this contact's own is compared."""

    def compare(trainer: Trainer, name: str, facet: Facet) -> Comparison:
        if CORE not in read_live(judge.home):
            return Comparison(None, "no facet `core` is live for it to stand beside")
        settings, book = judge.settings, judge.book
        held_out = sessions_of(contact, judge.split.held_out)
        validation = sessions_of(contact, judge.split.validation)
        with serving_bank(trainer, judge.base, settings, judge.home) as whole:
            since = change_of(whole, settings, book, name=name, candidate=facet, sessions=held_out)
            if whole.bank.table.live().get(name) != CANDIDATE:
                whole.bank.load(name, CANDIDATE, facet)
            own = fit_own(
                whole, settings, resolve(book, contact.type, ""), name, validation=validation, held_out=held_out
            )
        worse = since is not None and since.share > settings.likeness.tolerance and not is_outdated(judge.home, name)
        objection = f"the version that is live is closer, by {since.share:.2%}" if worse and since else _objection(own)
        return Comparison(
            own.worth, objection, lambda: put_contact(judge.home, contact.ids, own.fit.blend, figures(own))
        )

    def figures(own: OwnFit) -> FitFigures:
        replies = count_all(sessions_of(contact, judge.split.validation))
        return FitFigures(round(own.fit.before, 4), round(own.fit.after, 4), replies, time.time_ns() // 1_000_000)

    return compare


def _objection(own: OwnFit) -> str:
    if own.worth is None:
        return "nothing of this contact is held out to tell whether it is worth anything"
    if own.worth.share >= 0:
        return f"replies to this contact are as close to the owner's without it ({own.worth.share:+.2%} with it)"
    return ""
