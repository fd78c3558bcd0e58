"""Which version of each facet is in force, every version there is with its figures, and the way back.

`facets/live.json` (name -> version) is what a worker follows; `facets/versions.json` says how each version came about
and what was measured of it. Both are changed under one lock and replaced whole. Torch-free: knows where weights lie,
and nothing in them. What may go live is decided elsewhere (`training.verdict.promotion`).
"""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from model_server.errors import FacetError
from model_server.home import Home
from model_server.privacy import left_to_forget

FACET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

State = Literal["live", "former", "candidate", "refused"]
MadeBy = Literal["train", "learn", "own"]


class VersionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a facet. A figure that was not measured is None."""

    facet: str
    version: str
    at_ms: int
    """When it was made."""
    made_by: MadeBy
    state: State
    """`former`: was live once, and can be again. `candidate`: another epoch, never audited. `refused`: see `reason`."""
    reason: str = ""
    parent: str = ""
    """The version it replaced, or would have."""
    validation: float | None = None
    """Nats per token of the slice's validation replies."""
    likeness_change: float | None = None
    """Share by which held-out nats per token changed against `parent`; +0.01 is 1 % worse."""
    likeness_ci: tuple[float, float] | None = None
    canaries: int | None = None
    """Made-up secrets planted in what it learned from."""
    extracted: int | None = None
    """Of these, how many it gives away."""
    exposure_bits: float | None = None
    exposure_ceiling_bits: float | None = None
    longest_overlap: int | None = None
    """Words in a row of one private conversation alone."""
    repeated: int | None = None
    """Replies it was trained on that it says again word for word, of those `asked` for."""
    asked: int | None = None
    privacy: str = ""
    """Whom and what it was to leave out when it was trained (`model_server.privacy`)."""


def facet_dir(home: Home, name: str, version: str) -> Path:
    """Where one version of a facet lies."""
    return home.facets_dir / name / version


def check_facet_name(name: str) -> None:
    """FacetError unless this can name a facet, and so a directory."""
    if FACET_NAME.fullmatch(name) is None:
        raise FacetError(f"`{name}` is no name for a facet", "use small letters, digits, - and _")


def read_live(home: Home) -> dict[str, str]:
    """Facet name -> the version in force. Empty before the first facet is published."""
    try:
        live = json.loads((home.facets_dir / "live.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        live = None
    if not isinstance(live, dict):
        raise FacetError("facets/live.json cannot be read", "publish the facets again: selfsame train")
    return {str(name): str(version) for name, version in live.items()}


def read_versions(home: Home) -> tuple[VersionRecord, ...]:
    """Every version, oldest first; what is live without a record (a facet published by hand) gets one without figures.

    `live.json` has the last word on what is live. FacetError when the file is damaged.
    """
    live = read_live(home)
    records = _read_records(home)
    known = {(record.facet, record.version) for record in records}
    for name, version in live.items():
        if (name, version) not in known and (place := facet_dir(home, name, version)).is_dir():
            at_ms = round(place.stat().st_mtime * 1000)
            records.append(VersionRecord(facet=name, version=version, at_ms=at_ms, made_by="train", state="live"))
    return tuple(sorted((_in_state(record, live) for record in records), key=lambda record: record.at_ms))


def note_version(home: Home, record: VersionRecord) -> None:
    """Keep a record, in the place of an older one of the same version. Does not make it live."""
    check_facet_name(record.facet)
    with _alone(home):
        _put_records(home, [record])


def make_live(home: Home, name: str, version: str) -> None:
    """From the next request on this version answers. FacetError when it is not in the home."""
    check_facet_name(name)
    if not facet_dir(home, name, version).is_dir():
        raise FacetError(f"facet `{name}` has no version {version}", "`selfsame facets` lists those there are")
    with _alone(home):
        live = read_live(home)
        _keep_former(home, name)
        _write_live(home, live | {name: version})


def withdraw(home: Home, name: str) -> bool:
    """No version of this facet answers any more, until one is made live; whether one did."""
    with _alone(home):
        live = read_live(home)
        if name not in live:
            return False
        _keep_former(home, name)
        _write_live(home, {other: version for other, version in live.items() if other != name})
    return True


def rollback(home: Home, name: str, version: str = "") -> VersionRecord:
    """Make the version live that was live before (or the one named), and return its record.

    FacetError when there is none, when it was never live, or when it knows what has been forgotten or cut since.
    """
    records = {record.version: record for record in read_versions(home) if record.facet == name}
    if not records:
        raise FacetError(f"no facet is called `{name}`", "`selfsame facets` lists those there are")
    wanted = records.get(version) if version else _before(home, records, read_live(home).get(name, ""))
    if wanted is None:
        what = f"has no version {version}" if version else "has no earlier version"
        raise FacetError(f"facet `{name}` {what}", "`selfsame facets` lists those there are")
    if wanted.state == "refused":
        raise FacetError(f"version {wanted.version} of `{name}` was refused: {wanted.reason}", "choose another one")
    if wanted.state == "candidate":
        raise FacetError(f"version {wanted.version} of `{name}` was never audited", "choose one that was live")
    if left_to_forget(home, wanted.privacy):
        raise FacetError(
            f"version {wanted.version} of `{name}` was trained on what has been forgotten or cut since",
            "choose a later one, or train anew: selfsame train",
        )
    make_live(home, name, wanted.version)
    return msgspec.structs.replace(wanted, state="live")


def remove_versions(home: Home, name: str, versions: Collection[str]) -> None:
    """Delete these versions and their records; one that is live stays."""
    with _alone(home):
        gone = set(versions) - {read_live(home).get(name)}
        for version in gone:
            shutil.rmtree(facet_dir(home, name, version), ignore_errors=True)
        _drop_records(home, lambda record: record.facet == name and record.version in gone)


def remove_weights(home: Home, name: str, version: str) -> None:
    """Delete what one version holds and keep its record, so that it is known and never comes back."""
    shutil.rmtree(facet_dir(home, name, version), ignore_errors=True)


def remove_facet(home: Home, name: str) -> None:
    """Withdraw a facet and delete every version of it."""
    check_facet_name(name)
    withdraw(home, name)
    with _alone(home):
        shutil.rmtree(home.facets_dir / name, ignore_errors=True)
        _drop_records(home, lambda record: record.facet == name)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step, on disk before and after."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.name}-", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    to_disk(path.parent)


def to_disk(path: Path) -> None:
    """Wait until a file's content, or a directory's entries, would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _before(home: Home, records: dict[str, VersionRecord], live: str) -> VersionRecord | None:
    """The nearest forerunner that is still on disk; of a facet that was withdrawn, what was live last."""
    if not live:
        former = [one for one in records.values() if one.state == "former"]
        return max(former, key=lambda record: record.at_ms, default=None)
    seen = {live}
    while (record := records.get(live)) is not None and record.parent not in seen:
        seen.add(live := record.parent)
        if live in records and facet_dir(home, record.facet, live).is_dir():
            return records[live]
    return None


def _in_state(record: VersionRecord, live: dict[str, str]) -> VersionRecord:
    if live.get(record.facet) == record.version:
        return msgspec.structs.replace(record, state="live")
    return msgspec.structs.replace(record, state="former") if record.state == "live" else record


def _read_records(home: Home) -> list[VersionRecord]:
    path = home.facets_dir / "versions.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[VersionRecord])
    except FileNotFoundError:
        return []
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise FacetError(
            "facets/versions.json cannot be read", "move it away: what is live goes on answering, without its figures"
        ) from None


def _keep_former(home: Home, name: str) -> None:
    """What is live now has a record before it stops being so: it can be come back to."""
    _put_records(home, [record for record in read_versions(home) if record.facet == name and record.state == "live"])


def _put_records(home: Home, records: Collection[VersionRecord]) -> None:
    if records:
        fresh = {(record.facet, record.version): record for record in records}
        kept = {(record.facet, record.version): record for record in _read_records(home)}
        _write_records(home, (kept | fresh).values())


def _drop_records(home: Home, gone: Callable[[VersionRecord], bool]) -> None:
    records = _read_records(home)
    if len(kept := [record for record in records if not gone(record)]) < len(records):
        _write_records(home, kept)


def _write_records(home: Home, records: Collection[VersionRecord]) -> None:
    encoded = msgspec.json.format(msgspec.json.encode(list(records)), indent=1)
    write_atomically(home.facets_dir / "versions.json", encoded.decode() + "\n")


def _write_live(home: Home, live: dict[str, str]) -> None:
    write_atomically(home.facets_dir / "live.json", json.dumps(live, indent=2) + "\n")


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One at a time: both files are read, changed and replaced under this lock."""
    home.facets_dir.mkdir(parents=True, exist_ok=True)
    with (home.facets_dir / ".publish.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
