"""How long a reply takes while a facet is trained on the same machine, beside how long it takes alone.

    python -m bench.serve_while_training [--json] [--rounds N] [--replies N] [--nice 10] [--threads N] [--ways ...]

Replies of 24 tokens to a line to the sample owner, one after the other, through the worker's engine; beside it the real
`Trainer` learns her `core` in a session of its own, as from another terminal. Rounds alternate (alone, training, alone,
...): in between the training is held by SIGSTOP, so that both conditions meet the same machine. `share`: of one
processor, that the training got in its rounds.

Ways: `plain` steps back not at all, `nice` by nice(2) alone, `quiet` as `selfsame train` does
(`training/facets/quiet.py`).
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.train_speed import open_sample, sample_home
from model_server.home import Home
from model_server.threads import settle_threads
from training.facets.quiet import be_quiet

if TYPE_CHECKING:
    from model_server.engine import BatchingEngine

REPLY_TOKENS = 24
WAYS = ("plain", "nice", "quiet")


class Result(msgspec.Struct, frozen=True):
    """Milliseconds a reply, alone and beside a training; `replies` of each."""

    alone_p50_ms: float
    alone_p95_ms: float
    training_p50_ms: float
    training_p95_ms: float
    share: float
    replies: int


def main() -> None:
    parser = argparse.ArgumentParser(description="Replies while a facet is trained.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--replies", type=int, default=8, help="a round and condition")
    parser.add_argument("--nice", type=int, default=10)
    parser.add_argument("--threads", type=int, default=0, help="of engine and training each; 0: as they take")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    parser.add_argument("--train", choices=WAYS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.train:
        train(chosen.train, chosen.nice, chosen.threads)
        return
    settle_threads(chosen.threads)
    with sample_home() as home:
        results = asyncio.run(measure(home, chosen))
    if chosen.json:
        print(json.dumps(msgspec.to_builtins(results)))
        return
    for way, result in results.items():
        print(f"{way:>6}: " + ", ".join(f"{name} {value}" for name, value in msgspec.to_builtins(result).items()))


def train(way: str, nice: int, threads: int) -> None:
    """The other process: learn for ever, and say on stdout when it has begun."""
    settle_threads(threads)
    if way == "nice":
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    if way == "quiet":
        be_quiet(nice)

    from model_server.config import FacetsConfig
    from model_server.home import find_home
    from training.facets.train_facet import Stage
    from training.pipeline import make_stage
    from training.slices import Slice

    home = find_home()
    opened = open_sample(home, threads, FacetsConfig())
    rows = make_stage(opened.base, opened.settings, Slice("core", opened.split.train, ())).rows
    stage = Stage("core", rows, (), 1000)
    opened.trainer.train(stage, home.runs_dir / "checkpoint", lambda step: print(step.step, flush=True))


async def measure(home: Home, chosen: argparse.Namespace) -> dict[str, Result]:
    """Every way in turn, with one engine."""
    from model_server.base_model import load_base_model
    from model_server.config import EngineConfig, FacetsConfig, ModelConfig, OwnerConfig, read_document, read_section
    from model_server.contract import Line
    from model_server.engine import BatchingEngine
    from model_server.facets import FacetBank
    from model_server.persona import card_for
    from model_server.render import render_prompt
    from training.sample.install import HERE

    base = load_base_model(ModelConfig(threads=chosen.threads), home)
    facets = FacetsConfig()
    bank = FacetBank(base.model, facets.rank, facets.slots, facets.layers)
    engine = BatchingEngine(base, bank, EngineConfig())
    owner = read_section(read_document(HERE / "config.toml"), "owner", OwnerConfig)
    line = Line("1", "contact", "Are you coming on Sunday? I have made too much soup again.", 0)
    prompt = render_prompt(base.tokenizer, card_for(owner, "family", "Mum"), [line], 900)
    engine.start()
    try:
        await _reply_ms(engine, prompt, 0)
        found = {}
        for way in chosen.ways:
            with _training(home, way, chosen) as child:
                found[way] = await _compare(engine, prompt, child, chosen)
        return found
    finally:
        engine.stop()


async def _compare(engine: "BatchingEngine", prompt: list[int], child: int, chosen: argparse.Namespace) -> Result:
    alone: list[float] = []
    beside: list[float] = []
    busy_s = lasted_s = 0.0
    for round_number in range(chosen.rounds):
        for trains, times in ((False, alone), (True, beside)):
            os.kill(child, signal.SIGCONT if trains else signal.SIGSTOP)
            begun, busy_before = time.monotonic(), _busy_s(child)
            for number in range(chosen.replies):
                times.append(await _reply_ms(engine, prompt, round_number * chosen.replies + number))
            if trains:
                busy_s += _busy_s(child) - busy_before
                lasted_s += time.monotonic() - begun
    return Result(*_middle_and_tail(alone), *_middle_and_tail(beside), round(busy_s / lasted_s, 2), len(beside))


async def _reply_ms(engine: "BatchingEngine", prompt: list[int], number: int) -> float:
    """One reply; each prompt has its own salt, as another chat has, so that none finds its keys computed already."""
    from model_server.engine_contract import Generation

    begun = time.perf_counter()
    await engine.generate(
        Generation(
            request_id="bench",
            prompt_ids=tuple(prompt),
            max_new_tokens=REPLY_TOKENS,
            stop_ids=frozenset(),
            salt=number.to_bytes(16, "big"),
            greedy=True,
        )
    )
    return (time.perf_counter() - begun) * 1000


@contextmanager
def _training(home: Home, way: str, chosen: argparse.Namespace) -> Iterator[int]:
    """The other process, once it takes steps; ended afterwards."""
    me = [sys.executable, "-m", "bench.serve_while_training"]
    child = subprocess.Popen(
        [*me, "--train", way, "--nice", str(chosen.nice), "--threads", str(chosen.threads)],
        env=os.environ | {"SELFSAME_HOME": str(home.path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        if child.stdout is None or not child.stdout.readline():
            raise SystemExit("the training did not begin")
        yield child.pid
    finally:
        child.kill()
        child.wait()


def _busy_s(process: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _middle_and_tail(times_ms: list[float]) -> tuple[float, float]:
    return round(statistics.median(times_ms)), round(statistics.quantiles(times_ms, n=20)[-1])


if __name__ == "__main__":
    main()
