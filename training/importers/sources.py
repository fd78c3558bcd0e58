"""Finds what may be imported: files, folders and zip archives become sources, in the order of their names.

Knows no format. Opens nothing outside what the owner named: links are left alone, and a name inside an archive is
never used as a path. An archive is refused whole when it is built to do harm; media files are counted and not opened.
"""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from model_server.errors import CorpusError
from training.importers.archives import Archive
from training.importers.source import SAMPLE_BYTES, CheckedStream, Sample, Source, take_sample

ARCHIVE_SUFFIXES = frozenset((".zip",))
NESTED_SUFFIXES = ARCHIVE_SUFFIXES | {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zst"}
MEDIA_SUFFIXES = frozenset(
    (
        *(".apng", ".avif", ".bmp", ".gif", ".heic", ".heif", ".ico", ".jfif", ".jpeg", ".jpg", ".png", ".svg"),
        *(".tgs", ".tif", ".tiff", ".webp"),
        *(".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"),
        *(".aac", ".amr", ".caf", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".silk", ".wav", ".wma"),
        *(".apk", ".doc", ".docx", ".epub", ".ics", ".key", ".odt", ".pages", ".pdf", ".ppt", ".pptx", ".vcf"),
        *(".css", ".js", ".otf", ".ttf", ".woff", ".woff2", ".xls", ".xlsx"),
    )
)


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file on disk; its siblings may lie anywhere below `root`, the folder that the owner named."""

    path: Path
    name: str
    root: Path

    @property
    def size(self) -> int:
        """As `Source.size`; 0 when the file is gone."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def open(self) -> BinaryIO:
        """As `Source.open`."""
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise _unreadable(self.name, error) from None
        return io.BufferedReader(CheckedStream(stream, (OSError,), self._broken), 1 << 16)

    def _broken(self, error: Exception) -> CorpusError:
        what = error.strerror if isinstance(error, OSError) else None
        return CorpusError(f"{self.name}: {what or error}", "copy it once more from where it is whole, and import that")

    def sample(self) -> Sample:
        """As `Source.sample`."""
        with self.open() as stream:
            return take_sample(self.name, stream.read(SAMPLE_BYTES))

    def sibling(self, relative: str) -> Source | None:
        """As `Source.sibling`."""
        try:
            found = (self.path.parent / relative).resolve()
            if not found.is_relative_to(self.root.resolve()) or not found.is_file():
                return None
        except OSError as error:
            raise _unreadable(f"{self.name}: {relative} beside it", error) from None
        return FileSource(found, os.path.normpath(Path(self.name).parent / relative), self.root)


@dataclass(frozen=True, slots=True)
class MemberSource:
    """One member of a zip archive, streamed out of it."""

    archive: Archive
    member: str

    @property
    def name(self) -> str:
        """As `Source.name`."""
        return f"{self.archive.name}/{self.member}"

    @property
    def size(self) -> int:
        """As `Source.size`: what the archive says, and no stream gives more."""
        return self.archive.size_of(self.member)

    def open(self) -> BinaryIO:
        """As `Source.open`."""
        return self.archive.open(self.member)

    def sample(self) -> Sample:
        """As `Source.sample`."""
        with self.open() as stream:
            return take_sample(self.name, stream.read(SAMPLE_BYTES))

    def sibling(self, relative: str) -> Source | None:
        """As `Source.sibling`."""
        found = self.archive.resolve(self.member, relative)
        return None if found is None else MemberSource(self.archive, found)


@dataclass(slots=True)
class Found:
    """What lies under the paths that were named."""

    sources: list[Source] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    """Name and reason of files that are no sources: `media_file`, `nested_archive`, `link`; and `own_home`."""
    refused: list[tuple[str, CorpusError]] = field(default_factory=list)
    """Name and reason of what cannot be read at all: a missing path, a harmful or encrypted archive."""


def find_sources(paths: Sequence[Path], home: Path | None = None) -> Found:
    """Everything under `paths`, in the order named and of names; what is hidden is passed over.

    `home`: a folder that is left out where it lies inside of one of them.
    """
    found = Found()
    left_out = home.resolve() if home else None
    for path in paths:
        name = shown(path)
        try:
            if path.is_dir():
                for file in _walk(path, found, left_out):
                    _take(file, path, found)
            elif path.is_file():
                _take(path, path.parent, found)
            else:
                error = OSError(0, "No such file or directory" if not path.exists() else "not a file")
                found.refused.append((name, _unreadable(name, error)))
        except OSError as error:
            found.refused.append((name, _unreadable(name, error)))
    return found


def shown(path: Path) -> str:
    """A path in words: the bytes of its name that are no UTF-8 cannot be stored, printed or sent."""
    return os.fsencode(path).decode("utf-8", "replace")


def _walk(folder: Path, found: Found, left_out: Path | None) -> Iterator[Path]:
    try:
        inside = sorted(folder.iterdir(), key=lambda one: one.name)
    except OSError as error:
        found.refused.append((shown(folder), _unreadable(shown(folder), error)))
        return
    for path in inside:
        if path.name.startswith("."):
            continue
        if path.is_symlink():
            found.unread.append((shown(path), "link"))
        elif path.is_dir() and path.resolve() == left_out:
            found.unread.append((shown(path), "own_home"))
        elif path.is_dir():
            yield from _walk(path, found, left_out)
        elif path.is_file():
            yield path


def _take(path: Path, root: Path, found: Found) -> None:
    name = shown(path)
    suffix = path.suffix.casefold()
    if suffix in MEDIA_SUFFIXES:
        found.unread.append((name, "media_file"))
    elif suffix in ARCHIVE_SUFFIXES:
        try:
            _take_members(Archive(path, name), found)
        except CorpusError as error:
            found.refused.append((name, error))
    else:
        found.sources.append(FileSource(path, name, root))


def _take_members(archive: Archive, found: Found) -> None:
    for member in archive.members:
        last = member.rsplit("/", 1)[-1]
        suffix = f".{last.rsplit('.', 1)[-1].casefold()}" if "." in last else ""
        if suffix in MEDIA_SUFFIXES:
            found.unread.append((f"{archive.name}/{member}", "media_file"))
        elif suffix in NESTED_SUFFIXES:
            found.unread.append((f"{archive.name}/{member}", "nested_archive"))
        else:
            found.sources.append(MemberSource(archive, member))


def _unreadable(name: str, error: OSError) -> CorpusError:
    return CorpusError(f"{name}: {error.strerror or error}", "name a file, a folder or a .zip that you may read")
