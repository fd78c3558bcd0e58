"""Where an importer reads from: one file, or one member of a zip archive, opened as a capped stream.

Knows no format. Nothing is ever unpacked to disk; what a name in an archive says is never used as a path.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, BinaryIO, Protocol

from model_server.errors import CorpusError

SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a source: enough to tell its format. `text` is `head` decoded leniently, without a BOM."""

    name: str
    """As `Source.name`; formats may look at its last part and its suffix."""
    head: bytes
    text: str

    @property
    def base(self) -> str:
        """The last part of the name, in small letters: `_chat.txt`."""
        return self.name.replace("\\", "/").rsplit("/", 1)[-1].casefold()


class Source(Protocol):
    """One file of an export."""

    @property
    def name(self) -> str:
        """As shown to the owner: `exports/whatsapp.zip/_chat.txt`."""

    @property
    def size(self) -> int:
        """Bytes, unpacked; for progress."""

    def open(self) -> BinaryIO:
        """A fresh stream from the beginning. CorpusError when it cannot be read or goes past the caps."""

    def sample(self) -> Sample:
        """Its first 64 KiB."""

    def sibling(self, relative: str) -> "Source | None":
        """Another file of the same folder or archive (`../account/user.json`), None when there is none."""


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A source whose bytes are at hand, with its siblings: for tests, fuzzing and a pasted text."""

    name: str
    content: bytes
    siblings: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """As `Source.size`."""
        return len(self.content)

    def open(self) -> BinaryIO:
        """As `Source.open`."""
        return io.BytesIO(self.content)

    def sample(self) -> Sample:
        """As `Source.sample`."""
        return take_sample(self.name, self.content[:SAMPLE_BYTES])

    def sibling(self, relative: str) -> "Source | None":
        """As `Source.sibling`."""
        found = dict(self.siblings).get(relative)
        return None if found is None else MemorySource(relative, found, self.siblings)


class CheckedStream(io.RawIOBase):
    """The bytes of `stream`; when reading fails by one of `failures`, what `refused` makes of it rises instead."""

    def __init__(
        self, stream: IO[bytes], failures: tuple[type[Exception], ...], refused: Callable[[Exception], CorpusError]
    ) -> None:
        self._stream = stream
        self._failures = failures
        self._refused = refused

    def readable(self) -> bool:
        """As `io.IOBase.readable`."""
        return True

    def readinto(self, into: object) -> int:
        """As `io.RawIOBase.readinto`."""
        buffer = memoryview(into).cast("B")  # type: ignore[arg-type]  # whatever BufferedReader hands over
        try:
            piece = self._stream.read(len(buffer))
        except self._failures as error:
            raise self._refused(error) from None
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """As `io.IOBase.close`."""
        self._stream.close()
        super().close()


def take_sample(name: str, head: bytes) -> Sample:
    """A sample from the first bytes; UTF-16 is told by its BOM, everything else is read as UTF-8."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return Sample(name, head, head.decode(encoding, "replace"))
