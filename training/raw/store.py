"""What the exports held, as it was written: one SQLite file that only import, scrub, explain and forget may open.

Knows no format, and not who "me" is until it is told. Every row remembers the file it came from, so that a file that
turns out broken leaves nothing of itself. `training.raw.intake` fills it, `training.raw.removal` takes away from it.
"""

import contextlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from model_server.home import Home
from training.importers.base import Article, ChatKind
from training.people.facts import ChatFacts, SenderFacts
from training.raw.schema import SCHEMA
from training.store_errors import transaction, unusable
from training.store_files import keep_beside


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file that was read, or is being read (`state`: `read`, `reading`; `events`: how many of it are stored)."""

    number: int
    digest: str
    name: str
    format: str
    dates: str
    """The order of dates that was told for it, "" when none was."""
    state: str
    events: int
    lines: int
    companions: str = ""
    """Names of the files it was read with, one a line."""


@dataclass(frozen=True, slots=True)
class RawChat:
    """A chat over all files. `owner`: the owner's id in it, "" where he wrote nothing, None while undecided."""

    key: str
    kind: ChatKind
    name: str
    contact: str
    owner: str | None


class StoredLine(msgspec.Struct, frozen=True, gc=False):
    """A line as it was written, with its number in the store (`seq` grows in the order of reading)."""

    seq: int
    line_id: str
    sender: str
    text: str
    at_ms: int
    reply_to: str
    to: str


class RawStore:
    """The open store. Only one process writes; readers in other processes see whole batches."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        """For `training.raw.intake` and `training.raw.removal` alone."""

    @classmethod
    @contextlib.contextmanager
    def open(cls, home: Home) -> Iterator["RawStore"]:
        """The store of a home, made when there is none. CorpusError when its file is not one of ours."""
        path = raw_file(home)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            database = sqlite3.connect(path, isolation_level=None, timeout=60)
            try:
                # what is deleted is overwritten: who is forgotten leaves no byte in free pages
                database.executescript(
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;"
                    " PRAGMA cache_size=-16000;" + SCHEMA
                )
                keep_beside(database)
                yield cls(database)
            finally:
                database.close()
        except sqlite3.DatabaseError as error:
            raise unusable(path, error) from None

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """All that is written inside, or nothing of it."""
        return transaction(self.database)

    def file(self, digest: str) -> RawFile | None:
        """The file with this content, read or begun; None when it is new."""
        row = self.database.execute(
            "SELECT number, digest, name, format, dates, state, events, lines, companions FROM files WHERE digest = ?",
            (digest,),
        ).fetchone()
        return RawFile(*row) if row else None

    # ── who and where ───────────────────────────────────────────────────────────────────────────────────────────────

    def chat_facts(self) -> list[ChatFacts]:
        """Every chat in numbers, by key."""
        spoken: dict[int, dict[str, int]] = {}
        for chat, person, count in self.database.execute(
            "SELECT chat, people.id, n FROM (SELECT chat, sender, count(*) AS n FROM lines GROUP BY chat, sender)"
            " JOIN people ON people.number = sender ORDER BY chat, people.id"
        ):
            spoken.setdefault(chat, {})[person] = count
        files: dict[int, tuple[list[str], list[str]]] = {}
        for chat, name, owner in self.database.execute(
            "SELECT chat, files.name, owner FROM chat_files JOIN files ON files.number = file ORDER BY chat, file"
        ):
            names, owners = files.setdefault(chat, ([], []))
            names.append(name)
            if owner and owner not in owners:
                owners.append(owner)
        rows = self.database.execute("SELECT number, key, kind, name, contact FROM chats ORDER BY key").fetchall()
        return [
            ChatFacts(
                key=key,
                kind=kind,
                platform=key.partition(":")[0],
                name=name,
                contact=contact,
                owners=tuple(files.get(number, ([], []))[1]),
                sources=tuple(files.get(number, ([], []))[0]),
                lines=spoken.get(number, {}),
            )
            for number, key, kind, name, contact in rows
        ]

    def people(self) -> list[SenderFacts]:
        """Everybody who wrote or was named, by id: the latest name that is one, the handles of all files."""
        names: dict[str, str] = {}
        saved: dict[str, bool] = {}
        handles: dict[str, dict[str, None]] = {}
        for person, name, known, joined in self.database.execute(
            "SELECT people.id, said.name, saved, handles FROM people LEFT JOIN said ON person = number"
            " ORDER BY people.id, file"
        ):
            names[person] = name or names.get(person) or person.partition(":")[2]
            if known is not None:
                saved[person] = bool(known)
            handles.setdefault(person, {}).update(dict.fromkeys((joined or "").splitlines()))
        return [SenderFacts(one, name, saved.get(one), tuple(handles[one])) for one, name in names.items()]

    def me(self) -> frozenset[str]:
        """The ids that were found, or said, to be the owner's."""
        return frozenset(row[0] for row in self.database.execute("SELECT id FROM me"))

    def remember_me(self, owner_of: Mapping[str, str], ids: Collection[str] = ()) -> None:
        """Keep which id is the owner's, by chat key ("" where he wrote nothing), and all ids of his; chats not named
        become undecided."""
        with self.transaction():
            self.database.execute("UPDATE chats SET owner = NULL WHERE owner IS NOT NULL")
            self.database.executemany(
                "UPDATE chats SET owner = ? WHERE key = ?", ((owner, key) for key, owner in owner_of.items())
            )
            self.database.execute("DELETE FROM me")
            self.database.executemany(
                "INSERT INTO me VALUES (?)", ((one,) for one in {*owner_of.values(), *ids} - {""})
            )

    def chats_of(self, people: Collection[str]) -> set[str]:
        """The keys of all chats in which one of these people wrote."""
        rows = (
            row
            for person in people
            for row in self.database.execute(
                "SELECT key FROM chats WHERE number IN (SELECT chat FROM lines"
                " WHERE sender = (SELECT number FROM people WHERE id = ?))",
                (person,),
            )
        )
        return {str(key) for (key,) in rows}

    # ── what was written ────────────────────────────────────────────────────────────────────────────────────────────

    def chats(self) -> list[RawChat]:
        """Every chat, by key."""
        rows = self.database.execute("SELECT key, kind, name, contact, owner FROM chats ORDER BY key")
        return [RawChat(*row) for row in rows]

    def lines_after(self, chat_key: str, seq: int) -> Iterator[StoredLine]:
        """The lines of a chat that were stored after number `seq`, in the order of reading; none of a file that is not
        read to its end, which may yet turn out broken."""
        rows = self.database.execute(
            "SELECT seq, line_id, people.id, text, at_ms, reply_to, addressee FROM lines"  # noqa: S608  # as below
            " JOIN people ON people.number = sender"
            f" WHERE chat = (SELECT number FROM chats WHERE key = ?) AND seq > ?{self._whole()} ORDER BY seq",
            (chat_key, seq),
        )
        return (StoredLine(*row) for row in rows)

    def count_after(self, chat_key: str, seq: int) -> int:
        """How many lines `lines_after` gives."""
        (count,) = self.database.execute(
            "SELECT count(*) FROM lines"  # noqa: S608  # a condition of ours
            f" WHERE chat = (SELECT number FROM chats WHERE key = ?) AND seq > ?{self._whole()}",
            (chat_key, seq),
        ).fetchone()
        return int(count)

    def _whole(self) -> str:
        """A condition on lines: of files that are read. Nothing where all are, for it would cost a look at each."""
        begun = self.database.execute("SELECT number FROM files WHERE state != 'read'").fetchall()
        return f" AND file NOT IN ({', '.join(str(number) for (number,) in begun)})" if begun else ""

    def text_at(self, chat_key: str, seq: int) -> str:
        """The text of the last line of a chat up to number `seq`, "" when there is none."""
        row = self.database.execute(
            "SELECT text FROM lines WHERE chat = (SELECT number FROM chats WHERE key = ?) AND seq <= ?"
            " ORDER BY seq DESC LIMIT 1",
            (chat_key, seq),
        ).fetchone()
        return str(row[0]) if row else ""

    def sender_of(self, chat_key: str, line_id: str) -> str:
        """Who wrote a line, "" when it is not there."""
        row = self.database.execute(
            "SELECT people.id FROM lines JOIN people ON people.number = sender"
            " WHERE chat = (SELECT number FROM chats WHERE key = ?) AND line_id = ?",
            (chat_key, line_id),
        ).fetchone()
        return str(row[0]) if row else ""

    def line_count(self) -> int:
        """How many lines are stored."""
        return int(self.database.execute("SELECT count(*) FROM lines").fetchone()[0])

    def articles(self) -> Iterator[Article]:
        """Every article as it was written, by key, as the file read last has it."""
        rows = self.database.execute(
            "SELECT key, title, markdown, at_ms FROM articles JOIN files ON number = file WHERE state = 'read'"
            " GROUP BY key HAVING max(file) ORDER BY key"
        )
        return (Article(*row) for row in rows)

    def asides(self) -> dict[tuple[str, str], int]:
        """(file name, reason) -> how many messages were set aside; whole chats under `chat:<kind>`."""
        counts: dict[tuple[str, str], int] = {}
        for name, reason, count in self.database.execute(
            "SELECT files.name, reason, count FROM asides JOIN files ON files.number = file UNION ALL"
            " SELECT files.name, 'chat:' || kind, count(*) FROM skipped JOIN files ON files.number = file GROUP BY 1, 2"
        ):
            counts[name, reason] = counts.get((name, reason), 0) + count
        return counts

    def generation(self) -> str:
        """Changes when something that was read before is taken away or changed: the corpus is to be written anew."""
        row = self.database.execute("SELECT value FROM marks WHERE name = 'generation'").fetchone()
        return str(row[0]) if row else "0"

    def changed(self) -> None:
        """Something that was read before is different now."""
        self.database.execute(
            "INSERT INTO marks VALUES ('generation', '1') ON CONFLICT (name) DO UPDATE SET value = value + 1"
        )


def raw_file(home: Home) -> Path:
    """The store's file."""
    return home.raw_dir / "raw.sqlite3"
