"""Every blend of a home fitted: each contact type's, and that of each contact with enough to go by.

Knows validation conversations, live facets and the file of fitted blends; how weights are found is `fit_blend`. What
was forgotten while it ran stays forgotten.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from model_server.blends import CORE, BlendBook, default_blend, heir_of, in_force, resolve
from model_server.contract import Blend
from model_server.fitted import FitFigures, Fitted, change_fitted, read_fitted
from model_server.home import Home
from training.blends.fit_blend import FitResult, Losses, fit_many, fit_one
from training.blends.kept_losses import KeptLosses
from training.contacts import read_contacts
from training.conversations import Session
from training.examples import Row
from training.leaks.canaries import OWN
from training.likeness.wording import who_speaks
from training.pipeline import Settings, read_split, rows_by_type
from training.slices import ARTICLES, count_replies, of_type
from training.whole_bank import WholeBank

_OWN_SPREAD = 0.5
"""A facet of one's own is new to the blend: where it comes to lie is for the replies to say."""
_FEW_REPLIES = 20
_USUAL_EVALUATIONS = 12

Told = Callable[[int, int], None]
"""Told how many tokens are computed, and of about how many."""


def fit_all(settings: Settings, home: Home, whole: WholeBank, told: Told = lambda _done, _total: None) -> Fitted:
    """Fit all blends on the validation conversations and put them in force. What is fitted afterwards.

    A type with nothing to fit on gets what all share. Nothing is fitted where no type is known, or no facet is live.
    """
    if not whole.live:
        return read_fitted(home)
    split = read_split(home, settings.training)
    validation = [session for session in split.validation if session.contact_type]
    before = read_fitted(home)
    types = sorted({session.contact_type for session in (*split.train, *validation)} - {""})
    people = _enough_to_go_by(settings, validation, before, whole.live)
    rows: dict[str, Sequence[Row]] = dict.fromkeys(types, ())
    rows |= rows_by_type(whole.base.tokenizer, settings, validation)
    rows |= {contact_id: rows_of(whole, settings, sessions) for contact_id, sessions in people.items()}
    losses = KeptLosses(whole, rows, home, _counting(rows, told))
    known = {name: of_type(validation, name) for name in types}
    blends, figures = _fit_types(settings, losses, whole.live, known, count_replies(split.train))
    contacts: dict[str, Blend] = {}
    for contact_id, sessions in people.items():
        prior = in_force(blends[sessions[0].contact_type], whole.live)
        result = _fit_person(settings, losses, contact_id, prior, _own_facets(before, contact_id, whole.live))
        contacts[contact_id] = _lent_by_core(result.blend, whole.live)
        figures[contact_id] = _figures(result, sessions)
    fresh = Fitted(blends, contacts, figures, dict(whole.live))
    told(1, 1)
    return change_fitted(home, lambda now: _merged(home, before, now, fresh))


def fit_contact(
    whole: WholeBank, settings: Settings, sessions: Sequence[Session], prior: Blend, own: Sequence[str] = ()
) -> FitResult:
    """One contact's blend from some conversations, around `prior` (its type's). `own`: loaded facets of its own."""
    losses = Losses(whole, {"": rows_of(whole, settings, sessions)}, lambda _label: None)
    return _fit_person(settings, losses, "", in_force(prior, whole.bank.table.live()), own)


def rows_of(whole: WholeBank, settings: Settings, sessions: Sequence[Session]) -> list[Row]:
    """Rows of sessions of any type, each behind its card."""
    return [row for rows in rows_by_type(whole.base.tokenizer, settings, sessions).values() for row in rows]


def _fit_person(settings: Settings, losses: Losses, label: str, prior: Blend, own: Sequence[str]) -> FitResult:
    spreads = dict.fromkeys(prior, settings.likeness.fit_spread) | dict.fromkeys(own, _OWN_SPREAD)
    return fit_one(losses, label, prior, spreads)


def _fit_types(
    settings: Settings,
    losses: Losses,
    live: Mapping[str, str],
    validation: Mapping[str, Sequence[Session]],
    learned: Mapping[str, int],
) -> tuple[dict[str, Blend], dict[str, FitFigures]]:
    others = [name for name in (CORE, ARTICLES) if name in live]
    own_of = {name: name for name in validation if name in live}
    results = fit_many(losses, list(validation), own_of, others, settings.likeness.fit_spread)
    blends: dict[str, Blend] = {}
    figures: dict[str, FitFigures] = {}
    for name, result in results.items():
        lent = _lent_by_core(result.blend, live)
        blends[name] = lent if name in own_of else _for_want_of_a_facet(name, lent)
        default = in_force(resolve(BlendBook(settings.blends), name, ""), live)
        facets = list(dict.fromkeys((*others, *([name] if name in own_of else []), *default)))
        tokens = losses.tokens(name)
        nats = losses.nats(name, facets, [default.get(facet, 0.0) for facet in facets])[0] if tokens else 0.0
        figures[name] = msgspec.structs.replace(
            _figures(result, validation[name]),
            before=round(nats / max(tokens, 1), 4),
            note=_note(
                sum(session.replies for session in validation[name]),
                "" if name in own_of else why_no_facet(learned.get(name, 0), settings.training.min_replies, live),
            ),
        )
    return blends, figures


def _lent_by_core(blend: Blend, live: Collection[str]) -> Blend:
    """The same in force; but what stands in for `core` gives way to it the day it is live."""
    heir = heir_of(live)
    return {CORE if name == heir and weight > 0 else name: weight for name, weight in blend.items()}


def _for_want_of_a_facet(name: str, blend: Blend) -> Blend:
    """What `core` was fitted to say alone, half of it in the name of the facet that is still to be trained."""
    if not blend:  # nothing was there to weigh: whoever goes live next has a say
        return default_blend(name)
    half = blend.get(CORE, 0.0) / 2
    return {facet: weight for facet, weight in {**blend, CORE: half, name: half}.items() if weight}


def why_no_facet(replies: int, needed: int, live: Collection[str]) -> str:
    """Of a type without a live facet, that has so many replies to learn from."""
    if replies < needed:
        return f"no facet of its own, {who_speaks(live)} speaks; one needs {needed} replies to learn from"
    return f"its facet is not live, {who_speaks(live)} speaks; `selfsame facets` says why, `selfsame train` trains it"


def _note(replies: int, no_facet: str) -> str:
    notes = [no_facet] if no_facet else []
    if not replies:
        notes.append("none of your replies to fit it on: what all types share")
    elif replies < _FEW_REPLIES:
        notes.append(f"only {replies} of your replies to fit it on: mostly what all types share")
    return "; ".join(notes)


def _figures(result: FitResult, sessions: Sequence[Session]) -> FitFigures:
    replies = sum(session.replies for session in sessions)
    return FitFigures(round(result.before, 4), round(result.after, 4), replies, time.time_ns() // 1_000_000)


def _enough_to_go_by(
    settings: Settings, validation: Sequence[Session], before: Fitted, live: Mapping[str, str]
) -> dict[str, list[Session]]:
    """Contact id -> its sessions, for each contact with replies enough for a blend of its own."""
    by_contact: dict[str, list[Session]] = defaultdict(list)
    for session in validation:
        if session.contact_id:
            by_contact[session.contact_id].append(session)
    return {
        contact_id: sessions
        for contact_id, sessions in sorted(by_contact.items())
        if sum(session.replies for session in sessions) >= settings.likeness.contact_replies
        or _own_facets(before, contact_id, live)
    }


def _own_facets(fitted: Fitted, contact_id: str, live: Mapping[str, str]) -> list[str]:
    """The facets of its own that a contact was given."""
    return [name for name in fitted.contacts.get(contact_id, {}) if name.startswith(OWN) and name in live]


def _counting(rows: Mapping[str, Sequence[Row]], told: Told) -> Callable[[str], None]:
    tokens = {label: sum(len(row.ids) for row in found) for label, found in rows.items()}
    expected, done = _USUAL_EVALUATIONS * sum(tokens.values()), 0

    def count(label: str) -> None:
        nonlocal done
        done += tokens[label]
        told(done, max(done, expected))

    return count


def _merged(home: Home, before: Fitted, now: Fitted, fresh: Fitted) -> Fitted:
    """`fresh`, without contacts that were forgotten, or lost their blend, since `before` was read."""
    ids = {known.ids[0]: known.ids for known in read_contacts(home) if known.ids}
    stay = [one for one in fresh.contacts if one in ids and (one in now.contacts or one not in before.contacts)]
    # a facet of one's own keeps its place where there was nothing to fit it on
    kept = {one: blend for one, blend in now.contacts.items() if _own_facets(now, one, fresh.versions)}
    contacts = kept | {each: fresh.contacts[one] for one in stay for each in ids[one]}
    figures = now.figures | fresh.figures | {each: fresh.figures[one] for one in stay for each in ids[one]}
    return Fitted(
        types=fresh.types,
        contacts=contacts,
        figures={name: one for name, one in figures.items() if name in fresh.types or name in contacts},
        versions=fresh.versions,
    )
