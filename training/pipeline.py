"""The training of all facets, one after another: plan, train, publish, and the manifest last.

Each facet is a stage of its own: one whose manifest names the same inputs is skipped, a killed one goes on from its
last epoch. Knows no command line; whoever calls sets threads and niceness of the process.
"""

import fcntl
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import structlog

from model_server.base_model import BaseModel, load_base_model
from model_server.config import Document, FacetsConfig, ModelConfig, OwnerConfig, read_section
from model_server.errors import CorpusError
from model_server.facet_files import facet_dir, publish, read_live, write_facet
from model_server.facets import FacetBank, choose_layers
from model_server.home import Home
from training.articles.dialogue import articles_slice
from training.config import TrainingConfig
from training.contacts import read_contacts
from training.conversations import Session
from training.corpus import Corpus
from training.examples import Row, pack, render_sessions
from training.manifest import Manifest, read_manifest, write_manifest
from training.old_corpus import check_no_old_corpus
from training.progress import ProgressFile
from training.rhythm import measure_rhythms, write_rhythms
from training.scrub.config import ScrubConfig
from training.slices import CORE, Slice, Split, all_sessions, choose_slices, of_type, split_by_time
from training.split_model import SplitModel
from training.train_facet import Stage, Step, Trainer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """The sections that training reads."""

    owner: OwnerConfig
    model: ModelConfig
    facets: FacetsConfig
    training: TrainingConfig
    scrub: ScrubConfig = field(default_factory=ScrubConfig)

    @classmethod
    def read(cls, document: Document) -> "Settings":
        """ConfigError when a section is wrong."""
        return cls(
            read_section(document, "owner", OwnerConfig),
            read_section(document, "model", ModelConfig),
            read_section(document, "facets", FacetsConfig),
            read_section(document, "training", TrainingConfig),
            read_section(document, "scrub", ScrubConfig),
        )


@dataclass(frozen=True, slots=True)
class StageDone:
    """A facet that is live. `skipped`: it was so before this training."""

    manifest: Manifest
    skipped: bool


Told = Callable[[str, Step | StageDone], None]
"""Told of each step and each end of a stage, with the facet's name."""


def train_all(settings: Settings, home: Home, told: Told = lambda _name, _news: None) -> list[StageDone]:
    """Train and publish every facet of the corpus that is not trained already.

    CorpusError when there is nothing to learn from, or another training runs in this home.
    """
    with _only_one(home):
        progress = ProgressFile(home)
        try:
            split = read_split(home, settings.training)
            write_rhythms(home, measure_rhythms(split.train))
            articles = articles_slice(home, settings.training.validation)
            slices = choose_slices(split, articles, settings.training.min_replies)
            base = load_for_training(settings, home)
            trainer = make_trainer(base, settings)
            stages = [make_stage(base, settings, one) for one in slices]
            progress.plan(tuple(stage.name for stage in stages), sum(stage.tokens * stage.epochs for stage in stages))
            run = _Run(trainer, home, progress, told)
            done = [run.stage(stage) for stage in stages]
        except BaseException:
            progress.end("failed")
            raise
        progress.end("done")
        return done


def read_split(home: Home, config: TrainingConfig) -> Split:
    """The sessions of the corpus by what they are for. CorpusError when the owner says nothing in it, or it is being
    written."""
    check_no_old_corpus(home)
    sessions: list[Session] = []
    if home.corpus_file.exists():
        with Corpus.open(home) as corpus, corpus.snapshot():
            sessions = all_sessions(corpus.conversations(), read_contacts(home), config.session_gap_hours * 3600)
    if not sessions:
        raise CorpusError("there is nothing to learn from yet", "import your chats first: selfsame import PATH")
    return split_by_time(sessions, config.held_out, config.validation)


def load_for_training(settings: Settings, home: Home) -> BaseModel:
    """The base model in float32: the small steps of an optimiser vanish in anything shorter."""
    config = msgspec.structs.replace(settings.model, threads=settings.training.threads, dtype="float32")
    return load_base_model(config, home)


def make_trainer(base: BaseModel, settings: Settings) -> Trainer:
    """Wraps the model's layers in a bank of one slot."""
    bank = FacetBank(base.model, settings.facets.rank, 1, settings.facets.layers)
    return Trainer(base.name, bank, split_model(base, settings), settings.training)


def split_model(base: BaseModel, settings: Settings) -> SplitModel:
    """The model, cut below its lowest layer with facets."""
    layers = choose_layers(settings.facets.layers, base.model.config.get_text_config().num_hidden_layers)
    return SplitModel(base.model, layers[0])


def make_stage(base: BaseModel, settings: Settings, one: Slice) -> Stage:
    """A slice as rows; sessions of one contact type are packed together, behind the card they share."""
    train, validation = (
        tuple(row for rows in rows_by_type(base.tokenizer, settings, sessions).values() for row in rows)
        for sessions in (one.train, one.validation)
    )
    epochs = settings.training.core_epochs if one.name == CORE else settings.training.epochs
    return Stage(one.name, train, validation, epochs)


def rows_by_type(
    tokenizer: Any, settings: Settings, sessions: Sequence[Session], *, card: bool = True
) -> Mapping[str, list[Row]]:
    """Packed rows of each contact type."""
    config = settings.training
    return {
        contact_type: pack(
            render_sessions(
                tokenizer, settings.owner, of_type(sessions, contact_type), config, settings.scrub, card=card
            ),
            config.row_tokens,
            config.seed,
        )
        for contact_type in sorted({session.contact_type for session in sessions})
    }


@dataclass(frozen=True, slots=True)
class _Run:
    """What every stage of one training shares."""

    trainer: Trainer
    home: Home
    progress: ProgressFile
    told: Told

    def stage(self, stage: Stage) -> StageDone:
        """Train a facet, or find that it is trained."""
        place = self.home.runs_dir / "facets" / stage.name
        inputs = self.trainer.inputs_of(stage)
        self.progress.begin(stage.name)
        manifest = read_manifest(place / "manifest.json")
        skipped = manifest is not None and manifest.inputs == inputs and _is_live(self.home, manifest)
        if manifest is None or not skipped:
            place.mkdir(parents=True, exist_ok=True)
            manifest = self._train(stage, inputs, place)
            log.info("facet_trained", facet=stage.name, version=manifest.version, ms=round(manifest.seconds * 1000))
        epochs_spared = stage.epochs - (0 if skipped else manifest.epochs)
        self.progress.finish(stage.name, stage.tokens * epochs_spared)
        done = StageDone(manifest, skipped)
        self.told(stage.name, done)
        return done

    def _train(self, stage: Stage, inputs: str, place: Path) -> Manifest:
        def step(news: Step) -> None:
            self.progress.step(news.step, news.steps, news.loss, news.tokens, news.seconds)
            self.told(stage.name, news)

        checkpoint = place / "checkpoint.safetensors"
        trained = self.trainer.train(stage, checkpoint, step)
        came = trained.progressed
        with tempfile.TemporaryDirectory(dir=place) as directory:
            write_facet(trained.facet, Path(directory), self.trainer.base_name)
            version = publish(self.home, stage.name, Path(directory))
        manifest = Manifest(
            stage=stage.name,
            inputs=inputs,
            version=version,
            epochs=came.epoch,
            best_epoch=came.best_epoch,
            steps=came.step,
            train_tokens=stage.tokens,
            validation_before=round(came.loss_before, 4),
            validation_after=round(came.best_loss, 4),
            seconds=round(came.seconds, 1),
        )
        write_manifest(place / "manifest.json", manifest)
        checkpoint.unlink(missing_ok=True)
        return manifest


def _is_live(home: Home, manifest: Manifest) -> bool:
    live = read_live(home).get(manifest.stage) == manifest.version
    return live and facet_dir(home, manifest.stage, manifest.version).is_dir()


@contextmanager
def _only_one(home: Home) -> Iterator[None]:
    """One training a home; the kernel drops the lock when the process ends, however it ends."""
    home.create()
    with (home.runs_dir / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CorpusError(
                "another training runs in this home", "wait for it (`selfsame status`), or stop it first"
            ) from None
        yield
