"""What every stage of training is made from: the settings, the sessions of the corpus, the base model and rows.

Trains nothing (`train_all` does), knows no facet on disk and no command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from model_server.base_model import BaseModel, load_base_model
from model_server.blends import DEFAULTS, read_blends
from model_server.config import Document, EngineConfig, FacetsConfig, ModelConfig, OwnerConfig, read_section
from model_server.contract import Blend
from model_server.errors import CorpusError
from model_server.facets import FacetBank, choose_layers
from model_server.home import Home
from training.articles.dialogue import latest_articles
from training.config import TrainingConfig
from training.contacts import read_contacts
from training.conversations import Session
from training.corpus import Corpus
from training.examples import Row, pack, render_sessions
from training.facets.devices import Crew
from training.facets.split_model import SplitModel
from training.facets.train_facet import Stage, Trainer
from training.learn.config import LearningConfig
from training.likeness.config import LikenessConfig
from training.old_corpus import check_no_old_corpus
from training.scrub.config import ScrubConfig
from training.slices import CORE, Slice, Split, all_sessions, of_type, split_by_time

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """The sections that training reads."""

    owner: OwnerConfig
    model: ModelConfig
    facets: FacetsConfig
    training: TrainingConfig
    scrub: ScrubConfig = field(default_factory=ScrubConfig)
    likeness: LikenessConfig = field(default_factory=LikenessConfig)
    learning: LearningConfig = field(default_factory=LearningConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    blends: Mapping[str, Blend] = field(default_factory=lambda: DEFAULTS)
    """The configuration's blends; the owner's and the fitted ones win over them."""

    @classmethod
    def read(cls, document: Document) -> "Settings":
        """ConfigError when a section is wrong."""
        return cls(
            read_section(document, "owner", OwnerConfig),
            read_section(document, "model", ModelConfig),
            read_section(document, "facets", FacetsConfig),
            read_section(document, "training", TrainingConfig),
            read_section(document, "scrub", ScrubConfig),
            read_section(document, "likeness", LikenessConfig),
            read_section(document, "learning", LearningConfig),
            read_section(document, "engine", EngineConfig),
            read_blends(document),
        )


def read_split(home: Home, config: TrainingConfig) -> Split:
    """The sessions of the corpus by what they are for; of articles alone, the latest are held out as the sessions they
    are learned as. CorpusError when the owner says nothing in it, or it is being written."""
    check_no_old_corpus(home)
    sessions: list[Session] = []
    if home.corpus_file.exists():
        with Corpus.open(home) as corpus, corpus.snapshot():
            sessions = all_sessions(corpus.conversations(), read_contacts(home), config.session_gap_hours * 3600)
    if not sessions:
        articles = latest_articles(home, config.held_out)
        if articles is None:
            raise CorpusError("there is nothing to learn from yet", "import your chats first: selfsame import PATH")
        return Split((), (), articles)
    return split_by_time(sessions, config.held_out, config.validation)


def load_for_training(settings: Settings, home: Home) -> BaseModel:
    """The base model in float32: the small steps of an optimiser vanish in anything shorter."""
    config = msgspec.structs.replace(settings.model, threads=settings.training.threads, dtype="float32")
    return load_base_model(config, home)


def make_trainer(base: BaseModel, settings: Settings, crew: Crew | None = None) -> Trainer:
    """Wraps the model's layers in a bank of one slot. `crew`: the processes that share the work."""
    bank = FacetBank(base.model, settings.facets.rank, 1, settings.facets.layers)
    return Trainer(base.name, bank, split_model(base, settings), settings.training, crew)


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
