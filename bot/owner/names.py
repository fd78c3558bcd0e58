"""Whom or which chat the owner means by a word: an id, a chat key, a type, or a name that only one person has.

Knows no Redis and no file: pure over the people known now. Never guesses between two: it lists them.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from bot.contacts import Contact

_MOST_LISTED = 6


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the contacts file names, or who wrote. `chats`: where they wrote last, the newest first."""

    contact: Contact
    ids: tuple[str, ...]
    chats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Everybody known now, the chats (the newest first) and the contact types there are."""

    persons: tuple[Person, ...] = ()
    types: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()
    _by_id: dict[str, Person] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the ids."""
        self._by_id.update({name: person for person in self.persons for name in person.ids})

    def by_id(self, contact_id: str) -> Person | None:
        """The person one of whose ids this is."""
        return self._by_id.get(contact_id)

    def of_chat(self, chat_key: str) -> Person | None:
        """Who wrote last in this chat."""
        return next((person for person in self.persons if chat_key in person.chats), None)

    def title(self, chat_key: str) -> str:
        """`Ann (telegram:42)`, or the key alone."""
        person = self.of_chat(chat_key)
        return f"{person.contact.name} ({chat_key})" if person else chat_key


@dataclass(frozen=True, slots=True)
class NotOne:
    """Not exactly one is meant. `what` says why, `candidates` what can be said instead."""

    what: str
    candidates: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((self.what, *(f"- {one}" for one in self.candidates)))


TypeOrContact = tuple[Literal["type", "contact"], str]


def find_person(people: People, words: str) -> Person | NotOne:
    """The one person these words name."""
    return _one_person(people.persons, words)


def find_chat(people: People, words: str) -> str | NotOne:
    """The key of the one chat these words name: the key itself, or the only chat of a person.

    Also who has no chat counts: a stranger who takes the name of somebody known must not be taken for them.
    """
    exact = next((key for key in people.chats if key.casefold() == words.strip().casefold()), None)
    if exact is not None:
        return exact
    person = _one_person(people.persons, words)
    if isinstance(person, NotOne):
        return person if person.candidates else NotOne(f"no chat with `{words}` yet", tuple(_titles(people)))
    if not person.chats:
        return NotOne(f"no chat with {person.contact.name} yet", tuple(_titles(people)))
    if len(person.chats) > 1:
        return NotOne(f"{person.contact.name} has {len(person.chats)} chats; name one by its key:", person.chats)
    return person.chats[0]


def find_whom(people: People, words: str) -> TypeOrContact | NotOne:
    """The scope of `for TYPE` or `for CONTACT`. A type goes first: anybody may call himself `family` (`namesakes`)."""
    wanted = words.strip().casefold()
    if wanted in people.types:
        return "type", wanted
    person = _one_person(people.persons, words)
    if isinstance(person, Person):
        return "contact", person.contact.contact_id
    return person if person.candidates else NotOne(f"nobody and no type is called `{words}`. Types:", people.types)


def namesakes(people: People, scope: tuple[str, str]) -> tuple[Person, ...]:
    """Who bears the name of this type; nobody for another scope."""
    kind, name = scope
    called = (person for person in people.persons if _is_called(person, name))
    return tuple(called) if kind == "type" else ()


def _one_person(persons: Iterable[Person], words: str) -> Person | NotOne:
    persons, wanted = list(persons), " ".join(words.split()).casefold()
    for matches in (_has_id, _is_called, _begins):
        found = [person for person in persons if wanted and matches(person, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            return NotOne(f"{len(found)} people match `{words}`; name one by an id:", _listed(found))
    known = {person.contact.name.casefold(): person for person in persons}
    close = [known[name] for name in difflib.get_close_matches(wanted, known, n=3)]
    return NotOne(f"nobody is called `{words}`" + ("; did you mean:" if close else ""), _listed(close))


def _has_id(person: Person, wanted: str) -> bool:
    return any(wanted == one.casefold() for one in (*person.ids, *person.chats))


def _is_called(person: Person, wanted: str) -> bool:
    return person.contact.name.casefold() == wanted


def _begins(person: Person, wanted: str) -> bool:
    """The beginning of the name, or of a later part of it (a surname)."""
    name = person.contact.name.casefold()
    return name.startswith(wanted) or any(part.startswith(wanted) for part in name.split())


def _listed(persons: list[Person]) -> tuple[str, ...]:
    return tuple(
        f"{one.contact.name} ({one.contact.contact_type}): {one.contact.contact_id}" for one in persons[:_MOST_LISTED]
    )


def _titles(people: People) -> list[str]:
    return [people.title(key) for key in people.chats[:_MOST_LISTED]]
