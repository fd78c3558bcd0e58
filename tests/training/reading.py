"""Exports given to an importer, and what comes out of it: for the importers' tests."""

import functools
import json
import os
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

from training.importers.base import Aside, Event, Format, RawLine, Reading
from training.importers.source import MemorySource

FIXTURES = Path(__file__).parent / "fixtures"
EIGHT_EAST = timezone(timedelta(hours=8))
Kind = TypeVar("Kind")


@functools.cache
def fixture(name: str) -> MemorySource:
    """A file under `fixtures/`, with every other file of its folder of `fixtures/` as it is found from there."""
    path = FIXTURES / name
    folder = FIXTURES / Path(name).parts[0]
    others = (one for one in sorted(folder.rglob("*")) if one.is_file())
    beside = tuple((Path(os.path.relpath(one, path.parent)).as_posix(), one.read_bytes()) for one in others)
    return MemorySource(name, path.read_bytes(), beside)


def replaced(source: MemorySource, which: int, content: bytes) -> MemorySource:
    """The source with the content of one of its files changed: 0 is itself, the others are those beside it."""
    if which == 0:
        return MemorySource(source.name, content, source.siblings)
    name, _ = source.siblings[which - 1]
    beside = ((one, content if one == name else bytes_) for one, bytes_ in source.siblings)
    return MemorySource(source.name, source.content, tuple(beside))


def document(export: Any, name: str = "result.json") -> MemorySource:
    """A JSON document."""
    return MemorySource(name, json.dumps(export, ensure_ascii=False, indent=1).encode())


def events_of(form: Format, source: MemorySource) -> list[Event]:
    """Everything that is read, with times without a zone as in China."""
    return list(form.read(source, Reading(EIGHT_EAST)))


def only(kind: type[Kind], events: Iterable[Event]) -> list[Kind]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def spoken(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Sender and text of each line."""
    return [(line.sender, line.text) for line in only(RawLine, events)]


def set_aside(events: Iterable[Event]) -> dict[str, int]:
    """How many were set aside, by reason."""
    counts: Counter[str] = Counter()
    for aside in only(Aside, events):
        counts[aside.reason] += aside.count
    return dict(counts)
