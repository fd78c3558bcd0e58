"""Edits of `contacts.json`: the owner says who somebody is. The file has the format that the training reads.

Knows one file and no Redis: what an owner ordered for a contact is moved elsewhere. Each edit is a pure function over
the whole book; `change` replaces the file in one step, so a reader never meets half of one.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from bot.contacts import Contact, ContactEntry, ContactsFile
from bot.private_file import replace_file
from model_server.errors import ConfigError

Edit = Callable[[ContactsFile], ContactsFile]

_TYPE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NO_TYPES = ("core", "articles")
_LONGEST_NAME = 100


def change(path: Path, edit: Edit) -> ContactsFile:
    """Read, edit and replace the file; what it now says. ConfigError when it cannot be read (it is left as it is).

    An import waits meanwhile. What an editor, which knows no lock, wrote in between is read again.
    """
    with _locked(path):
        while True:
            before = _version(path)
            edited = edit(read(path))
            if before == _version(path):
                replace_file(path, msgspec.json.format(msgspec.json.encode(edited), indent=1) + b"\n")
                return edited


def read(path: Path) -> ContactsFile:
    """Who is who; empty when there is no file yet. ConfigError when it is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ContactsFile)
    except FileNotFoundError:
        return ContactsFile()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path.name} cannot be read ({type(error).__name__})", "mend or remove that file, then say it again"
        ) from None


def with_type(who: Contact, contact_type: str) -> Edit:
    """`who` is of this type from now on. ConfigError when no type can be called so."""
    if _TYPE.fullmatch(contact_type) is None or contact_type in _NO_TYPES:
        raise ConfigError(f"`{contact_type}` cannot name a contact type", "use small letters, digits, - and _")
    return _entry_of(who, lambda entry: msgspec.structs.replace(entry, type=contact_type))


def with_name(who: Contact, name: str) -> Edit:
    """`who` is called so from now on."""
    plain = " ".join(name.split())
    if not plain or len(plain) > _LONGEST_NAME:
        raise ConfigError("that is no name", f"use 1 to {_LONGEST_NAME} characters")
    return _entry_of(who, lambda entry: msgspec.structs.replace(entry, name=plain))


def merged(who: Contact, into: Contact) -> Edit:
    """Both are one person: `into` keeps id, name and type, and has the ids of both. Safe to repeat."""

    def edit(book: ContactsFile) -> ContactsFile:
        gone = next((entry for entry in book.contacts if who.contact_id in entry.ids), None)
        ids = gone.ids if gone else (who.contact_id,)
        rest = ContactsFile(tuple(entry for entry in book.contacts if entry is not gone or into.contact_id in ids))
        return _entry_of(into, lambda entry: _with_ids(entry, ids, gone.type if gone else ""))(rest)

    return edit


def _with_ids(entry: ContactEntry, ids: tuple[str, ...], other_type: str) -> ContactEntry:
    joined = tuple(dict.fromkeys((*entry.ids, *ids)))
    return msgspec.structs.replace(entry, ids=joined, type=entry.type or other_type)


def _entry_of(who: Contact, edit: Callable[[ContactEntry], ContactEntry]) -> Edit:
    """Edit the entry of this person, made first when the file does not name them yet."""

    def apply(book: ContactsFile) -> ContactsFile:
        if not any(who.contact_id in entry.ids for entry in book.contacts):
            book = ContactsFile((*book.contacts, ContactEntry(who.name, ids=(who.contact_id,))))
        return ContactsFile(tuple(edit(entry) if who.contact_id in entry.ids else entry for entry in book.contacts))

    return apply


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One edit at a time, of the bot and of the training: both take this lock. It falls with the process."""
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
