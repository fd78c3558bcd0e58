"""What corrections say again and again should be found; what they say now and then should not."""

from hypothesis import given
from hypothesis import strategies as st

from model_server.render import Rendered
from training.examples import pack
from training.learn.examples import Example
from training.learn.outcome import Trait
from training.learn.traits import traits_of

STOP, SHOUT, BYE, END = 90, 91, 92, 99
Words = list[int]


def lesson(wanted: Words | None, unwanted: Words | None = None, *, approved: bool = False) -> Example:
    texts = [text for text in (wanted, unwanted) if text is not None]
    rendered = [Rendered([1, 2, *text, END], [False] * 2 + [True] * (len(text) + 1)) for text in texts]
    (row,) = pack(rendered, 1000, 0)
    at_wanted = None if wanted is None else row.members.index(0)
    at_unwanted = None if unwanted is None else row.members.index(len(texts) - 1)
    return Example(row, at_wanted, at_unwanted, approved, {})


def found(*lessons: Example) -> tuple[Trait, ...]:
    return traits_of(lessons, lambda token: f"<{token}>")


def test_should_find_what_is_taken_out_and_what_is_put_in_its_place() -> None:
    edits = [lesson([at, 50, SHOUT], [at, 50, STOP]) for at in range(3, 23)]
    assert found(*edits) == (
        Trait(STOP, f"<{STOP}>", put_in=False, times=20, of=20),
        Trait(SHOUT, f"<{SHOUT}>", put_in=True, times=20, of=20, before=END, where="at the end"),
    )


def test_should_count_only_the_drafts_that_could_show_it() -> None:
    with_stop = [lesson([at], [at, STOP]) for at in range(3, 18)]
    others = [lesson([at, 50], [at, 51 + at]) for at in range(3, 28)]
    assert found(*with_stop, *others)[0] == Trait(STOP, f"<{STOP}>", put_in=False, times=15, of=15)
    assert {one.token_id for one in found(*with_stop, *others)} == {STOP}, "50 was put in 25 times of 40: now and then"


def test_a_draft_that_passes_should_speak_against_a_habit_it_does_not_follow() -> None:
    taken_out = [lesson([at], [at, STOP]) for at in range(3, 18)]
    assert not found(*taken_out, *(lesson([at, STOP], approved=True) for at in range(5)))
    assert found(*taken_out, *(lesson([at], approved=True) for at in range(5)))
    put_in = [lesson([at, BYE], [at]) for at in range(3, 18)]
    assert not found(*put_in, *(lesson([at], approved=True) for at in range(5)))
    assert found(*put_in, *(lesson([at, BYE], approved=True) for at in range(5)))


def test_should_tell_where_it_is_taken_out() -> None:
    """Who ends without a full stop may still have one in the middle."""
    edits = [lesson([at, STOP, 60 + at], [at, STOP, 60 + at, STOP]) for at in range(3, 23)]
    assert found(*edits) == (Trait(STOP, f"<{STOP}>", put_in=False, times=20, of=20, before=END, where="at the end"),)
    lines = [lesson([at, 7, 60 + at], [at, STOP, 7, 60 + at]) for at in range(10, 30)]
    kept = [lesson([at, STOP], approved=True) for at in range(10, 30)]
    assert [(one.before, one.where) for one in found(*lines, *kept)] == [(7, "before “<7>”")]


def test_one_draft_should_be_one_witness_however_often_it_says_it() -> None:
    """Six long drafts that he answered shortly have lost a dozen commas, and show no habit."""
    drafts = [lesson([at], [at, 7, 50 + at, 7, 60 + at]) for at in range(10, 22)]
    assert not found(*drafts[:11])
    assert found(*drafts) == (Trait(7, "<7>", put_in=False, times=12, of=12),)


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(3, 30), min_size=1, max_size=6), st.lists(st.integers(3, 30), min_size=1, max_size=6)
        ),
        max_size=11,
    )
)
def test_few_lessons_show_no_habit_whatever_they_say(pairs: list[tuple[Words, Words]]) -> None:
    """Neither do answers and discarded drafts, which have nothing beside them."""
    assert not found(*(lesson(wanted, unwanted) for wanted, unwanted in pairs))
    assert not found(*(lesson(wanted) for wanted, _ in pairs), *(lesson(None, unwanted) for _, unwanted in pairs))
