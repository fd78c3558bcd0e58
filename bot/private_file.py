"""Replaces a file of the owner's in one step. Knows no content."""

import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """On disk, and readable by the owner alone, before it has the name that others read. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.bot")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
