"""Judges a facet in the making: audited for leaks, compared with what is live, and put live or refused.

Knows the conversations of the home and the bank that serves; not how the facet was trained.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from model_server.base_model import BaseModel
from model_server.blends import CORE, BlendBook
from model_server.facet_files import Facet, read_facet
from model_server.home import Home
from model_server.live_facets import VersionRecord, facet_dir, read_live, read_versions
from training.facets.making import Comparison, Epoch, Judging, KeptTraining, Making, Told
from training.facets.train_facet import Trainer
from training.leaks.audit import audit
from training.leaks.canaries import OWN, Canary
from training.manifest import Manifest, digest_of
from training.pipeline import Settings
from training.slices import Split
from training.verdict.gate import change_of, serving_bank
from training.verdict.promotion import Verdict, decide, is_outdated, promote, with_figures

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Judge:
    """What all facets of one training are judged by.

    `book`: the blends under which a facet speaks. `mark`: what was left out of the slices (`model_server.privacy`).
    """

    settings: Settings
    home: Home
    base: BaseModel
    split: Split
    book: BlendBook
    canaries: tuple[Canary, ...]
    mark: str
    told: Told

    def judge(self, making: Making, kept: KeptTraining) -> tuple[Epoch, VersionRecord]:
        """The most promising epoch; where that leaks, an earlier one, which has seen every word less often."""
        judged: tuple[Epoch, VersionRecord] | None = None
        for epoch in kept.epochs:
            if judged and epoch.epoch >= judged[0].epoch:
                continue
            verdict, record = self._verdict(making, kept, epoch)
            judged = epoch, record
            if not verdict.leaks:
                break
        assert judged, "a training leaves at least one epoch"
        return judged

    def stands(self, manifest: Manifest) -> bool:
        """Whether the verdict on these very inputs still holds. What the owner went back to by hand is left to him."""
        if manifest.judges != self.digest():
            return False
        if manifest.promoted:
            return facet_dir(self.home, manifest.stage, manifest.version).is_dir()
        return self.beside(manifest.stage) == manifest.beside and not is_outdated(self.home, manifest.stage)

    def beside(self, name: str) -> str:
        """What a verdict on this facet was found beside: its live version; of a contact's own facet `core`'s too, to
        which it must add something."""
        live = read_live(self.home)
        return " ".join(live.get(one, "") for one in ((name, CORE) if name.startswith(OWN) else (name,)))

    def digest(self) -> str:
        """A name for the settings that verdicts depend on."""
        return digest_of(self.settings.likeness.tolerance, self.settings.likeness.longest_overlap)

    def record(self, making: Making, epoch: Epoch) -> VersionRecord:
        """The record of an epoch before it is judged. What is judged anew while it is live keeps its forerunner."""
        parent = read_live(self.home).get(making.name, "")
        if parent == epoch.version:
            known = read_versions(self.home)
            parent = next((one.parent for one in known if (one.facet, one.version) == (making.name, parent)), "")
        return VersionRecord(
            facet=making.name,
            version=epoch.version,
            at_ms=time.time_ns() // 1_000_000,
            made_by=making.made_by,
            state="candidate",
            parent=parent,
            validation=round(epoch.loss, 4) if making.stage.validation else None,
            privacy=self.mark,
        )

    def _verdict(self, making: Making, kept: KeptTraining, epoch: Epoch) -> tuple[Verdict, VersionRecord]:
        trainer, stage = making.trainer, making.stage
        facet = read_facet(facet_dir(self.home, stage.name, epoch.version))
        trainer.bank.write_slot(0, facet)
        told = self._telling(stage.name, "leak audit")
        found = audit(
            trainer,
            self.base.tokenizer,
            self.settings,
            making.slice,
            self.canaries,
            told=lambda asked: told(asked, 0),
        )
        outdated = is_outdated(self.home, stage.name)
        comparison = Comparison(None) if found.leaks else (making.compare or self._compare)(trainer, stage.name, facet)
        gained = kept.progressed.loss_before - epoch.loss if stage.validation else None
        tolerance = self.settings.likeness.tolerance
        verdict = decide(found, comparison.change, tolerance, gained=gained, outdated=outdated)
        if verdict.promote and comparison.objection:
            verdict = Verdict(False, comparison.objection, withdraw=outdated)
        record = promote(self.home, with_figures(self.record(making, epoch), found, comparison.change), verdict)
        if verdict.promote:
            comparison.settle()
        log.info("facet_judged", facet=stage.name, version=record.version, state=record.state)
        return verdict, record

    def _compare(self, trainer: Trainer, name: str, facet: Facet) -> Comparison:
        """Against the live version, in the held-out conversations in which the facet has a say."""
        if name not in read_live(self.home):
            return Comparison(None)
        with serving_bank(trainer, self.base, self.settings, self.home) as whole:
            told = self._telling(name, "held-out replies")
            return Comparison(
                change_of(
                    whole, self.settings, self.book, name=name, candidate=facet, sessions=self.split.held_out, told=told
                )
            )

    def _telling(self, name: str, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.told(name, Judging(what, done, total))
