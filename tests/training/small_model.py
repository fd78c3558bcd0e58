"""A language model of a few thousand weights, a bank around it and rows for it: training in milliseconds.

Run as a program it is one process of a training of several: `python -m tests.training.small_model DIRECTORY`.
"""

import random
import sys
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from model_server.facet_files import write_facet
from model_server.facets import FacetBank
from model_server.render import Rendered
from training.config import TrainingConfig
from training.examples import Row, pack
from training.facets.devices import Crew, gather_crew
from training.facets.split_model import SplitModel
from training.facets.train_facet import Stage, Trainer


def small_trainer(rows_per_step: int = 2, crew: Crew | None = None, learning_rate: float = 0.05) -> Trainer:
    """Four layers, of which the upper two carry facets; the same weights each time."""
    torch.manual_seed(11)
    config = LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
    )
    model = LlamaForCausalLM(config).eval().requires_grad_(False)
    bank = FacetBank(model, 4, 1, "top-2")
    training = TrainingConfig(rows_per_step=rows_per_step, learning_rate=learning_rate)
    return Trainer("small", bank, SplitModel(model, 2), training, crew)


def some_rows(count: int, seed: int = 1, gap: int = 3) -> tuple[Row, ...]:
    """Conversations in which each word is `gap` more than the last, three a row: there is something to learn."""
    draw = random.Random(seed)
    rendered = []
    for _ in range(3 * count):
        begin = draw.randrange(30)
        ids = [1, 2, 3, *((begin + gap * at) % 36 + 4 for at in range(8))]
        rendered.append(Rendered(ids, [False] * 5 + [True] * 6))
    return tuple(pack(rendered, 27, seed))


def small_stage(count: int = 5, epochs: int = 3) -> Stage:
    """Validation rows that are like the others."""
    return Stage("friend", some_rows(count), some_rows(2, seed=2), epochs)


def main(directory: Path) -> None:
    with gather_crew() as crew:
        trainer = small_trainer(crew=crew)
        if not crew.leads:
            trainer.follow()
            return
        trained = trainer.train(small_stage(), directory / "checkpoint.safetensors")
    write_facet(trained.facet, directory / "facet", "small")
    (directory / "losses").write_text(repr(trained.progressed.losses))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
