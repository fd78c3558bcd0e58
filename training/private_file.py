"""Replaces a file of the owner's in one step. Knows no content."""

import os
import re
import secrets
from pathlib import Path

_BESIDE = re.compile(r"\..+\.([0-9]+)(?:\.bot)?")
"""A file that is about to replace another, by the process that writes it; the bot calls its own alike."""


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, readable by the owner alone, on disk before its name changes."""
    # a name that nobody can guess, and a file that nobody has made: no link planted there is followed
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.{os.getpid()}")
    made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(made, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def remove_leftovers(directory: Path) -> None:
    """Take away what processes that were killed have left of files they were about to replace."""
    for path in directory.glob(".*"):
        if (found := _BESIDE.fullmatch(path.name)) and not _lives(int(found[1])):
            path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
