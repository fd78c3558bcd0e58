"""Where SQLite puts what it cannot hold in memory (sorting, VACUUM): beside the store, never in the folders for
temporary files that the whole machine has. Knows no store.

SQLite has one such folder a process, which the environment names only before its library is loaded; so every store
names its own when it is opened, and before it is wiped.
"""

import sqlite3
from contextlib import closing
from pathlib import Path


def keep_inside(database: sqlite3.Connection, directory: Path) -> None:
    """Temporary files go to `directory` from now on; into memory, where SQLite was built without a way to say so."""
    quoted = str(directory).replace("'", "''")
    with closing(sqlite3.connect(":memory:")) as other:  # saying it on `database` would end its temporary tables
        other.execute(f"PRAGMA temp_store_directory = '{quoted}'")
    if not _is_said():
        database.execute("PRAGMA temp_store = MEMORY")


def keep_beside(database: sqlite3.Connection) -> None:
    """Temporary files go beside the file of this database."""
    for _, name, file in database.execute("PRAGMA database_list").fetchall():
        if name == "main" and file:
            keep_inside(database, Path(file).parent)


def open_scratch() -> sqlite3.Connection:
    """An empty database that is gone when it is closed: beside the store opened last, or in memory."""
    return sqlite3.connect("" if _is_said() else ":memory:", isolation_level=None)


def _is_said() -> bool:
    with closing(sqlite3.connect(":memory:")) as other:
        return other.execute("PRAGMA temp_store_directory").fetchone() is not None
