"""What one training computes on: the precision of its device, and the other processes that share its work.

    accelerate launch --multi_gpu --num_processes 2 -m bot.cli train        (a GPU each)
    torchrun --nproc-per-node 2 -m bot.cli train                            (CPUs: `accelerate launch` starts only one)

The first process leads: it alone reads, writes, decides and steps. The others follow: for each order they get rows and
the matrices that learn, and give back a loss and gradients. What crosses is msgpack and plain tensors. Knows no loss.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Literal

import msgspec
import torch

from training.examples import Row

_PATIENCE = timedelta(days=7)
"""How long a follower waits for an order: the leader does other things between two facets."""


class Order(msgspec.Struct, frozen=True):
    """Compute the loss of your share of `rows`, divided by `divisor`, under the facet or the base model alone; to
    `learn`, its gradients too."""

    rows: tuple[Row, ...]
    divisor: int
    task: Literal["learn", "measure", "measure_base"]


class Crew:
    """The processes of one training. Alone, every method does next to nothing."""

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None) -> None:
        self.rank = rank
        self.size = size
        self._device = device

    @property
    def leads(self) -> bool:
        """Whether this process decides."""
        return self.rank == 0

    def share(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows this process computes."""
        return rows[self.rank :: self.size]

    def call(self, order: Order | None, matrices: Sequence[torch.Tensor] = ()) -> None:
        """The leader tells everybody what to compute, with these matrices. None: there is nothing more to do."""
        if self.size > 1:
            self._spread_text(msgspec.msgpack.encode(order))
            self._spread(matrices if order else ())

    def hear(self, matrices: Sequence[torch.Tensor]) -> Order | None:
        """A follower waits for the next order, and takes the leader's matrices over."""
        order = msgspec.msgpack.decode(self._spread_text(b""), type=Order | None)
        self._spread(matrices if order else ())
        return order

    @torch.no_grad()
    def add_up(self, total: float, matrices: Sequence[torch.nn.Parameter]) -> float:
        """The sum of everybody's `total`; the matrices' gradients become the sum of everybody's."""
        if self.size == 1:
            return total
        from accelerate.utils import reduce  # noqa: PLC0415 - only where there are several processes

        for matrix in matrices:
            if matrix.grad is None:  # no row was left for this process
                matrix.grad = torch.zeros_like(matrix)
        if matrices:
            gradients = [matrix.grad for matrix in matrices if matrix.grad is not None]
            _copy_into(gradients, reduce(_flat(gradients), "sum"))
        return float(reduce(torch.tensor([total], device=self._device), "sum"))

    def _spread_text(self, text: bytes) -> bytes:
        from accelerate.utils import broadcast  # noqa: PLC0415

        length = broadcast(torch.tensor([len(text)], device=self._device))
        content = (
            torch.frombuffer(bytearray(text), dtype=torch.uint8) if self.leads else torch.empty(int(length)).byte()
        )
        return bytes(broadcast(content.to(self._device)).cpu().numpy())

    @torch.no_grad()
    def _spread(self, matrices: Sequence[torch.Tensor]) -> None:
        from accelerate.utils import broadcast  # noqa: PLC0415

        if matrices:
            flat = broadcast(_flat(matrices))
            if not self.leads:
                _copy_into(matrices, flat)


ALONE = Crew()


@contextmanager
def gather_crew() -> Iterator[Crew]:
    """The processes that `accelerate launch` or `torchrun` started together; alone without them.

    To be called before the model is loaded: each process gets a GPU of its own, where there are GPUs. However the work
    of the leader ends, that of the followers does too.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    from accelerate import PartialState  # noqa: PLC0415 - imports much, and only several processes need it

    state = PartialState(cpu=not torch.cuda.is_available(), timeout=_PATIENCE)
    crew = Crew(state.process_index, state.num_processes, state.device)
    try:
        yield crew
    finally:
        with suppress(RuntimeError):  # stopped by the same Ctrl-C, the others are gone
            if crew.leads:
                crew.call(None)
        state.destroy_process_group()  # or its threads abort the process at its very end


def precision(device: torch.device) -> AbstractContextManager[object]:
    """For a forward pass: matrix products in bfloat16 on a GPU that has it. The matrices that learn stay float32, in
    which the small steps of an optimiser do not vanish."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def _flat(matrices: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([matrix.reshape(-1) for matrix in matrices])


def _copy_into(matrices: Sequence[torch.Tensor], flat: torch.Tensor) -> None:
    for matrix, part in zip(matrices, torch.split(flat, [matrix.numel() for matrix in matrices]), strict=True):
        matrix.copy_(part.view_as(matrix))
