"""Finished facets should reach the running bank by themselves, and bad ones should change nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from model_server.facet_files import facet_dir, publish, write_facet
from model_server.facet_watch import take_in_changes
from model_server.facets import FacetBank
from model_server.home import Home
from tests.model_server.random_facets import random_facet


class Paused:
    """An engine that only counts how often it was paused."""

    def __init__(self) -> None:
        self.pauses = 0

    @contextmanager
    def pause(self) -> Iterator[None]:
        self.pauses += 1
        yield


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).create()


def finish(home: Home, bank: FacetBank, name: str, seed: int) -> str:
    write_facet(random_facet(bank, seed), home.runs_dir / name)
    return publish(home, name, home.runs_dir / name)


def test_should_load_what_is_live_and_only_what_changed(home: Home, bank: FacetBank) -> None:
    engine, refused = Paused(), dict[str, str]()
    versions = {name: finish(home, bank, name, seed) for seed, name in enumerate(("core", "friend"))}
    take_in_changes(home, bank, engine, refused)  # type: ignore[arg-type]
    assert bank.table.live() == versions
    versions["friend"] = finish(home, bank, "friend", 9)
    take_in_changes(home, bank, engine, refused)  # type: ignore[arg-type]
    assert bank.table.live() == versions
    assert engine.pauses == 3


def test_should_keep_the_old_version_when_the_new_one_is_refused(home: Home, bank: FacetBank) -> None:
    engine, refused = Paused(), dict[str, str]()
    good = finish(home, bank, "core", 1)
    take_in_changes(home, bank, engine, refused)  # type: ignore[arg-type]
    bad = finish(home, bank, "core", 2)
    (facet_dir(home, "core", bad) / "adapter_model.safetensors").write_bytes(b"not a facet")
    for _ in range(2):
        take_in_changes(home, bank, engine, refused)  # type: ignore[arg-type]
    assert bank.table.live() == {"core": good}
    assert refused == {"core": bad}
    assert engine.pauses == 1


def test_should_drop_what_is_no_longer_live(home: Home, bank: FacetBank) -> None:
    engine = Paused()
    finish(home, bank, "core", 1)
    take_in_changes(home, bank, engine, {})  # type: ignore[arg-type]
    shutil.rmtree(home.facets_dir)
    home.facets_dir.mkdir()
    take_in_changes(home, bank, engine, {})  # type: ignore[arg-type]
    assert bank.table.live() == {}
