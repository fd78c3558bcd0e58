"""The training of the controls: their slices, their facets, kept in `runs/controls` and never published.

Does not know what is concluded from them (`control`).
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from model_server.facet_files import Facet, read_facet, write_facet
from model_server.home import Home
from training.facets.train_facet import Stage, Trainer
from training.leaks.canaries import canaries_for, canary_seed, plant
from training.likeness.assignment import Assignment, assign, of_label
from training.pipeline import Settings, load_for_training, make_trainer
from training.pipeline import make_stage as stage_of
from training.private_file import replace_file
from training.slices import CORE, Slice, Split

POOLED = "pooled"

Told = Callable[[str, float, float], None]
"""Told which part is at work, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Design:
    """The controls of one report. `labels`: those of the contact types that have a facet of their own."""

    split: Split
    labels: tuple[str, ...]
    assignments: tuple[tuple[int, Assignment], ...]
    """With the seed of each."""


def design(settings: Settings, split: Split, labels: tuple[str, ...]) -> Design:
    """As many shuffled controls as [likeness] seeds says; none where contacts cannot be grouped in any other way."""
    drawn = [(seed, assign(split, seed)) for seed in range(1, settings.likeness.seeds + 1)] if labels else []
    return Design(split, labels, tuple((seed, one) for seed, one in drawn if one is not None))


def train_controls(settings: Settings, home: Home, plan: Design, told: Told) -> None:
    """Train every control that is not trained yet. Interrupted, it goes on in the middle of the facet it was at."""
    base = load_for_training(settings, home)
    trainer = make_trainer(base, settings)
    epochs = settings.training.core_epochs + settings.training.epochs
    stages = [stage_of(base, settings, one) for one in _slices(settings, home, plan)]
    stages[0] = replace(stages[0], epochs=epochs)
    total = sum(stage.tokens * stage.epochs for stage in stages)
    before = 0
    for stage in stages:

        def tell(tokens: float, before: int = before) -> None:
            told("training the controls", before + tokens, total)

        tell(0)
        _train(trainer, stage, home.runs_dir / "controls" / stage.name, tell)
        before += stage.tokens * stage.epochs
    told("training the controls", total, total)
    trainer.bank.remove()


def read_control(home: Home, name: str) -> Facet:
    """The facet of a control that is trained."""
    return read_facet(home.runs_dir / "controls" / name / "facet")


def control_name(seed: int, label: str) -> str:
    """The name of one label's facet in one shuffled control."""
    return f"shuffled-{seed}-{label}"


def _slices(settings: Settings, home: Home, plan: Design) -> Iterator[Slice]:
    """The pooled one first; each with the canaries of the true one in whose place it stands."""
    canaries = canaries_for(canary_seed(home), (CORE, *plan.labels), settings.likeness.canaries)
    split = plan.split
    yield replace(plant(Slice(CORE, split.train, split.validation), canaries), name=POOLED)
    for seed, one in plan.assignments:
        for label in plan.labels:
            train, validation = (of_label(part, one.labels, label) for part in (split.train, split.validation))
            yield replace(plant(Slice(label, train, validation), canaries), name=control_name(seed, label))


def _train(trainer: Trainer, stage: Stage, place: Path, told: Callable[[float], None]) -> None:
    """Leave the facet in `place/facet`; what it was trained from is written last."""
    inputs, mark = trainer.inputs_of(stage), place / "inputs"
    if mark.exists() and mark.read_text(encoding="utf-8") == inputs:
        return
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    checkpoint = place / "checkpoint.safetensors"
    tokens = stage.tokens * stage.epochs
    trained = trainer.train(stage, checkpoint, lambda step: told(step.step / step.steps * tokens))
    shutil.rmtree(place / "facet", ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=place) as directory:
        write_facet(trained.facet, Path(directory) / "facet", trainer.base_name)
        (Path(directory) / "facet").rename(place / "facet")
    replace_file(mark, inputs.encode())
    checkpoint.unlink(missing_ok=True)
