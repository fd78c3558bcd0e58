"""Training steps back behind everybody else, and leaves its session as it was."""

import atexit
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.facets import quiet
from training.facets.quiet import be_quiet

LOOK = (
    "import os; from training.facets.quiet import *; be_quiet({});"
    " print(os.getpriority(0, 0), os.sched_getscheduler(0))"
)


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has this way of stepping back")
@pytest.mark.parametrize(("nice", "seen"), [(12, "12 3"), (0, "0 0")])
def test_should_let_everybody_else_go_first(nice: int, seen: str) -> None:
    """In a session of its own: a process cannot take back what it gave away. SCHED_BATCH is 3 (sched.h)."""
    found = subprocess.run(
        [sys.executable, "-c", LOOK.format(nice)], capture_output=True, text=True, check=True, start_new_session=True
    )
    assert found.stdout.strip() == seen


def test_should_make_its_session_nice_and_give_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session, later = tmp_path / "autogroup", []
    session.write_text("/autogroup-25 nice 3\n")
    monkeypatch.setattr(quiet, "_AUTOGROUP", session)
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: None, raising=False)
    monkeypatch.setattr(atexit, "register", lambda *call: later.append(call))
    be_quiet(10)
    assert session.read_text() == "10"
    ((undo, before),) = later
    undo(before)
    assert session.read_text() == "3"


def test_should_do_without_sessions_that_can_be_nice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "_AUTOGROUP", tmp_path / "not there")
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: None, raising=False)
    be_quiet(10)
