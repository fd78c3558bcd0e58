"""Who is who, on disk: the contacts file that the bot reads too, and those who asked to be forgotten.

Knows no export and no conversation. A contact's type is "" until the owner says it: nothing here guesses.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.private_file import replace_file


class Contact(msgspec.Struct, frozen=True):
    """Who writes. `ids` are his ids on every platform (`telegram:user72001`); the first one names the contact."""

    name: str
    type: str = ""
    ids: tuple[str, ...] = ()


class _ContactsFile(msgspec.Struct, frozen=True):
    contacts: tuple[Contact, ...] = ()


class _ExcludedFile(msgspec.Struct, frozen=True):
    senders: tuple[str, ...] = ()


_TYPE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NO_TYPES = ("core", "articles")
_NO_TYPE_BEGINS = "own-"
"""So begin the facets of single contacts."""

_Kind = TypeVar("_Kind", bound=msgspec.Struct)


def read_contacts(home: Home) -> list[Contact]:
    """Who is who; empty when nothing was imported yet."""
    if not home.contacts_file.exists():
        return []
    return list(_decode(home.contacts_file, _ContactsFile).contacts)


def write_contacts(home: Home, contacts: Iterable[Contact]) -> None:
    """Replace the contacts file, whoever edits it; `change_contacts` is the way to edit it."""
    encoded = msgspec.json.encode(_ContactsFile(tuple(contacts)))
    replace_file(home.contacts_file, msgspec.json.format(encoded, indent=1) + b"\n")


def change_contacts(home: Home, edit: Callable[[list[Contact]], list[Contact]]) -> list[Contact]:
    """Read, edit and replace the contacts file; what it now says. `edit` must be safe to repeat.

    The bot waits meanwhile. What an editor, which knows no lock, wrote in between is read again.
    """
    with _locked(home.contacts_file):
        while True:
            before = _version(home.contacts_file)
            edited = edit(read_contacts(home))
            if before == _version(home.contacts_file):
                write_contacts(home, edited)
                return edited


def read_excluded(home: Home) -> frozenset[str]:
    """The ids (`telegram:user72001`) of all who asked to be forgotten, under every id that is known to be theirs.

    CorpusError when that cannot be known.
    """
    if not home.excluded_file.exists():
        return frozenset()
    named = frozenset(_decode(home.excluded_file, _ExcludedFile).senders)
    return named.union(*(contact.ids for contact in read_contacts(home) if named.intersection(contact.ids)))


def find_contact(contacts: list[Contact], named: str) -> Contact:
    """The contact of this name, or of this id where names repeat. CorpusError when it is not one."""
    found = [contact for contact in contacts if named in contact.ids] or [
        contact for contact in contacts if contact.name.casefold() == named.casefold()
    ]
    if not found:
        raise CorpusError(f"no contact is called {named!r}", "see `selfsame contacts list`")
    if len(found) > 1:
        ids = ", ".join(contact.ids[0] for contact in found if contact.ids)
        raise CorpusError(f"{len(found)} contacts are called {named!r}", f"name one by its id: {ids}")
    return found[0]


def set_type(contacts: list[Contact], named: str, contact_type: str) -> list[Contact]:
    """Contacts with the type of `named` (a name, or an id where names repeat) changed. CorpusError when not one."""
    check_type(contact_type)
    found = find_contact(contacts, named)
    changed = msgspec.structs.replace(found, type=contact_type)
    return [changed if contact is found else contact for contact in contacts]


def check_type(contact_type: str) -> None:
    """CorpusError unless this can name a contact type, and so a facet."""
    if _TYPE.fullmatch(contact_type) is None or contact_type in _NO_TYPES or contact_type.startswith(_NO_TYPE_BEGINS):
        raise CorpusError(
            f"{contact_type!r} cannot name a contact type",
            f"use small letters, digits, - and _; not {' or '.join(_NO_TYPES)}, and not {_NO_TYPE_BEGINS}...",
        )


def read_types(path: Path) -> dict[str, str]:
    """A JSON object of contact name -> contact type. CorpusError names the file."""
    try:
        types = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: {error}", 'expected a JSON object such as {"Mum": "family"}') from None
    for contact_type in types.values():
        check_type(contact_type)
    return types


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One edit at a time, of this program and of the bot: both take this lock. It falls with the process."""
    place = os.open(path.with_name("contacts.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _decode(path: Path, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{path} is damaged: {error}", "mend it, or move it away and import the export again"
        ) from None
