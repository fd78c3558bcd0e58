"""What has learned should pass the gate of every facet, and not lose likeness bit by bit, night after night."""

from typing import Any

import pytest

from model_server.live_facets import MadeBy, VersionRecord
from tests.training.test_promotion import CLEAN, LEAKY
from training.learn.verdict import drift_of, verdict_on
from training.likeness.compare import Change


def record(version: str, made_by: MadeBy, parent: str, change: float, **more: Any) -> VersionRecord:
    made: dict[str, Any] = {"facet": "friend", "at_ms": 0, "state": "former"} | more
    return VersionRecord(version=version, made_by=made_by, parent=parent, likeness_change=change, **made)


def change(share: float) -> Change:
    return Change(share, None, 1.0, 1.0 + share, 5)


@pytest.mark.parametrize(
    ("share", "drift", "unchanged", "better", "reason"),
    [
        (0.004, 0.0, False, True, ""),
        (0.004, -0.1, False, True, ""),
        (-0.01, 0.02, False, True, "would have risen by 1.00% since it was trained; 0.50% is tolerated"),
        (0.003, 0.003, False, True, "would have risen by 0.60% since it was trained; 0.50% is tolerated"),
        (0.006, -0.1, False, True, "rose by 0.60%; 0.50% is tolerated"),
        (0.0, 0.0, True, True, "nothing of it could be learned"),
        (-0.1, 0.0, False, False, "no better on the latest corrections"),
    ],
)
def test_should_refuse_what_costs_likeness_or_teaches_nothing(
    share: float, drift: float, unchanged: bool, better: bool, reason: str
) -> None:
    found = verdict_on(CLEAN, change(share), 0.005, drift=drift, unchanged=unchanged, better=better)
    assert (found.promote, reason in found.reason) == (not reason, True), found


def test_should_refuse_a_leak_first_and_ask_likeness_only_where_it_was_measured() -> None:
    assert verdict_on(LEAKY, None, 0.005, drift=0.0, unchanged=False, better=True).leaks
    assert verdict_on(CLEAN, None, 0.005, drift=1.0, unchanged=False, better=True).promote


def test_should_add_up_what_learning_has_cost_since_the_training() -> None:
    made = [
        record("0", "train", "", 0.3),
        record("1", "learn", "0", 0.002),
        record("2", "learn", "1", 0.001, state="live"),
        record("1", "learn", "", 0.5, state="live", facet="core"),
    ]
    assert drift_of(made, "friend") == pytest.approx(0.003)
    assert drift_of(made[:1], "friend") == drift_of(made, "family") == 0.0
