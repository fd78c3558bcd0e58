"""One folder with everything a person may have: the fixtures of every format, in folders of their own and in archives.

For tests of a whole import. What it should find is read from the fixtures themselves, one importer at a time.
"""

import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from training.importers.base import Article, DateOrder, DatesUndecided, RawLine, Reading
from training.importers.formats import choose
from training.importers.sources import FileSource

from .exports import chat, full, message, write
from .reading import FIXTURES

ARCHIVED = frozenset(("discord_package", "signal_export", "wechat"))
"""Exports that come as one archive, and are put into one."""
NOT_EXPORTS = frozenset(("people",))
PRIVATE = {
    "email": "piet.example@example.org",
    "phone": "+44 20 7946 0123",
    "card": "4111 1111 1111 1111",
    "password": "tulip-Horse42",
}
"""What nobody may learn, by the kind it is found as; invented, of ranges that are nobody's."""
GLUED_PHONE = "13900001234"
_TELEGRAM_OWNER = 72001
_CHAIN = "Forward this to 10 people within an hour and a wish comes true; who ignores it will have years of bad luck!"


@dataclass(slots=True)
class Mixed:
    """The folder, and what is in it; names are relative to the folder, `discord_package.zip/messages/...` in archives.

    Lines and articles are counted as the files say them, before the same line of two files is stored once.
    """

    folder: Path
    formats: dict[str, str] = field(default_factory=dict)
    """Name of each file that is an export -> its format."""
    lines: Counter[str] = field(default_factory=Counter)
    """Format -> lines."""
    articles: Counter[str] = field(default_factory=Counter)
    """Format -> articles."""
    undecided: list[str] = field(default_factory=list)
    """Files that cannot tell days from months; without `dates` the owner is asked for each of them."""
    unread: list[str] = field(default_factory=list)
    """Files that are no exports: media, and what lies beside an export."""


def build(folder: Path, zone: tzinfo, dates: DateOrder | None = None) -> Mixed:
    """Lay everything out in `folder`, a new one. Times without a zone are counted as in `zone`."""
    mixed = Mixed(folder)
    folder.mkdir(parents=True)
    for top in sorted(path for path in FIXTURES.iterdir() if path.is_dir() and path.name not in NOT_EXPORTS):
        files = sorted(_good(top))
        for place in sorted({path.parent for path in files if path.name == "_chat.txt"}):  # as an iPhone sends them
            archive = f"{top.name}/{place.name}.zip"
            _zip(folder / archive, place, [place / "_chat.txt"])
            _count(mixed, place / "_chat.txt", f"{archive}/_chat.txt", Reading(zone, dates))
        files = [path for path in files if path.name != "_chat.txt"]
        if top.name in ARCHIVED:
            _zip(folder / f"{top.name}.zip", top, files)
        for path in files:
            inside = path.relative_to(top)
            if top.name not in ARCHIVED:
                (folder / top.name / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / top.name / inside)
            name = f"{top.name}.zip/{inside}" if top.name in ARCHIVED else f"{top.name}/{inside}"
            _count(mixed, path, name, Reading(zone, dates))
    (folder / "private").mkdir()
    for path in _write_private(folder / "private"):
        _count(mixed, path, f"private/{path.name}", Reading(zone, dates))
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    mixed.unread.append("photo.jpg")
    (folder / ".DS_Store").write_bytes(b"hidden")
    return mixed


def _write_private(folder: Path) -> list[Path]:
    """An export of Telegram and one of WhatsApp in which people say what is private, and pass a chain on to three."""
    said = [f"you can write to {PRIVATE['email']}", f"the card is {PRIVATE['card']}", f"加我电话{GLUED_PHONE}谢谢"]
    chats = []
    for contact, text in enumerate(said, start=72901):
        name = f"Friend {contact}"
        lines = [message(1, contact, text, name), message(2, _TELEGRAM_OWNER, _CHAIN, "Robin Vale")]
        chats.append(chat(contact, lines, name))
    telegram = write(folder / "result.json", full(*chats, owner=_TELEGRAM_OWNER))
    whatsapp = folder / "WhatsApp Chat with Piet.txt"
    whatsapp.write_text(
        f"30/12/2022, 21:05 - Piet: call me on {PRIVATE['phone']}\n"
        f"30/12/2022, 21:07 - Nell Hart: ok, the password is {PRIVATE['password']}\n",
        "utf-8",
    )
    return [telegram, whatsapp]


def _good(top: Path) -> Iterator[Path]:
    """The exports of a format that are whole."""
    for path in top.rglob("*"):
        broken = "malformed" in path.parts or path.name.startswith("broken_") or path.name == "expected.json"
        if path.is_file() and not broken:
            yield path


def _zip(archive: Path, root: Path, files: list[Path]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, str(path.relative_to(root)))


def _count(mixed: Mixed, path: Path, name: str, reading: Reading) -> None:
    source = FileSource(path, name, FIXTURES)
    form = choose(source.sample())
    if form is None:
        mixed.unread.append(name)
        return
    mixed.formats[name] = form.name
    try:
        for event in form.read(source, reading):
            if isinstance(event, RawLine | Article):
                (mixed.lines if isinstance(event, RawLine) else mixed.articles)[form.name] += 1
    except DatesUndecided:
        mixed.undecided.append(name)
