"""The blind vote, its pure part: honest intervals, fair ballots, and who may see which."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.blends import BlendBook
from model_server.contract import Blend, Line
from model_server.errors import ConfigError
from training.conversations import Session
from training.likeness.prompts import Prompt, all_prompts
from training.likeness.shares import wilson
from training.own.own_facets import own_name
from training.votes.ballots import (
    Ballot,
    Picked,
    Round,
    Shown,
    Vote,
    choice_of,
    share_out,
    still_open,
    tells_a_secret,
    tidy,
    visible,
)
from training.votes.rounds import plan
from training.votes.tally import choose_blend, is_current, more_votes, tally

BRAM, NOOR = "telegram:user1", "telegram:user2"
LIVE = {"core": "1", "friend": "1"}
FITTED = BlendBook(fitted_types={"friend": {"core": 0.7, "friend": 0.6}})


def ballot(name: str = "b1", ids: Sequence[str] = (BRAM,), **changes: Any) -> Ballot:
    made = Ballot(name, "r", "friend", tuple(ids), "Bram", (Shown("contact", "hi"),), ("one", "two"), 1, True)
    return msgspec.structs.replace(made, **changes)


def votes(ours: int, rival: int, same: int = 0, round_id: str = "r", voter: str = "") -> list[Vote]:
    picked: list[Picked] = [*["ours"] * ours, *["rival"] * rival, *["same"] * same]  # type: ignore[list-item]
    return [Vote(f"{round_id}{voter}{at}", round_id, one, voter, at) for at, one in enumerate(picked)]


def a_round(round_id: str = "r", rival: Blend | None = None, **changes: Any) -> Round:
    made = Round(round_id, "friend", {"core": 0.5, "friend": 0.5}, rival, dict(LIVE), 1)
    return msgspec.structs.replace(made, **changes)


# tally


def test_an_interval_should_be_wilsons() -> None:
    assert wilson(15, 20) == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_an_interval_should_hold_its_share_and_be_the_mirror_of_the_others(counts: tuple[int, int]) -> None:
    wins, trials = counts
    low, high = wilson(wins, trials)
    assert 0 <= low < wins / trials + 1e-9 < high + 2e-9 <= 1 + 2e-9
    assert wilson(trials - wins, trials) == pytest.approx((1 - high, 1 - low))


def test_the_votes_that_are_missing_should_be_enough_if_the_share_stays() -> None:
    more = more_votes(6, 10)
    assert more is not None
    assert wilson(0.6 * (10 + more), 10 + more)[0] > 0.5
    assert wilson(0.6 * (9 + more), 9 + more)[0] <= 0.5
    assert more_votes(5, 10) is None
    assert more_votes(0, 0) == 10
    assert more_votes(4, 4) == 6


def test_a_handful_of_votes_should_choose_nothing() -> None:
    few = choose_blend(tally([a_round("c", {"core": 1.0})], [], votes(0, 9, round_id="c")))
    assert few is not None
    assert (few.blend, few.more) == (None, 1)


def test_ties_and_skips_should_not_count_as_wins() -> None:
    said = [*votes(3, 5, 2), Vote("s", "r", "skip", "", 1), *votes(1, 0, voter="friend")]
    (one,) = tally([a_round()], [ballot("b1"), ballot("s")], said)
    assert (one.ours, one.rival, one.same, one.decided, one.guests, one.voters) == (4, 5, 2, 9, 1, 2)
    assert one.open == 1, "what was skipped is not asked again"
    assert one.share == pytest.approx(5 / 9)
    assert one.winner == ""


def test_a_blend_should_be_chosen_only_when_the_interval_excludes_one_half() -> None:
    core = a_round("c", {"core": 1.0})
    even, won, lost = votes(8, 12, round_id="c"), votes(4, 16, round_id="c"), votes(16, 4, round_id="c")
    undecided = choose_blend(tally([core], [], even))
    assert undecided is not None
    assert undecided.blend is None
    assert undecided.more == more_votes(12, 20)
    chosen = choose_blend(tally([core], [], won))
    assert chosen is not None
    assert chosen.blend == {"core": 1.0}
    kept = choose_blend(tally([core], [], lost))
    assert kept is not None
    assert kept.blend == core.ours
    assert choose_blend(tally([a_round()], [], votes(0, 20))) is None, "the owner is no blend"
    other = a_round("o", {"friend": 1.0})
    both = choose_blend(tally([core, other], [], [*lost, *votes(5, 5, round_id="o")]))
    assert both is not None
    assert both.blend is None, "it has not won against each"


def test_votes_on_former_facets_or_blends_should_not_be_current() -> None:
    one = a_round()
    assert is_current(one, one.ours, LIVE)
    assert not is_current(one, {"core": 1.0}, LIVE)
    assert not is_current(one, one.ours, {**LIVE, "friend": "2"})


# ballots


def test_a_vote_should_be_for_who_stood_where_it_was_cast() -> None:
    ours_second = ballot()
    assert [choice_of(ours_second, one) for one in ("first", "second", "same", "skip")] == [
        "rival",
        "ours",
        "same",
        "skip",
    ]
    assert choice_of(ballot(ours=0), "first") == "ours"
    assert choice_of(ballot(ours=0), "second") == "rival"


def test_a_contact_should_see_only_what_was_said_to_him() -> None:
    mine, hers = ballot("mine"), ballot("hers", (NOOR,))
    shared, nobody = ballot("group", for_contact=False), ballot("nobody", ())
    merged = ballot("merged", (BRAM, NOOR))
    every = [mine, hers, shared, nobody, merged]
    assert visible(every, {BRAM}) == [mine], "not of her whom he was once taken for, either"
    assert visible(every, {BRAM, NOOR}) == sorted([mine, hers, merged], key=lambda one: one.ballot_id)
    assert len(visible(every, None)) == 5
    assert still_open([mine], [Vote("mine", "r", "skip", "x", 1)], "x") == []
    assert still_open([mine], [Vote("mine", "r", "ours", "x", 1)], "y") == [mine]


def prompts(count: int) -> list[Prompt]:
    lines = [Line(f"{at}", "contact" if at % 2 == 0 else "owner", f"text {at}", at * 1000) for at in range(2 * count)]
    session = Session("chat", "Bram", "friend", tuple(lines), contact_id=BRAM)
    return list(all_prompts([session], [session]))


def test_each_line_should_be_asked_once() -> None:
    """The same reply twice, beside two others, would tell which is whose."""
    found = prompts(9)
    blends, owner = share_out(found, [4, 3], lambda at, prompt: at == 1 or prompt is not found[0])
    assert (len(blends), len(owner)) == (4, 3)
    assert found[0] in owner
    assert not {id(one) for one in blends} & {id(one) for one in owner}


def test_only_words_should_tell_who_wrote() -> None:
    assert tidy("  hello \n\n there\n") == "hello\nthere"


@pytest.mark.parametrize(
    ("reply", "secret"),
    [("ok, 20 past 7", False), ("call 0612 345678", True), ("as you say: 0612345678", False), ("at [phone K]", True)],
)
def test_a_reply_that_tells_a_secret_should_be_known(reply: str, secret: bool) -> None:
    asked = [Shown("contact", "is it 0612 345678?")]
    assert tells_a_secret(reply, asked if "you say" in reply else []) is secret


# rounds


def test_the_blend_in_force_should_be_put_beside_another_and_the_owner() -> None:
    blends, owner = plan(FITTED, "friend", LIVE, "")
    assert blends.ours == owner.ours == {"core": 0.7, "friend": 0.6}
    assert blends.rival == {"core": 0.5, "friend": 0.5}
    assert owner.rival is None
    assert [one.rival for one in plan(BlendBook(), "friend", LIVE, "")] == [{"core": 1.0}, None]
    assert plan(FITTED, "friend", {**LIVE, "friend": "2"}, "")[0].round_id != blends.round_id
    assert plan(FITTED, "friend", LIVE, "default")[0].round_id == blends.round_id


@pytest.mark.parametrize(
    ("book", "against", "why"),
    [
        (BlendBook(), "default", "that very blend"),
        (FITTED, {"freind": 1.0}, "no facet that is live"),
        (FITTED, {own_name(NOOR): 1.0}, "one contact alone"),
    ],
)
def test_a_comparison_that_says_nothing_or_shows_too_much_should_be_refused(
    book: BlendBook, against: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        plan(book, "friend", LIVE, against)
