"""Intervals, comparisons, the lots of the shuffled control, the summary: all of the losses that needs no model."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.contract import Line
from model_server.errors import CorpusError
from model_server.home import Home
from training.conversations import Session
from training.likeness.assignment import assign, contact_of, of_label
from training.likeness.compare import compare
from training.likeness.conditions import Scored, losses_of
from training.likeness.figures import OVERALL, Condition
from training.likeness.intervals import interval, interval_of, joint_freedom, resampled_means, resampled_sums
from training.likeness.kept import Kept, measuring_alone
from training.likeness.scores import Score
from training.manifest import digest_of
from training.slices import Split


def score(nats: float, tokens: int = 10, contact_type: str = "family", chat: str = "a") -> Score:
    return Score(contact_type, chat, chat, tokens, nats)


def session(contact: str, contact_type: str, replies: int, at_ms: int = 0) -> Session:
    lines = tuple(Line(str(at), "owner" if at % 2 else "contact", "x", at_ms) for at in range(2 * replies))
    return Session(f"chat-{contact}", contact, contact_type, lines, contact_id=contact)


def split_of(*sessions: Session) -> Split:
    """Each contact says the same in all three parts."""
    return Split(sessions, sessions, sessions)


PEOPLE = split_of(
    *(session(f"mum{at}", "family", 10 + at) for at in range(4)),
    *(session(f"pal{at}", "friend", 12 + at) for at in range(4)),
)


# intervals


def test_should_vary_as_much_as_a_mean_really_does_also_of_few_conversations() -> None:
    """The variance of a mean is s²/n; resampling n of n would give a share of 1/n too little."""
    values = np.array([[1.0], [4.0], [9.0], [2.0]])
    sums = resampled_sums(values, ["a"] * 4, 40_000, seed=1)
    assert float((sums / 4).var()) == pytest.approx(float(values.var(ddof=1)) / 4, rel=0.03)
    means = resampled_means(np.tile(values[:, 0], (40_000, 1)), seed=1)
    assert float(means.var()) == pytest.approx(float(values.var(ddof=1)) / 4, rel=0.03)


def test_should_keep_how_much_there_is_of_each_type() -> None:
    """A type of three conversations of 100 tokens and one of five of 7 are never mixed."""
    columns = np.array([[100.0]] * 3 + [[7.0]] * 5)
    assert set(resampled_sums(columns, ["a"] * 3 + ["b"] * 5, 200, seed=1)[:, 0].round(6)) == {335.0}


def test_should_have_no_interval_for_one_conversation_or_two() -> None:
    for size in (1, 2):
        assert interval_of(lambda sums: sums[:, 0], np.ones((size, 1)), ["a"] * size, 100, 0) is None


def test_should_not_be_sure_of_what_one_conversation_of_each_type_says() -> None:
    """Drawn each by itself, neither would ever vary, and any figure of both would be certain."""
    columns = np.array([[10.0, 9.0], [10.0, 6.0], [30.0, 29.0], [30.0, 25.0], [30.0, 22.0]])
    for strata in (["a", "b", "c"], ["a", "b", "c", "c", "c"], ["a", "c", "c", "c", "c"]):
        some = columns[: len(strata)]
        sums = resampled_sums(some, strata, 400, seed=1)
        assert sums[:, 1].std() > 0
        low, high = interval_of(lambda sums: sums[:, 1] / sums[:, 0], some, strata, 400, 1) or (1.0, 0.0)
        assert low < float(some[:, 1].sum() / some[:, 0].sum()) < high


@pytest.mark.parametrize("size", [3, 5, 12])
def test_should_hold_the_truth_as_often_as_it_says_also_of_few_conversations(size: int) -> None:
    """200 owners with a true gain of nothing: of their 95 % intervals about 10 leave it out."""
    draw = np.random.default_rng(size)
    missed = 0
    for _owner in range(200):
        gains = draw.normal(size=(size, 1))
        low, high = interval_of(lambda sums: sums[:, 0], gains, ["a"] * size, 400, 1) or (0.0, 0.0)
        missed += not low <= 0 <= high
    assert missed <= 24


def test_should_know_how_little_three_seeds_say() -> None:
    assert joint_freedom([(1.0, 50.0), (0.0, 2.0)]) == pytest.approx(50)
    assert joint_freedom([(0.0, 50.0), (1.0, 2.0)]) == pytest.approx(2)
    assert 2 < joint_freedom([(1.0, 50.0), (1.0, 2.0)]) < 10
    assert math.isinf(joint_freedom([(0.0, 5.0)]))


def test_should_take_a_single_seed_as_it_is() -> None:
    assert resampled_means(np.array([[2.0], [3.0]]), seed=1).tolist() == [2.0, 3.0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.1, 50), min_size=2, max_size=30), st.integers(0, 99))
def test_should_hold_the_figure_itself_between_its_bounds(nats: list[float], seed: int) -> None:
    columns = np.array(nats)[:, None]
    low, high = interval(resampled_sums(columns, ["a"] * len(nats), 400, seed)[:, 0], math.inf)
    assert low <= sum(nats) * (1 + 1e-9) + 1e-9
    assert high >= sum(nats) * (1 - 1e-9) - 1e-9


# compare


def test_should_say_by_how_much_the_loss_rose() -> None:
    before = [score(20.0, 10, chat="a"), score(33.0, 10, chat="b"), score(70.0, 40, chat="c")]
    after = [score(one.nats * 1.01, one.tokens, chat=one.chat_key) for one in before]
    change = compare(before, after, 200, 0)
    assert change.share == pytest.approx(0.01)
    assert change.ci == pytest.approx((0.01, 0.01))
    assert change.nats_before == pytest.approx(123 / 60)
    assert change.conversations == 3


def test_should_be_sure_of_a_small_change_that_all_conversations_share_and_not_of_a_mixed_one() -> None:
    draw = np.random.default_rng(1)
    before = [score(float(nats), chat=str(at)) for at, nats in enumerate(draw.uniform(5, 80, 40))]
    better = compare(before, [score(one.nats * 0.99, chat=one.chat_key) for one in before])
    mixed = compare(before, [score(one.nats * float(draw.choice([0.8, 1.2])), chat=one.chat_key) for one in before])
    assert better.ci is not None
    assert better.ci[1] < 0
    assert mixed.ci is not None
    assert mixed.ci[0] < 0 < mixed.ci[1]
    assert compare(before, before[:]).share == 0.0


def test_should_compare_nothing_with_nothing_and_refuse_other_conversations() -> None:
    assert compare([], []).conversations == 0
    assert compare([score(0.0, 0)], [score(0.0, 0)]).ci is None
    with pytest.raises(ValueError, match="different conversations"):
        compare([score(1.0, chat="a")], [score(1.0, chat="b")])


# the lots of the shuffled control


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_should_deal_every_contact_whole_to_slices_about_as_large(seed: int) -> None:
    dealt = assign(PEOPLE, seed)
    assert dealt is not None
    assert set(dealt.labels) == {contact_of(one) for one in PEOPLE.train}
    for label in ("family", "friend"):
        want = sum(one.replies for one in PEOPLE.train if one.contact_type == label)
        got = sum(one.replies for one in of_label(PEOPLE.train, dealt.labels, label))
        assert abs(got - want) <= 0.1 * want
    assert dealt.misfit <= 0.1
    family = {contact for contact, label in dealt.labels.items() if label == "family"}
    true = {f"mum{at}" for at in range(4)}
    assert family not in (true, set(dealt.labels) - true)


def test_should_deal_the_same_for_the_same_seed_and_differently_for_others() -> None:
    dealt = [assign(PEOPLE, seed) for seed in (1, 1, 2, 3, 4)]
    assert dealt[0] == dealt[1]
    assert len({tuple(sorted(one.labels.items())) for one in dealt if one}) > 1


@pytest.mark.parametrize(
    "contacts",
    [
        [("mum", "family"), ("pal", "friend")],
        [("mum", "family"), ("dad", "family"), ("gran", "family")],
        [("mum", "family")],
        [("mum", ""), ("dad", ""), ("pal", "")],
        [],
    ],
)
def test_should_deal_nothing_where_there_is_no_other_way_to_group(contacts: list[tuple[str, str]]) -> None:
    assert assign(split_of(*(session(name, kind, 5) for name, kind in contacts)), seed=1) is None


def test_should_not_deal_the_true_groups_even_where_nothing_else_fits_as_well() -> None:
    people = [("mum", "family", 50), ("dad", "family", 50), ("bram", "friend", 3), ("noor", "friend", 3)]
    dealt = assign(split_of(*(session(*one) for one in people)), seed=1)
    assert dealt is not None
    assert dealt.labels["mum"] != dealt.labels["dad"] or dealt.labels["bram"] != dealt.labels["noor"]


def test_should_give_every_label_something_to_learn_from() -> None:
    """Sizes fit best where one label holds only who was never heard in the training part."""
    known = (session("mum", "family", 9), session("pal", "friend", 1))
    late = session("new", "friend", 100)
    dealt = assign(Split(known, (late,), (late,)), seed=1)
    assert dealt is not None
    assert dealt.labels["mum"] != dealt.labels["pal"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 300), st.booleans()), max_size=20), st.integers(0, 9)
)
def test_should_deal_whatever_the_corpus(people: list[tuple[str, int, bool]], seed: int) -> None:
    """Contacts that are heard only after the training part have a label as well."""
    sessions = [(session(name, f"type-{ord(name) % 3}", replies), late) for name, replies, late in people]
    split = Split(tuple(one for one, late in sessions if not late), (), tuple(one for one, _late in sessions))
    dealt = assign(split, seed)
    if dealt is not None:
        assert set(dealt.labels) == {name for name, _, _ in people}
        assert 0 <= dealt.misfit <= 1
        assert 0 <= dealt.stayed <= 1


# the summary


def scored(blend: float, shuffles: tuple[float, ...] = (), kinds: tuple[str, ...] = ("family", "friend")) -> Scored:
    """Twelve conversations of each type; `friend` has three times the tokens, and each is as hard as its number."""
    hard = [(kind, at, 30 if kind == "friend" else 10) for kind in kinds for at in range(12)]

    def voice(factor: float) -> tuple[Score, ...]:
        return tuple(score(tokens * (3 + at / 10) * factor, tokens, kind, f"{kind}{at}") for kind, at, tokens in hard)

    factors: dict[Condition, float] = {"base": 2, "card": 1.8, "core": 1.2, "own": 1.1, "blend": blend, "pooled": 1.15}
    voices = {name: voice(factor) for name, factor in factors.items()}
    return Scored(voices, (2,) * len(hard), tuple(voice(factor) for factor in shuffles))


def test_should_put_every_condition_in_nats_per_token_of_each_type_and_of_all() -> None:
    rows = losses_of(scored(1.0, (1.04, 1.05, 1.06)), {"family": True, "friend": False}, 300, 0)
    assert list(rows) == ["family", "friend", OVERALL]
    assert rows["family"].blend == rows[OVERALL].blend == 3.55
    assert (rows["family"].tokens, rows["friend"].tokens, rows[OVERALL].tokens) == (120, 360, 480)
    assert (rows[OVERALL].replies, rows[OVERALL].conversations) == (48, 24)
    assert (rows["family"].own, rows["friend"].own, rows[OVERALL].own) == (3.905, None, 3.905)
    assert rows["family"].fewshot is None


def test_should_count_the_net_of_the_control_over_seeds_and_conversations() -> None:
    rows = losses_of(scored(1.0, (1.04, 1.05, 1.06)), {"family": True, "friend": True}, 2000, 0)
    overall = rows[OVERALL]
    assert overall.net == pytest.approx(0.05 * 3.55, abs=1e-3)
    assert overall.shuffled == pytest.approx(1.05 * 3.55, abs=1e-3)
    assert overall.net is not None
    assert overall.net_ci is not None
    assert 0 < overall.net_ci[0] < overall.net < overall.net_ci[1]
    one_seed = losses_of(scored(1.0, (1.05,)), {"family": True, "friend": True}, 2000, 0)[OVERALL].net_ci
    assert one_seed is not None
    # other seeds could have had other lots: more of them that differ widen the interval
    assert overall.net_ci[1] - overall.net_ci[0] > 1.5 * (one_seed[1] - one_seed[0])
    assert overall.gain == pytest.approx(0.15 * 3.55, abs=1e-3)
    assert overall.gain_ci is not None
    assert overall.gain_ci[0] > 0
    assert set(overall.ci) == {"base", "card", "core", "own", "blend", "pooled", "shuffled"}


def test_should_see_no_net_where_there_is_none() -> None:
    rows = losses_of(scored(1.0, (0.98, 1.02, 1.0)), {"family": True, "friend": True}, 2000, 0)
    low, high = rows[OVERALL].net_ci or (1.0, -1.0)
    assert low < 0 < high


def test_should_leave_out_a_type_of_which_nothing_is_held_out() -> None:
    rows = losses_of(scored(1.0, kinds=("family",)), {"family": True, "stranger": True}, 100, 0)
    assert list(rows) == ["family", OVERALL]
    assert (rows["family"].net, rows["family"].net_ci, rows["family"].shuffled) == (None, None, None)


# what is kept


def test_should_make_a_part_once_and_anew_for_other_inputs(tmp_path: Path) -> None:
    kept = Kept(Home(tmp_path).create())
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    first, other = digest_of("these"), digest_of("others")
    assert [kept.keep("part", first, int, make) for _ in range(3)] == [1, 1, 1]
    assert kept.keep("part", other, int, make) == 2
    assert [path.name for path in kept.directory.iterdir()] == [f"part-{other}.json"]
    (kept.directory / f"part-{other}.json").write_bytes(b"{")
    assert kept.keep("part", other, int, make) == 3


def test_should_measure_one_report_of_a_home_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with measuring_alone(home), pytest.raises(CorpusError, match="another evaluation"), measuring_alone(home):
        pass
    with measuring_alone(home):
        pass


def test_should_keep_nothing_of_who_was_forgotten_while_it_was_measured(tmp_path: Path) -> None:
    """Also when it is stopped: what it writes after the forgetting nobody else would remove."""
    home = Home(tmp_path).create()
    part, facet = home.runs_dir / "likeness" / "base-0.json", home.runs_dir / "controls" / "pooled" / "a.safetensors"

    def measured(whom: str) -> None:
        with measuring_alone(home):
            if whom:
                home.excluded_file.write_text(json.dumps({"senders": [whom]}))
            for path in (part, facet):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("")
            if whom == "telegram:2":
                raise KeyboardInterrupt

    measured("")
    assert part.exists()
    with pytest.raises(CorpusError, match="left out"):
        measured("telegram:1")
    assert not part.exists()
    assert not facet.exists()
    with pytest.raises(KeyboardInterrupt):
        measured("telegram:2")
    assert not part.exists()
    assert not facet.exists()
