"""What speaks for somebody being the owner, in points and in words. Pure; knows no format, no store and no text.

One fact carries most: whoever writes in two personal chats of one platform is the owner, for a contact has but one.
Points are ordinal: they rank the people of one chat, and are no probabilities.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from training.people.facts import ChatFacts, SenderFacts
from training.people.kin import is_kin_name

_SELF = "me myself you yourself 我 自己 本人 ich moi vous toi yo tú eu você io ik jij jag я вы 自分 あなた 나 คุณ אני"
SELF_NAMES = frozenset(_SELF.split())
"""What exporters call the owner when they do not name him."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be the owner, and what speaks for it, strongest first."""

    id: str
    name: str
    lines: int
    points: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnerMarks:
    """What is already known of the owner: folded names, and handles, from what he said and from his other files.

    `contested`: ids that files call the owner and that write with each other, so that they are several people;
    `others`: those of them that are not the owner.
    """

    names: frozenset[str]
    handles: frozenset[str]
    contested: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()


class Crowd:
    """Everybody who writes: names, handles, and in how many personal chats and groups."""

    def __init__(self, chats: Sequence[ChatFacts], people: Iterable[SenderFacts]) -> None:
        self.people = {one.id: one for one in people}
        self.ids = set(self.people)
        self.personal: Counter[str] = Counter()
        self.groups: Counter[str] = Counter()
        for chat in chats:
            self.ids.update(chat.lines, chat.owners)
            (self.personal if chat.kind == "personal" else self.groups).update(chat.lines.keys())

    def name(self, person: str) -> str:
        """The person's name, or what stands after the colon of the id."""
        known = self.people.get(person)
        return (known.name if known else "") or person.partition(":")[2]

    def handles(self, person: str) -> tuple[str, ...]:
        """Phone numbers and e-mail addresses of this person."""
        known = self.people.get(person)
        return known.handles if known else ()

    def marks(self, owners: Iterable[str], owner_name: str) -> OwnerMarks:
        """Names and handles that these ids, and the configuration, give the owner."""
        ids = [one for one in owners if one]
        names = {fold_name(owner_name), *(fold_name(self.name(one)) for one in ids)} - {""}
        return OwnerMarks(frozenset(names), frozenset(handle for one in ids for handle in self.handles(one)))

    def contest(self, chats: Sequence[ChatFacts], mine: frozenset[str], said: OwnerMarks) -> OwnerMarks:
        """`said`, with those who are owners of files and contacts of one another: two people's exports in one folder.

        Where one of them is the owner (`mine`, or by name or number), the others of his platform are not.
        """
        owners = {one for chat in chats for one in chat.owners if one != chat.contact}
        contested = frozenset(
            one
            for chat in chats
            if chat.kind == "personal" and chat.contact in owners and chat.contact in chat.lines
            for rival in chat.owners
            if rival != chat.contact and rival in chat.lines
            for one in (chat.contact, rival)
        )
        his = {one for one in contested if one in mine or self._is_marked(one, said)}
        decided = {one.partition(":")[0] for one in his}
        others = frozenset(one for one in contested - his if one.partition(":")[0] in decided)
        return replace(said, contested=contested - his - others, others=others)

    def _is_marked(self, person: str, said: OwnerMarks) -> bool:
        return fold_name(self.name(person)) in said.names or not said.handles.isdisjoint(self.handles(person))

    def candidates(self, chat: ChatFacts, marks: OwnerMarks) -> tuple[Candidate, ...]:
        """Those who write in `chat`, likeliest owner first; its known contact is none."""
        senders = [one for one in chat.lines if one != chat.contact]
        found = [self._candidate(one, chat, marks) for one in senders]
        return tuple(sorted(found, key=lambda one: (-one.points, -one.lines, one.id)))

    def _candidate(self, person: str, chat: ChatFacts, marks: OwnerMarks) -> Candidate:
        name, others = self.name(person), [one for one in chat.lines if one != person]
        signs: list[tuple[float, str]] = []
        if marks.handles.intersection(self.handles(person)):
            signs.append((5, "has your number or address"))
        if fold_name(name) in marks.names:
            signs.append((4, f"is called {name}, as you are"))
        if fold_name(name) in SELF_NAMES:
            signs.append((4, f"is called {name!r} by the exporter"))
        personal = self.personal[person]
        if personal >= 2 and _leads(self.personal, person, others):
            signs.append((3, f"writes in {personal} personal chats, where nobody else writes in as many"))
        if chat.kind == "personal":
            signs += self._other_side(chat, others)
        elif personal == 0 and self.groups[person] >= 2 and _leads(self.groups, person, others):
            signs.append((1, f"writes in {self.groups[person]} groups, more than anybody else"))
        signs.sort(key=lambda sign: -sign[0])
        return Candidate(
            person, name, chat.lines[person], sum(points for points, _ in signs), tuple(words for _, words in signs)
        )

    def _other_side(self, chat: ChatFacts, others: list[str]) -> Iterable[tuple[float, str]]:
        """What the other side of a personal chat tells of this one."""
        if chat.contact:
            yield 3, f"is the other side of the chat with {self.name(chat.contact)}"
        elif len(others) == 1:
            other = self.name(others[0])
            if fold_name(other) == fold_name(chat.name):
                yield 2, f"is the other side of a chat called {chat.name}"
            if is_kin_name(other):
                yield 2, f"is the other side of somebody called {other}"


def fold_name(name: str) -> str:
    """A name for comparing: one width, no case, no emoji, no decoration, single spaces."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return " ".join("".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in plain).split())


def _leads(counts: Counter[str], person: str, others: Iterable[str]) -> bool:
    return all(counts[person] > counts[other] for other in others)
