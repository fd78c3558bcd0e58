"""A facet should go live when likeness does not fall and nothing leaks, and know nobody who was forgotten."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.home import Home
from model_server.live_facets import VersionRecord, facet_dir, read_live, read_versions, rollback
from model_server.privacy import privacy_mark
from training.leaks.audit import Audit
from training.likeness.compare import Change
from training.likeness.figures import LeakFigures
from training.verdict.promotion import (
    Verdict,
    decide,
    promote,
    remove_outdated,
    remove_surplus,
    renew_marks,
    with_figures,
    withdraw_outdated,
)

CLEAN = Audit(LeakFigures(4, 0, 1.5, 19.9, 3, 0, 10), False, "")
LEAKY = Audit(LeakFigures(4, 2, 19.9, 19.9, 3, 0, 10), True, "gives away 2 of 4 planted secrets")


def change(share: float) -> Change:
    return Change(share, (share - 0.01, share + 0.01), 3.0, 3.0 * (1 + share), 20)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def store(home: Home, version: str, name: str = "friend") -> VersionRecord:
    """A version as it lies there before it is judged."""
    facet_dir(home, name, version).mkdir(parents=True, exist_ok=True)
    return VersionRecord(
        facet=name,
        version=version,
        at_ms=len(read_versions(home)),
        made_by="train",
        state="candidate",
        parent=read_live(home).get(name, ""),
        privacy=privacy_mark(home),
    )


def cut(home: Home, what: str) -> None:
    home.cuts_file.write_text(json.dumps({"cuts": [{"what": what}]}))


def states(home: Home) -> dict[str, str]:
    return {record.version: record.state for record in read_versions(home)}


@pytest.mark.parametrize(
    ("share", "promoted"), [(-0.1, True), (0.0, True), (0.005, True), (0.0051, False), (0.3, False)]
)
def test_should_tolerate_no_more_than_it_is_told(share: float, promoted: bool) -> None:
    verdict = decide(CLEAN, change(share), 0.005)
    assert verdict.promote == promoted
    assert promoted or verdict.reason.startswith(f"held-out nats per token rose by {share:.2%}")


@settings(max_examples=50, deadline=None)
@given(st.floats(-1, 1), st.none() | st.floats(-5, 5), st.booleans())
def test_should_never_let_a_leak_live(share: float, gained: float | None, outdated: bool) -> None:
    verdict = decide(LEAKY, change(share), 0.005, gained=gained, outdated=outdated)
    assert verdict == Verdict(False, "gives away 2 of 4 planted secrets", leaks=True, withdraw=outdated)


@pytest.mark.parametrize(("gained", "promoted"), [(0.2, True), (0.0, False), (-0.1, False), (None, True)])
def test_should_ask_a_first_facet_to_beat_the_card(gained: float | None, promoted: bool) -> None:
    assert decide(CLEAN, None, 0.005, gained=gained).promote == promoted
    assert decide(CLEAN, change(0.0), 0.005, gained=gained).promote, "likeness on held-out replies says more"


def test_should_let_likeness_fall_when_somebody_is_to_be_forgotten() -> None:
    assert decide(CLEAN, change(0.2), 0.005, outdated=True) == Verdict(True)
    assert decide(CLEAN, None, 0.005, gained=-1.0, outdated=True) == Verdict(True)


def test_should_carry_a_verdict_out(home: Home) -> None:
    record = with_figures(store(home, "a"), CLEAN, change(-0.02))
    assert (record.canaries, record.extracted, record.longest_overlap, record.likeness_change) == (4, 0, 3, -0.02)
    assert promote(home, record, Verdict(True)).state == "live"
    refused = promote(home, store(home, "b"), Verdict(False, "worse"))
    assert (refused.state, refused.reason, refused.parent) == ("refused", "worse", "a")
    assert read_live(home) == {"friend": "a"}
    assert states(home) == {"a": "live", "b": "refused"}
    assert facet_dir(home, "friend", "b").is_dir()


def test_should_delete_what_leaks_and_withdraw_it_where_it_lives(home: Home) -> None:
    promote(home, store(home, "a"), Verdict(True))
    promote(home, store(home, "b"), Verdict(False, "leaks", leaks=True))
    assert read_live(home) == {"friend": "a"}
    assert not facet_dir(home, "friend", "b").exists()
    assert states(home)["b"] == "refused"
    promote(home, store(home, "a"), Verdict(False, "leaks", leaks=True))
    assert read_live(home) == {}


def test_should_leave_neither_live_when_the_old_one_knows_somebody_and_the_new_one_leaks(home: Home) -> None:
    promote(home, store(home, "a"), Verdict(True))
    cut(home, "telegram:user1")
    promote(home, store(home, "b"), decide(LEAKY, None, 0.005, outdated=True))
    assert read_live(home) == {}
    assert remove_outdated(home) == 1
    assert states(home) == {"b": "refused"}


def test_should_delete_all_that_knows_somebody_who_was_forgotten(home: Home) -> None:
    for version in ("a", "b"):
        promote(home, store(home, version), Verdict(True))
    promote(home, store(home, "t", "family"), Verdict(True))
    cut(home, "telegram:user1")
    promote(home, store(home, "c"), Verdict(True))
    assert remove_outdated(home) == 2
    assert states(home) == {"c": "live", "t": "live"}, "what is live stays until something replaces it"
    assert not facet_dir(home, "friend", "a").exists()
    withdraw_outdated(home, trained=["friend"])
    assert read_live(home) == {"friend": "c"}, "`family` cannot be trained any more, and knew him"
    assert remove_outdated(home) == 1


def test_should_keep_what_today_would_be_trained_the_same(home: Home) -> None:
    promote(home, store(home, "a"), Verdict(True))
    promote(home, store(home, "b"), Verdict(True))
    cut(home, "telegram:nobody-in-this-slice")
    renew_marks(home, "friend", ["b"], privacy_mark(home))
    withdraw_outdated(home, trained=[])
    assert read_live(home) == {"friend": "b"}
    assert remove_outdated(home) == 1


def test_should_keep_ten_versions_and_never_lose_the_way_back(home: Home) -> None:
    for number in range(4):
        promote(home, store(home, f"l{number}"), Verdict(True))
    rollback(home, "friend", "l1")  # its forerunner is the oldest of all
    for number in range(12):
        record = store(home, f"c{number:02}")
        promote(home, msgspec.structs.replace(record, at_ms=100 + number), Verdict(False, "worse"))
    remove_surplus(home, "friend")
    kept = states(home)
    assert len(kept) == 10
    assert kept["l1"] == "live"
    assert rollback(home, "friend").version == "l0"
    assert {f"c{number:02}" for number in range(4, 12)} <= kept.keys()
