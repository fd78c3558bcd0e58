"""The learner should wait for its hour by the owner's clock, run one learning, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.instance import Instance
from bot.supervisor import LEARNER
from model_server.errors import ConfigError
from model_server.home import Home
from model_server.live_facets import VersionRecord, facet_dir, make_live, note_version
from training.contacts import Contact
from training.learn.nightly import Nightly, commands_of_a_night
from training.votes.invites import invite
from training.votes.store import read_votes

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def nights(code: str, at: str = "03:30", tidy: Callable[[], object] = lambda: None) -> Nightly:
    return Nightly(lambda: [python(code)], at, AMSTERDAM, tidy)


def test_should_ring_once_a_day_by_the_owners_clock() -> None:
    nightly = nights("")
    first = nightly.next_after(datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("UTC")))
    assert first == datetime(2026, 6, 2, 3, 30, tzinfo=AMSTERDAM)
    assert first is not None
    assert nightly.next_after(first) == datetime(2026, 6, 3, 3, 30, tzinfo=AMSTERDAM)


def test_should_tell_how_a_learning_ended() -> None:
    assert nights("raise SystemExit(3)").learn() == 3


def test_should_learn_in_a_session_of_its_own() -> None:
    """It makes its session nice: that of the bot must not be meant."""
    code = "import os; raise SystemExit(os.getsid(0) != os.getpid())"
    assert nights(code).learn() == 0


def test_should_end_a_learning_that_runs_and_begin_none_afterwards(tmp_path: Path) -> None:
    pipe = tmp_path / "began"
    os.mkfifo(pipe)
    nightly = nights(f"open({str(pipe)!r}, 'w').close(); import time; time.sleep(600)")
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(nightly.learn()))
    thread.start()
    pipe.open().close()  # until it runs
    nightly.end()
    thread.join()
    assert codes == [-signal.SIGTERM]
    assert nightly.learn() == 0, "and did not wait for ten minutes"


@pytest.mark.parametrize("nightly", ["true", "false"])
def test_should_stay_until_it_is_told_to_end(tmp_path: Path, nightly: str) -> None:
    """As a process, by its own command; off, it learns nothing. Who asked to be forgotten leaves no link meanwhile."""
    config = tmp_path / "config.toml"
    config.write_text(f"[learning]\nnightly = {nightly}\n")
    home = Home(tmp_path / "home").create()
    invite(home, Contact("Ann", ids=("telegram:user1",)), days=1)
    home.excluded_file.write_text('{"senders": ["telegram:user1"]}')
    env = os.environ | {"SELFSAME_HOME": str(tmp_path / "home"), "SELFSAME_CONFIG": str(config)}
    with subprocess.Popen(LEARNER.argv, env=env, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        said = child.stderr.readline()
        latest_s = time.monotonic() + 60
        while read_votes(home).invites and time.monotonic() < latest_s:
            time.sleep(0.01)
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
    assert read_votes(home).invites == ()
    assert said.strip() == ("learns at 03:30" if nightly == "true" else "nightly is false in [learning]: it only waits")


def test_should_leave_what_cannot_be_tidied_to_the_next_minute() -> None:
    def damaged() -> None:
        raise ConfigError("excluded.json is damaged", "mend it")

    nights("", "", damaged).tidy()


def test_should_ask_for_a_sound_configuration_first(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[learning]\nat = "25:00"\n')
    env = os.environ | {"SELFSAME_HOME": str(tmp_path / "home"), "SELFSAME_CONFIG": str(config)}
    done = subprocess.run(LEARNER.argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == os.EX_CONFIG
    assert "[learning] at" in done.stderr


@pytest.mark.parametrize(("document", "learns"), [({}, True), ({"learning": {"nightly": False}}, False)])
def test_should_be_started_with_everything_else_unless_it_is_off(
    tmp_path: Path, document: dict[str, object], learns: bool
) -> None:
    assert Instance(None, document, Home(tmp_path)).learns_nightly == learns


def test_should_train_anew_first_where_a_facet_may_know_who_was_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "bot.cli", "--config", "x", "learn", "--nightly"])
    home = Home(tmp_path).create()
    selfsame = (sys.executable, "-m", "bot.cli", "--config", "x")
    facet_dir(home, "core", "1").mkdir(parents=True)
    make_live(home, "core", "1")
    note_version(home, VersionRecord(facet="core", version="1", at_ms=1, made_by="train", state="live"))
    assert commands_of_a_night(home) == [(*selfsame, "learn")]
    home.excluded_file.write_text('{"senders": ["telegram:user1"]}')
    assert commands_of_a_night(home) == [(*selfsame, "train"), (*selfsame, "learn")]


def test_should_run_one_after_the_other_though_the_first_fails(tmp_path: Path) -> None:
    path = str(tmp_path / "said")
    add = f"open({path!r}, 'a').write('%s'); raise SystemExit(%d)"
    commands = [python(add % ("train ", 1)), python(add % ("learn", 3))]
    assert Nightly(lambda: commands, "03:30", AMSTERDAM).learn() == 3
    assert Path(path).read_text() == "train learn"
