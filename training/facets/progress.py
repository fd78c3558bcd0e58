"""How a training tells where it is: `progress.json`, replaced at most twice a second, for whoever watches.

Knows numbers and facet names only; not who reads them.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from model_server.home import Home
from training.private_file import replace_file

_EVERY_S = 0.5
_RECENT = 0.9
"""Weight of the past in the smoothed loss and speed."""


class TrainingProgress(msgspec.Struct, frozen=True):
    """Where a training is. `eta_s` is for all facets; null until the speed is known."""

    state: Literal["running", "done", "stopped", "failed"]
    facet: str = ""
    step: int = 0
    steps: int = 0
    done_facets: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    """All of them, in the order they are trained."""
    loss: float | None = None
    tokens_per_s: float | None = None
    eta_s: float | None = None


class ProgressFile:
    """The one writer of `progress.json`. Counts tokens to tell the speed and how long it will take."""

    def __init__(self, home: Home) -> None:
        self._path = home.runs_dir / "progress.json"
        self._written_s = 0.0
        self._tokens_left = 0
        self.now = TrainingProgress("running")
        self._write()

    def plan(self, facets: tuple[str, ...], tokens: int) -> None:
        """What there is to do in all."""
        self._tokens_left = tokens
        self._tell(facets=facets)

    def begin(self, facet: str) -> None:
        """The next facet."""
        self._tell(facet=facet, step=0, steps=0, loss=None)

    def step(self, step: int, steps: int, loss: float, tokens: int, seconds: float) -> None:
        """One step of it; the steps before the first that is told were done by a training that was stopped."""
        earlier = tokens * (step - 1) if not self.now.step else 0
        self._tokens_left = max(0, self._tokens_left - earlier - tokens)
        speed = smooth(self.now.tokens_per_s, tokens / max(seconds, 1e-6))
        self.now = msgspec.structs.replace(
            self.now,
            step=step,
            steps=steps,
            loss=round(smooth(self.now.loss, loss), 4),
            tokens_per_s=round(speed, 1),
            eta_s=round(self._tokens_left / speed, 1),
        )
        if time.monotonic() - self._written_s >= _EVERY_S:
            self._write()

    def finish(self, facet: str, tokens_not_needed: int = 0) -> None:
        """The facet is published; it stopped early by so many tokens."""
        self._tokens_left = max(0, self._tokens_left - tokens_not_needed)
        self._tell(done_facets=(*self.now.done_facets, facet))

    def end(self, state: Literal["done", "stopped", "failed"]) -> None:
        """Nothing more will come."""
        self._tell(state=state, eta_s=0.0 if state == "done" else None)

    def _tell(self, **changes: object) -> None:
        self.now = msgspec.structs.replace(self.now, **changes)
        self._write()

    def _write(self) -> None:
        self._written_s = time.monotonic()
        replace_file(self._path, msgspec.json.encode(self.now) + b"\n")


@contextmanager
def tell_progress(home: Home) -> Iterator[ProgressFile]:
    """Tell of one training, its end included, however it ends.

    `runs/.progress.lock` is locked while this process lives: by it a reader knows a training that was killed.
    """
    with (home.runs_dir / ".progress.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits: a reader has it for an instant
        progress = ProgressFile(home)
        try:
            yield progress
        except KeyboardInterrupt:
            progress.end("stopped")
            raise
        except BaseException:
            progress.end("failed")
            raise
        progress.end("done")


def smooth(before: float | None, fresh: float) -> float:
    """A figure that jumps, as it is shown: mostly what it was."""
    return fresh if before is None else _RECENT * before + (1 - _RECENT) * fresh
