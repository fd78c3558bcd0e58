"""Takes out of the raw store: a file that broke off, people who asked to be forgotten, and words of theirs.

Knows no format. What is deleted is overwritten on disk (`secure_delete`); `wipe` leaves no byte in the log either.
"""

from collections.abc import Callable, Collection
from itertools import count

from training.raw.store import RawFile, RawStore
from training.store_errors import wipe as wipe_database

_TEXTS = (
    ("lines", "text", "seq"),
    ("chats", "name", "number"),
    ("files", "name", "number"),
    ("files", "companions", "number"),
    ("said", "name", "person, file"),
    ("skipped", "name", "rowid"),
    ("articles", "title", "key, file"),
    ("articles", "markdown", "key, file"),
)
"""Where words of people stand: table, column, key."""


def discard_file(store: RawStore, file: RawFile) -> None:
    """Take out what the file brought, and chats and people that no other file knows."""
    database = store.database
    with store.transaction():
        (events,) = database.execute("SELECT events FROM files WHERE number = ?", (file.number,)).fetchone() or (0,)
        database.execute("DELETE FROM files WHERE number = ?", (file.number,))
        if not events:  # it brought nothing, and to look for it among all lines would take seconds
            return
        for table in ("lines", "asides", "skipped", "articles", "said", "chat_files"):
            database.execute(f"DELETE FROM {table} WHERE file = ?", (file.number,))  # noqa: S608  # names of ours
        database.execute("DELETE FROM chats WHERE number NOT IN (SELECT chat FROM chat_files)")
        database.execute(
            "DELETE FROM people WHERE number NOT IN (SELECT sender FROM lines)"
            " AND number NOT IN (SELECT person FROM said)"
        )
        if file.state == "read":
            store.changed()


def discard_begun(store: RawStore) -> None:
    """Take out every file whose reading was cut off: it has not been named again, or would have gone on."""
    for (digest,) in store.database.execute("SELECT digest FROM files WHERE state = 'reading'").fetchall():
        if file := store.file(digest):
            discard_file(store, file)


def forget_people(store: RawStore, ids: Collection[str]) -> None:
    """Delete these people: their chats whole, their lines in groups, lines addressed to or answering them, their names.

    Follow it with `rewrite`, for what others say of them, and with `wipe`.
    """
    database = store.database
    ones = [(one,) for one in ids]
    with store.transaction():
        chats = [
            row
            for one in ids
            for row in database.execute("SELECT number FROM chats WHERE key = ? OR contact = ?", (one, one)).fetchall()
        ]
        numbers = [row for one in ones for row in database.execute("SELECT number FROM people WHERE id = ?", one)]
        # a file with chats of his alone bears his name, whatever it is: `WhatsApp Chat with Mum.txt`
        database.executemany(
            "UPDATE files SET name = 'forgotten' WHERE number IN (SELECT file FROM chat_files WHERE chat = ?)"
            " AND 1 = (SELECT count(*) FROM chat_files WHERE file = number)",
            chats,
        )
        for table in ("lines", "chat_files"):
            database.executemany(f"DELETE FROM {table} WHERE chat = ?", chats)  # noqa: S608  # names of ours
        database.executemany("DELETE FROM chats WHERE number = ?", chats)
        database.executemany("DELETE FROM lines WHERE addressee = ?", ones)
        database.executemany(
            "DELETE FROM lines WHERE reply_to != '' AND (chat, reply_to) IN"
            " (SELECT chat, line_id FROM lines WHERE sender = ?)",
            numbers,
        )
        database.executemany("DELETE FROM lines WHERE sender = ?", numbers)
        database.executemany("DELETE FROM said WHERE person = ?", numbers)
        database.executemany("DELETE FROM people WHERE number = ?", numbers)
        database.executemany("DELETE FROM me WHERE id = ?", ones)
        store.changed()


def rewrite(store: RawStore, change: Callable[[str], str]) -> int:
    """Pass every text, name and title through `change`; how many it changed. A group whose key is its title gets
    another key, and is one with the group that has it already; so does an article that is called after somebody."""
    with store.transaction():
        changed = sum(_rewrite_column(store, *place, change) for place in _TEXTS)
        for number, key in store.database.execute("SELECT number, key FROM chats WHERE kind = 'group'").fetchall():
            if (after := change(key)) != key:
                _rename_chat(store, number, after)
                changed += 1
        changed += _rename_articles(store, change)
        if changed:
            store.changed()
    return changed


def wipe(store: RawStore) -> None:
    """Leave no byte of what was deleted. CorpusError while another process reads."""
    wipe_database(store.database)


def _rename_chat(store: RawStore, number: int, key: str) -> None:
    database = store.database
    if known := database.execute("SELECT number FROM chats WHERE key = ?", (key,)).fetchone():
        for table in ("lines", "chat_files"):
            database.execute(f"UPDATE OR IGNORE {table} SET chat = ? WHERE chat = ?", (*known, number))  # noqa: S608  # names of ours
            database.execute(f"DELETE FROM {table} WHERE chat = ?", (number,))  # noqa: S608  # names of ours
        database.execute("DELETE FROM chats WHERE number = ?", (number,))
    else:
        database.execute("UPDATE chats SET key = ? WHERE number = ?", (key, number))


def _rename_articles(store: RawStore, change: Callable[[str], str]) -> int:
    """An article's key holds the name of its file, or its address. No two become one."""
    keys = [key for (key,) in store.database.execute("SELECT DISTINCT key FROM articles ORDER BY key")]
    taken = set(keys)
    renamed = {key: after for key in keys if (after := change(key)) != key}
    for key, after in renamed.items():
        free = next(one for number in count(1) if (one := after if number == 1 else f"{after}-{number}") not in taken)
        taken.add(free)
        store.database.execute("UPDATE articles SET key = ? WHERE key = ?", (free, key))
    return len(renamed)


def _rewrite_column(store: RawStore, table: str, column: str, key: str, change: Callable[[str], str]) -> int:
    found = [
        (after, *row[1:])
        for row in store.database.execute(f"SELECT {column}, {key} FROM {table}")  # noqa: S608  # names of ours
        if (after := change(row[0])) != row[0]
    ]
    marks = ", ".join("?" for _ in key.split(","))
    update = f"UPDATE {table} SET {column} = ? WHERE ({key}) = ({marks})"  # noqa: S608  # names of ours
    store.database.executemany(update, found)
    return len(found)
