"""Whether a classifier can tell: for whom a reply was meant, and who wrote it."""

import random

import pytest

from training.likeness.attribution import FEWEST_TO_LEARN, tell_clone, tell_contact_type

WORDS = ("harbour", "boat", "map", "paper", "ink", "stone", "bridge", "soup", "tea", "lamp", "gull", "tide", "rope")


def replies(style: str, count: int, seed: int) -> list[str]:
    """Sentences on the same things in one of three styles."""
    draw = random.Random(seed)
    sentences = [f"{' '.join(draw.sample(WORDS, 4))}" for _ in range(count)]
    return [{"loud": one.upper() + "!!", "mild": f"Dear, {one}.", "plain": one}[style] for one in sentences]


def test_contact_types_spoken_to_differently_should_be_told() -> None:
    earlier = {"family": replies("mild", 40, 1), "friend": replies("loud", 40, 2), "stranger": replies("plain", 5, 3)}
    clone = {"family": replies("mild", 10, 4), "friend": replies("mild", 10, 5), "stranger": replies("plain", 10, 6)}
    owner = {"family": replies("mild", 10, 7), "friend": replies("loud", 10, 8)}
    found = tell_contact_type(earlier, clone, owner, 200, 1)
    assert found is not None
    assert (found.chance, found.accuracy, found.reference, found.replies) == (0.5, 0.5, 1.0, 20)
    assert found.confusion == {"family": {"family": 10, "friend": 0}, "friend": {"family": 10, "friend": 0}}
    assert found.ci == (0.5, 0.5)


def test_one_type_with_enough_replies_should_be_no_question() -> None:
    one = {"family": replies("mild", 40, 1), "friend": replies("loud", FEWEST_TO_LEARN - 1, 2)}
    assert tell_contact_type(one, one, one, 100, 1) is None


@pytest.mark.parametrize(("style", "least", "most"), [("loud", 0.95, 1.0), ("plain", 0.3, 0.7)])
def test_a_clone_should_be_told_when_it_writes_otherwise(style: str, least: float, most: float) -> None:
    found = tell_clone(replies(style, 40, 1), replies("plain", 40, 2), [replies("plain", 40, 3)], 200, 1)
    assert found is not None
    assert least <= found.accuracy <= most
    assert found.ci is not None
    assert found.ci[0] <= found.accuracy <= found.ci[1]
    assert found.reference is not None
    assert 0.3 < found.reference < 0.7, "the owner is not told from herself"
    assert sum(sum(row.values()) for row in found.confusion.values()) == 80


def test_length_alone_should_tell() -> None:
    """Rows of n-grams are of length one: what is said at length is not lost."""
    draw = random.Random(5)
    short, long = (["a " * draw.randint(low, low + 5) for _ in range(40)] for low in (3, 12))
    found = tell_clone(short, long, [], 100, 1)
    assert found is not None
    assert found.accuracy > 0.9
    assert found.reference is None


def test_a_handful_of_replies_should_tell_nothing() -> None:
    few = replies("plain", FEWEST_TO_LEARN - 1, 1)
    assert tell_clone(few, few, [], 100, 1) is None


def test_should_tell_replies_that_have_no_letter_in_common() -> None:
    """An owner who answers with one emoji each, and a clone that says nothing."""
    emoji = [chr(0x1F600 + at) for at in range(20)]
    for clone in ([""] * 20, emoji[::-1]):
        assert tell_clone(clone, emoji, [emoji], 100, 1) is not None
    assert tell_clone([""] * 20, [""] * 20, [], 100, 1) is not None
    earlier = {"family": emoji, "friend": [chr(0x1F680 + at) for at in range(20)]}
    assert tell_contact_type(earlier, dict.fromkeys(earlier, ["x"] * 5), {}, 100, 1) is not None
