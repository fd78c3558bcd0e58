"""Finished facets should reach the running bank by themselves, and bad ones should change nothing."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from model_server.facet_files import publish, write_facet
from model_server.facet_watch import Told, take_in_changes, watch_facets
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.live_facets import facet_dir, rollback, withdraw
from tests.model_server.random_facets import random_facet
from tests.waiting import until


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
    engine, told = Paused(), Told()
    versions = {name: finish(home, bank, name, seed) for seed, name in enumerate(("core", "friend"))}
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    assert bank.table.live() == versions
    versions["friend"] = finish(home, bank, "friend", 9)
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    assert bank.table.live() == versions
    assert engine.pauses == 3


def test_should_go_back_with_the_owner_and_withdraw_what_he_withdraws(home: Home, bank: FacetBank) -> None:
    """Nothing is restarted: a running request keeps the version it began with."""
    engine, told = Paused(), Told()
    first = finish(home, bank, "core", 1)
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    finish(home, bank, "core", 2)
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    running = bank.gains_for({"core": 1.0})
    rollback(home, "core", first)
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    assert bank.gains_for({"core": 1.0}).versions == {"core": first}
    assert running.versions != {"core": first}
    withdraw(home, "core")
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    assert bank.table.live() == {}


def test_should_keep_the_old_version_when_the_new_one_is_refused(home: Home, bank: FacetBank) -> None:
    engine, told = Paused(), Told()
    good = finish(home, bank, "core", 1)
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    bad = finish(home, bank, "core", 2)
    (facet_dir(home, "core", bad) / "adapter_model.safetensors").write_bytes(b"not a facet")
    for _ in range(2):
        take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    assert bank.table.live() == {"core": good}
    assert told.refused == {"core": bad}
    assert engine.pauses == 1


def test_should_drop_what_is_no_longer_live(home: Home, bank: FacetBank) -> None:
    engine = Paused()
    finish(home, bank, "core", 1)
    take_in_changes(home, bank, engine, Told())  # type: ignore[arg-type]
    shutil.rmtree(home.facets_dir)
    home.facets_dir.mkdir()
    take_in_changes(home, bank, engine, Told())  # type: ignore[arg-type]
    assert bank.table.live() == {}


def test_should_say_once_that_the_bank_is_full_and_load_when_it_is_not(home: Home, bank: FacetBank) -> None:
    engine, told = Paused(), Told()
    first = finish(home, bank, "core", 0)
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    running = bank.gains_for({"core": 1.0})
    for seed in range(1, bank.slots):
        bank.load(f"filler{seed}", "1", random_facet(bank, seed))
    publish_fillers = {f"filler{seed}": "1" for seed in range(1, bank.slots)}
    second = finish(home, bank, "core", 99)
    live = home.facets_dir / "live.json"
    live.write_text(json.dumps(publish_fillers | {"core": second}))
    with capture_logs() as logs:
        for _ in range(3):
            take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    assert [entry["event"] for entry in logs] == ["facet_refused"]
    assert bank.table.live()["core"] == first
    bank.drop("filler1")
    live.write_text(
        json.dumps({name: v for name, v in publish_fillers.items() if name != "filler1"} | {"core": second})
    )
    take_in_changes(home, bank, engine, told)  # type: ignore[arg-type]
    assert bank.table.live()["core"] == second
    bank.release(running)


@pytest.mark.parametrize("content", ["[]", "{", "3"])
async def test_should_go_on_watching_whatever_live_json_holds(home: Home, bank: FacetBank, content: str) -> None:
    live = home.facets_dir / "live.json"
    live.write_text(content)
    with capture_logs() as logs:
        watch = asyncio.create_task(watch_facets(home, bank, Paused(), every_s=0.01))  # type: ignore[arg-type]
        await until(lambda: logs)
        assert "live.json cannot be read" in logs[0]["error"]
        live.unlink()
        version = finish(home, bank, "core", 1)
        await until(lambda: bank.table.live() == {"core": version})
    watch.cancel()


async def test_should_go_on_watching_after_a_fault(
    home: Home, bank: FacetBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device error in the middle of a copy: kind and place are logged, once, and the watch lives."""
    version = finish(home, bank, "core", 1)
    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(bank, "write_slot", lambda *_: 1 / 0)
        watch = asyncio.create_task(watch_facets(home, bank, Paused(), every_s=0.01))  # type: ignore[arg-type]
        await until(lambda: logs)
        assert logs[0]["error"].startswith("ZeroDivisionError < ")
    await until(lambda: bank.table.live() == {"core": version})
    assert len(logs) == 1
    watch.cancel()
