"""Proof that a stage completed: a small file written last, with the digest of everything the stage was made from.

Does not know what a stage does. A stage whose manifest names the same inputs is done; anything else is done again.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from training.private_file import replace_file


class Manifest(msgspec.Struct, frozen=True):
    """What one facet was trained from and what came of it. Losses in nats per token, of the owner's reply tokens."""

    stage: str
    inputs: str
    version: str
    epochs: int
    best_epoch: int
    steps: int
    train_tokens: int
    """Tokens computed in one epoch."""
    validation_before: float
    """With no facet at all: the base model with the persona card."""
    validation_after: float
    seconds: float
    promoted: bool = True
    """Whether the version went live; `reason`: why not."""
    reason: str = ""
    judges: str = ""
    """Digest of the settings it was judged by."""
    beside: str = ""
    """What was live when the verdict had been carried out (`Judge.beside`)."""


def digest_of(*parts: Any) -> str:
    """A name for plain data (numbers, texts, lists, structs): equal data, equal name."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(msgspec.msgpack.encode(part))
    return digest.hexdigest()


def read_manifest(path: Path) -> Manifest | None:
    """The manifest, or None when the stage has not completed (or wrote another shape of it)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def write_manifest(path: Path, manifest: Manifest) -> None:
    """The last thing a stage does."""
    replace_file(path, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
