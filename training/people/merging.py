"""One contact for one person, over files and platforms: what is sure is merged, what is likely is proposed.

Knows no store and no text. Two contacts of different types, and two that the owner took apart, are never merged here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import msgspec

from training.contacts import Contact
from training.people.evidence import fold_name
from training.people.facts import ChatFacts, SenderFacts
from training.people.me import Me

GROUP_LINES = 20
"""Who wrote fewer lines in the groups where the owner writes is no contact; an address book entry always is."""
_NAMESAKES = 5
"""More people of one name than this are just that: no unions are proposed."""


class Union(msgspec.Struct, frozen=True):
    """Two contacts (each by its first id) that may be one person; the owner decides."""

    a: str
    b: str
    score: float
    evidence: tuple[str, ...]


@dataclass(slots=True)
class _Entry:
    """A contact in the making. `saved`: the owner gave the name."""

    name: str
    type: str
    ids: list[str]
    saved: bool = False
    handles: set[str] = field(default_factory=set)

    @property
    def platforms(self) -> set[str]:
        return {one.partition(":")[0] for one in self.ids}


def merge_people(
    known: Sequence[Contact],
    chats: Sequence[ChatFacts],
    people: Sequence[SenderFacts],
    me: Me,
    apart: Collection[frozenset[str]] = (),
) -> tuple[list[Contact], list[Union]]:
    """Contacts for all who write with the owner: those `known` first, with their names and types and what is new.

    Merged: the same id; the same handle; the same owner-given name on two platforms. Proposed: the same name where the
    owner gave it to one or none of them. `apart`: pairs of ids that the owner said are two people. Left out: who turned
    out to be the owner, unless he was given a type.
    """
    facts = {one.id: one for one in people}
    kept = [one for one in known if one.type or not one.ids or not me.ids.issuperset(one.ids)]
    book = _Book([_Entry(one.name, one.type, list(one.ids)) for one in kept], apart)
    mine = {*me.owner_of.values(), *me.also}
    for ids, name in _partners(chats, facts, me, mine):
        if ids := [one for one in ids if one not in mine]:
            book.add(ids, name)
    for entry in book.entries:
        told = [facts[one] for one in entry.ids if one in facts]
        entry.saved = any(one.saved and fold_name(one.name) == fold_name(entry.name) for one in told)
        entry.handles = {handle for one in told for handle in one.handles}
    own_handles = {handle for one in mine if one in facts for handle in facts[one].handles}
    unions = list(book.merge_handles(own_handles))
    book.merge_saved_names()
    unions += book.same_names()
    return [Contact(one.name, one.type, tuple(one.ids)) for one in book.entries], book.proposed(unions)


class _Book:
    """Entries that grow together."""

    def __init__(self, entries: list[_Entry], apart: Collection[frozenset[str]]) -> None:
        self.entries = entries
        self._apart = apart
        self._by_id = {one: entry for entry in entries for one in entry.ids}

    def add(self, ids: Iterable[str], name: str) -> None:
        """Somebody met in an export: more of a known entry, or a new one."""
        known = next((self._by_id[one] for one in ids if one in self._by_id), None)
        if known is None:
            known = _Entry(name, "", [])
            self.entries.append(known)
        elif not _readable(known.name) and _readable(name):
            known.name = name
        for one in ids:
            if one not in self._by_id:
                known.ids.append(one)
                self._by_id[one] = known

    def merge_handles(self, own: set[str]) -> Iterator[Union]:
        """Merge who shares a number or address; on one platform only under one name, else that is proposed."""
        for handle, entries in self._grouped(
            (handle, one) for one in self.entries for handle in sorted(one.handles - own)
        ):
            for one, other in combinations(entries, 2):
                a, b = self._by_id[one.ids[0]], self._by_id[other.ids[0]]  # what earlier merges made of them
                if a is not b and a.platforms & b.platforms and fold_name(a.name) != fold_name(b.name):
                    yield Union(a.ids[0], b.ids[0], 0.6, (f"both have {_masked(handle)}",))
                elif not self._merge(a, b):
                    yield Union(a.ids[0], b.ids[0], 0.9, (f"both have {_masked(handle)}",))

    def merge_saved_names(self) -> None:
        """Merge who is in the owner's address book under one name, on different platforms."""
        for _, entries in self._grouped((fold_name(one.name), one) for one in self.entries if one.saved):
            if all(not a.platforms & b.platforms for a, b in combinations(entries, 2)):
                for one in entries[1:]:
                    self._merge(entries[0], one)

    def same_names(self) -> Iterator[Union]:
        """Who may be one person by the name alone."""
        named = [(fold_name(one.name), one) for one in self.entries if _readable(one.name)]
        for joined, entries in self._grouped((name.replace(" ", ""), one) for name, one in named):
            for a, b in combinations(entries if len(entries) <= _NAMESAKES else [], 2):
                names = (fold_name(a.name), fold_name(b.name))
                full = " " in "".join(names) or (not joined.isascii() and len(joined) > 1)
                score = (0.8 if full else 0.5) - 0.3 * bool(a.platforms & b.platforms)
                alike = f"both are called {b.name}" if names[0] == names[1] else f"{a.name} and {b.name} read alike"
                yield Union(a.ids[0], b.ids[0], round(score, 2), (alike,))
        longer = self._grouped((name.partition(" ")[0], one) for name, one in named if " " in name)
        by_first = {first: entries[0] for first, entries in longer if len(entries) == 1}
        for name, one in named:
            other = by_first.get(name)
            if other and not one.platforms & other.platforms:
                yield Union(one.ids[0], other.ids[0], 0.4, (f"{one.name} may be short for {other.name}",))

    def proposed(self, unions: Iterable[Union]) -> list[Union]:
        """Those not merged meanwhile, nor taken apart by the owner; the strongest of each pair, strongest first."""
        best: dict[frozenset[str], Union] = {}
        for one in sorted(unions, key=lambda one: -one.score):
            a, b = self._by_id[one.a], self._by_id[one.b]
            if a is not b and not self._kept_apart(a, b):
                best.setdefault(frozenset((a.ids[0], b.ids[0])), msgspec.structs.replace(one, a=a.ids[0], b=b.ids[0]))
        return list(best.values())

    def _merge(self, into: _Entry, other: _Entry) -> bool:
        """Whether both are one now."""
        into, other = self._by_id[into.ids[0]], self._by_id[other.ids[0]]
        if into is other:
            return True
        if (into.type and other.type and into.type != other.type) or self._kept_apart(into, other):
            return False
        if not _readable(into.name) or (other.saved and not into.saved and not into.type):
            into.name = other.name if _readable(other.name) else into.name
        into.type, into.saved = into.type or other.type, into.saved or other.saved
        into.handles |= other.handles
        into.ids += [one for one in other.ids if one not in into.ids]
        self._by_id.update(dict.fromkeys(other.ids, into))
        self.entries.remove(other)
        return True

    def _kept_apart(self, a: _Entry, b: _Entry) -> bool:
        return any(frozenset((one, other)) in self._apart for one in a.ids for other in b.ids)

    @staticmethod
    def _grouped(keyed: Iterable[tuple[str, _Entry]]) -> list[tuple[str, list[_Entry]]]:
        """Keys that several entries have."""
        grouped: defaultdict[str, list[_Entry]] = defaultdict(list)
        for key, entry in keyed:
            grouped[key].append(entry)
        return [(key, entries) for key, entries in grouped.items() if key]


def _partners(
    chats: Sequence[ChatFacts], facts: dict[str, SenderFacts], me: Me, mine: Collection[str]
) -> Iterator[tuple[list[str], str]]:
    """Ids and name of everybody the owner writes with."""
    in_groups: defaultdict[str, int] = defaultdict(int)
    others = me.foreign.union(*(one.chats for one in me.questions if one.doubt == "contested"))
    for chat in chats:
        owner = me.owner_of.get(chat.key)
        if chat.key in others:
            continue
        if chat.kind == "group":
            for person, lines in chat.lines.items() if owner else ():
                in_groups[person] += lines
        elif owner is not None or chat.contact:
            wrote = sorted((one for one in chat.lines if one not in mine), key=lambda one: -chat.lines[one])
            person = chat.contact if chat.contact and chat.contact not in mine else (wrote[0] if wrote else chat.key)
            yield list(dict.fromkeys((person, chat.key))), _name(facts.get(person), chat.name, person)
    for person, lines in in_groups.items():
        known = facts.get(person)
        if lines >= GROUP_LINES or (known and known.saved):
            yield [person], _name(known, "", person)


def _name(known: SenderFacts | None, chat_name: str, person: str) -> str:
    """The owner's own name for a person first, then what the chat is called, then his own choice."""
    names = (known.name if known and known.saved else "", chat_name, known.name if known else "")
    return next((name for name in names if _readable(name)), "") or next(
        (name for name in names if name), person.partition(":")[2]
    )


def _readable(name: str) -> bool:
    """Whether this is a name, and not a number or nothing."""
    return any(char.isalpha() for char in name)


def _masked(handle: str) -> str:
    """A number or an address as it may be shown and stored: `+4…12`."""
    return f"{handle[:2]}…{handle[-2:]}"
