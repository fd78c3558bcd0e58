"""Which contact goes to which slice in a shuffled control: at random, whole contacts, slices as large as the true ones.

Pure. Knows sessions and how many of the owner's turns they hold; no facet and no model. The idea is that of a
permutation test (Fisher 1935): if it does not matter who belongs together, any grouping of contacts does as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.conversations import Session
from training.slices import Split

_DRAWS = 1000
_CLOSEST = 0.03
"""Of all draws, the share with the sizes closest to the true ones; one of them is taken by lot."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Contact -> label; the labels are the names of the contact types, and mean nothing."""

    labels: Mapping[str, str]
    misfit: float
    """Share of the replies that are trained on that lie in a slice larger than the true one of its label."""
    stayed: float
    """Share of them whose contact came to the label of his own type, by chance or because he fits nowhere else."""


def contact_of(session: Session) -> str:
    """Whom a session is with."""
    return session.contact_id or session.chat_key


def of_label(sessions: Sequence[Session], labels: Mapping[str, str], label: str) -> tuple[Session, ...]:
    """The sessions with the contacts of one label."""
    return tuple(session for session in sessions if labels.get(contact_of(session)) == label)


def assign(split: Split, seed: int) -> Assignment | None:
    """An assignment of every contact of known type. None where contacts cannot be grouped in any other way."""
    contacts, types, replies, true = _table(split)
    if len(types) < 2 or len(contacts) <= len(types):
        return None
    want = np.stack([replies[true == label].sum(axis=0) for label in range(len(types))])
    draw = np.random.default_rng([seed, len(contacts)])
    drawn = _draw(replies.sum(axis=1), want.sum(axis=1), draw)
    misfits = _misfits(drawn, replies, want)
    # under other names these would be the very slices that are to be compared with; and none may have nothing to learn
    other = [
        at
        for at in np.argsort(misfits, kind="stable")
        if not _same_groups(drawn[at], true) and _all_learn(drawn[at], replies[:, 0], want[:, 0])
    ]
    if not other:
        return None
    close = other[: max(1, round(_CLOSEST * len(other)))]
    chosen = drawn[close[int(draw.integers(len(close)))]]
    labels = {contact: types[label] for contact, label in zip(contacts, chosen, strict=True)}
    trained = replies[:, :1]
    total = max(1.0, float(trained.sum()))
    misfit = float(_misfits(chosen[None], trained, want[:, :1])[0])
    return Assignment(labels, misfit, float(trained[chosen == true].sum()) / total)


def _table(split: Split) -> tuple[list[str], list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Contacts, types, replies [contacts, 3] in train, validation and held-out, and the true label of each contact."""
    type_of: dict[str, str] = {}
    counts: dict[str, list[float]] = {}
    for part, sessions in enumerate((split.train, split.validation, split.held_out)):
        for session in sessions:
            if session.contact_type:
                contact = contact_of(session)
                type_of[contact] = session.contact_type
                counts.setdefault(contact, [0.0, 0.0, 0.0])[part] += session.replies
    contacts = sorted(counts, key=lambda contact: (-sum(counts[contact]), contact))
    types = sorted(set(type_of.values()))
    replies = np.array([counts[contact] for contact in contacts]).reshape(-1, 3)
    true = np.array([types.index(type_of[contact]) for contact in contacts], dtype=np.int64)
    return contacts, types, replies, true


def _draw(sizes: NDArray[np.float64], want: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.int64]:
    """[draws, contacts]: the largest first, each to a label by lot, likelier where more room is left.

    How much likelier is drawn too: where one contact outweighs all others, room alone would always deal alike.
    """
    room = np.tile(want, (_DRAWS, 1))
    least = want.sum() * 10 ** draw.uniform(-5, 0, (_DRAWS, 1))
    drawn = np.empty((_DRAWS, len(sizes)), dtype=np.int64)
    for at, size in enumerate(sizes):
        chances = np.cumsum(np.maximum(room, least), axis=1)
        lot = draw.random((_DRAWS, 1)) * chances[:, -1:]
        drawn[:, at] = (lot >= chances).sum(axis=1)
        room[np.arange(_DRAWS), drawn[:, at]] -= size
    return drawn


def _misfits(drawn: NDArray[np.int64], replies: NDArray[np.float64], want: NDArray[np.float64]) -> NDArray[np.float64]:
    """[draws]: the share of replies beyond what their label should hold, averaged over the parts of the split."""
    got = np.stack([(drawn == label) @ replies for label in range(len(want))], axis=1)
    totals = np.maximum(want.sum(axis=0), 1)
    shares: NDArray[np.float64] = (np.abs(got - want).sum(axis=1) / totals / 2).mean(axis=1)
    return shares


def _all_learn(labels: NDArray[np.int64], trained: NDArray[np.float64], want: NDArray[np.float64]) -> bool:
    """Whether each label that is to be learned from has something to learn from."""
    return bool(((np.bincount(labels, trained, minlength=len(want)) > 0) | (want == 0)).all())


def _same_groups(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether two assignments group alike, whatever they call the groups."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))
