"""The contact table as a file of the owner's: written for him alone, read within limits. Knows no column."""

from collections.abc import Sequence
from pathlib import Path

from model_server.errors import CorpusError
from training.contacts import Contact
from training.people.proposals import Proposals
from training.people.table import to_table
from training.private_file import replace_file

_LARGEST_BYTES = 16 << 20


def write_table(path: Path, contacts: Sequence[Contact], proposals: Proposals, *, replace: bool) -> None:
    """CorpusError when a file is there that is not to be replaced (it may hold edits), or cannot be written."""
    if path.exists() and not replace:
        raise CorpusError(f"{path} is there already", "import it, name another file, or say --force")
    try:
        replace_file(path, to_table(contacts, proposals).encode())
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}", "name a file in a folder that can be written") from None


def read_table(path: Path) -> str:
    """CorpusError when it cannot be read, or is not UTF-8."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise CorpusError(f"{path} is too large for a table of contacts", "begin with `selfsame contacts export`")
        raw = path.read_bytes()
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}", "name the table that `selfsame contacts export` wrote") from None
    except UnicodeDecodeError:
        raise CorpusError(f"{path} is not UTF-8", "save it in the spreadsheet as `CSV UTF-8`") from None
