"""Runs the scrubber over many lines: in this process when they are few, on every core when they are many.

Knows no store and no chat. What goes in comes out in its order, and only so much is under way at once that memory does
not grow with the corpus. Workers are spawned, hold no file, and end with their parent, however that ends.
"""

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from model_server.errors import CorpusError
from training.scrub.config import ScrubConfig
from training.scrub.masks import mask
from training.scrub.names import PersonName
from training.scrub.scrubber import Scrubber

FEW_LINES = 20_000
"""Fewer are done before other processes would have started."""
SAMPLES = 5
"""Masked samples kept of each kind."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Texts of one chat in the order they were said, and the one said before them ("" when there is none)."""

    before: str
    texts: tuple[str, ...]


@dataclass(slots=True)
class Scrubs:
    """What became of a bundle of passages."""

    texts: list[tuple[str, ...]] = field(default_factory=list)
    """Each passage's texts, scrubbed."""
    changed: int = 0
    """How many texts something was taken out of."""
    kinds: list[Counter[str]] = field(default_factory=list)
    """What was taken out of each passage."""
    samples: dict[str, list[str]] = field(default_factory=dict)
    """Kind -> a few masked values."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a scrubber is made of."""

    config: ScrubConfig
    names: tuple[PersonName, ...]
    key: bytes

    def scrubber(self) -> Scrubber:
        """A scrubber by these rules."""
        return Scrubber(self.config, self.names, self.key)


Bundle = Sequence[Passage]


class ScrubPool:
    """Scrubs bundles, one after another or side by side. CorpusError when a process of it is killed."""

    def __init__(self, rules: Rules, executor: ProcessPoolExecutor | None, at_once: int) -> None:
        self._scrubber = rules.scrubber()
        self._executor = executor
        self._at_once = at_once

    @classmethod
    @contextmanager
    def open(cls, rules: Rules, lines: int) -> Iterator["ScrubPool"]:
        """For about so many lines."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if lines < FEW_LINES or cores == 1:
            yield cls(rules, None, 1)
            return
        executor = ProcessPoolExecutor(cores, multiprocessing.get_context("spawn"), _begin, (rules,))
        try:
            yield cls(rules, executor, 2 * cores)
        finally:
            executor.shutdown(cancel_futures=True)

    def run(self, bundles: Iterable[Bundle]) -> Iterator[Scrubs]:
        """The scrubs of each bundle, in order; `bundles` is asked for no more than are under way."""
        if self._executor is None:
            yield from (scrub_bundle(self._scrubber, bundle) for bundle in bundles)
            return
        under_way: deque[Future[Scrubs]] = deque()
        try:
            for bundle in bundles:
                under_way.append(self._executor.submit(_scrub, bundle))
                if len(under_way) > self._at_once:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool:
            raise CorpusError(
                "a process of the scrub was ended from outside, perhaps for want of memory",
                "make room, then repeat this: it goes on where it was",
            ) from None


def scrub_bundle(scrubber: Scrubber, bundle: Bundle) -> Scrubs:
    """Every text of a bundle, in this process."""
    done = Scrubs()
    for passage in bundle:
        texts: list[str] = []
        kinds: Counter[str] = Counter()
        before = passage.before
        for text in passage.texts:
            found = scrubber.scrub(text, before)
            before = text
            texts.append(found.text)
            if found.findings:
                done.changed += 1
                for finding in found.findings:
                    kinds[finding.kind] += 1
                    add_sample(done.samples, finding.kind, mask(text[finding.start : finding.end]))
        done.texts.append(tuple(texts))
        done.kinds.append(kinds)
    return done


def add_sample(samples: dict[str, list[str]], kind: str, masked: str) -> None:
    """Keep a masked value, unless there are enough of its kind or it is known."""
    kept = samples.setdefault(kind, [])
    if len(kept) < SAMPLES and masked not in kept:
        kept.append(masked)


# ── in a worker ─────────────────────────────────────────────────────────────────────────────────────────────────────

_own: list[Scrubber] = []


def _begin(rules: Rules) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _own.append(rules.scrubber())


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _scrub(bundle: Bundle) -> Scrubs:
    return scrub_bundle(_own[0], bundle)
