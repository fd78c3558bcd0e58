"""Whether a trained facet goes live: one pure decision over what was measured of it, and the carrying out of it.

Knows no model, no corpus and not how anything was measured. Every way of making a facet (training, learning from
corrections, a facet of one's own) passes here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from model_server.live_facets import (
    VersionRecord,
    make_live,
    note_version,
    read_live,
    read_versions,
    remove_versions,
    remove_weights,
    withdraw,
)
from model_server.privacy import left_to_forget

if TYPE_CHECKING:
    from training.leaks.audit import Audit
    from training.likeness.compare import Change

_MOST_VERSIONS = 10
"""Of one facet, on disk."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: why not; "" when it goes live. `leaks`: its weights give somebody's words away."""

    promote: bool
    reason: str = ""
    leaks: bool = False
    withdraw: bool = False
    """The version that is live must not answer any more either."""


def decide(
    audit: "Audit | None",
    change: "Change | None",
    tolerance: float,
    *,
    gained: float | None = None,
    outdated: bool = False,
) -> Verdict:
    """The gate. None: that was not measured (no canaries and nothing to ask for; nothing held out, or no forerunner).

    `gained`: validation nats per token by which it beats the base model with card, asked only where `change` is None.
    `outdated`: the live version was trained on what has been forgotten or cut since. Then likeness has no say: what
    replaces it knows less by intent. And if the replacement leaks, neither of them answers.
    """
    if audit is not None and audit.leaks:
        return Verdict(False, audit.reason, leaks=True, withdraw=outdated)
    if outdated:
        return Verdict(True)
    if change is not None and change.share > tolerance:
        return Verdict(False, f"held-out nats per token rose by {change.share:.2%}; {tolerance:.2%} is tolerated")
    if change is None and gained is not None and gained <= 0:
        return Verdict(False, f"no better than the base model with card: {-gained:.3f} nats per token worse")
    return Verdict(True)


def with_figures(record: VersionRecord, audit: "Audit | None", change: "Change | None") -> VersionRecord:
    """The record with what was measured."""
    if audit is not None:
        found = audit.figures
        record = msgspec.structs.replace(
            record,
            canaries=found.canaries,
            extracted=found.extracted,
            exposure_bits=found.exposure_bits,
            exposure_ceiling_bits=found.exposure_ceiling_bits,
            longest_overlap=found.longest_overlap,
            repeated=found.repeated,
            asked=found.asked,
        )
    if change is not None:
        record = msgspec.structs.replace(record, likeness_change=change.share, likeness_ci=change.ci)
    return record


def promote(home: Home, record: VersionRecord, verdict: Verdict) -> VersionRecord:
    """Carry a verdict out: keep the record, and make its version live or keep it from ever being so.

    A version that leaks is deleted; if it is the live one itself that was judged anew, it is withdrawn. CorpusError,
    and nothing goes live, when somebody was left out since the mark of the record was taken: the verdict is then on
    what may know him, and to be found again. It stays a candidate, which goes with all that is outdated.
    """
    name, version = record.facet, record.version
    if verdict.promote and left_to_forget(home, record.privacy):
        note_version(home, record)
        raise left_meanwhile()
    done = msgspec.structs.replace(record, state="live" if verdict.promote else "refused", reason=verdict.reason)
    note_version(home, done)
    if verdict.promote:
        make_live(home, name, version)
    elif verdict.withdraw or (verdict.leaks and read_live(home).get(name) == version):
        withdraw(home, name)
    if verdict.leaks:
        remove_weights(home, name, version)
    return done


def left_meanwhile() -> CorpusError:
    """Of a training that began before somebody was forgotten."""
    return CorpusError("somebody was forgotten, or left out, while this ran", "start it again: selfsame train")


def outdated_facets(home: Home) -> set[str]:
    """The facets whose live version was trained on what has been forgotten, cut or blocked since."""
    live = [record for record in read_versions(home) if record.state == "live"]
    return {record.facet for record in live if left_to_forget(home, record.privacy)}


def is_outdated(home: Home, name: str) -> bool:
    """Whether the live version of a facet is."""
    return name in outdated_facets(home)


def withdraw_outdated(home: Home, trained: Collection[str]) -> None:
    """What is outdated and was not trained anew, for want of enough to learn from, answers no more."""
    for name in outdated_facets(home) - set(trained):
        withdraw(home, name)


def remove_outdated(home: Home) -> int:
    """Delete every version that is not live and was trained on what has been forgotten or cut since; how many."""
    outdated = [record for record in read_versions(home) if left_to_forget(home, record.privacy)]
    gone = [record for record in outdated if record.state != "live"]
    for record in gone:
        remove_versions(home, record.facet, [record.version])
    return len(gone)


def remove_surplus(home: Home, name: str) -> None:
    """Keep the live version, the one it replaced, and of the others the newest, so many in all."""
    records = [record for record in read_versions(home) if record.facet == name]
    live = next((record for record in records if record.state == "live"), None)
    spared = {live.version, live.parent} if live else set()
    others = [record.version for record in reversed(records) if record.version not in spared]
    remove_versions(home, name, others[max(0, _MOST_VERSIONS - len(spared - {""})) :])


def renew_marks(home: Home, name: str, versions: Iterable[str], mark: str) -> None:
    """These versions are exactly what a training of today would make: they know nothing that is left out now."""
    known = set(versions)
    for record in read_versions(home):
        if record.facet == name and record.version in known and record.privacy != mark:
            note_version(home, msgspec.structs.replace(record, privacy=mark))
