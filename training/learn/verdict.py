"""What a facet that has learned from corrections must show before it goes live, beyond what any facet must. Pure.

Knows what was measured; not how, and carries nothing out.
"""

from collections.abc import Sequence

from model_server.live_facets import VersionRecord
from training.leaks.audit import Audit
from training.likeness.compare import Change
from training.verdict.promotion import Verdict, decide


def verdict_on(
    audit: Audit, change: Change | None, tolerance: float, *, drift: float, unchanged: bool, better: bool
) -> Verdict:
    """The gate of every facet (`decide`), and: likeness has not fallen bit by bit since the facet was trained (`drift`:
    what learning has cost until now); something was learned; it is `better` on the corrections that were held out."""
    verdict = decide(audit, change, tolerance)
    if not verdict.promote:
        return verdict
    if unchanged:
        return Verdict(False, "nothing of it could be learned without losing likeness elsewhere")
    if change is not None and change.share + drift > tolerance:
        return Verdict(
            False,
            f"held-out nats per token would have risen by {change.share + drift:.2%} since it was trained; "
            f"{tolerance:.2%} is tolerated",
        )
    if not better:
        return Verdict(False, "it does no better on the latest corrections, which were held out")
    return verdict


def drift_of(records: Sequence[VersionRecord], name: str) -> float:
    """The share by which held-out nats per token have risen in all learning since the live version was trained."""
    mine = {record.version: record for record in records if record.facet == name}
    at = next((record for record in mine.values() if record.state == "live"), None)
    total, seen = 0.0, set[str]()
    while at is not None and at.made_by == "learn" and at.version not in seen:
        seen.add(at.version)
        total += at.likeness_change or 0.0
        at = mine.get(at.parent)
    return total
