"""The owner should hear which contact types got no facet, and what to do about it."""

from training.reporting import note_without_facet


def test_should_say_who_is_answered_by_core_and_why() -> None:
    assert note_without_facet({"family": 12, "": 40}, 60) == [
        "family: 12 replies to learn from, a facet needs 60 → answered by `core` until then",
        "40 replies to contacts without a type teach `core` alone → selfsame contacts set NAME TYPE",
    ]
    assert note_without_facet({}, 60) == []
