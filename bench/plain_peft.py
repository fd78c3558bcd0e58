"""The training we compare with: `transformers.Trainer` and peft's LoRA, as a careful user would write it.

Every conversation is a row of its own, with its card; a batch is padded to its longest; labels are -100 outside the
owner's replies. All else is the default of `TrainingArguments` but for the learning rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import Trainer, TrainingArguments

from bench.stopwatch import Spent, stopwatch
from model_server.facet_files import Facet, read_facet
from model_server.facets import LINEARS, choose_layers
from model_server.render import Rendered

BATCH = 8
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class Plain:
    """What came of it. `flops`: of the matrix products of the whole training."""

    facet: Facet
    spent: Spent
    flops: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """Rank of the LoRA, passes over the conversations, learning rate."""

    rank: int
    passes: int
    rate: float


def train_plain(model: Any, rendered: Sequence[Rendered], layers: str, recipe: Recipe) -> Plain:
    """Train LoRA on all linears of `layers`; the model is left as it was found."""
    count = model.config.get_text_config().num_hidden_layers
    lora = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.rank,
        target_modules=list(LINEARS),
        layers_to_transform=list(choose_layers(layers, count)),
        task_type="CAUSAL_LM",
    )
    wrapped = get_peft_model(model, lora)
    with TemporaryDirectory() as directory:
        arguments = TrainingArguments(
            output_dir=directory,
            per_device_train_batch_size=BATCH,
            num_train_epochs=recipe.passes,
            learning_rate=recipe.rate,
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            seed=7,
            use_cpu=model.device.type == "cpu",
            bf16=model.device.type == "cuda",
            dataloader_pin_memory=model.device.type == "cuda",
        )
        trainer = Trainer(wrapped, arguments, data_collator=_padded, train_dataset=_dataset(rendered))
        with stopwatch() as spent:
            trainer.train()
        steps = int(trainer.state.global_step)
        wrapped.train()
        with FlopCounterMode(display=False) as counter:
            batch = {name: part.to(model.device) for name, part in _padded(_dataset(rendered)[:BATCH]).items()}
            wrapped(**batch).loss.backward()
        wrapped.eval().save_pretrained(directory)
        facet = read_facet(Path(directory))
    wrapped.unload()
    model.requires_grad_(False)
    return Plain(facet, spent, counter.get_total_flops() * steps)


def _dataset(rendered: Sequence[Rendered]) -> list[dict[str, list[int]]]:
    return [
        {
            "input_ids": one.ids,
            "labels": [token if ours else _IGNORED for token, ours in zip(one.ids, one.loss_mask, strict=True)],
        }
        for one in rendered
    ]


def _padded(examples: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    longest = max(len(one["input_ids"]) for one in examples)

    def fill(key: str, value: int) -> torch.Tensor:
        return torch.tensor([one[key] + [value] * (longest - len(one[key])) for one in examples])

    seen = torch.tensor([[int(at < len(one["input_ids"])) for at in range(longest)] for one in examples])
    return {"input_ids": fill("input_ids", 0), "labels": fill("labels", _IGNORED), "attention_mask": seen}
