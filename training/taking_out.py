"""Takes whoever is leaving out of every file of a home: corpus, raw store, proposals, cuts, contacts, his own facet.

Every step may be repeated, for what is to go is written down first (`training.raw.leaving`); whoever imports or scrubs
next takes up what was cut off. The corpus is emptied here, and marked as not whole until the scrub stage is through.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from model_server.home import Home
from training.contacts import Contact, change_contacts, read_contacts
from training.corpus import RULES, Corpus
from training.cuts import forget_cuts
from training.half_learned import forget_half_learned
from training.mentions import Change, ways_to_say, without_mentions
from training.old_corpus import remove_old_corpus
from training.own.own_facets import forget_own
from training.private_file import remove_leftovers, replace_file
from training.raw.forgotten import add_forgotten
from training.raw.leaving import read_leaving, write_leaving
from training.raw.removal import forget_people, rewrite, wipe
from training.raw.secret_key import secret_key
from training.raw.store import RawStore
from training.votes.store import forget_votes


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was forgotten, in numbers."""

    ids: int
    chats: int = 0
    lines: int = 0
    mentions: int = 0
    """Lines, names, titles and keys of others in which he was named."""


def take_up(home: Home) -> ForgetReport:
    """Take out whoever is leaving, if anybody is and it was not done. Who calls holds the raw store (`only_one`).

    CorpusError when a store is damaged, or another process reads what is to go.
    """
    leaving = read_leaving(home)
    if leaving is None or leaving.gone:
        return ForgetReport(len(leaving.known.ids) if leaving else 0)
    his = leaving.known
    add_forgotten(home, (*his.ids, *his.handles))
    forget_own(home, his.ids)
    forget_half_learned(home)
    forget_votes(home, his.ids)
    if home.corpus_file.exists():
        _empty_corpus(home)
    remove_old_corpus(home)
    (home.corpus_dir / "report.html").unlink(missing_ok=True)
    with RawStore.open(home) as store:
        lines, chats = store.line_count(), len(store.chats())
        others = [person.name for person in store.people() if person.id not in his.ids]
        others += [contact.name for contact in read_contacts(home) if not set(contact.ids).intersection(his.ids)]
        change = without_mentions(his, ways_to_say(others), secret_key(home))
        groups = {chat.key: change(chat.key) for chat in store.chats() if chat.kind == "group"}
        renamed = leaving.renamed | {key: after for key, after in groups.items() if after != key}
        write_leaving(home, replace(leaving, renamed=renamed))  # the old keys are not to be found a second time
        mentions = rewrite(store, change)
        forget_people(store, (*his.ids, *leaving.chats))
        wipe(store)
        report = ForgetReport(len(his.ids), chats - len(store.chats()), lines - store.line_count(), mentions)
    _change_proposals(home, his.ids, change)
    forget_cuts(home, {*his.ids, *leaving.chats}, renamed)
    if home.contacts_file.exists():
        change_contacts(home, lambda contacts: _left(contacts, frozenset(his.ids), change))
    for directory in (home.path, home.corpus_dir):
        remove_leftovers(directory)
    write_leaving(home, replace(leaving, renamed=renamed, gone=True))
    return report


def _empty_corpus(home: Home) -> None:
    """Nobody may read it until it is written anew: it would look like a whole one of somebody who never spoke."""
    with Corpus.open(home) as corpus:
        with corpus.transaction():
            corpus.clear()
            corpus.put_mark(RULES, "to be written anew")
        corpus.wipe()


def _left(contacts: list[Contact], ids: frozenset[str], change: Change) -> list[Contact]:
    """Everybody but who has these ids, without his name in theirs."""
    kept = [one for one in contacts if not ids.intersection(one.ids)]
    return [msgspec.structs.replace(one, name=change(one.name)) for one in kept]


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
