"""What the raw store knows of who writes where, in numbers and names, without a word of anybody's text.

The input of everything that finds out who is who. Pure data.
"""

from dataclasses import dataclass

from training.importers.base import ChatKind


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """One person: the fields of `importers.base.Person`, over all files."""

    id: str
    name: str
    saved: bool | None = None
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """One chat over all files. `lines`: how many each person (by id) wrote there."""

    key: str
    kind: ChatKind
    platform: str
    name: str
    contact: str
    """Id of the contact, "" where no file says it."""
    owners: tuple[str, ...]
    """Ids that a file names as its owner; several when files contradict each other."""
    sources: tuple[str, ...]
    """Names of the files it came from."""
    lines: dict[str, int]
