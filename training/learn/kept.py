"""The state of a course between two epochs, as one safetensors file that is replaced whole: it goes on after a kill.

Holds numbers and a little JSON, no pickle. Knows matrices and an AdamW; not what is learned.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from training.private_file import replace_file

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class LearningKept(msgspec.Struct, frozen=True):
    """How far a course is. `inputs` names it: another digest is another course. `done`: no epoch is to follow."""

    inputs: str
    epoch: int
    done: bool


def write_kept(
    path: Path, state: LearningKept, matrices: Sequence[torch.nn.Parameter], optimiser: torch.optim.Optimizer
) -> None:
    """Replace the file in one step; its folder is made."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    tensors = {f"now.{at}": matrix.detach() for at, matrix in enumerate(matrices)}
    for at, matrix in enumerate(matrices):
        moments = optimiser.state[matrix]
        tensors |= {f"{name}.{at}": moments[name] for name in _MOMENTS if name in moments}
    owned = {name: tensor.cpu().clone() for name, tensor in tensors.items()}
    replace_file(path, save(owned, metadata={"state": msgspec.json.encode(state).decode()}))


@torch.no_grad()
def read_kept(
    path: Path, inputs: str, matrices: Sequence[torch.nn.Parameter], optimiser: torch.optim.Optimizer
) -> LearningKept | None:
    """Put matrices and optimiser back as they were; None, and nothing done, when there is no such state to read."""
    try:
        with safe_open(path, framework="pt") as file:
            state = msgspec.json.decode((file.metadata() or {})["state"], type=LearningKept)
            if state.inputs != inputs:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, KeyError, SafetensorError, msgspec.DecodeError):
        return None
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for at, matrix in enumerate(matrices):
        matrix.copy_(tensors[f"now.{at}"])
        if found := {name: tensors[f"{name}.{at}"] for name in _MOMENTS if f"{name}.{at}" in tensors}:
            moments[at] = found
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})
    return state
