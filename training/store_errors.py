"""What SQLite says, in the owner's words: full disks, places that cannot be written, stores in use, damaged files.

And what it writes whole or not at all, and what it leaves behind, wiped. Knows no store.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model_server.errors import CorpusError
from training.store_files import keep_beside

_STEPS = {
    "SQLITE_FULL": "make room on that disk, then repeat this: it goes on where it was",
    "SQLITE_IOERR": "see to that disk, then repeat this: it goes on where it was",
    "SQLITE_READONLY": "make it writable for you, or name another place with SELFSAME_HOME",
    "SQLITE_CANTOPEN": "make it readable and writable for you, or name another place with SELFSAME_HOME",
    "SQLITE_PERM": "make it readable and writable for you, or name another place with SELFSAME_HOME",
    "SQLITE_BUSY": "something else is writing there: wait for it, then repeat this",
    "SQLITE_LOCKED": "something else is writing there: wait for it, then repeat this",
}
"""The next step where nothing is wrong with the file itself, by the family of the error."""


def unusable(path: Path, error: sqlite3.DatabaseError) -> CorpusError:
    """The failure of a store at `path`, with the step that mends it."""
    family = "_".join(str(getattr(error, "sqlite_errorname", "")).split("_")[:2])  # SQLITE_IOERR_WRITE, ...
    if step := _STEPS.get(family):
        return CorpusError(f"{path} cannot be used: {error}", step)
    return CorpusError(f"{path} is damaged: {error}", "move it away and import the exports again: selfsame import PATH")


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All that is written inside, or nothing of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:  # a full disk has ended it already
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def wipe(database: sqlite3.Connection) -> None:
    """Leave no byte of what was deleted in the file or its log.

    CorpusError when another process has been reading it for a minute, for it reads from the log.
    """
    keep_beside(database)
    database.execute("VACUUM")
    (busy, _, _) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise CorpusError(
            "another process reads what is to be forgotten, so that bytes of it are still on disk",
            "end it (a training, a report), then repeat this",
        )
