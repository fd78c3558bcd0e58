"""A zip archive that somebody else may have made: its members as capped streams, or a refusal.

Knows no format and writes nothing: no member is ever unpacked to disk. What the archive says of itself is checked
before anything is unpacked, and while it is: no stream gives more than the size that was checked.
"""

import contextlib
import functools
import io
import posixpath
import re
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from model_server.errors import CorpusError
from training.importers.source import CheckedStream

MOST_MEMBERS = 50_000
MOST_DIRECTORY_BYTES = 16 << 20
"""Of the list of members, which is read whole."""
MOST_UNPACKED_BYTES = 64 << 30
HIGHEST_RATIO = 200
RATIO_MATTERS_BYTES = 64 << 20
"""A smaller member may be as dense as it likes."""

_DRIVE = re.compile(r"[A-Za-z]:")
_HIDDEN = re.compile(r"(?:\A|/)(?:\.|__MACOSX/)")
_ENCRYPTED = 0x1
_SAYS_UTF8 = 0x800
_CHINESE = re.compile(rb"(?:[\x00-\x7f]|[\x81-\xfe][\x80-\xfe])*")
"""GBK but for its characters whose second byte is ASCII: `Lenaic` with its accents is no Chinese."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Others may ask for any amount of memory to unpack."""
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class Archive:
    """One zip file. Building it reads the list of members alone; CorpusError when it is to be refused."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        try:
            self._modified_ns = path.stat().st_mtime_ns
            archive = self._opened()
            infos = [info for info in archive.infolist() if not info.is_dir()]
            packed_bytes = path.stat().st_size
        except _DAMAGE as error:
            raise CorpusError(f"{name} is no readable zip archive: {error}", "export or download it again") from None
        if reason := _refusal(infos, packed_bytes):
            raise CorpusError(f"{name}: {reason}", "unpack it yourself if you trust it, and import the folder")
        # a name that repeats: the last one counts, as everywhere
        self._infos = {_name(info): info for info in infos if _HIDDEN.search(info.filename) is None}

    @property
    def members(self) -> list[str]:
        """Names of the files in it, sorted, but for those that are hidden."""
        return sorted(self._infos)

    def size_of(self, member: str) -> int:
        """Bytes, unpacked, as the archive says."""
        return self._infos[member].file_size

    def open(self, member: str) -> BinaryIO:
        """A stream over one member. Reading raises CorpusError when it is damaged or not of the size it claims."""
        try:
            stream = self._opened().open(self._infos[member])
        except _DAMAGE as error:
            raise self._damaged(member, error) from None
        checked = CheckedStream(stream, _DAMAGE, functools.partial(self._damaged, member))
        return io.BufferedReader(checked, 1 << 16)

    def resolve(self, member: str, relative: str) -> str | None:
        """The member that `relative` means beside `member`; None when there is none."""
        name = posixpath.normpath(posixpath.join(posixpath.dirname(member), relative))
        return name if name in self._infos else None

    def _opened(self) -> zipfile.ZipFile:
        return _open_zip(self.path, self._modified_ns)

    def _damaged(self, member: str, error: Exception) -> CorpusError:
        return CorpusError(f"{self.name}/{member} is damaged: {error}", "export or download the archive again")


class _BoundedFile(io.FileIO):
    """The archive's file, which zipfile reads the whole list of members from in one go."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As `io.FileIO.read`, within reason."""
        wanted = MOST_DIRECTORY_BYTES + 1 if size is None or size < 0 else size
        piece = b"" if wanted > MOST_DIRECTORY_BYTES + 1 else super().read(wanted) or b""
        if wanted > MOST_DIRECTORY_BYTES + 1 or len(piece) > MOST_DIRECTORY_BYTES:
            raise zipfile.BadZipFile("its list of members is too long")
        return piece

    def __del__(self) -> None:  # zipfile does not close what it did not open
        self.close()


@functools.lru_cache(maxsize=1)
def _open_zip(path: Path, modified_ns: int) -> zipfile.ZipFile:
    """The archive read just now stays open, since its list is long to read; its streams outlive its closing."""
    return zipfile.ZipFile(_BoundedFile(path))


def _refusal(infos: list[zipfile.ZipInfo], packed_bytes: int) -> str:
    """Why such an archive is not read; "" when it is."""
    if len(infos) > MOST_MEMBERS:
        return f"it has {len(infos)} members, more than {MOST_MEMBERS}"
    if sum(info.compress_size for info in infos) > packed_bytes:
        return "its members overlap, which only a zip bomb's do"
    if sum(info.file_size for info in infos) > MOST_UNPACKED_BYTES:
        return f"it unpacks to more than {MOST_UNPACKED_BYTES >> 30} GiB"
    return next((reason for info in infos if (reason := _member_refusal(info))), "")


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name. Where the archive does not say how it is written, macOS writes UTF-8, a Chinese Windows GBK."""
    if info.flag_bits & _SAYS_UTF8 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437")  # as zipfile has read it
    with contextlib.suppress(UnicodeDecodeError):
        return raw.decode("utf-8")
    with contextlib.suppress(UnicodeDecodeError):
        return raw.decode("gbk") if _CHINESE.fullmatch(raw) else info.filename
    return info.filename


def _member_refusal(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename.replace("\\", "/")
    shown = ascii(name[:80])
    if name.startswith("/") or _DRIVE.match(name) or "\0" in name:
        return f"the member {shown} has an absolute or impossible name"
    if ".." in name.split("/"):
        return f"the member {shown} points out of the archive"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted"
    if info.compress_type not in _METHODS:
        return f"the member {shown} is packed in a way that is not read here"
    if info.file_size > RATIO_MATTERS_BYTES and info.file_size > HIGHEST_RATIO * max(info.compress_size, 1):
        return f"the member {shown} unpacks to more than {HIGHEST_RATIO} times its size, as a zip bomb does"
    return ""
