"""The state of a training between two steps, as one safetensors file that is replaced whole.

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
    epoch: int = 0
    """Epochs completed."""
    step: int = 0
    """Steps completed, of all epochs."""
    best_epoch: int = 0
    """The epoch of the best look at validation; the first is 1."""
    best_loss: float = 0.0
    loss_before: float = 0.0
    seconds: float = 0.0
    losses: dict[int, float] = {}
    """Epoch -> the loss of its best look."""
    looked: int = 0
    """The step after which validation was last looked at."""
    fruitless: int = 0
    """Looks since the best one."""


def write_checkpoint(path: Path, progressed: Progressed, tensors: Mapping[str, torch.Tensor]) -> None:
    """Replace the checkpoint in one step."""
    owned = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    replace_file(path, save(owned, metadata={"progressed": msgspec.json.encode(progressed).decode()}))


def read_checkpoint(path: Path, inputs: str) -> tuple[Progressed, dict[str, torch.Tensor]] | None:
    """The state to go on from; None when there is none of this training that can be read."""
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {})["progressed"]
            progressed = msgspec.json.decode(text, type=Progressed)
            if msgspec.json.decode(text).keys() != set(Progressed.__struct_fields__):
                return None  # written by another version of this program
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (OSError, KeyError, SafetensorError, msgspec.DecodeError):
        return None
    return (progressed, tensors) if progressed.inputs == inputs else None
