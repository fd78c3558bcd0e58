"""One facet from its rows to its verdict: trained, its epochs stored, judged; the manifest last.

Resumable at each point: a training goes on from its checkpoint, one that is through is not repeated for its verdict
(`trained.json`), and a verdict stands (`manifest.json`) until its inputs or its judge change. Knows rows and the home;
not where slices come from, nor what a facet is judged by.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from model_server.facet_files import Facet, store_version, write_facet
from model_server.home import Home
from model_server.live_facets import facet_dir, make_live, note_version, read_live, read_versions
from model_server.privacy import left_to_forget
from training.facets.making import Epoch, KeptTraining, Making, StageDone, Told, read_trained
from training.facets.progress import ProgressFile
from training.facets.train_facet import Step, Trainer
from training.manifest import Manifest, read_manifest, write_manifest
from training.private_file import replace_file
from training.verdict.judge import Judge
from training.verdict.promotion import is_outdated, left_meanwhile, remove_surplus, renew_marks

log = structlog.get_logger()

_MOST_CANDIDATES = 4
"""Epochs of one training that are kept."""


@dataclass(frozen=True, slots=True)
class FacetRun:
    """What every stage of one training shares."""

    home: Home
    judge: Judge
    progress: ProgressFile
    told: Told

    def stage(self, making: Making) -> StageDone:
        """Train and judge a facet, or find that it was."""
        trainer, stage = making.trainer, making.stage
        place = self.home.runs_dir / "facets" / stage.name
        inputs = trainer.inputs_of(stage)
        self.progress.begin(stage.name)
        manifest = read_manifest(place / "manifest.json")
        skipped = manifest is not None and manifest.inputs == inputs and self.judge.stands(manifest)
        if manifest is None or not skipped:
            place.mkdir(parents=True, exist_ok=True)
            manifest = self._judge(making, self._train(making, inputs, place))
            write_manifest(place / "manifest.json", manifest)
            remove_surplus(self.home, stage.name)
        self._settle_marks(manifest, place)
        epochs_spared = stage.epochs - (0 if skipped else manifest.epochs)
        self.progress.finish(stage.name, stage.tokens * epochs_spared)
        done = StageDone(manifest, skipped)
        self.told(stage.name, done)
        return done

    def _train(self, making: Making, inputs: str, place: Path) -> KeptTraining:
        """Train the facet and store its epochs, unless that has been done and only the verdict is missing."""
        trainer, stage = making.trainer, making.stage
        kept = read_trained(place / "trained.json", inputs)
        if kept and all(facet_dir(self.home, stage.name, epoch.version).is_dir() for epoch in kept.epochs):
            return kept

        def step(news: Step) -> None:
            self.progress.step(news.step, news.steps, news.loss, news.tokens, news.seconds)
            self.told(stage.name, news)

        checkpoint = place / "checkpoint.safetensors"
        trained = trainer.train(stage, checkpoint, step)
        if left_to_forget(self.home, self.judge.mark):
            checkpoint.unlink(missing_ok=True)
            raise left_meanwhile()
        # without validation rows every loss is 0: the last epoch is the best
        best = sorted(trained.candidates, key=lambda one: (one.loss, -one.epoch))[:_MOST_CANDIDATES]
        epochs = tuple(Epoch(self._store(trainer, stage.name, one.facet), one.epoch, one.loss) for one in best)
        known = {(record.facet, record.version) for record in read_versions(self.home)}
        for epoch in epochs:
            if (stage.name, epoch.version) not in known:
                note_version(self.home, self.judge.record(making, epoch))
        kept = KeptTraining(trained.progressed, epochs)
        replace_file(place / "trained.json", msgspec.json.encode(kept) + b"\n")
        checkpoint.unlink(missing_ok=True)
        seconds = trained.progressed.seconds
        log.info("facet_trained", facet=stage.name, version=epochs[0].version, ms=round(seconds * 1000))
        return kept

    def _store(self, trainer: Trainer, name: str, facet: Facet) -> str:
        with tempfile.TemporaryDirectory(dir=self.home.runs_dir) as directory:
            write_facet(facet, Path(directory), trainer.base_name)
            return store_version(self.home, name, Path(directory))

    def _judge(self, making: Making, kept: KeptTraining) -> Manifest:
        epoch, record = self.judge.judge(making, kept)
        came = kept.progressed
        return Manifest(
            stage=making.name,
            inputs=came.inputs,
            version=record.version,
            epochs=came.epoch,
            best_epoch=epoch.epoch,
            steps=came.step,
            train_tokens=making.stage.tokens,
            validation_before=round(came.loss_before, 4),
            validation_after=round(epoch.loss, 4),
            seconds=round(came.seconds, 1),
            promoted=record.state == "live",
            reason=record.reason,
            judges=self.judge.digest(),
            beside=self.judge.beside(making.name),
        )

    def _settle_marks(self, manifest: Manifest, place: Path) -> None:
        """What was trained on today's inputs knows nothing that is left out today; better it than one that does."""
        kept = read_trained(place / "trained.json", manifest.inputs)
        epochs = kept.epochs if kept else ()
        renew_marks(
            self.home, manifest.stage, {manifest.version, *(epoch.version for epoch in epochs)}, self.judge.mark
        )
        live = read_live(self.home).get(manifest.stage)
        wanted = manifest.promoted and not left_to_forget(self.home, self.judge.mark)
        if wanted and (live is None or is_outdated(self.home, manifest.stage)):
            make_live(self.home, manifest.stage, manifest.version)
