"""The checker should see each kind of broken promise."""

import pytest

from tests.chaos.checker import Sent, judge
from tests.chaos.plan import Plan, PlannedLine, make_plan, scripted_reply

PLAN = Plan(0, tuple(PlannedLine("c1", f"c1-{n}", 0) for n in (1, 2, 3)))
ALL = ["c1-1", "c1-2", "c1-3"]


def bubbles(*turns: list[str], notice: bool = True) -> list[Sent]:
    said = [Sent("c1", "n", "notice")] if notice else []
    for turn in turns:
        said += [Sent("c1", f"{turn[-1]}#{i}", text) for i, text in enumerate(scripted_reply(turn).splitlines())]
    return said


GOOD = bubbles(["c1-1"], ["c1-2", "c1-3"])
ANSWERED = [(line_id, "answered") for line_id in ALL]


def test_should_find_nothing_wrong_with_a_good_run() -> None:
    verdict = judge(PLAN, ALL, GOOD, ANSWERED, dedupes=False)
    assert verdict.clean
    assert verdict.turns == 2


@pytest.mark.parametrize(
    ("sent", "counted"),
    [
        (bubbles(["c1-1"]), {"lost": 2}),
        (GOOD[:-1], {"lost": 2}),
        ([*GOOD, *bubbles(["c1-3"], notice=False)], {"answered_twice": 1, "out_of_order": 2}),
        ([*GOOD, GOOD[1]], {"answered_twice": 1, "out_of_order": 1}),
        (bubbles(["c1-2", "c1-3"], ["c1-1"]), {"out_of_order": 2}),
        ([GOOD[0], GOOD[2], GOOD[1], *GOOD[3:]], {"out_of_order": 1}),
        (GOOD[1:], {"without_notice": 4}),
        ([*GOOD[1:], GOOD[0]], {"without_notice": 4}),
    ],
)
def test_should_count_what_is_wrong(sent: list[Sent], counted: dict[str, int]) -> None:
    verdict = judge(PLAN, ALL, sent, ANSWERED, dedupes=False)
    assert not verdict.clean
    names = ("lost", "answered_twice", "out_of_order", "without_notice")
    assert {name: getattr(verdict, name) for name in names if getattr(verdict, name)} == counted


def test_should_see_lines_that_were_never_taken_or_ended_nowhere_or_twice() -> None:
    assert judge(PLAN, ALL[:2], GOOD, ANSWERED, dedupes=False).not_taken == 1
    assert judge(PLAN, ALL, GOOD, ANSWERED[1:], dedupes=False).not_ended == 1
    assert judge(PLAN, ALL, GOOD, [*ANSWERED, ("c1-1", "dead")], dedupes=False).not_ended == 1
    assert judge(PLAN, ALL, GOOD, [*ANSWERED[1:], ("c1-1", "sending")], dedupes=False).not_ended == 1


def test_should_not_call_a_line_lost_that_the_owner_was_told_of() -> None:
    ended = [*ANSWERED[1:], ("c1-1", "unknown")]
    hidden = ["c1-1#0"]
    verdict = judge(PLAN, ALL, GOOD[:1] + GOOD[2:], ended, dedupes=False, hidden=hidden, at_risk=hidden)
    assert verdict.clean
    assert verdict.unknown == 1
    assert judge(PLAN, ALL, GOOD[:1] + GOOD[2:], [*ANSWERED[1:], ("c1-1", "dead")], dedupes=False).lost == 1


@pytest.mark.parametrize("sent", [[], GOOD], ids=["never sent", "sent all the same"])
def test_should_not_take_unknown_for_an_excuse(sent: list[Sent]) -> None:
    ended = [(line_id, "unknown") for line_id in ALL]
    hidden = ["c1-1#0", "c1-3#0", "c1-3#1"]
    verdict = judge(PLAN, ALL, sent, ended, dedupes=False, hidden=hidden, at_risk=["c1-3#1", "c1-2#0"])
    assert verdict.lost == 0
    assert verdict.unexplained == 2
    assert not verdict.clean


def test_should_see_one_bubble_once_where_the_platform_does() -> None:
    again = [*GOOD, GOOD[1]]
    verdict = judge(PLAN, ALL, again, ANSWERED, dedupes=True)
    assert verdict.clean
    assert verdict.resent == 1


def test_should_plan_every_line_once_and_in_order() -> None:
    plan = make_plan(0, chats=5, lines=100, seconds=10, seed=7)
    assert len({line.line_id for line in plan.lines}) == 100
    for chat in {line.chat for line in plan.lines}:
        mine = [line for line in plan.lines if line.chat == chat]
        assert [line.line_id for line in mine] == [f"{chat}-{n:03}" for n in range(1, len(mine) + 1)]
        assert [line.at_s for line in mine] == sorted(line.at_s for line in mine)
