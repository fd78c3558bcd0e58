"""How many CPU threads torch may use, and how they wait. Torch-free: call `settle_threads` before torch is imported.

Two OpenMP threads that spin while a neighbour holds their core made one token eleven times slower (916 ms against 83);
waiting passively costs nothing measurable. libgomp reads its environment once, when torch loads it.
"""

import os


def settle_threads(threads: int) -> int:
    """Set OpenMP's environment for `threads` (0: by the number of cores) unless it is set. Returns the count.

    Has its full effect only when called before the first `import torch` of the process.
    """
    count = threads or default_threads(len(os.sched_getaffinity(0)))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OMP_NUM_THREADS", str(count))
    return count


def default_threads(cores: int) -> int:
    """All cores but one, which Redis, the bot and the neighbours need; both of two; the only one there is."""
    return cores - 1 if cores > 2 else cores
