"""The blends that were fitted: `facets/fitted.json`, written by `selfsame blend fit`, followed by worker and bot.

One file, changed under a lock and replaced whole. Torch-free: knows neither how a blend is fitted nor which blend wins
(`blends`).
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import structlog

from model_server.blends import checked
from model_server.contract import Blend
from model_server.errors import ConfigError
from model_server.home import Home
from model_server.live_facets import write_atomically

log = structlog.get_logger()


class FitFigures(msgspec.Struct, frozen=True):
    """What one fit was worth, in nats per token of the validation replies it was made on (0.0: there were none)."""

    before: float
    """Under the blend that would be in force without it."""
    after: float
    replies: int
    at_ms: int
    note: str = ""
    """What the fit could not rest on, and what would mend it."""


NO_FIGURES = FitFigures(before=0.0, after=0.0, replies=0, at_ms=0)
"""Of a blend that was put there by hand."""


class Fitted(msgspec.Struct, frozen=True):
    """Every fitted blend."""

    types: dict[str, Blend] = {}
    contacts: dict[str, Blend] = {}
    """By every id of the contact."""
    figures: dict[str, FitFigures] = {}
    """By contact type, and by each id of a contact."""
    versions: dict[str, str] = {}
    """The live facets that it was fitted over."""


def fitted_path(home: Home) -> Path:
    """Where it lies."""
    return home.facets_dir / "fitted.json"


def read_fitted(home: Home) -> Fitted:
    """What is fitted now; empty before the first fit. ConfigError when the file is damaged."""
    try:
        found = msgspec.json.decode(fitted_path(home).read_bytes(), type=Fitted)
        for blend in (*found.types.values(), *found.contacts.values()):
            checked(blend)
    except FileNotFoundError:
        return Fitted()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, ConfigError) as error:
        raise ConfigError("facets/fitted.json cannot be read", "remove it, then: selfsame blend fit") from error
    return found


def change_fitted(home: Home, change: Callable[[Fitted], Fitted]) -> Fitted:
    """Replace what is fitted by what `change` makes of it, with no other writer in between; returns that.

    In force from the next request on. ConfigError on a blend out of bounds; nothing is written then.
    """
    with _alone(home):
        before = read_fitted(home)
        after = change(before)
        for blend in (*after.types.values(), *after.contacts.values()):
            checked(blend)
        if after != before:
            write_atomically(
                fitted_path(home), msgspec.json.format(msgspec.json.encode(after), indent=1).decode() + "\n"
            )
    return after


def put_contact(home: Home, ids: Iterable[str], blend: Blend, figures: FitFigures) -> None:
    """A fitted blend for one contact, under each of its ids."""
    mine = list(ids)
    change_fitted(
        home,
        lambda now: msgspec.structs.replace(
            now,
            contacts=now.contacts | dict.fromkeys(mine, blend),
            figures=now.figures | dict.fromkeys(mine, figures),
        ),
    )


def remove_contact(home: Home, ids: Iterable[str]) -> None:
    """Nothing fitted to this contact is left; it has the blend of its type again. No-op for ids without one."""
    mine = set(ids)

    def without(now: Fitted) -> Fitted:
        kept = {name: blend for name, blend in now.contacts.items() if name not in mine}
        figures = {name: one for name, one in now.figures.items() if name not in mine}
        return msgspec.structs.replace(now, contacts=kept, figures=figures)

    if fitted_path(home).exists():
        change_fitted(home, without)


class FittedFile:
    """What is fitted now, for a process that asks at every request: the file is read again when it has changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._version: tuple[int, int, int] | None = None
        self._fitted = Fitted()

    def __call__(self) -> Fitted:
        """A damaged file changes nothing: what was fitted before stays in force, and the log says so once."""
        try:
            found = fitted_path(self._home).stat()
        except OSError:
            self._version, self._fitted = None, Fitted()
            return self._fitted
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        if version != self._version:
            self._version = version
            try:
                self._fitted = read_fitted(self._home)
            except ConfigError as error:
                log.error("fitted_not_read", error=str(error))
        return self._fitted


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    home.facets_dir.mkdir(parents=True, exist_ok=True)
    with (home.facets_dir / ".fitted.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
