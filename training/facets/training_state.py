"""The moving parts of one training: matrices, optimiser, how far it has come, and the best matrices of each epoch.

Writes and reads itself as a checkpoint, between two steps only. Knows no rows, no model and no loss function.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import torch

from training.facets.checkpoint import Progressed, read_checkpoint, write_checkpoint

_WEIGHT_DECAY = 0.01
_BETAS = (0.9, 0.98)


class TrainingState:
    """`candidates`: epoch -> copies of the matrices at its best look."""

    def __init__(self, matrices: Sequence[torch.nn.Parameter], inputs: str) -> None:
        self.matrices = matrices
        self.optimiser = torch.optim.AdamW(matrices, betas=_BETAS, weight_decay=_WEIGHT_DECAY, fused=True)
        self.done = Progressed(inputs)
        self.candidates: dict[int, list[torch.Tensor]] = {}
        self._changing = False
        self._begun = time.monotonic()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What happens inside belongs together; if it is cut off, this state is never written again."""
        self._changing = True
        yield
        self._changing = False

    def advance(self, epoch: int) -> None:
        """One step more is done; `epoch`: epochs completed with it."""
        seconds = time.monotonic() - self._begun
        self.done = msgspec.structs.replace(self.done, step=self.done.step + 1, epoch=epoch, seconds=seconds)

    def look(self, loss: float, epoch: int, *, validated: bool) -> None:
        """Keep the matrices as their epoch's candidate unless an earlier look of it was better (if `validated`)."""
        done = self.done
        better = not validated or not done.best_epoch or loss < done.best_loss or math.isnan(done.best_loss)
        with self.changing():
            if better or epoch not in done.losses or loss < done.losses[epoch]:
                self.candidates[epoch] = [matrix.detach().clone() for matrix in self.matrices]
                done = msgspec.structs.replace(done, losses=done.losses | {epoch: loss})
            if better:
                done = msgspec.structs.replace(done, best_epoch=epoch, best_loss=loss)
            fruitless = 0 if better else done.fruitless + 1
            seconds = time.monotonic() - self._begun
            self.done = msgspec.structs.replace(done, looked=done.step, fruitless=fruitless, seconds=seconds)

    @torch.no_grad()
    def take(self, epoch: int) -> None:
        """Set the matrices to an epoch's candidate."""
        for matrix, kept in zip(self.matrices, self.candidates[epoch], strict=True):
            matrix.copy_(kept)

    def write(self, path: Path) -> None:
        """Replace the checkpoint by the state between two steps."""
        if self._changing:
            return
        tensors = {}
        for at, matrix in enumerate(self.matrices):
            tensors[f"now.{at}"] = matrix.detach()
            tensors |= {f"{key}.{at}": value for key, value in self.optimiser.state[matrix].items()}
            tensors |= {f"candidate{epoch}.{at}": kept[at] for epoch, kept in self.candidates.items()}
        write_checkpoint(path, self.done, tensors)

    @torch.no_grad()
    def read(self, path: Path) -> bool:
        """Go on from the checkpoint, if it is of this very training."""
        if (found := read_checkpoint(path, self.done.inputs)) is None:
            return False
        self.done, tensors = found
        self._begun = time.monotonic() - self.done.seconds
        moments = {}
        for at, matrix in enumerate(self.matrices):
            matrix.copy_(tensors[f"now.{at}"])
            if f"step.{at}" in tensors:  # not before the first step
                moments[at] = {key: tensors[f"{key}.{at}"] for key in ("step", "exp_avg", "exp_avg_sq")}
        self.optimiser.load_state_dict({"state": moments, "param_groups": self.optimiser.state_dict()["param_groups"]})
        self.candidates = {
            epoch: [
                tensors[f"candidate{epoch}.{at}"].to(matrix.device, matrix.dtype)
                for at, matrix in enumerate(self.matrices)
            ]
            for epoch in self.done.losses
        }
        return True
