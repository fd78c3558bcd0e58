"""The owner should see how a training goes, and hear which contact types got no facet and what to do about it."""

import contextlib
import fcntl
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from model_server.home import Home
from tests.waiting import until
from training.bars import bar, seen
from training.facets.progress import ProgressFile, tell_progress
from training.facets.train_facet import Step
from training.reporting import TrainingReporter, note_without_facet


def test_should_say_who_is_answered_by_core_and_why() -> None:
    assert note_without_facet({"family": 12, "": 40}, 60) == [
        "family: 12 replies to learn from, a facet needs 60 → answered by `core` until then",
        "40 replies to contacts without a type, or to nobody in particular in a group, teach `core` alone "
        "→ selfsame contacts",
    ]
    assert note_without_facet({}, 60) == []


def test_should_show_loss_speed_and_time_left_of_each_facet() -> None:
    with TrainingReporter() as reporter:
        for step in range(3, 6):  # goes on after two
            reporter.told("core", Step(step, 10, 3.25, 640, 1.6))
        (task,) = reporter._progress.tasks
        assert (task.description, task.completed, task.total) == ("core", 5, 10)
        assert task.fields["figures"] == "loss 3.250  400 tokens/s"
        reporter.told("family", Step(1, 7, 2.5, 320, 0.8))
        assert (task.description, task.completed, task.total) == ("family", 1, 7)


def test_should_count_the_time_left_from_where_a_stopped_training_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    progress = ProgressFile(home)
    progress.plan(("core", "family"), 1000)
    progress.begin("core")
    progress.step(4, 5, 3.0, 100, 1.0)  # three were done before
    assert (progress.now.tokens_per_s, progress.now.eta_s) == (100.0, 6.0)
    progress.step(5, 5, 3.0, 100, 1.0)
    progress.finish("core")
    progress.begin("family")
    progress.step(1, 5, 3.0, 100, 1.0)
    assert progress.now.eta_s == 4.0


@pytest.mark.parametrize(
    ("raised", "state"), [(None, "done"), (KeyboardInterrupt(), "stopped"), (ValueError(), "failed")]
)
def test_should_tell_how_a_training_ended(tmp_path: Path, raised: BaseException | None, state: str) -> None:
    home = Home(tmp_path / "home").create()
    with contextlib.suppress(KeyboardInterrupt, ValueError), tell_progress(home):
        with (home.runs_dir / ".progress.lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if raised:
            raise raised
    assert json.loads((home.runs_dir / "progress.json").read_text())["state"] == state


async def test_should_say_a_line_now_and_then_where_no_bar_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    with bar() as (progress, task):
        await until(lambda: "loading the base model\n" in capsys.readouterr().err)
        progress.update(task, description="replies to vote on", completed=1, total=4)
        await until(lambda: "replies to vote on: 25 %" in capsys.readouterr().err)
    progress = Progress(console=Console(file=(out := io.StringIO())))
    progress.add_task("core", completed=2, total=4)
    with seen(progress, every_s=0.0):
        await until(lambda: out.getvalue().count("core: 50 %") > 1)
