"""What a learning is at, for whoever looks from outside (`selfsame status`): a small file, replaced now and then.

Knows names and numbers only; not who reads them, nor what they lead to.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from model_server.home import Home
from training.learn.state import learning_dir
from training.private_file import replace_file

Told = Callable[[str, str, int, int, float | None], None]
"""Told the facet, what is done for it, how far that is, of how much (0: unknown), and the loss of a step."""

_EVERY_S = 1.0


class LearningNow(msgspec.Struct, frozen=True):
    """`share`: how much of `doing` is done; None where nobody knows how long it takes."""

    facet: str
    doing: str
    share: float | None = None


@contextmanager
def tell_now(home: Home, told: Told) -> Iterator[Told]:
    """`told`, which besides keeps `runs/learn/now.json`. One learning at a time may do so.

    `runs/learn/.now.lock` is locked for as long: by it a reader knows a file that a killed learning has left. The next
    one removes it.
    """
    directory = learning_dir(home)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, doing, written_s = directory / "now.json", ("", ""), 0.0

    def both(facet: str, what: str, done: int, total: int, loss: float | None) -> None:
        nonlocal doing, written_s
        told(facet, what, done, total, loss)
        if doing != (facet, what) or time.monotonic() - written_s >= _EVERY_S:
            doing, written_s = (facet, what), time.monotonic()
            now = LearningNow(facet, what, round(done / total, 3) if total else None)
            replace_file(path, msgspec.json.encode(now) + b"\n")

    with (directory / ".now.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits: a reader has it for an instant
        path.unlink(missing_ok=True)
        try:
            yield both
        finally:
            path.unlink(missing_ok=True)
