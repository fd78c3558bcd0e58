"""What an import found, as data: per file, per contact, per type, and what is left for the owner to say.

Knows no store and no format. Names of files are as the owner typed them; no words of anybody's are in it.
"""

from collections import Counter
from typing import Literal

import msgspec

FileState = Literal["read", "known", "failed", "asks"]
"""`known`: its content had been imported before, and was not read again; `asks`: there is a question to answer."""


class FileReport(msgspec.Struct):
    """One file. `lines` are all it holds, `added` those that were new; `what` and `hint` say why it failed."""

    name: str
    format: str = ""
    state: FileState = "read"
    chats: int = 0
    lines: int = 0
    added: int = 0
    set_aside: Counter[str] = msgspec.field(default_factory=Counter)
    skipped_chats: Counter[str] = msgspec.field(default_factory=Counter)
    articles: int = 0
    articles_added: int = 0
    what: str = ""
    hint: str = ""


class Question(msgspec.Struct, frozen=True):
    """Something only the owner can say: `who` he is in some chats, or the order of `dates` in a file."""

    about: Literal["who", "dates"]
    what: str
    hint: str
    chats: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


class ContactReport(msgspec.Struct, frozen=True):
    """One contact over all that was imported so far. `proposed`: a type that the owner has not accepted yet."""

    name: str
    type: str
    proposed: str
    ids: tuple[str, ...]
    lines: int
    replies: int
    """Lines the owner wrote in their chats."""
    left_out: bool = False
    """Who is excluded or cut as a whole: nothing of theirs is learnt, and no type counts them."""


class TypeReport(msgspec.Struct):
    """All contacts of one type; "" is those without."""

    contacts: int = 0
    lines: int = 0
    replies: int = 0


class ImportReport(msgspec.Struct):
    """What an import did, in numbers. Files, `lines`, `added`, articles and what was set aside are of this import;
    chats, `replies`, contacts, types, `scrubbed` and `dropped` are of everything imported so far."""

    files: list[FileReport] = msgspec.field(default_factory=list)
    lines: int = 0
    added: int = 0
    """Lines that were not known before."""
    chats: int = 0
    replies: int = 0
    """Lines the owner wrote."""
    skipped_chats: Counter[str] = msgspec.field(default_factory=Counter)
    set_aside: Counter[str] = msgspec.field(default_factory=Counter)
    articles: int = 0
    articles_added: int = 0
    """Articles that are new or have changed."""
    unread: Counter[str] = msgspec.field(default_factory=Counter)
    """Files that were not read, by reason."""
    unknown_files: list[str] = msgspec.field(default_factory=list)
    """Those among them whose format nobody here knows."""
    contacts: list[ContactReport] = msgspec.field(default_factory=list)
    types: dict[str, TypeReport] = msgspec.field(default_factory=dict)
    untyped: list[str] = msgspec.field(default_factory=list)
    """Contacts without a contact type who are not left out: they train `core` alone."""
    unions: int = 0
    """Pairs of contacts that may be one person."""
    scrubbed: Counter[str] = msgspec.field(default_factory=Counter)
    """What the scrub took out, by kind."""
    dropped: Counter[str] = msgspec.field(default_factory=Counter)
    """Near-duplicates and chain messages."""
    questions: list[Question] = msgspec.field(default_factory=list)
    seconds: dict[str, float] = msgspec.field(default_factory=dict)
    """How long each stage took."""

    @property
    def failed(self) -> list[FileReport]:
        """Files that could not be read."""
        return [file for file in self.files if file.state == "failed"]

    def add_file(self, file: FileReport) -> None:
        """One more file, in the list and in the sums."""
        self.files.append(file)
        self.lines += file.lines
        self.added += file.added
        self.articles += file.articles
        self.articles_added += file.articles_added
        self.skipped_chats.update(file.skipped_chats)
        self.set_aside.update(file.set_aside)
