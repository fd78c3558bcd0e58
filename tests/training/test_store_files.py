"""What SQLite cannot hold in memory should stay inside the home: text of people has no business in /var/tmp."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from training import dropping, store_errors, store_files
from training.corpus import Corpus, CorpusChat, CorpusLine
from training.dropping import drop_repeats
from training.raw.removal import wipe
from training.raw.store import RawStore

from .raw_homes import fill, new_home, talk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which files are open")


def temporary_files() -> set[Path]:
    """Those that this process has open; SQLite takes their names away at once."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        try:
            found.add(Path(os.readlink(one)))
        except FileNotFoundError:
            continue
    return {path for path in found if path.name.startswith("etilqs_")}


def watched(database: sqlite3.Connection) -> set[Path]:
    """Folders of the temporary files while `database` works; grows."""
    seen: set[Path] = set()

    def look() -> int:
        seen.update(path.parent for path in temporary_files())
        return 0

    database.set_progress_handler(look, 200)
    database.execute("PRAGMA cache_size = 10")
    return seen


def test_a_wiped_store_should_have_no_copy_outside(tmp_path: Path) -> None:
    home, other = new_home(tmp_path), new_home(tmp_path / "other's")
    fill(home, talk("telegram:user1", "Mum", *(f"{number} " + "a secret " * 50 for number in range(1_000))))
    with RawStore.open(home) as store, Corpus.open(other):  # whoever is opened last must not decide
        seen = watched(store.database)
        wipe(store)
    assert seen == {home.raw_dir}


def test_a_quoted_home_should_be_as_good(tmp_path: Path) -> None:
    home = new_home(tmp_path / "o'brien's")
    with RawStore.open(home) as store:
        (said,) = store.database.execute("PRAGMA temp_store_directory").fetchone()
    assert Path(said) == home.raw_dir


def test_repeats_should_be_looked_for_inside_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = new_home(tmp_path)
    notes: list[set[Path]] = []

    def scratch() -> sqlite3.Connection:
        database = store_files.open_scratch()
        notes.append(watched(database))
        return database

    monkeypatch.setattr(dropping, "open_scratch", scratch)
    with Corpus.open(home) as corpus:
        corpus.put_chat(CorpusChat("whatsapp:Mum Secretname", "personal", "Mum", "whatsapp:Mum Secretname"))
        said = [f"{at} " + " ".join(f"{word}{at}" for word in "abcdefghijklmnopqrstuvw") for at in range(500)]
        corpus.put_lines(
            "whatsapp:Mum Secretname",
            [CorpusLine(str(at), "contact", text, at, "whatsapp:Mum", seq=at) for at, text in enumerate(said)],
        )
        drop_repeats(corpus)
    assert notes == [{home.corpus_dir}]


def test_should_use_memory_where_no_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_files, "_is_said", lambda: False)
    with closing(sqlite3.connect(tmp_path / "x.sqlite3", isolation_level=None)) as database:
        database.executescript("CREATE TABLE t (x); BEGIN")
        database.executemany("INSERT INTO t VALUES (?)", (("q" * 1000,) for _ in range(1_000)))
        database.execute("COMMIT")
        seen = watched(database)
        store_errors.wipe(database)
        with closing(store_files.open_scratch()) as scratch:
            assert scratch.execute("PRAGMA database_list").fetchone()[2] == ""
    assert seen == set()
