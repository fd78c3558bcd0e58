"""The secret of one home: 32 bytes that key every digest made of people's ids and values. Knows nothing of what for.

It lies in the raw folder (0700), so whoever holds a corpus or a list of digests alone cannot try values against it.
"""

import os
import secrets
from pathlib import Path

from model_server.errors import CorpusError
from model_server.home import Home

_BYTES = 32


def secret_key(home: Home) -> bytes:
    """The key of this home, made when it is first asked for.

    CorpusError when its file is not one of ours, or it is lost though it is all that tells who was forgotten.
    """
    path = home.raw_dir / "key"
    kept = (home.forgotten_file).exists()
    if not path.exists():
        if kept:
            raise lost_key(path, "is missing")
        _make(path)
    key = path.read_bytes()
    if len(key) != _BYTES:
        if kept:
            raise lost_key(path, "is damaged")
        raise CorpusError(f"{path} is damaged", "remove it: the next import scrubs everything anew, with a new key")
    return key


def lost_key(path: Path, what: str) -> CorpusError:
    """Without the key nobody can tell who was forgotten; only the owner may decide to go on."""
    return CorpusError(
        f"{path} {what}: it cannot be known who was forgotten",
        "put the key back from a backup; without one, remove it and forgotten.json beside it, import, and forget"
        " everybody again: selfsame corpus forget CONTACT",
    )


def _make(path: Path) -> None:
    """In one step: a process that is killed leaves no half of a key, and of two at once both use the same."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        except OSError:  # a disk without links
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
