"""Who is who: the contact behind a sender, from a file of the owner's.

Knows no platform beyond its word in an id and nothing of blends. A sender the file does not name is a stranger, unless
the platform suggests a type. Reads only; `bot.owner.contact_file` writes.
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


def read_contact(raw: bytes) -> Contact:
    """The contact as the scripts keep it (a chat's field `contact`); of a chat nobody has looked at yet, nobody."""
    return msgspec.json.decode(raw, type=Contact) if raw else Contact("", "", "")


class ContactEntry(msgspec.Struct, frozen=True):
    """One person in the file. `ids` are `platform:sender_id`; the first one names the contact. No type yet: ""."""

    name: str
    type: str = ""
    ids: tuple[str, ...] = ()


class ContactsFile(msgspec.Struct, frozen=True):
    """The whole file."""

    contacts: tuple[ContactEntry, ...] = ()


class ContactBook:
    """The contacts of `contacts.json`, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._entries: tuple[ContactEntry, ...] = ()
        self._by_id: dict[str, ContactEntry] = {}

    def resolve(
        self,
        platform: str,
        sender_id: str,
        sender_name: str,
        declared_type: str | None,
        suggested_type: str | None = None,
    ) -> Contact:
        """The contact behind a sender. Its type: declared (local adapters only), the file's, suggested, stranger."""
        self._reload()
        sender = f"{platform}:{sender_id}"
        entry = self._by_id.get(sender) or ContactEntry(sender_name, ids=(sender,))
        return Contact(entry.ids[0], entry.name, declared_type or entry.type or suggested_type or STRANGER)

    def anew(self, known: Contact) -> Contact:
        """Somebody resolved before, as the file names them by now."""
        platform, _, sender_id = known.contact_id.partition(":")
        return self.resolve(platform, sender_id, known.name, None, known.contact_type) if known.contact_id else known

    def entries(self) -> tuple[ContactEntry, ...]:
        """Everybody the file names, in its order."""
        self._reload()
        return self._entries

    def _reload(self) -> None:
        try:
            stat = self._path.stat()
            version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if version == self._version:
                return
            book = msgspec.json.decode(self._path.read_bytes(), type=ContactsFile)
        except FileNotFoundError:
            self._version, self._entries, self._by_id = None, (), {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            # The people we knew a moment ago stay known: a half-saved file must not turn friends into strangers.
            log.error("contacts.unreadable", error=type(error).__name__)
        else:
            self._version = version
            self._entries = book.contacts
            self._by_id = {sender: entry for entry in book.contacts for sender in entry.ids}
