"""The owner should see how a training goes, and hear which contact types got no facet and what to do about it."""

from pathlib import Path

from model_server.home import Home
from training.facets.progress import ProgressFile
from training.facets.train_facet import Step
from training.reporting import TrainingReporter, note_without_facet


def test_should_say_who_is_answered_by_core_and_why() -> None:
    assert note_without_facet({"family": 12, "": 40}, 60) == [
        "family: 12 replies to learn from, a facet needs 60 → answered by `core` until then",
        "40 replies to contacts without a type teach `core` alone → selfsame contacts set NAME TYPE",
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
