"""The owner's corpus: scrubbed conversations and articles, in one SQLite file that everything after the scrub reads.

Knows no export format, no raw text and no model. Whoever asked to be forgotten is left out of every read, and so is a
line that was set aside; whoever reads cannot forget to leave them out. Reads stream: a chat of a million lines is
never held whole unless its reader does so.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import read_excluded
from training.old_corpus import check_no_old_corpus

ChatKind = Literal["personal", "group"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, contact TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS lines (
  chat INTEGER NOT NULL REFERENCES chats(id), seq INTEGER NOT NULL, line_id TEXT NOT NULL, author TEXT NOT NULL,
  sender TEXT NOT NULL, text TEXT NOT NULL, at_ms INTEGER NOT NULL, reply_to TEXT NOT NULL, addressee TEXT NOT NULL,
  aside TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (chat, at_ms, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS articles (
  key TEXT PRIMARY KEY, title TEXT NOT NULL, markdown TEXT NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (
  stage TEXT NOT NULL, source TEXT NOT NULL, what TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (stage, source, what)
);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class CorpusLine(msgspec.Struct, frozen=True, gc=False):
    """One line, scrubbed. `sender`, `to`: ids of people; `seq`: order within an instant, unique in the corpus."""

    line_id: str
    author: Literal["contact", "owner"]
    text: str
    at_ms: int
    sender: str = ""
    reply_to: str = ""
    to: str = ""
    seq: int = 0


class CorpusChat(msgspec.Struct, frozen=True):
    """One chat. `contact` is the id of the person (`telegram:user72001`), "" in a group."""

    key: str
    kind: ChatKind
    name: str
    contact: str = ""


class Conversation(msgspec.Struct, frozen=True):
    """Everything one chat holds, oldest line first."""

    chat: CorpusChat
    lines: tuple[CorpusLine, ...]


class CorpusArticle(msgspec.Struct, frozen=True):
    """Something the owner wrote, scrubbed, as Markdown."""

    key: str
    title: str
    markdown: str
    at_ms: int = 0


class Corpus:
    """The open corpus. Writing is the scrub stage's alone, and in transactions: `with corpus.transaction(): ...`."""

    def __init__(self, database: sqlite3.Connection, excluded: frozenset[str]) -> None:
        self._database = database
        self._excluded = excluded

    @classmethod
    @contextlib.contextmanager
    def open(cls, home: Home) -> Iterator["Corpus"]:
        """CorpusError when the file is not one of ours, or it cannot be known who asked to be forgotten."""
        excluded = read_excluded(home)
        path = home.corpus_file
        try:
            path.touch(mode=0o600)
            database = sqlite3.connect(path, isolation_level=None, timeout=60)
            try:
                # what is deleted is overwritten: a forgotten contact leaves no byte in free pages
                database.executescript(
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;" + _SCHEMA
                )
                yield cls(database, excluded)
            finally:
                database.close()
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing of it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def chats(self) -> list[CorpusChat]:
        """Every chat but those of people who are excluded, by key."""
        rows = self._database.execute("SELECT key, kind, name, contact FROM chats ORDER BY key")
        found = [CorpusChat(*row) for row in rows]
        return [chat for chat in found if not self._excluded.intersection((chat.key, chat.contact))]

    def lines(self, chat_key: str) -> Iterator[CorpusLine]:
        """The lines of one chat as they were spoken, without those set aside and those of people who are excluded."""
        rows = self._database.execute(
            "SELECT line_id, author, text, at_ms, sender, reply_to, addressee, seq FROM lines"
            " WHERE chat = (SELECT id FROM chats WHERE key = ?) AND aside = '' ORDER BY at_ms, seq",
            (chat_key,),
        )
        gone = self._excluded
        return (line for line in (CorpusLine(*row) for row in rows) if line.sender not in gone and line.to not in gone)

    def long_lines(self, characters: int) -> Iterator[tuple[str, CorpusLine]]:
        """Every line at least this long with the key of its chat, those set aside included."""
        rows = self._database.execute(
            "SELECT key, line_id, author, text, at_ms, sender, reply_to, addressee, seq FROM lines"
            " JOIN chats ON chats.id = chat WHERE length(text) >= ? ORDER BY chat, at_ms, seq",
            (characters,),
        )
        return ((key, CorpusLine(*row)) for key, *row in rows)

    def conversations(self) -> Iterator[Conversation]:
        """Chat after chat, each held whole only while it is looked at; without those in which nothing is left."""
        for chat in self.chats():
            if lines := tuple(self.lines(chat.key)):
                yield Conversation(chat, lines)

    def articles(self) -> list[CorpusArticle]:
        """Every article, by key."""
        rows = self._database.execute("SELECT key, title, markdown, at_ms FROM articles ORDER BY key")
        return [CorpusArticle(*row) for row in rows]

    def counts(self, stage: str) -> dict[tuple[str, str], int]:
        """What a stage counted: (source, what) -> how many. Stages: `aside` (import), `scrub`, `dropped`."""
        rows = self._database.execute("SELECT source, what, count FROM counts WHERE stage = ?", (stage,))
        return {(source, what): count for source, what, count in rows}

    def mark(self, name: str) -> str:
        """A remembered value, "" when there is none."""
        row = self._database.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def marks(self, prefix: str) -> dict[str, str]:
        """Remembered values whose names begin with `prefix`, by the rest of their names."""
        rows = self._database.execute(
            "SELECT substr(name, length(?) + 1), value FROM marks WHERE substr(name, 1, length(?)) = ?", (prefix,) * 3
        )
        return dict(rows.fetchall())

    # ── writing: the scrub stage alone ──────────────────────────────────────────────────────────────────────────────

    def put_chat(self, chat: CorpusChat) -> None:
        """Add a chat, or say anew what is known of it."""
        self._database.execute(
            "INSERT INTO chats (key, kind, name, contact) VALUES (?, ?, ?, ?) ON CONFLICT (key)"
            " DO UPDATE SET kind = excluded.kind, name = excluded.name, contact = excluded.contact",
            (chat.key, chat.kind, chat.name, chat.contact),
        )

    def put_lines(self, chat_key: str, lines: Iterable[CorpusLine]) -> None:
        """Add lines to a chat that was put; one with the time and `seq` of a known one replaces it."""
        (number,) = self._database.execute("SELECT id FROM chats WHERE key = ?", (chat_key,)).fetchone()
        self._database.executemany(
            "INSERT OR REPLACE INTO lines (chat, seq, line_id, author, sender, text, at_ms, reply_to, addressee)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    number,
                    line.seq,
                    line.line_id,
                    line.author,
                    line.sender,
                    line.text,
                    line.at_ms,
                    line.reply_to,
                    line.to,
                )
                for line in lines
            ),
        )

    def set_aside(self, chat_key: str, reason: str, lines: Iterable[tuple[int, int]]) -> None:
        """Keep these lines (their `at_ms` and `seq`) out of every later stage; `reason`: `near_duplicate`, `chain`."""
        (number,) = self._database.execute("SELECT id FROM chats WHERE key = ?", (chat_key,)).fetchone()
        self._database.executemany(
            "UPDATE lines SET aside = ? WHERE chat = ? AND at_ms = ? AND seq = ?",
            ((reason, number, at_ms, seq) for at_ms, seq in lines),
        )

    def take_back(self) -> None:
        """Nothing is set aside any more."""
        self._database.execute("UPDATE lines SET aside = '' WHERE aside != ''")

    def put_article(self, article: CorpusArticle) -> None:
        """Add an article, or replace the one of its key."""
        self._database.execute(
            "INSERT OR REPLACE INTO articles (key, title, markdown, at_ms) VALUES (?, ?, ?, ?)",
            (article.key, article.title, article.markdown, article.at_ms),
        )

    def put_counts(self, stage: str, counts: Mapping[tuple[str, str], int]) -> None:
        """Replace what a stage counted."""
        self._database.execute("DELETE FROM counts WHERE stage = ?", (stage,))
        rows = ((stage, source, what, count) for (source, what), count in counts.items())
        self._database.executemany("INSERT INTO counts VALUES (?, ?, ?, ?)", rows)

    def put_mark(self, name: str, value: str) -> None:
        """Remember a value."""
        self._database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Empty the corpus: it is about to be written anew."""
        for table in ("lines", "chats", "articles", "counts", "marks"):
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608  # names of ours

    def wipe(self) -> None:
        """Leave no byte of what was deleted in the file or its log."""
        self._database.execute("VACUUM")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def read_conversations(home: Home) -> list[Conversation]:
    """All chats, by key, held whole. CorpusError when the corpus is damaged; empty when nothing was imported yet."""
    check_no_old_corpus(home)
    if not home.corpus_file.exists():
        return []
    with Corpus.open(home) as corpus:
        return list(corpus.conversations())


def read_articles(home: Home) -> list[CorpusArticle]:
    """All articles, by key. CorpusError as `read_conversations`."""
    check_no_old_corpus(home)
    if not home.corpus_file.exists():
        return []
    with Corpus.open(home) as corpus:
        return corpus.articles()


def _damaged(path: Path, error: Exception) -> CorpusError:
    return CorpusError(f"{path} is damaged: {error}", "move it away and import the exports again: selfsame import PATH")
