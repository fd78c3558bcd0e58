"""Taking out of the raw store should cost what it takes out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.errors import CorpusError
from training.importers.base import Event, RawLine
from training.raw.intake import begin_file, take_file
from training.raw.store import RawStore

from .raw_homes import fill, new_home, talk

ANN = "telegram:user1"


def test_a_file_that_brought_nothing_should_not_be_looked_for_among_all_lines(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    fill(home, talk(ANN, "Ann", "a", "b"))

    def broken() -> Iterator[Event]:
        yield RawLine("9", ANN, "never stored", 9)
        raise CorpusError("it breaks off", "export it again")

    said: list[str] = []
    with RawStore.open(home) as store:
        file = begin_file(store, "b", "b.json", "telegram-desktop", "")
        store.database.set_trace_callback(said.append)
        with pytest.raises(CorpusError):
            take_file(store, file, broken())
        store.database.set_trace_callback(None)
        assert store.file("b") is None
    assert any("FROM files" in one for one in said)
    assert not any("lines" in one for one in said)
