"""An edit objects to what it changed, and to nothing that it left standing."""

from hypothesis import given
from hypothesis import strategies as st

from model_server.render import Rendered
from training.examples import pack
from training.learn.edits import objected
from training.learn.examples import Example

END = 99
texts = st.lists(st.integers(3, 30), max_size=8).map(lambda said: [*said, END])


def test_should_object_to_what_was_taken_out_and_replaced() -> None:
    assert objected([5, 6, 7, END], [5, 7, END]) == [1]
    assert objected([5, 6, 7, END], [5, 8, 9, 7, END]) == [1]
    assert objected([5, 6, END], [7, 8, END]) == [0, 1]


def test_should_object_to_what_stood_where_something_was_put_in() -> None:
    """He would have gone on where the draft ended."""
    assert objected([5, 6, END], [5, 6, 7, END]) == [2]
    assert objected([5, 6, END], [4, 5, 6, END]) == [0]


def test_should_object_to_all_of_a_draft_that_was_thrown_away() -> None:
    assert objected([5, 6, END], []) == [0, 1, 2]


@given(texts, texts)
def test_should_object_to_something_unless_nothing_was_changed(draft: list[int], wanted: list[int]) -> None:
    places = objected(draft, wanted)
    assert places == sorted({*places})
    assert all(0 <= place < len(draft) for place in places)
    assert bool(places) == (draft != wanted)


def test_a_lesson_should_hold_only_that_against_the_draft() -> None:
    told = [Rendered([1, 2, *said], [False] * 2 + [True] * len(said)) for said in ([5, 6, END], [5, 6, 7, END])]
    (row,) = pack(told, 100, 0)
    one = Example.of(row, row.members.index(0), row.members.index(1), {})
    assert [(row.targets[at], row.owners[at]) for at in one.objected] == [(7, row.members.index(1) + 1)]
    assert Example.of(row, row.members.index(0), None, {}).objected == ()
    alone = Example.of(row, None, row.members.index(1), {})
    assert [row.targets[at] for at in alone.objected] == [5, 6, 7, END]
