"""Facets of one contact's own: who has one, what it learns from, and how it goes again.

`own.json` holds one id of each contact for whom the owner switched it on. Knows no model: how such a facet is trained,
and whether it goes live, is `own_training`.
"""

import hashlib
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from model_server.config import FacetsConfig
from model_server.errors import ConfigError, CorpusError
from model_server.fitted import remove_contact
from model_server.home import Home
from model_server.live_facets import read_live, remove_facet, withdraw
from training.config import TrainingConfig
from training.contacts import Contact, read_contacts
from training.conversations import Session
from training.leaks.canaries import OWN
from training.private_file import replace_file
from training.slices import Slice, Split


class _OwnFile(msgspec.Struct, frozen=True):
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnFacet:
    """A contact with a facet of his own. `replies`: the owner's turns to him in all of the corpus."""

    name: str
    contact: Contact
    slice: Slice
    replies: int


def own_name(contact_id: str) -> str:
    """The name of the facet: it tells nobody whose it is."""
    return OWN + hashlib.blake2b(contact_id.encode(), digest_size=6).hexdigest()


def read_own(home: Home) -> tuple[str, ...]:
    """One id of each contact for whom it is switched on. CorpusError when the file is damaged."""
    path = home.path / "own.json"
    if not path.exists():
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=_OwnFile).contacts
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} is damaged: {error}", "remove it, then: selfsame own on NAME") from None


def switch_on(home: Home, contact: Contact, replies: int, training: TrainingConfig, facets: FacetsConfig) -> str:
    """From the next training on he has a facet of his own; its name. CorpusError when there is too little.

    Known already: nothing changes.
    """
    kept = read_own(home)
    if known := next((one for one in kept if one in contact.ids), ""):
        return own_name(known)
    if not contact.ids:
        raise CorpusError(f"{contact.name!r} has no id", "import a chat with them first")
    if replies < training.min_own_replies:
        counted = f"{replies} {'reply' if replies == 1 else 'replies'}"
        raise CorpusError(
            f"{counted} to {contact.name!r}, a facet of their own needs {training.min_own_replies}",
            "import more of this chat, or lower min_own_replies in [training]",
        )
    needed = {*read_live(home), *map(own_name, kept), own_name(contact.ids[0])}
    check_slots(len(needed), facets)
    _write(home, (*kept, contact.ids[0]))
    return own_name(contact.ids[0])


def check_slots(facets: int, config: FacetsConfig) -> None:
    """ConfigError unless so many facets fit beside a new version of one of them."""
    if facets + 1 > config.slots:
        raise ConfigError(
            f"{facets} facets and a new version of one of them need {facets + 1} slots, the bank has {config.slots}",
            f"set slots = {facets + 1} or more in [facets], and start the worker anew",
        )


def switch_off(home: Home, contact: Contact) -> bool:
    """In force at once: he is spoken to by the blend of his type. His facet's versions stay. Whether it was on.

    Its verdict goes: switched on again, it is judged anew, which fits his blend too.
    """
    kept = read_own(home)
    mine = [one for one in kept if one in contact.ids]
    for one in mine:
        withdraw(home, own_name(one))
        (home.runs_dir / "facets" / own_name(one) / "manifest.json").unlink(missing_ok=True)
    if mine:
        remove_contact(home, contact.ids)
        _write(home, [one for one in kept if one not in mine])
    return bool(mine)


def forget_own(home: Home, ids: Collection[str]) -> None:
    """Nothing that was learned from this contact alone is left: no version of his facet, no blend fitted to him."""
    for one in ids:
        if (home.facets_dir / own_name(one)).exists() or own_name(one) in read_live(home):
            remove_facet(home, own_name(one))
        shutil.rmtree(home.runs_dir / "facets" / own_name(one), ignore_errors=True)
    remove_contact(home, ids)
    kept = read_own(home)
    if left := [one for one in kept if one not in ids]:
        _write(home, left)
    else:
        (home.path / "own.json").unlink(missing_ok=True)


def own_facets(home: Home, split: Split) -> list[OwnFacet]:
    """The facets that are switched on and have something to learn from, in the order they were switched on."""
    contacts = read_contacts(home)
    found = []
    for one in read_own(home):
        contact = next((contact for contact in contacts if one in contact.ids), None)
        if contact is not None and (train := sessions_of(contact, split.train)):
            every = (*train, *sessions_of(contact, split.validation), *sessions_of(contact, split.held_out))
            own = Slice(own_name(one), train, sessions_of(contact, split.validation))
            found.append(OwnFacet(own_name(one), contact, own, count_all(every)))
    return found


def sessions_of(contact: Contact, sessions: Iterable[Session]) -> tuple[Session, ...]:
    """The sessions with this contact, on every platform."""
    return tuple(session for session in sessions if session.contact_id in contact.ids)


def count_all(sessions: Iterable[Session]) -> int:
    """The owner's turns."""
    return sum(session.replies for session in sessions)


def _write(home: Home, contacts: Sequence[str]) -> None:
    encoded = msgspec.json.encode(_OwnFile(tuple(contacts)))
    replace_file(home.path / "own.json", msgspec.json.format(encoded, indent=1) + b"\n")
