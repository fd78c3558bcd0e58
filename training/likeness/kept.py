"""Parts of a report that are done, on disk: a part made from the same inputs is read, not made again.

`runs/likeness/<part>-<digest of its inputs>.json`, written when the part is whole. Does not know what a part says.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from model_server.home import Home
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
