"""The leak audit beside what it has to tell apart: facets as `selfsame train` makes them, and one trained to leak.

    python -m bench.leak_audit [--json] [--threads N] [--slices family friend ...] [--epochs N] [--work DIR]

On the sample owner. `default`: each slice with its canaries, trained and audited as the pipeline does. `by heart`: a
few conversations of the first slice other than `core`, `--epochs` times over, and nothing to say when it is enough. A
folder given with `--work` keeps the facets, and a second run audits them again.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from model_server.config import read_document
from model_server.home import Home, find_home
from model_server.threads import settle_threads
from training.sample.install import HERE

_BY_HEART_REPLIES = 30


def main() -> None:
    parser = argparse.ArgumentParser(description="What the leak audit says of good facets and of one that leaks.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--slices", nargs="*", default=[], help="default: all of them")
    parser.add_argument("--epochs", type=int, default=12, help="of the facet that leaks")
    parser.add_argument("--work", type=Path)
    chosen = parser.parse_args()
    threads = settle_threads(chosen.threads)
    with ExitStack() as stack:
        work = chosen.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows = []
        for row in measure(work, threads, chosen.slices, chosen.epochs):
            rows.append(row)
            if not chosen.json:
                print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    if chosen.json:
        print(json.dumps({"threads": threads, "facets": rows}, indent=2))


def measure(work: Path, threads: int, names: list[str], epochs: int) -> Iterator[dict[str, Any]]:
    """A row of figures for each facet."""
    from model_server.facet_files import read_facet, write_facet
    from training.articles.dialogue import articles_slice
    from training.contacts import read_types
    from training.importing import ImportOptions, import_everything
    from training.leaks.audit import audit
    from training.leaks.canaries import canaries_for, canary_seed, plant
    from training.pipeline import Settings, load_for_training, make_stage, make_trainer, read_split
    from training.slices import CORE, Slice, choose_slices

    home = Home(work / "home").create()
    if not home.models_dir.is_symlink():
        home.models_dir.rmdir()
        home.models_dir.symlink_to(find_home().create().models_dir)  # the converted model outlives the bench
    options = replace(ImportOptions.of({}), types=read_types(HERE / "contacts.json"))
    import_everything([HERE / "result.json", HERE / "articles"], home, options)
    found = Settings.read(read_document(HERE / "config.toml"))
    settings = replace(found, training=msgspec.structs.replace(found.training, threads=threads))
    split = read_split(home, settings.training)
    slices = choose_slices(split, articles_slice(home, settings.training.validation), settings.training.min_replies)
    canaries = canaries_for(canary_seed(home), [one.name for one in slices], settings.likeness.canaries)
    base = load_for_training(settings, home)
    trainer = make_trainer(base, settings)

    def row(kind: str, one: Slice, **changes: Any) -> dict[str, Any]:
        planted = plant(one, canaries)
        stage = replace(make_stage(base, settings, planted), **changes)
        place = work / f"{kind} {one.name}"
        begun = time.perf_counter()
        if not place.is_dir():
            trained = trainer.train(stage, work / f"{kind} {one.name}.checkpoint")
            write_facet(trained.facet, place, base.name)
        trainer.bank.write_slot(0, read_facet(place))
        trained_s, begun = time.perf_counter() - begun, time.process_time()
        came = audit(trainer, base.tokenizer, settings, planted, canaries)
        figures = msgspec.to_builtins(came.figures)
        audited_s = time.process_time() - begun
        told = {"facet": one.name, "trained": kind, "epochs": stage.epochs, **figures, "refused": came.reason or "no"}
        return told | {"train_s": round(trained_s), "audit_cpu_s": round(audited_s, 1)}

    for one in slices:
        if not names or one.name in names:
            yield row("default", one)
    for one in slices:
        if one.name != CORE and (not names or one.name in names):
            few, replies = [], 0
            for session in one.train:
                if replies < _BY_HEART_REPLIES:
                    few.append(session)
                    replies += session.replies
            yield row("by heart", replace(one, train=tuple(few)), epochs=epochs, validation=())
            break


if __name__ == "__main__":
    main()
