"""Our training beside `transformers.Trainer` + peft: the same conversations, passes and threads, one after the other.

    python -m bench.train_vs_peft [--json] [--threads N] [--slice family] [--conversations N] [--passes N] [--rank 16]
                                  [--plain-rate 1e-3] [--without-fair] [--peak-tflops X]

`ours`: rows packed behind one card, facets on the top third of the layers, what lies below computed once.
`plain`: peft LoRA on all linears of all layers (`plain_peft.py`). `plain_top_third`: the same on our layers only.

`tokens_per_s` counts the same tokens for all: the conversations with their cards, as a plain training must compute
them. `computed_per_s` counts a card that several conversations share once. Neither counts padding. `held_out` is in
nats per token of the owner's replies, computed by the same code for all on the same held-out conversations. `gflops`
are those of the matrix products really executed, each second, counted by torch on one step; `peak_share` is their share
of what --peak-tflops names (of the device, in the dtype of its matrix products: bfloat16 on a GPU).
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from bench.stopwatch import Spent, stopwatch
from bench.train_speed import Opened, open_sample, sample_home
from model_server.config import FacetsConfig
from model_server.home import Home
from model_server.threads import settle_threads

if TYPE_CHECKING:
    from model_server.facet_files import Facet
    from training.examples import Row


class Result(msgspec.Struct, frozen=True):
    """One way of training. `ratio`: its seconds over ours; `cpu_ratio`: its processor seconds over ours, which a
    neighbour on the same cores disturbs less."""

    seconds: float
    cpu_seconds: float
    tokens_per_s: float
    computed_per_s: float
    held_out: float
    gflops: float
    peak_share: float | None = None
    ratio: float = 1.0
    cpu_ratio: float = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Our training beside transformers.Trainer + peft.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slice", default="family")
    parser.add_argument("--conversations", type=int, default=0, help="the first N only; 0: all")
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--plain-rate", type=float, default=1e-3)
    parser.add_argument("--without-fair", action="store_true", help="leave plain_top_third out")
    parser.add_argument("--peak-tflops", type=float, default=0.0)
    chosen = parser.parse_args()
    settle_threads(chosen.threads)
    with sample_home() as home:
        results = {}
        for name, result in compare(home, chosen):
            results[name] = figures = msgspec.to_builtins(result)
            shown = ", ".join(f"{key} {value}" for key, value in figures.items() if value is not None)
            print(f"{name:>16}: {shown}", file=sys.stderr if chosen.json else sys.stdout, flush=True)
    if chosen.json:
        print(json.dumps(results))


def compare(home: Home, chosen: argparse.Namespace) -> Iterator[tuple[str, Result]]:
    """Every way in turn, ours first."""
    from bench.plain_peft import Recipe, train_plain
    from training.examples import pack, render_sessions
    from training.slices import of_type

    opened = open_sample(home, chosen.threads, FacetsConfig(rank=chosen.rank))
    settings, model = opened.settings, opened.base.model
    rendered, held_out = (
        render_sessions(opened.base.tokenizer, settings.owner, sessions, settings.training, settings.scrub)
        for sessions in (
            of_type(opened.split.train, chosen.slice)[: chosen.conversations or None],
            of_type(opened.split.held_out, chosen.slice),
        )
    )
    rows = pack(rendered, settings.training.row_tokens, settings.training.seed)
    measured = pack(held_out, settings.training.row_tokens, 0)
    tokens = chosen.passes * sum(len(one.ids) for one in rendered)
    shared = chosen.passes * sum(len(row.ids) for row in rows)

    def result(facet: "Facet", layers: str, spent: Spent, flops: float, computed: int) -> Result:
        seconds = spent.seconds
        return Result(
            seconds=round(seconds, 1),
            cpu_seconds=round(spent.cpu_seconds, 1),
            tokens_per_s=round(tokens / seconds, 1),
            computed_per_s=round(computed / seconds, 1),
            held_out=round(_loss(model, facet, layers, measured), 4),
            gflops=round(flops / seconds / 1e9, 1),
            peak_share=round(flops / seconds / 1e12 / chosen.peak_tflops, 3) if chosen.peak_tflops else None,
        )

    facet, spent, flops = _train_ours(opened, rows, chosen.passes)
    opened.trainer.bank.remove()
    ours = result(facet, settings.facets.layers, spent, flops, shared)
    yield "ours", ours
    ways = {"plain": "all"} | ({} if chosen.without_fair else {"plain_top_third": settings.facets.layers})
    for name, layers in ways.items():
        plain = train_plain(model, rendered, layers, Recipe(chosen.rank, chosen.passes, chosen.plain_rate))
        found = result(plain.facet, layers, plain.spent, plain.flops, tokens)
        ratio, cpu_ratio = found.seconds / ours.seconds, found.cpu_seconds / ours.cpu_seconds
        yield name, msgspec.structs.replace(found, ratio=round(ratio, 2), cpu_ratio=round(cpu_ratio, 2))


def _train_ours(opened: Opened, rows: "Sequence[Row]", passes: int) -> "tuple[Facet, Spent, float]":
    """The `Trainer.train` of `selfsame train` (without validation, as plain has none): facet, time and flops."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from training.facets.train_facet import Stage

    trainer = opened.trainer
    trainer.begin("bench")
    with FlopCounterMode(display=False) as frozen:
        trainer.split.lower(rows[0])
    entering = trainer.split.lower(rows[0])
    with FlopCounterMode(display=False) as learning, trainer.bank.using(torch.ones(1)):
        trainer.split.upper(entering, rows[0]).sum().backward()  # type: ignore[no-untyped-call]
    share = sum(len(row.ids) for row in rows) / len(rows[0].ids)
    flops = share * (frozen.get_total_flops() + passes * learning.get_total_flops())
    for parameter in trainer.bank.parameters():
        parameter.grad = None
    with TemporaryDirectory() as directory:
        with stopwatch() as spent:
            trained = trainer.train(Stage("bench", tuple(rows), (), passes), Path(directory) / "checkpoint.safetensors")
        return trained.facet, spent, flops


def _loss(model: Any, facet: "Facet", layers: str, rows: "Sequence[Row]") -> float:
    """Nats per reply token, by plain forward passes through a bank."""
    import torch

    from model_server.facets import FacetBank
    from training.config import TrainingConfig
    from training.facets.split_model import SplitModel
    from training.facets.train_facet import Trainer

    bank = FacetBank(model, facet.rank, 1, layers)
    bank.load("measured", "", facet)
    try:
        with torch.no_grad():
            return Trainer("", bank, SplitModel(model, 0), TrainingConfig()).validate(rows)
    finally:
        bank.remove()


if __name__ == "__main__":
    main()
