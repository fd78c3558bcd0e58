"""Replaces a file of the owner's in one step. Knows no content."""

import os
import secrets
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """On disk, and readable by the owner alone, before it has the name that others read. Raises OSError."""
    # a name that nobody can guess, and a file that nobody has made: no link planted there is followed
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.{os.getpid()}.bot")
    made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(made, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
