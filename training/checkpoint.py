"""The state of a training between two epochs, as one safetensors file that is replaced whole.

Holds numbers and a little JSON, no pickle. Does not know how the numbers are used.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from training.private_file import replace_file


class Progressed(msgspec.Struct, frozen=True):
    """How far a training has come. `inputs` names what it learns from: another digest is another training."""

    inputs: str
    epoch: int
    """Epochs completed."""
    step: int
    best_epoch: int
    best_loss: float
    loss_before: float
    seconds: float


def write_checkpoint(path: Path, progressed: Progressed, tensors: Mapping[str, torch.Tensor]) -> None:
    """Replace the checkpoint in one step."""
    owned = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
    replace_file(path, save(owned, metadata={"progressed": msgspec.json.encode(progressed).decode()}))


def read_checkpoint(path: Path, inputs: str) -> tuple[Progressed, dict[str, torch.Tensor]] | None:
    """The state to go on from; None when there is none of this training that can be read."""
    try:
        with safe_open(path, framework="pt") as file:
            progressed = msgspec.json.decode((file.metadata() or {})["progressed"], type=Progressed)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, KeyError, SafetensorError, msgspec.DecodeError):
        return None
    return (progressed, tensors) if progressed.inputs == inputs else None
