"""What a blend costs at decoding: the bank beside the base model and beside peft's ways, interleaved in one process.

`python -m bench.blend_overhead [--json]`. One decode step with 64 tokens of context, a different dense blend of four
facets (rank 16) in every row; medians of paired ratios. peft mixed: one batch, `adapter_names`, blends combined ahead.
peft switch: one forward pass per blend after `set_adapter`.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model_server.threads import settle_threads

FACETS, RANK, CONTEXT_TOKENS = 4, 16, 64
Step = Callable[[], object]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--rounds", type=int, default=11)
    chosen = arguments.parse_args()
    settle_threads(1)
    rows = []
    for row in measure(chosen.rounds):
        rows.append(row)
        if not chosen.json:
            print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    if chosen.json:
        print(json.dumps(rows, indent=2))


def measure(rounds: int) -> Iterator[dict[str, object]]:
    import torch

    from model_server.base_model import load_base_model
    from model_server.config import ModelConfig
    from model_server.facets import FacetBank
    from model_server.home import find_home

    home = find_home(Path("config.toml")).create()
    base = load_base_model(ModelConfig(threads=1), home)
    peft_base = load_base_model(ModelConfig(threads=1), home)
    for layers in ("all", "top-third"):
        bank = FacetBank(base.model, RANK, FACETS, layers)
        fill(bank)
        for batch in (1, 4, 8):
            gains = torch.rand(batch, FACETS, generator=torch.Generator().manual_seed(batch))
            with torch.no_grad(), peft_blends(peft_base.model, bank, gains) as (mixed, switch):
                steps = {
                    "base": step(base.model, batch),
                    "bank": with_gains(bank, gains, step(base.model, batch)),
                    "peft_mixed": mixed,
                    "peft_switch": switch,
                }
                times = interleaved(steps, rounds, base.device.type)
            ratios = {
                f"{name}_x": round(statistics.median(t / b for t, b in zip(times[name], times["base"], strict=True)), 2)
                for name in steps
                if name != "base"
            }
            yield {"layers": layers, "batch": batch, "base_ms": round(statistics.median(times["base"]), 1), **ratios}
        bank.remove()


def fill(bank: Any) -> None:
    import torch

    from model_server.facet_files import Facet, Pair

    for number in range(FACETS):
        noise = torch.Generator().manual_seed(number)
        pairs = {
            layer: Pair(
                torch.randn(RANK, linear.base.in_features, generator=noise) * 0.02,
                torch.randn(linear.base.out_features, RANK, generator=noise) * 0.02,
            )
            for layer, linear in bank.linears.items()
        }
        bank.load(f"facet-{number}", "1", Facet(pairs, RANK, 2.0))


def step(model: Any, batch: int, **extra: Any) -> Step:
    """One decode step after a prompt; the cache is cut back each time, so that every step is the same."""
    import torch
    from transformers import DynamicCache

    generator = torch.Generator().manual_seed(0)
    prompt = torch.randint(100, 40_000, (batch, CONTEXT_TOKENS), generator=generator).to(model.device)
    cache = DynamicCache()
    model(prompt, past_key_values=cache, use_cache=True)

    def run() -> None:
        model(prompt[:, :1], past_key_values=cache, use_cache=True, logits_to_keep=1, **extra)
        cache.crop(-1)

    return run


def with_gains(bank: Any, gains: Any, run: Step) -> Step:
    def gained() -> None:
        with bank.using(gains):
            run()

    return gained


@contextmanager
def peft_blends(model: Any, bank: Any, gains: Any) -> Iterator[tuple[Step, Step]]:
    """peft's two ways over the same facets: a mixed batch, and one pass per blend. Unwraps the model at the end."""
    from peft import PeftModel

    from model_server.facet_files import write_facet

    names = [f"facet-{number}" for number in range(FACETS)]
    with tempfile.TemporaryDirectory() as directory:
        for slot, name in enumerate(names):
            write_facet(bank.read_slot(slot), Path(directory) / name)
        wrapped = PeftModel.from_pretrained(model, Path(directory) / names[0], adapter_name=names[0])
        for name in names[1:]:
            wrapped.load_adapter(Path(directory) / name, adapter_name=name)
    blends = [f"blend-{row}" for row in range(len(gains))]
    for blend, row in zip(blends, gains.tolist(), strict=True):
        wrapped.add_weighted_adapter(names, row, blend, combination_type="cat")
    wrapped.eval()
    wrapped.set_adapter(blends[0])
    one = step(wrapped, 1)

    def switch() -> None:
        for blend in blends:
            wrapped.set_adapter(blend)
            one()

    yield step(wrapped, len(blends), adapter_names=blends), switch
    wrapped.unload()


def interleaved(steps: dict[str, Step], rounds: int, device: str) -> dict[str, list[float]]:
    """Milliseconds of every step in every round, in an order drawn anew (the first after another model is slow).

    On a CPU the thread's own time: neighbours do not count.
    """
    import torch

    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, run in random.Random(number).sample(list(steps.items()), len(steps)):
            if device == "cuda":
                torch.cuda.synchronize()
            clock = time.perf_counter if device == "cuda" else time.thread_time
            begun = clock()
            run()
            if device == "cuda":
                torch.cuda.synchronize()
            if number:  # the first round warms up
                times[name].append((clock() - begun) * 1000)
    return times


if __name__ == "__main__":
    main()
