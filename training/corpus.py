"""The owner's corpus: scrubbed conversations and articles, in one SQLite file that everything after the scrub reads.

Knows no export format, no raw text and no model. Whoever asked to be forgotten is left out of every read, and so is
what the owner cut and a line that was set aside; whoever reads cannot forget to leave them out. Reads stream: a chat of
a million lines is never held whole unless its reader does so.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import read_contacts, read_excluded
from training.corpus_schema import SCHEMA
from training.cuts import Cut, keeps_article, read_cuts, under_every_id
from training.left_out import KEPT_CHAT, KEPT_LINE, CutCounts, count_cut_lines, note_left_out
from training.old_corpus import check_no_old_corpus
from training.store_errors import transaction, unusable, wipe
from training.store_files import keep_beside

ChatKind = Literal["personal", "group"]

RULES = "rules"
"""A mark: by which rules the scrub stage wrote this corpus."""
SETTLED = "repeats are set aside"
"""A mark: the scrub stage has come to its end since it last began to write."""


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

    def __init__(self, database: sqlite3.Connection, excluded: frozenset[str], cuts: Sequence[Sequence[Cut]]) -> None:
        self._database = database
        self._cuts = cuts
        # without anything left out, asking of each line whether it is would cost for nothing
        self._kept = f" AND {KEPT_LINE}" if note_left_out(database, excluded, cuts) else ""

    @classmethod
    @contextlib.contextmanager
    def open(cls, home: Home) -> Iterator["Corpus"]:
        """CorpusError when the file is not one of ours, or it cannot be known what is to be left out."""
        excluded = read_excluded(home)
        contacts = read_contacts(home) if (cuts := read_cuts(home)) else []
        path = home.corpus_file
        try:
            path.touch(mode=0o600)
            database = sqlite3.connect(path, isolation_level=None, timeout=60)
            try:
                # what is deleted is overwritten: a forgotten contact leaves no byte in free pages
                database.executescript(
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;" + SCHEMA
                )
                keep_beside(database)
                yield cls(database, excluded, [under_every_id(cut, contacts) for cut in cuts])
            finally:
                database.close()
        except sqlite3.DatabaseError as error:
            raise unusable(path, error) from None

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """All that is written inside, or nothing of it."""
        return transaction(self._database)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment, whatever an import writes meanwhile.

        CorpusError when it is a moment at which the scrub stage was not through.
        """
        self._database.execute("BEGIN")
        try:
            if self.mark(RULES) and not self.mark(SETTLED):
                raise CorpusError(
                    "the corpus is not whole: an import is at work, or was cut off",
                    "wait for it, or complete it: selfsame corpus scrub",
                )
            yield
        finally:
            self._database.execute("ROLLBACK")  # nothing was written

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def chats(self, *, left_out_too: bool = False) -> list[CorpusChat]:
        """Every chat by key, but those of people who are excluded and those cut as a whole. `left_out_too`: these as
        well, to find one by its title; there is nothing to read in it."""
        where = "" if left_out_too else f"WHERE {KEPT_CHAT}"
        rows = self._database.execute(f"SELECT key, kind, name, contact FROM chats {where} ORDER BY key")  # noqa: S608
        return [CorpusChat(*row) for row in rows]

    def lines(self, chat_key: str) -> Iterator[CorpusLine]:
        """The lines of one chat as they were spoken, without those set aside, cut, or of people who are excluded."""
        rows = self._database.execute(
            "SELECT line_id, author, text, at_ms, sender, reply_to, addressee, seq"  # noqa: S608  # conditions of ours
            f" FROM lines JOIN chats ON chats.id = chat WHERE key = ? AND aside = ''{self._kept} ORDER BY at_ms, seq",
            (chat_key,),
        )
        return (CorpusLine(*row) for row in rows)

    def long_lines(self, characters: int) -> Iterator[tuple[str, CorpusLine]]:
        """Every line at least this long with the key of its chat, those set aside and left out included: what repeats
        itself does so whether or not it is cut for now."""
        rows = self._database.execute(
            "SELECT key, line_id, author, text, at_ms, sender, reply_to, addressee, seq FROM lines"
            " JOIN chats ON chats.id = chat WHERE length(text) >= ? ORDER BY chat, at_ms, seq",
            (characters,),
        )
        return ((key, CorpusLine(*row)) for key, *row in rows)

    def count_long_lines(self, characters: int) -> int:
        """How many lines `long_lines` gives."""
        found = self._database.execute("SELECT count(*) FROM lines WHERE length(text) >= ?", (characters,))
        return int(found.fetchone()[0])

    def conversations(self) -> Iterator[Conversation]:
        """Chat after chat, each held whole only while it is looked at; without those in which nothing is left."""
        for chat in self.chats():
            if lines := tuple(self.lines(chat.key)):
                yield Conversation(chat, lines)

    def articles(self) -> list[CorpusArticle]:
        """Every article that is not cut, by key."""
        rows = self._database.execute("SELECT key, title, markdown, at_ms FROM articles ORDER BY key")
        cuts = [one for cut in self._cuts for one in cut]
        return [article for article in (CorpusArticle(*row) for row in rows) if keeps_article(cuts, article.at_ms)]

    def article_keys(self) -> set[str]:
        """The keys of all articles, cut ones too."""
        return {str(key) for (key,) in self._database.execute("SELECT key FROM articles")}

    def group_speakers(self) -> dict[str, set[str]]:
        """By the key of each group, who says something in it that may be read."""
        found: dict[str, set[str]] = {chat.key: set() for chat in self.chats(left_out_too=True) if chat.kind == "group"}
        rows = self._database.execute(
            "SELECT DISTINCT key, sender FROM chats JOIN lines ON chats.id = chat"  # noqa: S608  # conditions of ours
            f" WHERE kind = 'group' AND aside = ''{self._kept}"
        )
        for key, sender in rows:
            found[key].add(sender)
        return found

    def count_cut(self) -> CutCounts:
        """How many lines and articles the cuts leave out."""
        articles = len(self.article_keys()) - len(self.articles())
        return count_cut_lines(self._database, len(self._cuts), articles)

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
            "INSERT OR REPLACE INTO lines (chat, line_id, author, text, at_ms, sender, reply_to, addressee, seq)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((number, *msgspec.structs.astuple(line)) for line in lines),
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

    def add_counts(self, stage: str, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to what a stage counted."""
        rows = ((stage, source, what, count) for (source, what), count in counts.items())
        self._database.executemany(
            "INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count", rows
        )

    def drop(self, source: str) -> None:
        """Take out the lines of a chat, and what the scrub counted of a chat or an article: they are to come anew."""
        self._database.execute("DELETE FROM lines WHERE chat = (SELECT id FROM chats WHERE key = ?)", (source,))
        self._database.execute("DELETE FROM counts WHERE stage = 'scrub' AND source = ?", (source,))

    def put_mark(self, name: str, value: str) -> None:
        """Remember a value."""
        self._database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))

    def clear(self) -> None:
        """Empty the corpus: it is about to be written anew."""
        for table in ("lines", "chats", "articles", "counts", "marks"):
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608  # names of ours

    def wipe(self) -> None:
        """Leave no byte of what was deleted. CorpusError while another process reads."""
        wipe(self._database)


def read_conversations(home: Home) -> list[Conversation]:
    """All chats, by key, held whole; empty when nothing was imported yet. CorpusError when the corpus is damaged, or
    not whole."""
    check_no_old_corpus(home)
    if not home.corpus_file.exists():
        return []
    with Corpus.open(home) as corpus, corpus.snapshot():
        return list(corpus.conversations())


def read_articles(home: Home) -> list[CorpusArticle]:
    """All articles, by key. CorpusError as `read_conversations`."""
    check_no_old_corpus(home)
    if not home.corpus_file.exists():
        return []
    with Corpus.open(home) as corpus, corpus.snapshot():
        return corpus.articles()
