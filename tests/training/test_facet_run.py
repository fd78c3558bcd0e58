"""Every facet should be judged before it lives, once for each of its inputs, and never against the owner's word.

What trains and what is measured are stand-ins here; the real ones are in test_training, test_gate and tests/leaks.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from model_server.blends import BlendBook
from model_server.errors import CorpusError
from model_server.facet_files import Facet, Pair, publish, write_facet
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live, read_versions, rollback, withdraw
from model_server.privacy import privacy_mark
from tests.training.test_promotion import CLEAN, LEAKY, change, cut
from training.facets.checkpoint import Progressed
from training.facets.facet_run import FacetRun
from training.facets.making import Comparison, Making, StageDone
from training.facets.progress import ProgressFile
from training.facets.train_facet import CandidateFacet, Stage, Trained
from training.leaks.audit import Audit
from training.likeness.config import LikenessConfig
from training.slices import Slice, Split
from training.verdict.judge import Judge


def facet(number: float) -> Facet:
    return Facet({"model.layers.0.mlp.up_proj": Pair(torch.full((1, 2), number), torch.ones(3, 1))}, 1, 1.0)


@dataclass
class Workshop:
    """Trains at once to the validation losses it is told, and measures what it is told. Counts what it does."""

    home: Home
    monkeypatch: pytest.MonkeyPatch
    inputs: str = "corpus-1"
    losses: tuple[float, ...] = (2.5, 2.0)
    audits: list[Audit] = field(default_factory=list)
    share: float = -0.01
    objection: str = ""
    tolerance: float = 0.005
    meanwhile: Callable[[], None] = lambda: None
    """Happens while it trains."""
    while_audited: Callable[[], None] = lambda: None
    name: str = "friend"
    trained: int = 0
    judged: int = 0
    settled: int = 0

    def __post_init__(self) -> None:
        self.monkeypatch.setattr("training.verdict.judge.audit", self._audit)
        self.base_name = "tiny"
        self.bank = SimpleNamespace(write_slot=lambda _slot, _facet: None)

    def inputs_of(self, _stage: Stage) -> str:
        return self.inputs

    def train(self, _stage: Stage, checkpoint: Path, _told: object) -> Trained:
        self.trained += 1
        checkpoint.write_bytes(b"")
        self.meanwhile()
        salt = 10 * sum(map(ord, self.inputs))
        epochs = tuple(CandidateFacet(at, loss, facet(salt + at)) for at, loss in enumerate(self.losses, 1))
        best = min(epochs, key=lambda one: one.loss)
        came = Progressed(self.inputs, len(epochs), 9, best_epoch=best.epoch, best_loss=best.loss, loss_before=3.0)
        return Trained(best.facet, came, epochs)

    def compare(self, _trainer: object, name: str, _facet: Facet) -> Comparison:
        def settle() -> None:
            self.settled += 1

        since = change(self.share) if name in read_live(self.home) else None
        return Comparison(since, self.objection, settle)

    def run(self) -> StageDone:
        """As `selfsame train` would now."""
        none: Any = None
        settings: Any = SimpleNamespace(likeness=LikenessConfig(tolerance=self.tolerance))
        base: Any = SimpleNamespace(tokenizer=None)
        mark = privacy_mark(self.home)
        judge = Judge(settings, self.home, base, Split((), (), ()), BlendBook(), (), mark, lambda *_: none)
        stage: Any = SimpleNamespace(name=self.name, validation=(1,), epochs=len(self.losses), tokens=10)
        trainer: Any = self
        run = FacetRun(self.home, judge, ProgressFile(self.home), lambda *_: none)
        return run.stage(Making(trainer, stage, Slice(self.name, (), ()), self.compare))

    def _audit(self, *_: object, **__: object) -> Audit:
        self.judged += 1
        self.while_audited()
        return self.audits.pop(0) if self.audits else CLEAN

    def states(self) -> dict[str, int]:
        found = [record.state for record in read_versions(self.home)]
        return {state: found.count(state) for state in sorted(set(found))}


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(Home(tmp_path / "home").create(), monkeypatch)


def test_should_put_the_best_epoch_live_and_keep_the_others_as_candidates(workshop: Workshop) -> None:
    done = workshop.run()
    assert (done.skipped, done.manifest.promoted, done.manifest.best_epoch) == (False, True, 2)
    assert read_live(workshop.home) == {"friend": done.manifest.version}
    assert workshop.states() == {"candidate": 1, "live": 1}
    assert workshop.settled == 1
    (live,) = [record for record in read_versions(workshop.home) if record.state == "live"]
    assert (live.validation, live.canaries, live.made_by) == (2.0, 4, "train")
    again = workshop.run()
    assert again.skipped
    assert (workshop.trained, workshop.judged) == (1, 1)


def test_should_take_an_earlier_epoch_when_the_best_one_leaks(workshop: Workshop) -> None:
    workshop.audits = [LEAKY, CLEAN]
    done = workshop.run()
    assert (done.manifest.promoted, done.manifest.best_epoch) == (True, 1)
    assert workshop.states() == {"live": 1, "refused": 1}
    (leaky,) = [record for record in read_versions(workshop.home) if record.state == "refused"]
    assert not facet_dir(workshop.home, "friend", leaky.version).exists()


def test_should_refuse_what_leaks_in_every_epoch_and_not_try_again(workshop: Workshop) -> None:
    workshop.audits = [LEAKY, LEAKY]
    done = workshop.run()
    assert (done.manifest.promoted, done.manifest.reason) == (False, LEAKY.reason)
    assert read_live(workshop.home) == {}
    assert workshop.run().skipped
    assert workshop.trained == 1


def test_should_not_take_a_later_epoch_when_one_leaks(workshop: Workshop) -> None:
    """It has seen every word once more."""
    workshop.losses, workshop.audits = (2.0, 2.5), [LEAKY, CLEAN]
    assert not workshop.run().manifest.promoted
    assert workshop.judged == 1


def test_should_keep_what_is_live_when_the_new_one_is_less_alike(workshop: Workshop) -> None:
    old = workshop.run().manifest.version
    workshop.inputs, workshop.share = "corpus-2", 0.02
    done = workshop.run()
    assert not done.manifest.promoted
    assert "rose by 2.00%" in done.manifest.reason
    assert read_live(workshop.home) == {"friend": old}
    assert workshop.run().skipped, "the same comparison says the same"
    workshop.tolerance = 0.03
    assert workshop.run().manifest.promoted, "with more patience"
    assert workshop.trained == 2, "which takes no training"


def test_should_go_on_with_the_verdict_when_it_was_stopped_there(workshop: Workshop) -> None:
    with workshop.monkeypatch.context() as patched:
        patched.setattr("training.verdict.judge.audit", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            workshop.run()
    assert read_live(workshop.home) == {}
    assert workshop.states() == {"candidate": 2}
    assert workshop.run().manifest.promoted
    assert workshop.trained == 1


def test_should_leave_the_owner_the_version_he_went_back_to(workshop: Workshop) -> None:
    old = workshop.run().manifest.version
    workshop.inputs = "corpus-2"
    workshop.run()
    assert rollback(workshop.home, "friend").version == old
    assert workshop.run().skipped
    assert read_live(workshop.home) == {"friend": old}
    workshop.inputs = "corpus-3"
    newest = workshop.run().manifest.version
    assert read_live(workshop.home) == {"friend": newest}, "there is something new to learn from"


def test_should_put_what_was_withdrawn_live_again_without_training(workshop: Workshop) -> None:
    version = workshop.run().manifest.version
    withdraw(workshop.home, "friend")
    assert workshop.run().skipped
    assert read_live(workshop.home) == {"friend": version}


def test_should_replace_what_knows_somebody_who_is_to_be_forgotten_whatever_likeness_says(workshop: Workshop) -> None:
    workshop.run()
    cut(workshop.home, "telegram:user1")
    workshop.inputs, workshop.share = "corpus-2", 0.5
    done = workshop.run()
    assert done.manifest.promoted
    assert read_live(workshop.home) == {"friend": done.manifest.version}


def test_should_let_neither_answer_when_that_one_leaks(workshop: Workshop) -> None:
    workshop.run()
    cut(workshop.home, "telegram:user1")
    workshop.inputs, workshop.audits = "corpus-2", [LEAKY, LEAKY]
    assert not workshop.run().manifest.promoted
    assert read_live(workshop.home) == {}
    assert workshop.run().skipped


def test_should_know_that_a_cut_elsewhere_changes_nothing_here(workshop: Workshop) -> None:
    """The slice is the same without him: its facet never knew him, and keeps its way back open."""
    version = workshop.run().manifest.version
    cut(workshop.home, "telegram:of-another-type")
    assert workshop.run().skipped
    assert read_live(workshop.home) == {"friend": version}
    marks = {record.version: record.privacy for record in read_versions(workshop.home)}
    assert set(marks.values()) == {privacy_mark(workshop.home)}


def test_should_come_back_to_today_when_the_owner_went_back_to_what_is_outdated(workshop: Workshop) -> None:
    workshop.run()
    workshop.inputs = "corpus-2"
    newest = workshop.run().manifest.version
    rollback(workshop.home, "friend")
    cut(workshop.home, "telegram:user1")
    assert workshop.run().skipped
    assert read_live(workshop.home) == {"friend": newest}


def test_should_refuse_what_likeness_alone_objects_to(workshop: Workshop) -> None:
    workshop.objection = "it is worth nothing to him"
    done = workshop.run()
    assert (done.manifest.promoted, done.manifest.reason) == (False, "it is worth nothing to him")
    assert workshop.settled == 0


def test_should_judge_anew_when_a_manifest_of_an_older_kind_lies_there(workshop: Workshop) -> None:
    version = workshop.run().manifest.version
    path = workshop.home.runs_dir / "facets" / "friend" / "manifest.json"
    older = json.loads(path.read_text())
    for key in ("judges", "promoted", "reason", "beside"):
        del older[key]
    path.write_text(json.dumps(older))
    assert not workshop.run().skipped
    assert workshop.trained == 1
    assert read_live(workshop.home) == {"friend": version}
    assert workshop.states() == {"candidate": 1, "live": 1}


def test_should_not_put_live_what_learned_from_somebody_forgotten_meanwhile(workshop: Workshop) -> None:
    workshop.meanwhile = lambda: cut(workshop.home, "telegram:user1")
    with pytest.raises(CorpusError, match="while this ran → start it again"):
        workshop.run()
    assert read_versions(workshop.home) == ()
    assert [path for path in workshop.home.path.rglob("checkpoint*") if path.is_file()] == []
    workshop.inputs, workshop.meanwhile = "corpus-2", lambda: None
    assert workshop.run().manifest.promoted


@pytest.mark.parametrize("inputs", ["corpus-2", "corpus-1"])
def test_should_not_put_live_what_knows_somebody_forgotten_while_it_was_judged(workshop: Workshop, inputs: str) -> None:
    """`corpus-1`: he was in another slice, so what is trained already may live; it is judged as of today."""
    workshop.while_audited = lambda: cut(workshop.home, "telegram:user1")
    with pytest.raises(CorpusError, match="while this ran → start it again"):
        workshop.run()
    assert read_live(workshop.home) == {}
    assert workshop.settled == 0
    workshop.inputs, workshop.while_audited = inputs, lambda: None
    done = workshop.run()
    assert done.manifest.promoted
    assert workshop.trained == (2 if inputs == "corpus-2" else 1)
    [live] = [record for record in read_versions(workshop.home) if record.state == "live"]
    assert live.privacy == privacy_mark(workshop.home)


def test_should_not_come_back_to_what_knows_somebody_forgotten_just_now(workshop: Workshop) -> None:
    """Withdrawn, it would be put live again by the next training: which began before he was forgotten."""
    workshop.run()
    withdraw(workshop.home, "friend")
    mark = privacy_mark(workshop.home)
    workshop.monkeypatch.setattr("tests.training.test_facet_run.privacy_mark", lambda _home: mark)
    cut(workshop.home, "telegram:user1")
    workshop.run()
    assert read_live(workshop.home) == {}


def test_should_judge_an_own_facet_anew_beside_another_core(workshop: Workshop) -> None:
    """What it was refused for is what it adds to `core`; nothing is trained for that."""
    workshop.name, workshop.objection = "own-1", "no facet `core` is live for it to stand beside"
    assert not workshop.run().manifest.promoted
    assert workshop.run().skipped
    write_facet(facet(1), workshop.home.runs_dir / "core")
    publish(workshop.home, "core", workshop.home.runs_dir / "core")
    workshop.objection = ""
    assert workshop.run().manifest.promoted
    assert workshop.run().skipped
    assert workshop.trained == 1
