"""Who is who: the contact behind a sender, from a file of the owner's.

Knows no platform beyond its word in an id and nothing of blends. A sender the file does not name is a stranger.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

log = structlog.get_logger()

STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Contact:
    """One person as the persona knows them."""

    contact_id: str
    name: str
    contact_type: str


class ContactEntry(msgspec.Struct, frozen=True):
    """One person in the file. `ids` are `platform:sender_id`; the first one names the contact."""

    name: str
    type: str
    ids: list[str] = []


class ContactsFile(msgspec.Struct, frozen=True):
    """The whole file."""

    contacts: list[ContactEntry] = []


class ContactBook:
    """The contacts of `contacts.json`, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int] | None = None
        self._by_id: dict[str, Contact] = {}

    def resolve(self, platform: str, sender_id: str, sender_name: str, declared_type: str | None) -> Contact:
        """The contact behind a sender. A declared type (local adapters only) wins over the file."""
        self._reload()
        sender = f"{platform}:{sender_id}"
        known = self._by_id.get(sender) or Contact(sender, sender_name, STRANGER)
        if declared_type is None:
            return known
        return Contact(known.contact_id, known.name, declared_type)

    def _reload(self) -> None:
        try:
            stat = self._path.stat()
            version = (stat.st_mtime_ns, stat.st_size)
            if version == self._version:
                return
            book = msgspec.json.decode(self._path.read_bytes(), type=ContactsFile)
        except FileNotFoundError:
            self._version, self._by_id = None, {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            # The people we knew a moment ago stay known: a half-saved file must not turn friends into strangers.
            log.error("contacts.unreadable", error=type(error).__name__)
        else:
            self._version = version
            self._by_id = {
                sender: Contact(entry.ids[0], entry.name, entry.type or STRANGER)
                for entry in book.contacts
                for sender in entry.ids
            }
