"""What is read from a reply, and how far two samples of replies are apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.likeness.distances import Numbers, delta, jensen_shannon, wasserstein, with_interval
from training.likeness.flaws import Spoken, copies, flaws_of, is_looping, key_of
from training.likeness.particles import learn_particles, tokens_of, usual_spread
from training.likeness.prompts import Said
from training.likeness.style import (
    Habits,
    bubbles_of,
    casing_of,
    kind_measures,
    languages_in,
    marks_of,
    number_measures,
)
from training.likeness.style_measures import DRAWS, Learned, Sample, draw_earlier, joined, measure_style


def said(*texts: str, to: str = "a") -> list[Said]:
    return [Said(to, text) for text in texts]


def ones(count: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.ones((1, count))


def test_a_reply_should_have_a_bubble_on_each_line_and_never_none() -> None:
    assert bubbles_of("yes \n\n no") == ["yes", "no"]
    assert bubbles_of("") == [""]


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("well... no!", ["...", "!"]),
        ("好。真的？", [".", "?"]),
        ("好……", ["..."]),
        ("don't, it’s", [","]),
        ("«so» “it”", ['"'] * 4),
        ("ok 😀", []),
    ],
)
def test_marks_should_be_the_same_in_all_scripts(text: str, marks: list[str]) -> None:
    assert marks_of(text) == marks


@pytest.mark.parametrize(
    ("text", "casing"),
    [
        ("ok i know", "small"),
        ("ok I know", "small first"),
        ("Ok", "capital first"),
        ("I WAS THERE", "shout"),
        ("好", ""),
        ("42!", ""),
    ],
)
def test_casing_should_be_told_where_letters_have_case(text: str, casing: str) -> None:
    assert casing_of(text) == casing


def test_a_bubble_should_end_with_its_mark_also_before_an_emoji() -> None:
    (endings,) = [one for one in kind_measures(Habits(frozenset(), frozenset())) if one.name == "endings"]
    assert endings.read(said("done. 😀", "ok\nwhat?", "so...", "")) == [(".",), ("none", "?"), ("...",), ("none",)]
    assert endings.value is not None
    assert endings.value("ok\nwhat?") == 0.5


def test_a_short_reply_should_be_in_the_language_of_the_contact() -> None:
    dutch = "Ik kom morgen later, want de trein heeft weer vertraging en ik moet nog boodschappen doen."
    assert languages_in([Said("a", dutch), Said("a", "ok"), Said("b", "好的，明天见")]) == [("nl",), ("nl",), ("zh",)]


def test_particles_should_be_small_words_said_to_several_in_any_language() -> None:
    replies = [Said(str(n % 4), f"the {'boat' * (n % 4)} is here haha") for n in range(8)]
    replies += [Said("0", "mum the mum is here") for _ in range(9)]
    assert learn_particles(replies) == ("here", "is", "the", "haha"), "mum is said to one person alone"
    chinese = [Said(str(n % 3), "好的吧") for n in range(6)]
    assert set(learn_particles(chinese)) == {"好", "的", "吧"}
    assert tokens_of("It’s 5 [phone K] 好吧") == ["it's", "5", "好", "吧"]


NUMBERS = st.lists(st.lists(st.floats(0, 50), min_size=1, max_size=4), min_size=1, max_size=8)


@given(ours=NUMBERS, theirs=NUMBERS)
@settings(max_examples=40)
def test_moving_one_sample_to_the_other_should_cost_the_area_between_them(
    ours: list[list[float]], theirs: list[list[float]]
) -> None:
    """As by quantiles on a fine grid, which is another way to compute the same."""
    a, b = Numbers.of(ours), Numbers.of(theirs)
    found = wasserstein(a, b, 1.0)(ones(len(ours)), ones(len(theirs)))[0]
    parts = (np.arange(27_720) + 0.5) / 27_720
    sorted_a, sorted_b = np.sort(a.values), np.sort(b.values)
    at_a, at_b = (np.floor(parts * len(values)).astype(int) for values in (sorted_a, sorted_b))
    assert found == pytest.approx(np.abs(sorted_a[at_a] - sorted_b[at_b]).mean(), abs=0.1)
    assert found == pytest.approx(wasserstein(b, a, 1.0)(ones(len(theirs)), ones(len(ours)))[0], abs=1e-9)


def test_a_weight_should_count_a_reply_as_often() -> None:
    a, b = Numbers.of([[1.0], [5.0, 7.0]]), Numbers.of([[1.0]])
    assert wasserstein(a, b, 2.0)(np.array([[1.0, 0.0], [0.0, 1.0]]), np.ones((2, 1))).tolist() == [0.0, 2.5]


def test_kinds_should_be_one_bit_apart_at_most() -> None:
    one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 3.0]])
    assert jensen_shannon(one, other)(ones(1), ones(1)) == pytest.approx(1.0)
    assert jensen_shannon(one, 5 * one)(ones(1), ones(1)) == pytest.approx(0.0)
    assert jensen_shannon(one, one + other)(ones(1), ones(1)) == pytest.approx(0.5488, abs=1e-4)
    assert jensen_shannon(one, 0 * one)(ones(1), ones(1)) == pytest.approx(1.0), "nothing is like nothing else"
    assert jensen_shannon(0 * one, 0 * one)(ones(1), ones(1)) == pytest.approx(0.0)


def test_words_should_be_apart_in_spreads() -> None:
    one, other = np.array([[5.0, 10.0]]), np.array([[3.0, 10.0]])
    assert delta(one, other, np.array([0.1]))(ones(1), ones(1)) == pytest.approx(2.0)


def test_the_owner_should_be_about_a_spread_from_herself() -> None:
    """Shares of words strayed by chance are apart by 2 / sqrt(pi) of their spread on average."""
    draw = np.random.default_rng(1)
    uses = draw.poisson(2, size=(400, 20)).astype(np.float64)
    counts = np.hstack([uses, np.full((400, 1), 50.0)])
    apart = delta(counts, counts, usual_spread(counts, 40, seed=1))
    lots = draw.multinomial(40, np.full(400, 1 / 400), size=(2, 60)).astype(np.float64)
    assert apart(lots[0], lots[1]).mean() == pytest.approx(2 / np.sqrt(np.pi), abs=0.1)


def test_an_interval_should_stand_around_the_distance_and_narrow_with_replies() -> None:
    draw = np.random.default_rng(0)
    widths = []
    for count in (20, 320):
        a, b = (Numbers.of([[value] for value in draw.normal(mean, 1, count)]) for mean in (0, 0.6))
        found, ci = with_interval(wasserstein(a, b, 1.0), count, 400, seed=3)
        assert ci is not None
        assert ci[0] < found < ci[1]
        assert ci == with_interval(wasserstein(a, b, 1.0), count, 400, seed=3)[1]
        widths.append(ci[1] - ci[0])
    assert widths[1] < widths[0] / 2
    one = Numbers.of([[1.0]])
    assert with_interval(wasserstein(one, one, 1.0), 1, 400, seed=3) == (0.0, None)


def test_earlier_replies_should_be_drawn_to_the_same_contacts() -> None:
    earlier = [*said(*"0123456789", to="a"), *said("x", to="b"), *said(*"uvw", to="c")]
    rows = draw_earlier(earlier, [*said("1", "2", "3", to="a"), *said("1", "2", to="b")], seed=1)
    assert rows.shape == (DRAWS, 14)
    assert set(rows.sum(axis=1)) == {5.0}
    assert all(row[:10].sum() >= 3 and row[10] == 1 for row in rows), "b has one reply, another's stands in"
    assert len({tuple(row) for row in rows}) > DRAWS / 2
    assert draw_earlier([], said("1"), seed=1).shape == (DRAWS, 0)


def sample(clone: str, owner: str, bare: str, count: int = 12) -> Sample:
    real, earlier = (said(*[f"{owner} {'so ' * (n % 3)}{n + shift}" for n in range(count)]) for shift in (0, 50))
    spoken = [tuple(said(*[f"{text} {n}" for n in range(count)])) for text in (clone, bare)]
    return Sample(spoken[0], tuple(real), spoken[1], tuple(earlier), draw_earlier(earlier, real, 1))


def test_a_clone_like_its_owner_should_be_nearer_than_the_bare_model() -> None:
    one = sample("haha no so so", "haha no", "I AM AN ASSISTANT! How may I help you today?")
    measures = {each.name: each for each in measure_style(one, Learned.of(one.earlier), 200, 1)}
    assert {"bubbles", "characters", "words", "emoji", "punctuation", "endings", "casing", "openers"} <= set(measures)
    casing, marks = measures["casing"], measures["punctuation"]
    assert (casing.owner, casing.clone, casing.distance, casing.floor, casing.bare) == (1.0, 1.0, 0.0, 0.0, 1.0)
    assert marks.bare is not None
    assert marks.distance == 0.0
    assert marks.bare > 0.5
    assert all(each.source and each.title for each in measures.values())


def test_an_owner_without_capitals_or_earlier_replies_should_be_measured_still() -> None:
    chinese = [Sample(tuple(said("好的")), tuple(said("好吧。")), tuple(said("你好")), (), np.zeros((DRAWS, 0)))]
    whole = joined([*chinese, *chinese])
    measures = {each.name: each for each in measure_style(whole, Learned.of(()), 100, 1)}
    assert "casing" not in measures
    assert "particles" not in measures
    assert measures["characters"].floor is None
    assert measures["characters"].owner == 3.0


def test_a_loop_should_be_told_from_laughing() -> None:
    assert is_looping("the sea and the sea and the sea and the sea and the sea and")
    assert is_looping("good night\ngood night\ngood night")
    assert is_looping("好好好好好好好好好")
    assert not is_looping("haha haha haha")
    assert not is_looping("no no no, I said no")


def test_a_copy_should_be_told_from_a_phrase_in_common() -> None:
    asked = "are you coming to the harbour on sunday?"
    assert copies("Are you coming to the harbour?", asked)
    assert not copies("to the harbour, yes, but only if Bram is bringing the boat back", asked)
    assert not copies("on sunday", asked)
    assert copies("明天去不去海边", "明天去不去海边？")
    assert not copies("", asked)


def test_flaws_should_be_shares_of_replies() -> None:
    learnt = {key_of("I have left the key under the third stone."), key_of("ok")}
    found = flaws_of(
        [
            Spoken("  ", ("hi",), cut=False),
            Spoken("i have left the key under the third stone", ("where is it",), cut=False),
            Spoken("ok", ("ok",), cut=True),
            Spoken("where is it again you ask", ("no", "where is it again"), cut=False),
        ],
        learnt,
    )
    assert (found.replies, found.empty, found.looping, found.copied_line) == (4, 0.25, 0.0, 0.25)
    assert (found.copied_corpus, found.longest) == (0.25, 0.25)
    assert found.distinct_2 == 1.0
    assert flaws_of([], learnt).replies == 0


def test_words_of_chinese_should_be_words_and_not_characters() -> None:
    (words,) = [one for one in number_measures() if one.name == "words"]
    (counted,) = words.read([Said("c", "好的妈今晚到家吃饭吧")])
    assert counted == (6.0,), "ten characters"
    assert words.read([Said("c", "don't wait\nhome by nine")]) == [(2.0, 3.0)]
