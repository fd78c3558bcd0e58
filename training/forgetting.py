"""Forgets a contact: no byte of him stays in the raw store, the corpus, the contacts, the proposals or the picture.

His lines go, the owner's lines to him go, and his ids and distinctive names become a placeholder where others say them.
A name that is an ordinary word, or that somebody else bears too, is not his alone and stays. The corpus is made anew
from what is left. Keyed digests of his ids keep him out of later imports. Facets are not unlearned here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import Contact, change_contacts, find_contact, read_contacts
from training.corpus import Corpus
from training.cuts import forget_cuts
from training.mentions import Change, Known, ways_to_say, without_mentions
from training.old_corpus import remove_old_corpus
from training.people.facts import SenderFacts
from training.private_file import remove_leftovers, replace_file
from training.raw.forgotten import add_forgotten
from training.raw.lock import only_one
from training.raw.removal import forget_people, rewrite, wipe
from training.raw.secret_key import secret_key
from training.raw.store import RawStore
from training.scrub.config import ScrubConfig
from training.scrubbing import Told, scrub_all


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was forgotten, in numbers."""

    ids: int
    chats: int
    lines: int
    mentions: int
    """Lines, names and titles of others in which he was named."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who is to be forgotten, and the keys of his chats."""

    known: Known
    chats: tuple[str, ...]


def find_leaving(home: Home, named: str) -> Leaving:
    """Everything that is known of a contact. CorpusError when it is not one contact, or it is the owner himself."""
    with RawStore.open(home) as store:
        people = {person.id: person for person in store.people()}
        contact = _find(read_contacts(home), people, named)
        if store.me().intersection(contact.ids):
            raise CorpusError(
                f"{named!r} is you", "to forget everything, remove the folders raw and corpus of your home"
            )
        his = [people[one] for one in contact.ids if one in people]
        ids = frozenset(contact.ids)
        chats = [
            chat
            for chat in store.chat_facts()
            if chat.kind == "personal" and ids.intersection((chat.key, chat.contact, *chat.lines))
        ]
        names = [contact.name, *(person.name for person in his), *(chat.name for chat in chats)]
        handles = [handle for person in his for handle in person.handles]
        keys = tuple(chat.key for chat in chats)
    return Leaving(Known(contact.ids, tuple(handles), tuple(dict.fromkeys(filter(None, names)))), keys)


def forget(
    home: Home, leaving: Leaving, config: ScrubConfig, told: Told = lambda _stage, _done, _total: None
) -> ForgetReport:
    """Forget somebody. Cut off at any point, it is completed by repeating it: the contacts file is changed last.

    CorpusError when a store is damaged, or an import is at work.
    """
    with only_one(home):
        return _forget(home, leaving, config, told)


def _forget(home: Home, leaving: Leaving, config: ScrubConfig, told: Told) -> ForgetReport:
    his = leaving.known
    add_forgotten(home, (*his.ids, *his.handles))
    with RawStore.open(home) as store:
        lines, chats = store.line_count(), len(store.chats())
        others = [person.name for person in store.people() if person.id not in his.ids]
        others += [contact.name for contact in read_contacts(home) if not set(contact.ids).intersection(his.ids)]
        change = without_mentions(his, ways_to_say(others), secret_key(home))
        renamed = {chat.key: change(chat.key) for chat in store.chats() if chat.kind == "group"}
        mentions = rewrite(store, change)
        forget_people(store, (*his.ids, *leaving.chats))
        wipe(store)
        report = ForgetReport(len(his.ids), chats - len(store.chats()), lines - store.line_count(), mentions)
    remove_old_corpus(home)
    (home.corpus_dir / "report.html").unlink(missing_ok=True)
    if home.corpus_file.exists():
        with Corpus.open(home) as corpus:
            with corpus.transaction():
                corpus.clear()
            corpus.wipe()
        scrub_all(home, config, told)
    _change_proposals(home, his.ids, change)
    forget_cuts(home, {*his.ids, *leaving.chats}, renamed)
    for directory in (home.path, home.corpus_dir):
        remove_leftovers(directory)
    if home.contacts_file.exists():
        change_contacts(home, lambda contacts: _left(contacts, frozenset(his.ids), change))
    return report


def _left(contacts: list[Contact], ids: frozenset[str], change: Change) -> list[Contact]:
    """Everybody but who has these ids, without his name in theirs."""
    kept = [one for one in contacts if not ids.intersection(one.ids)]
    return [msgspec.structs.replace(one, name=change(one.name)) for one in kept]


def _find(contacts: list[Contact], people: dict[str, SenderFacts], named: str) -> Contact:
    """A contact, or whoever has this id: somebody of a group is no contact. CorpusError when nobody has."""
    if named in people and not any(named in contact.ids for contact in contacts):
        return Contact(people[named].name, ids=(named,))
    return find_contact(contacts, named)


def _change_proposals(home: Home, ids: Collection[str], change: Change) -> None:
    """Drop what is proposed of him, and his name where it is evidence for somebody else."""
    if home.proposals_file.exists():
        kept = _without(msgspec.json.decode(home.proposals_file.read_bytes()), frozenset(ids), change)
        replace_file(home.proposals_file, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")


def _without(value: Any, ids: frozenset[str], change: Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_without(one, ids, change) for one in value if not _names(one, ids)]
    if isinstance(value, dict):
        return {name: _without(one, ids, change) for name, one in value.items() if name not in ids}
    return value


def _names(value: Any, ids: frozenset[str]) -> bool:
    """Whether an id stands in this entry itself, and not in a longer list that merely holds such entries."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return any(_names(one, ids) for one in value)
    return isinstance(value, str) and value in ids
