"""Losses of blends that outlive the process: a fit that was stopped computes nothing twice.

One file of JSON lines a fit, named by the digest of everything the losses depend on; each line is one point. The fit
itself is deterministic, so replaying its points brings it back to where it was.
"""

import contextlib
from collections.abc import Mapping, Sequence

import msgspec

from model_server.home import Home
from training.blends.fit_blend import ENOUGH_TOKENS, Found, Losses, Point, Told
from training.examples import Row
from training.manifest import digest_of
from training.whole_bank import WholeBank

_KEPT_FITS = 4


class KeptLosses(Losses):
    """`Losses` of the facets that are live in a home, kept under its runs."""

    def __init__(self, whole: WholeBank, rows_by_label: Mapping[str, Sequence[Row]], home: Home, told: Told) -> None:
        super().__init__(whole, rows_by_label, told)
        rows = {
            label: [(row.ids, row.segments, row.sources) for row in found] for label, found in rows_by_label.items()
        }
        inputs = digest_of(whole.base.name, dict(sorted(whole.live.items())), ENOUGH_TOKENS, rows)
        places = home.runs_dir / "fits"
        places.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = places / f"{inputs}.jsonl"
        self._path.touch(mode=0o600)
        *whole_lines, torn = self._path.read_bytes().split(b"\n")
        for line in whole_lines:
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                super().keep(*msgspec.json.decode(line, type=tuple[Point, Found]))
        if torn:  # the last words of a process that was killed
            self._append(b"\n")
        by_age = sorted(places.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in by_age[_KEPT_FITS:]:
            path.unlink(missing_ok=True)

    def keep(self, point: Point, found: Found) -> None:
        """On disk before it is used."""
        self._append(msgspec.json.encode((point, found)) + b"\n")
        super().keep(point, found)

    def _append(self, words: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(words)
