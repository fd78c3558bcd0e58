"""The read stage: whatever lies under the named paths goes into the raw store, file by file.

Knows neither who is who nor what becomes of the lines. Files are independent of each other: one that cannot be read is
reported and leaves nothing, and the others are imported. A file whose content is known is not read again.
"""

import contextlib
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import BinaryIO

from model_server.errors import CorpusError
from training.import_report import FileReport, ImportReport, Question
from training.importers.base import DateOrder, DatesUndecided, Event, Format, Reading
from training.importers.formats import AUTO, check_name, choose
from training.importers.not_read import SEE_FORMATS, UNPACK, next_step
from training.importers.source import Sample, Source
from training.importers.sources import find_sources, shown
from training.raw.forgotten import Forgotten
from training.raw.intake import FileCounts, begin_file, count_file, note_companions, take_file
from training.raw.removal import discard_begun, discard_file
from training.raw.store import RawFile, RawStore

AskDates = Callable[[DatesUndecided], DateOrder | None]
"""Asks the owner for the order of dates in a file; None when he cannot be asked."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: `done` of `total`, in bytes while reading (`lines` so far beside), then lines, contacts."""

    stage: str
    done: int
    total: int
    lines: int = 0


Told = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the owner says of his files."""

    zone: tzinfo
    format: str = AUTO
    """Of files that are named themselves, whatever they look like; of those in a folder, which are to be read."""
    dates: DateOrder | None = None
    ask_dates: AskDates = lambda _undecided: None


def read_everything(
    paths: Sequence[Path],
    store: RawStore,
    options: ReadOptions,
    forgotten: Forgotten,
    told: Told,
    *,
    home: Path | None = None,
) -> ImportReport:
    """Read all files under `paths` that are not known yet; nothing of `home`, should it lie among them.

    CorpusError when nothing under `paths` can be an export, or no format has the named name.
    """
    check_name(options.format)
    found = find_sources(paths, home)
    report = ImportReport()
    report.unread.update(reason for _, reason in found.unread)
    for name, error in found.refused:
        report.add_file(_failed(name, error))
    total_bytes = sum(source.size for source in found.sources)
    reader = _Reader(store, options, forgotten, told, report, total_bytes, found.sources)
    named = {shown(path) for path in paths}
    for source in found.sources:
        reader.read(source, named=source.name in named)
    reader.count_unknown()
    discard_begun(store)
    if not report.files:
        hint = UNPACK if report.unread["nested_archive"] and reader.advice == SEE_FORMATS else reader.advice
        seen = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in report.unread.items()) or "no files"
        raise CorpusError(f"there is nothing to import under {', '.join(sorted(named))}: {seen}", hint)
    return report


_IN_WORDS: dict[DateOrder, str] = {"dmy": "day/month", "mdy": "month/day", "ymd": "the year first"}
_MOST_BESIDE = 40


@dataclass(slots=True)
class _Reader:
    """One import's way through its sources."""

    store: RawStore
    options: ReadOptions
    forgotten: Forgotten
    told: Told
    report: ImportReport
    total_bytes: int
    sources: Sequence[Source]
    passed_bytes: int = 0
    """Of the files before this one."""
    passed_lines: int = 0
    at_bytes: int = 0
    """In this file."""
    orders: dict[tuple[str, str], DateOrder | None] = field(default_factory=dict)
    """What each file says of the order of its dates, by format and name; filled when it is asked."""
    unknown: list[str] = field(default_factory=list)
    advice: str = SEE_FORMATS
    """What to do about the first of them that is known for something."""
    companions: set[str] = field(default_factory=set)
    """Files that others were read with, such as a list of names."""

    def read(self, source: Source, *, named: bool) -> None:
        """One source, into the store and the report. `named`: the owner named this very file."""
        self.at_bytes = 0
        try:
            found = choose(source.sample(), self.options.format if named else AUTO)
            if found is not None and self.options.format in (AUTO, found.name):
                self.report.add_file(self._import(source, found))
            elif named:
                what = f"{source.name} is no export of a format that is known here"
                error = CorpusError(what, next_step(source.sample()))
                self.report.add_file(_failed(source.name, error))
            else:
                self.unknown.append(source.name)
                self.advice = self.advice if self.advice != SEE_FORMATS else next_step(source.sample())
        except DatesUndecided as undecided:
            self.report.add_file(FileReport(source.name, found.name if found else "", state="asks"))
            self.report.questions.append(Question("dates", undecided.what, undecided.hint, sources=(source.name,)))
        except CorpusError as error:
            self.report.add_file(_failed(source.name, error))
        self.passed_bytes += source.size
        self.at_bytes = 0
        self._tell(0)

    def count_unknown(self) -> None:
        """At the end, when it is known which files others were read with."""
        self.report.unknown_files = [name for name in self.unknown if name not in self.companions]
        if unknown := len(self.report.unknown_files):
            self.report.unread["unknown_format"] = unknown

    def _import(self, source: Source, found: Format) -> FileReport:
        """CorpusError when the file is broken, DatesUndecided when nobody says their order."""
        digest = _digest(source)
        file = self.store.file(digest)
        if file is not None and self._stale(file, found):
            discard_file(self.store, file)
            file = None
        if file is not None and file.state == "read":
            self.companions.update(file.companions.splitlines())
            return _report(source, found, count_file(self.store, file), known=True)
        dates = file.dates if file is not None else ""
        try:
            counts = self._take(source, found, file or self._begin(source, found, digest, dates))
        except DatesUndecided as undecided:
            undecided = DatesUndecided(undecided.name, undecided.example, self._told_beside(source, found))
            dates = self.options.dates or self.options.ask_dates(undecided) or ""
            if not dates:
                raise undecided from None
            counts = self._take(source, found, self._begin(source, found, digest, dates))
        self.passed_lines += counts.lines
        return _report(source, found, counts, known=False)

    def _told_beside(self, source: Source, found: Format) -> str:
        """What other files of the format tell of the order of dates, in words: the same phone may have written them."""
        here = _folder(source)
        orders: Counter[DateOrder] = Counter()
        for other in sorted(self.sources, key=lambda one: _folder(one) != here)[:_MOST_BESIDE]:
            if other.name != source.name and (order := self._order_of(other, found)):
                orders[order] += 1
        said = [f"{count} {'writes' if count == 1 else 'write'} {_IN_WORDS[order]}" for order, count in orders.items()]
        return f"; of the other files of this kind {' and '.join(said)}" if said else ""

    def _order_of(self, source: Source, found: Format) -> DateOrder | None:
        known = (found.name, source.name)
        if known not in self.orders:
            self.orders[known] = None
            with contextlib.suppress(CorpusError):
                self.orders[known] = found.dates(source) if found.sniff(source.sample()) else None
        return self.orders[known]

    def _stale(self, file: RawFile, found: Format) -> bool:
        """Whether the owner says of a known file something else than it was read with."""
        other_dates = self.options.dates is not None and file.dates not in ("", self.options.dates)
        return other_dates or file.format != found.name

    def _begin(self, source: Source, found: Format, digest: str, dates: str) -> RawFile:
        return begin_file(self.store, digest, source.name, found.name, dates)

    def _take(self, source: Source, found: Format, file: RawFile) -> FileCounts:
        reading = Reading(self.options.zone, file.dates or None)  # type: ignore[arg-type]  # it was a DateOrder
        companions: set[str] = set()
        events: Iterator[Event] = found.read(_Watched(source, self._seen, companions.add), reading)
        try:
            counts = take_file(self.store, file, events, self.forgotten, self._tell)
        finally:
            self.companions |= companions
        note_companions(self.store, file, companions)
        return counts

    def _seen(self, at_bytes: int) -> None:
        self.at_bytes = at_bytes

    def _tell(self, lines: int) -> None:
        self.told(Progress("read", self.passed_bytes + self.at_bytes, self.total_bytes, self.passed_lines + lines))


@dataclass(frozen=True, slots=True)
class _Watched:
    """A source that tells how far its stream was read, and which files it was read with."""

    source: Source
    seen: Callable[[int], None]
    companion: Callable[[str], None]

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def size(self) -> int:
        return self.source.size

    def open(self) -> BinaryIO:
        return io.BufferedReader(_Counted(self.source.open(), self.seen), 1 << 16)

    def sample(self) -> Sample:
        return self.source.sample()

    def sibling(self, relative: str) -> Source | None:
        found = self.source.sibling(relative)
        if found is not None:
            self.companion(found.name)
        return found


class _Counted(io.RawIOBase):
    """A stream that tells its position at every read."""

    def __init__(self, stream: BinaryIO, seen: Callable[[int], None]) -> None:
        self._stream = stream
        self._seen = seen
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        buffer = memoryview(into).cast("B")  # type: ignore[arg-type]  # whatever BufferedReader hands over
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        self._seen(self._at)
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _folder(source: Source) -> str:
    return source.name.replace("\\", "/").rpartition("/")[0]


def _digest(source: Source) -> str:
    digest = hashlib.blake2b(digest_size=20)
    with source.open() as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _failed(name: str, error: CorpusError) -> FileReport:
    return FileReport(name, state="failed", what=error.what, hint=error.hint)


def _report(source: Source, found: Format, counts: FileCounts, *, known: bool) -> FileReport:
    return FileReport(
        source.name,
        found.name,
        "known" if known else "read",
        counts.chats,
        counts.lines,
        counts.added,
        counts.set_aside,
        counts.skipped_chats,
        counts.articles,
        counts.articles_added,
    )
