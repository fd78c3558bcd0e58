"""The controls: facets trained as the true ones are, on slices that mean nothing, and one on everybody.

*Shuffled*: contacts go to slices at random (`assignment`), as large and as often learned from as the true ones; blends
are fitted to the labels as they are to contact types; each held-out conversation is spoken by the blend of its
contact's label, with its true card. So all that differs is who belongs together, and what the true blend gains on it is
the worth of speaking differently to different people: the gain of a blend as such is in both. *Pooled*: one facet on
everything, with as many passes as `core` and a type's own facet have together.

How their facets are trained is `control_training`. Knows nothing of the report.
"""

from collections.abc import Mapping, Sequence

import msgspec

from model_server.blends import CORE, BlendBook, choose
from model_server.contract import Blend
from model_server.home import Home
from model_server.live_facets import read_live
from training.blends.fit_all import fit_contact, rows_of
from training.blends.fit_blend import fit_labels
from training.conversations import Session
from training.leaks.canaries import OWN
from training.likeness.assignment import Assignment, contact_of, of_label
from training.likeness.control_training import POOLED, Design, Told, control_name, design, read_control, train_controls
from training.likeness.scores import BlendFor, Score, score_sessions
from training.pipeline import Settings
from training.slices import ARTICLES, Split
from training.whole_bank import WholeBank, open_bank

NOT_SHUFFLED = (
    "no shuffled control: contacts cannot be grouped in any other way "
    "(that takes two contact types, one of them with a facet of its own, and more contacts than types)"
)
_PART = "measuring the controls"


class Shuffle(msgspec.Struct, frozen=True):
    """One shuffled control: scores of the held-out conversations, and what came of the lots (`Assignment`)."""

    seed: int
    scores: tuple[Score, ...]
    misfit: float
    stayed: float


class Controls(msgspec.Struct, frozen=True):
    """Scores of the held-out conversations under the controls. No `shuffles`: see `NOT_SHUFFLED`."""

    pooled: tuple[Score, ...]
    shuffles: tuple[Shuffle, ...]


def measure_controls(  # noqa: PLR0917  # what every part of the report is given
    settings: Settings, home: Home, split: Split, held_out: Sequence[Session], book: BlendBook, told: Told
) -> Controls:
    """Train the controls, fit their blends and score the `held_out` conversations: those that are measured."""
    types = {session.contact_type for session in split.train} - {""}
    plan = design(settings, split, tuple(sorted(types.intersection(read_live(home)))))
    train_controls(settings, home, plan, told)
    whole = open_bank(settings, home, spare_slots=max(1, len(plan.labels)))
    steps = 1 + len(plan.assignments)
    told(_PART, 0, steps)
    whole.bank.load(POOLED, POOLED, read_control(home, POOLED))
    pooled = score_sessions(whole, settings, held_out, lambda _session: {POOLED: 1.0})
    whole.bank.drop(POOLED)
    shuffles: list[Shuffle] = []
    for seed, one in plan.assignments:
        told(_PART, 1 + len(shuffles), steps)
        for label in plan.labels:
            whole.bank.load(_stand_in(label), str(seed), read_control(home, control_name(seed, label)))
        blend_for = _fit(whole, settings, plan, one, book)
        scores = score_sessions(whole, settings, held_out, blend_for)
        shuffles.append(Shuffle(seed, tuple(scores), round(one.misfit, 4), round(one.stayed, 4)))
        for label in plan.labels:
            whole.bank.drop(_stand_in(label))
    told(_PART, steps, steps)
    return Controls(tuple(pooled), tuple(shuffles))


def _fit(whole: WholeBank, settings: Settings, plan: Design, assigned: Assignment, book: BlendBook) -> BlendFor:
    """For each session the blend of its contact's label, come by in the way in which the true one was.

    What the owner set or the configuration says holds for the label of that name, with stand-ins for the facets of
    types; what was fitted is fitted anew. A contact with a fitted blend of his own has one here too.
    """
    validation = [session for session in plan.split.validation if session.contact_type]
    own_of = {label: _stand_in(label) for label in plan.labels}
    fitted: dict[str, Blend] = {}
    if book.fitted_types:
        labels = sorted(set(assigned.labels.values()))
        rows = {label: rows_of(whole, settings, of_label(validation, assigned.labels, label)) for label in labels}
        others = [name for name in (CORE, ARTICLES) if name in whole.live]
        found = fit_labels(whole, rows, own_of, others, settings.likeness.fit_spread)
        fitted = {label: result.blend for label, result in found.items()}
    people: dict[str, Blend] = {}

    def blend_for(session: Session) -> Blend:
        label, person = assigned.labels[contact_of(session)], session.contact_id
        chosen = choose(book, label, person)
        if chosen.source != "fitted":
            return _renamed(chosen.blend, own_of)
        if chosen.scope == "type":
            return fitted[label]
        if person not in people:
            heard = [one for one in validation if one.contact_id == person]
            own = [name for name in chosen.blend if name.startswith(OWN) and name in whole.live]
            prior = fitted.get(label) or _renamed(book.defaults.get(label, {CORE: 1.0}), own_of)
            people[person] = fit_contact(whole, settings, heard, prior, own).blend
        return people[person]

    return blend_for


def _renamed(blend: Mapping[str, float], own_of: Mapping[str, str]) -> Blend:
    return {own_of.get(name, name): weight for name, weight in blend.items()}


def _stand_in(label: str) -> str:
    return f"shuffled-{label}"
