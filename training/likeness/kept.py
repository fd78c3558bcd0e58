"""Parts of a report that are done, on disk: a part made from the same inputs is read, not made again.

`runs/likeness/<part>-<digest of its inputs>.json`, written when the part is whole. Does not know what a part says.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from model_server.privacy import left_to_forget, privacy_mark
from training.alone import alone
from training.half_learned import forget_half_learned
from training.private_file import replace_file

_Part = TypeVar("_Part")


class Kept:
    """The parts of one home's reports. One part is kept of each name: the last."""

    def __init__(self, home: Home) -> None:
        self.directory: Path = home.runs_dir / "likeness"

    def keep(self, part: str, inputs: str, kind: type[_Part], make: Callable[[], _Part]) -> _Part:
        """The part if it was made of these `inputs` (a digest), else what `make` returns, kept from now on."""
        path = self.directory / f"{part}-{inputs}.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            pass  # not made yet, or by a version that wrote another shape
        made = make()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, msgspec.json.encode(made))
        for former in self.directory.glob(f"{part}-{'[0-9a-f]' * 32}.json"):
            if former != path:
                former.unlink(missing_ok=True)
        return made


@contextmanager
def measuring_alone(home: Home) -> Iterator[None]:
    """One report is measured in a home at a time. CorpusError when another one is.

    Where somebody was forgotten or left out meanwhile, nothing made with his words stays: neither the parts of the
    report, nor facets of controls.
    """
    with alone(home, ".likeness.lock", "another evaluation runs in this home", "wait for it, or stop it first"):
        mark = privacy_mark(home)  # before anything is read
        try:
            yield
        finally:
            if left_to_forget(home, mark):
                forget_half_learned(home)
        if left_to_forget(home, mark):
            raise CorpusError("somebody was left out of the corpus while it was measured", "run the same command again")
