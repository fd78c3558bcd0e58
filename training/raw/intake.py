"""Puts the events of one file into the raw store, in batches that carry the file's progress with them.

Knows no format and no owner. Killed at any point, the same file goes on behind the last batch; a file that breaks off
leaves nothing. Who was forgotten does not come back: his chats, his lines and those to him are passed over.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from training.importers.base import Article, Aside, ChatHead, Event, Person, RawLine, SkippedChat
from training.raw.forgotten import Forgotten
from training.raw.removal import discard_file, forget_people, rewrite
from training.raw.store import RawFile, RawStore

BATCH_EVENTS = 2_000
LATEST_MS = 4_102_444_800_000
"""The end of 2099. What is later, or before 1970, is a fault of the export, and may be a date in no time zone."""

_PUT_LINE = (
    "INSERT OR IGNORE INTO lines (chat, line_id, sender, text, at_ms, reply_to, addressee, file)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_FORGOTTEN = -1
_MOST_NUMBERS = 100_000

Stored = Callable[[int], None]
"""Told after each batch: how many lines of the file have been read so far."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What one file held. `lines`: all that were read; `added`: those the store did not have."""

    chats: int
    lines: int
    added: int
    set_aside: Counter[str]
    skipped_chats: Counter[str]
    articles: int
    articles_added: int


def begin_file(store: RawStore, digest: str, name: str, format_name: str, dates: str) -> RawFile:
    """Enter a new file, `reading`."""
    number = store.database.execute(
        "INSERT INTO files (digest, name, format, dates, state) VALUES (?, ?, ?, ?, 'reading')",
        (digest, name, format_name, dates),
    ).lastrowid
    assert number is not None
    return RawFile(number, digest, name, format_name, dates, "reading", 0, 0)


def take_file(
    store: RawStore,
    file: RawFile,
    events: Iterable[Event],
    forgotten: Forgotten | None = None,
    stored: Stored = lambda _lines: None,
) -> FileCounts:
    """Store every event behind the first `file.events`, then call the file `read`.

    Whatever `events` raises rises, after all that the file brought has been taken out again.
    """
    intake = _Intake(store, file, forgotten or Forgotten.nobody(), stored)
    try:
        intake.take(events)
    except sqlite3.Error:
        raise  # the store's fault, not the file's: it is to go on where it was
    except Exception:
        discard_file(store, file)
        raise
    return intake.finish()


def note_companions(store: RawStore, file: RawFile, names: Iterable[str]) -> None:
    """Remember which other files one was read with."""
    joined = "\n".join(sorted(names))
    store.database.execute("UPDATE files SET companions = ? WHERE number = ?", (_whole(joined), file.number))


def count_file(store: RawStore, file: RawFile, added: int = 0, articles_added: int = 0) -> FileCounts:
    """What a file held, from the store."""
    ask = store.database.execute
    (chats,) = ask("SELECT count(*) FROM chat_files WHERE file = ?", (file.number,)).fetchone()
    (articles,) = ask("SELECT count(*) FROM articles WHERE file = ?", (file.number,)).fetchone()
    (lines,) = ask("SELECT lines FROM files WHERE number = ?", (file.number,)).fetchone()
    reasons = ask("SELECT reason, count FROM asides WHERE file = ?", (file.number,)).fetchall()
    kinds = ask("SELECT kind, count(*) FROM skipped WHERE file = ? GROUP BY kind", (file.number,)).fetchall()
    return FileCounts(
        chats, lines, added, Counter(dict(reasons)), Counter(dict(kinds)), articles, min(articles, articles_added)
    )


class _Intake:
    """One file on its way in."""

    def __init__(self, store: RawStore, file: RawFile, forgotten: Forgotten, stored: Stored) -> None:
        self._store = store
        self._database = store.database
        self._file = file
        self._forgotten = forgotten
        self._stored = stored
        self._lines = file.lines
        self._added = 0
        self._articles_added = 0
        self._chat = _FORGOTTEN
        self._numbers: dict[str, int] = {}
        self._key = ""
        self._withheld: set[str] = set()
        """Lines of this chat by, or to, people who were forgotten: what answers them is withheld too."""
        self._late: set[str] = set()
        """Ids recognised as forgotten ones by a handle, perhaps after lines of theirs."""

    def take(self, events: Iterable[Event]) -> None:
        """Store events, batch by batch; those that are stored already only say which chat is read."""
        done = self._file.events
        count = 0
        batch: list[Event] = []
        for event in events:
            count += 1
            if count > done:
                batch.append(event)
                if len(batch) >= BATCH_EVENTS:
                    self._put(batch, count)
                    batch.clear()
            else:
                self._see_again(event)
                batch = [event] if type(event) is ChatHead else batch
        self._put(batch, max(count, done))

    def _see_again(self, event: Event) -> None:
        """What is stored already may still tell of somebody who was forgotten, and of whom more is to come."""
        if isinstance(event, RawLine):
            if event.sender in self._forgotten or event.to in self._forgotten or event.reply_to in self._withheld:
                self._withheld.add(event.line_id)
        elif isinstance(event, Person):
            if event.id in self._forgotten or any(handle in self._forgotten for handle in event.handles):
                self._forgotten.meet(event.id, event.name, event.handles)
        elif isinstance(event, ChatHead):
            self._enter(event.key)
            if event.key in self._forgotten or event.contact in self._forgotten:
                self._forgotten.meet(event.contact or event.key, event.name)

    def _enter(self, key: str) -> None:
        """The following lines are of this chat; its head may be said more than once."""
        if key != self._key:
            self._key = key
            self._withheld.clear()

    def finish(self) -> FileCounts:
        """The file is read."""
        if self._late:
            forget_people(self._store, self._late)
        if changes := self._forgotten.mentions(self._names()):
            for change in changes:
                rewrite(self._store, change)
            self._database.execute(
                "UPDATE files SET name = 'forgotten' WHERE number = ? AND number NOT IN (SELECT file FROM chat_files)",
                (self._file.number,),
            )
        self._database.execute("UPDATE files SET state = 'read' WHERE number = ?", (self._file.number,))
        return count_file(self._store, self._file, self._added, self._articles_added)

    def _names(self) -> Iterator[str]:
        """Of everybody; asked for only where somebody was forgotten."""
        for person in self._store.people():
            yield person.name

    def _put(self, batch: list[Event], events: int) -> None:
        """One batch and how far it reaches, in one transaction."""
        rows: list[tuple[object, ...]] = []
        asides: Counter[str] = Counter()
        numbers, withheld, forgotten, file = self._numbers, self._withheld, self._forgotten, self._file.number
        with self._store.transaction():
            for event in batch:
                if type(event) is RawLine:
                    sender = numbers.get(event.sender) or self._number(event.sender)
                    if _FORGOTTEN in (sender, self._chat) or event.to in forgotten or event.reply_to in withheld:
                        withheld.add(event.line_id)
                        asides["forgotten"] += 1
                        continue
                    if not 1 <= event.at_ms <= LATEST_MS:
                        asides["undated"] += 1
                        continue
                    rows.append(
                        (
                            self._chat,
                            event.line_id,
                            sender,
                            event.text,
                            event.at_ms,
                            event.reply_to,
                            event.to,
                            file,
                        )
                    )
                elif type(event) is Aside:
                    asides[event.reason] += event.count
                else:
                    self._put_other(event)
            self._put_rows(rows, asides, events)
        self._stored(self._lines)

    def _put_rows(self, rows: list[tuple[object, ...]], asides: Counter[str], events: int) -> None:
        before = self._database.total_changes
        try:
            self._database.executemany(_PUT_LINE, rows)
        except UnicodeEncodeError:  # half a surrogate pair; what went in before it is there already
            self._database.executemany(_PUT_LINE, [tuple(map(_whole, row)) for row in rows])
        self._added += self._database.total_changes - before
        self._lines += len(rows)
        self._database.executemany(
            "INSERT INTO asides VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            ((self._file.number, reason, count) for reason, count in asides.items()),
        )
        self._database.execute(
            "UPDATE files SET events = ?, lines = ? WHERE number = ?", (events, self._lines, self._file.number)
        )

    def _put_other(self, event: Event) -> None:
        if isinstance(event, ChatHead):
            self._enter(event.key)
            self._chat = self._put_chat(event)
        elif isinstance(event, Person):
            self._put_person(event)
        elif isinstance(event, SkippedChat):
            row = (self._file.number, event.kind, _whole(event.name), event.messages)
            self._database.execute("INSERT INTO skipped VALUES (?, ?, ?, ?)", row)
        elif isinstance(event, Article):
            self._put_article(event)

    def _put_chat(self, head: ChatHead) -> int:
        if head.key in self._forgotten or head.contact in self._forgotten:
            self._forgotten.meet(head.contact or head.key, head.name)
            return _FORGOTTEN
        (number,) = self._database.execute(
            "INSERT INTO chats (key, kind, name, contact) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
            " name = iif(excluded.name = '', name, excluded.name),"  # what was a chat never becomes a group
            " contact = iif(excluded.contact = '', contact, excluded.contact) RETURNING number",
            tuple(map(_whole, (head.key, head.kind, head.name, head.contact))),
        ).fetchone()
        self._database.execute(
            "INSERT INTO chat_files VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
            " owner = iif(excluded.owner = '', owner, excluded.owner)",
            (number, self._file.number, _whole(head.owner)),
        )
        return int(number)

    def _put_person(self, person: Person) -> None:
        if any(handle in self._forgotten for handle in person.handles) and person.id not in self._forgotten:
            self._numbers[person.id] = _FORGOTTEN
            self._late.add(person.id)
        if (number := self._numbers.get(person.id) or self._number(person.id)) == _FORGOTTEN:
            self._forgotten.meet(person.id, person.name, person.handles)
            return
        self._database.execute(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " name = iif(excluded.name = '', name, excluded.name), saved = coalesce(excluded.saved, saved),"
            " handles = iif(excluded.handles = '', handles, excluded.handles)",
            (number, self._file.number, _whole(person.name), person.saved, _whole("\n".join(person.handles))),
        )

    def _put_article(self, article: Article) -> None:
        row = (_whole(article.title), _whole(article.markdown), article.at_ms if 1 <= article.at_ms <= LATEST_MS else 0)
        known = self._database.execute(
            "SELECT title, markdown, at_ms FROM articles WHERE key = ? ORDER BY file DESC LIMIT 1", (article.key,)
        ).fetchone()
        self._articles_added += row != known
        self._database.execute(
            "INSERT OR REPLACE INTO articles VALUES (?, ?, ?, ?, ?)", (article.key, *row, self._file.number)
        )

    def _number(self, person: str) -> int:
        """The number of a person, entered when he is new; `_FORGOTTEN` for one who is to stay out."""
        if len(self._numbers) > _MOST_NUMBERS:
            self._numbers = {one: number for one, number in self._numbers.items() if number == _FORGOTTEN}
        if (number := self._numbers.get(person)) is None:
            if person in self._forgotten:
                number = _FORGOTTEN
            else:
                self._database.execute("INSERT OR IGNORE INTO people (id) VALUES (?)", (_whole(person),))
                (number,) = self._database.execute(
                    "SELECT number FROM people WHERE id = ?", (_whole(person),)
                ).fetchone()
            self._numbers[person] = number
        return number


def _whole(value: Any) -> Any:
    """Text without halves of surrogate pairs, which no database takes; everything else as it is."""
    return value.encode("utf-8", "ignore").decode("utf-8") if isinstance(value, str) else value
