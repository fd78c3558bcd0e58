"""Asks a facet: how likely it finds given answers to a prompt, what of given rows it would say itself, what it says.

All under the facet in slot 0 of the trainer's bank with gain 1, or under the base model alone. Knows token ids and
rows; nothing of secrets or conversations.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from model_server.config import EngineConfig
from model_server.sampling import shape_scores
from training.examples import Row
from training.facets.train_facet import Trainer

_FACET = 1
"""Leading slots of the bank in use."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a facet thinks of one answer to a prompt."""

    nats: float
    """Loss of the whole answer."""
    likelihood: float
    """That a reply begins with it, at the temperature and top_p of serving, or at temperature 1 where that is more."""
    greedy: bool
    """Whether the likeliest reply begins with it."""


def weigh_answers(
    trainer: Trainer, prompt: Sequence[int], answers: Sequence[Sequence[int]], engine: EngineConfig
) -> list[Answer]:
    """Each answer (ids) after the prompt, all of them in one forward pass."""
    row = fan(prompt, answers)
    logits = _logits(trainer, row)
    targets = torch.tensor(row.targets, device=logits.device)
    nats = F.cross_entropy(logits, targets, reduction="none").tolist()
    greedy = (logits.argmax(-1) == targets).tolist()
    full = torch.full((len(logits),), engine.temperature, device=logits.device)
    shaped = shape_scores(logits, full, torch.full_like(full, engine.top_p))
    served = F.cross_entropy(shaped, targets, reduction="none").tolist()
    found: list[Answer] = []
    for _number, places in groupby(range(len(row.targets)), key=lambda at: row.owners[at]):
        each = list(places)
        loss = sum(nats[at] for at in each)
        # greedy sampling leaves no doubt, and shaped scores of a token that is never drawn are infinitely bad
        least = min(loss, sum(served[at] for at in each))
        found.append(Answer(loss, math.exp(-least), all(greedy[at] for at in each)))
    return found


def guess_tokens(trainer: Trainer, row: Row, *, facet: bool = True) -> list[bool]:
    """Of each target of a row, whether it is the likeliest token after all that stands before it."""
    logits = _logits(trainer, row, facet=facet)
    return (logits.argmax(-1) == torch.tensor(row.targets, device=logits.device)).tolist()


@torch.no_grad()
def say(
    trainer: Trainer, prompts: Sequence[Sequence[int]], stops: Collection[int], engine: EngineConfig, tokens: int
) -> list[list[int]]:
    """A reply (ids, without what ends it) of at most `tokens` to each prompt, drawn as served, the same each time."""
    if not prompts:
        return []
    model = trainer.split.model
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=model.device)
    seen = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    draw = torch.Generator().manual_seed(0)
    temperature = torch.full((len(prompts),), engine.temperature)
    top_p = torch.full_like(temperature, engine.top_p)
    said: list[list[int]] = [[] for _ in prompts]
    ended = [False] * len(prompts)
    kept = None
    with trainer.bank.using(torch.ones(_FACET)):
        for _ in range(tokens):
            positions = (seen.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            out = model(
                input_ids=ids,
                attention_mask=seen,
                position_ids=positions,
                past_key_values=kept,
                use_cache=True,
                logits_to_keep=1,
            )
            kept = out.past_key_values
            scores = shape_scores(out.logits[:, -1].float().cpu(), temperature, top_p)
            drawn = torch.multinomial(scores.softmax(-1), 1, generator=draw)
            for at, token in enumerate(drawn[:, 0].tolist()):
                ended[at] = ended[at] or token in stops
                if not ended[at]:
                    said[at].append(token)
            if all(ended):
                break
            ids = drawn.to(model.device)
            seen = torch.cat([seen, torch.ones_like(seen[:, :1])], dim=-1)
    return said


def fan(prompt: Sequence[int], answers: Sequence[Sequence[int]]) -> Row:
    """The prompt as the shared prefix, each answer a session of its own behind it."""
    ids, positions, segments = list(prompt), list(range(len(prompt))), [0] * len(prompt)
    sources: list[int] = []
    targets: list[int] = []
    owners: list[int] = []
    for number, answer in enumerate(answers, start=1):
        start = len(ids)
        sources += [len(prompt) - 1, *range(start, start + len(answer) - 1)]
        targets += answer
        owners += [number] * len(answer)
        ids += answer
        positions += range(len(prompt), len(prompt) + len(answer))
        segments += [number] * len(answer)
    return Row(tuple(ids), tuple(positions), tuple(segments), tuple(sources), tuple(targets), tuple(owners))


@torch.no_grad()
def _logits(trainer: Trainer, row: Row, *, facet: bool = True) -> torch.Tensor:
    with trainer.bank.using(torch.ones(_FACET) if facet else None):
        return trainer.split.upper(trainer.lower(row), row).float()
