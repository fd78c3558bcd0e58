"""Who is being forgotten: written down before anything is taken out, so that a forgetting that was cut off can go on.

Knows no store. It lies in the raw folder, which still holds all of it then, and goes when the forgetting is through.
"""

from dataclasses import dataclass, field

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.mentions import Known
from training.private_file import remove_leftovers, replace_file


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who is to be forgotten, and the keys of his chats."""

    known: Known
    chats: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)
    """New keys of groups that are called after him."""
    gone: bool = False
    """Nothing of him is left; what remains is to scrub anew."""

    def is_called(self, named: str) -> bool:
        """Whether this is an id or a name of his."""
        return named in self.known.ids or named.casefold() in map(str.casefold, self.known.names)


def read_leaving(home: Home) -> Leaving | None:
    """Whose forgetting was cut off, if anybody's. CorpusError when that cannot be known."""
    path = home.raw_dir / "leaving.json"
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Leaving)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{path} is damaged: {error}", "mend it, or remove it and forget whoever it names once more, by all his ids"
        ) from None


def write_leaving(home: Home, leaving: Leaving) -> None:
    """Remember it until `remove_leaving`."""
    replace_file(home.raw_dir / "leaving.json", msgspec.json.encode(leaving) + b"\n")


def remove_leaving(home: Home) -> None:
    """The forgetting is through."""
    (home.raw_dir / "leaving.json").unlink(missing_ok=True)
    remove_leftovers(home.raw_dir)
