"""How fast facets learn here: tokens a second of real training steps on the sample owner's chats, by where facets sit.

    python -m bench.train_speed [--json] [--threads N] [--rows N] [--layers top-third top-5 all]

`frozen`: the part below the facets, computed once for all facets and epochs. `packed`: steps over rows that share one
card, the frozen part cached (as `selfsame train` works). `alone`: the same conversations, each in a row of its own with
its card, and nothing cached. `gain`: conversations learned from in the same time, packed against alone.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from model_server.config import FacetsConfig, read_document
from model_server.home import Home, find_home
from model_server.threads import settle_threads
from training.sample.install import HERE

if TYPE_CHECKING:
    from model_server.base_model import BaseModel
    from training.facets.train_facet import Trainer
    from training.pipeline import Settings
    from training.slices import Split


def main() -> None:
    parser = argparse.ArgumentParser(description="Training speed on this machine.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--layers", nargs="+", default=["top-third", "top-5"])
    chosen = parser.parse_args()
    threads = settle_threads(chosen.threads)
    with sample_home() as home:
        results = [measure(home, layers, threads, chosen.rows) for layers in chosen.layers]
    if chosen.json:
        print(json.dumps({"threads": threads, "results": results}))
        return
    for result in results:
        speeds = ", ".join(f"{name} {value}" for name, value in result.items() if name != "layers")
        print(f"{result['layers']:>10}, {threads} threads: {speeds} (tokens/s)")


@contextmanager
def sample_home() -> Iterator[Home]:
    """A home with the sample owner's chats that is gone afterwards; the converted model is the one found here."""
    from training.contacts import read_types
    from training.importing import ImportOptions, import_everything

    with TemporaryDirectory() as directory:
        home = Home(Path(directory)).create()
        home.models_dir.rmdir()
        home.models_dir.symlink_to(find_home().create().models_dir)
        options = replace(ImportOptions.of({}), types=read_types(HERE / "contacts.json"))
        import_everything([HERE / "result.json"], home, options)
        yield home


@dataclass(frozen=True, slots=True)
class Opened:
    """The sample owner's settings, conversations, model and trainer."""

    settings: "Settings"
    split: "Split"
    base: "BaseModel"
    trainer: "Trainer"


def open_sample(home: Home, threads: int, facets: FacetsConfig) -> Opened:
    """Load the model and wrap it in a bank of one slot."""
    from training.pipeline import Settings, load_for_training, make_trainer, read_split

    found = Settings.read(read_document(HERE / "config.toml"))
    settings = replace(found, facets=facets, training=msgspec.structs.replace(found.training, threads=threads))
    base = load_for_training(settings, home)
    return Opened(settings, read_split(home, settings.training), base, make_trainer(base, settings))


def measure(home: Home, layers: str, threads: int, count: int) -> dict[str, Any]:
    """Speeds over the first `count` rows of the slice `family`."""
    import torch

    from training.examples import pack, render_sessions
    from training.facets.train_facet import Trainer
    from training.slices import of_type

    opened = open_sample(home, threads, FacetsConfig(layers=layers))
    settings, trainer, training = opened.settings, opened.trainer, opened.settings.training
    sessions = of_type(opened.split.train, "family")
    rendered = render_sessions(opened.base.tokenizer, settings.owner, sessions, training, settings.scrub)
    rows = pack(rendered, training.row_tokens, training.seed)[: count + 1]
    learned = sum(len(row.targets) for row in rows[1:])
    alone = [row for one in rendered[:: max(1, len(rendered) // 20)] for row in pack([one], training.row_tokens, 1)]

    trainer.begin("bench")
    optimiser = torch.optim.AdamW(trainer.bank.parameters(), lr=1e-4)

    def steps(trainer: Trainer, rows: Sequence[Any]) -> float:
        begun = time.perf_counter()
        for row in rows:
            trainer.step([row], optimiser)
        return time.perf_counter() - begun

    begun = time.perf_counter()
    for row in rows:
        trainer.lower(row)
    frozen_s = time.perf_counter() - begun
    steps(trainer, rows[:1])
    packed_s = steps(trainer, rows[1:])
    alone_s = steps(Trainer("bench", trainer.bank, trainer.split, training), alone)
    replies_a_second = learned / packed_s, sum(len(row.targets) for row in alone) / alone_s
    return {
        "layers": layers,
        "frozen": round(sum(len(row.ids) for row in rows) / frozen_s),
        "packed": round(sum(len(row.ids) for row in rows[1:]) / packed_s),
        "alone": round(sum(len(row.ids) for row in alone) / alone_s),
        "gain": round(replies_a_second[0] / replies_a_second[1], 2),
    }


if __name__ == "__main__":
    main()
