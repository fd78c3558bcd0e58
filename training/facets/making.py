"""A facet in the making: what is handed from stage to stage, and what is told of it on the way. Data only."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from model_server.facet_files import Facet
from model_server.live_facets import MadeBy
from training.facets.checkpoint import Progressed
from training.facets.train_facet import Stage, Step, Trainer
from training.likeness.compare import Change
from training.manifest import Manifest
from training.slices import Slice


@dataclass(frozen=True, slots=True)
class StageDone:
    """A facet that was trained and judged. `skipped`: it was so before this training."""

    manifest: Manifest
    skipped: bool


@dataclass(frozen=True, slots=True)
class Judging:
    """Told while a facet is audited (in questions) and compared (in tokens). `total` 0: not known before."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`objection`: why likeness alone keeps the facet from going live, beyond what `decide` asks."""

    change: Change | None
    objection: str = ""
    settle: Callable[[], None] = lambda: None
    """Done when the facet is live."""


Told = Callable[[str, Step | Judging | StageDone], None]
"""Told of each step and each end of a stage, with the facet's name."""
Compare = Callable[[Trainer, str, Facet], Comparison]


class Epoch(msgspec.Struct, frozen=True):
    """One epoch of a training, stored as a version. `loss`: nats per token of the validation replies."""

    version: str
    epoch: int
    loss: float


class KeptTraining(msgspec.Struct, frozen=True):
    """`trained.json`: a training is through, its verdict is not."""

    progressed: Progressed
    epochs: tuple[Epoch, ...]
    """The most promising first."""


@dataclass(frozen=True, slots=True)
class Making:
    """One facet to be made. `slice`: its sessions, canaries included, of which `stage` holds the rows."""

    trainer: Trainer
    stage: Stage
    slice: Slice
    compare: Compare | None = None
    """How its likeness is judged; None: against the live version."""
    made_by: MadeBy = "train"

    @property
    def name(self) -> str:
        """Of the facet."""
        return self.stage.name


def read_trained(path: Path, inputs: str) -> KeptTraining | None:
    """A training of these inputs that is through; None when there is none."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=KeptTraining)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return kept if kept.progressed.inputs == inputs else None
