"""The loop that trains a facet: stopped anywhere it goes on as if nothing had been, and keeps what was best."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model_server.errors import ConfigError, FacetError
from model_server.facet_files import Facet
from tests.training.small_model import small_stage, small_trainer, some_rows
from training.facets import train_facet
from training.facets.checkpoint import read_checkpoint
from training.facets.devices import Crew
from training.facets.train_facet import Stage, Step, Trained, Trainer


class Stopped(BaseException):
    """As Ctrl-C does it."""


def stop_at(step: int) -> Callable[[Step], None]:
    def told(news: Step) -> None:
        if news.step == step:
            raise Stopped

    return told


def assert_same(one: Facet, other: Facet) -> None:
    for layer, pair in one.pairs.items():
        torch.testing.assert_close(pair.a, other.pairs[layer].a, rtol=0, atol=0)
        torch.testing.assert_close(pair.b, other.pairs[layer].b, rtol=0, atol=0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained without a break: three steps an epoch, three epochs."""
    return small_trainer().train(small_stage(), tmp_path_factory.mktemp("whole") / "checkpoint")


def test_should_learn_and_keep_the_best_of_every_epoch(whole: Trained) -> None:
    losses = [one.loss for one in whole.candidates]
    assert [one.epoch for one in whole.candidates] == [1, 2, 3]
    assert whole.progressed.best_loss == min(losses) < whole.progressed.loss_before - 0.05
    assert_same(whole.facet, whole.candidates[losses.index(min(losses))].facet)
    first, last = whole.candidates[0].facet, whole.candidates[-1].facet
    assert any(not torch.equal(pair.b, last.pairs[layer].b) for layer, pair in first.pairs.items())


@pytest.mark.parametrize("step", [1, 2, 3, 7, 9])
def test_should_go_on_within_an_epoch_as_if_nothing_had_been(tmp_path: Path, whole: Trained, step: int) -> None:
    with pytest.raises(Stopped):
        small_trainer().train(small_stage(), tmp_path / "checkpoint", stop_at(step))
    steps: list[Step] = []
    again = small_trainer().train(small_stage(), tmp_path / "checkpoint", steps.append)
    assert [news.step for news in steps] == list(range(step + 1, 10))
    assert_same(again.facet, whole.facet)
    assert again.progressed.losses == whole.progressed.losses
    assert_same(again.candidates[0].facet, whole.candidates[0].facet)


def test_should_look_again_when_it_was_stopped_while_looking(
    tmp_path: Path, whole: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = small_trainer()
    monkeypatch.setattr(
        stopped,
        "validate",
        lambda rows, facet=True: _raise() if facet else Trainer.validate(stopped, rows, facet=False),
    )
    with pytest.raises(Stopped):
        stopped.train(small_stage(), tmp_path / "checkpoint")
    again = small_trainer().train(small_stage(), tmp_path / "checkpoint")
    assert_same(again.facet, whole.facet)
    assert again.progressed.losses == whole.progressed.losses


def test_should_not_write_a_step_that_was_cut_in_two(
    tmp_path: Path, whole: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = small_trainer()
    updates = 0

    def update(optimiser: torch.optim.Optimizer, rate: float | None = None) -> None:
        nonlocal updates
        updates += 1
        Trainer.update(stopped, optimiser, rate)
        if updates == 5:
            raise Stopped

    monkeypatch.setattr(stopped, "update", update)
    with pytest.raises(Stopped):
        stopped.train(small_stage(), tmp_path / "checkpoint")
    steps: list[Step] = []
    again = small_trainer().train(small_stage(), tmp_path / "checkpoint", steps.append)
    assert steps[0].step == 4  # what is left is the end of the first epoch
    assert_same(again.facet, whole.facet)


def test_should_write_down_every_minute_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    trainer, stage = small_trainer(), small_stage()

    def told(_news: Step) -> None:
        kept = read_checkpoint(tmp_path / "checkpoint", trainer.inputs_of(stage))
        found.append(kept[0].step if kept else 0)

    monkeypatch.setattr(train_facet, "_CHECKPOINT_S", -1.0)
    trainer.train(stage, tmp_path / "checkpoint", told)
    assert found == list(range(9))


def test_should_begin_anew_with_a_checkpoint_that_is_damaged_or_of_another_training(
    tmp_path: Path, whole: Trained
) -> None:
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(Stopped):
        small_trainer(learning_rate=0.01).train(small_stage(), checkpoint, stop_at(4))
    assert_same(small_trainer().train(small_stage(), checkpoint).facet, whole.facet)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    assert_same(small_trainer().train(small_stage(), checkpoint).facet, whole.facet)


def test_should_stop_early_when_validation_gets_worse(tmp_path: Path) -> None:
    stage = Stage("friend", some_rows(5), some_rows(2, seed=2, gap=5), 8)
    steps: list[Step] = []
    trained = small_trainer().train(stage, tmp_path / "checkpoint", steps.append)
    losses = trained.progressed.losses
    assert len(losses) == trained.progressed.epoch < 8
    assert losses[len(losses)] >= losses[len(losses) - 1] == trained.progressed.best_loss
    assert len(steps) == 3 * len(losses)


def test_should_take_the_last_epoch_without_validation(tmp_path: Path) -> None:
    trained = small_trainer().train(Stage("friend", some_rows(1), (), 2), tmp_path / "checkpoint")
    assert (trained.progressed.best_epoch, trained.progressed.loss_before) == (2, 0.0)
    assert [one.loss for one in trained.candidates] == [0.0, 0.0]
    assert_same(trained.facet, trained.candidates[1].facet)


def test_should_say_that_it_fell_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = small_trainer()
    monkeypatch.setattr(trainer, "loss", lambda row: Trainer.loss(trainer, row) * float("nan"))
    with pytest.raises(FacetError, match=r"its loss is nan → lower learning_rate"):
        trainer.train(Stage("friend", some_rows(1), (), 1), tmp_path / "checkpoint")


def test_should_refuse_a_stage_without_rows(tmp_path: Path) -> None:
    with pytest.raises(FacetError, match="no reply that fits a row"):
        small_trainer().train(Stage("friend", (), (), 1), tmp_path / "checkpoint")


def test_should_refuse_more_processes_than_rows_in_a_step() -> None:
    with pytest.raises(ConfigError, match="set rows_per_step = 4 or more"):
        small_trainer(rows_per_step=2, crew=Crew(0, 4))


def test_should_learn_in_float32_when_products_are_in_bfloat16(
    tmp_path: Path, whole: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_facet, "precision", lambda _device: torch.autocast("cpu", dtype=torch.bfloat16))
    trained = small_trainer().train(small_stage(), tmp_path / "checkpoint")
    assert {pair.b.dtype for pair in trained.facet.pairs.values()} == {torch.float32}
    assert trained.progressed.best_loss != whole.progressed.best_loss
    assert trained.progressed.best_loss == pytest.approx(whole.progressed.best_loss, rel=0.05)


def _raise() -> float:
    raise Stopped
