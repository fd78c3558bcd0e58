"""How long something took: by the clock, and by the processor, which a neighbour on the same cores disturbs less."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Spent:
    """Filled when the context is left. `cpu_seconds`: of all threads of this process."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Spent]:
    """Measure the block."""
    spent = Spent()
    begun, cpu_begun = time.perf_counter(), time.process_time()
    yield spent
    spent.seconds, spent.cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
