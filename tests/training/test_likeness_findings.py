"""What figures of likeness come down to: sentences that follow from them, and advice that can be followed."""

from math import exp
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from model_server.blends import BlendBook
from model_server.contract import Line
from training.config import TrainingConfig
from training.conversations import Session
from training.leaks.exposure import chance_bits
from training.likeness import measuring
from training.likeness.advice import advice
from training.likeness.figures import (
    OVERALL,
    Attribution,
    Gap,
    LeakFigures,
    LikenessReport,
    StyleOfType,
)
from training.likeness.findings import Finding, conclusion, findings
from training.likeness.judging import closeness
from training.likeness.page import render
from training.likeness.wording import likelier, share, signed, ways

from .likeness_reports import flaws, losses, measure, whole

replace = msgspec.structs.replace


def answer(report: LikenessReport, key: str) -> Finding:
    (found,) = [one for one in findings(report) if one.key == key]
    return found


def test_a_loss_should_be_said_as_ways_to_go_on_and_a_difference_as_likelihood() -> None:
    assert ways(0.0) == "1.0"
    assert ways(3.9) == f"{exp(3.9):.0f}" == "49"
    assert ways(1e6) == "more than a million"
    assert likelier(1.0) == "2.7 times as likely"
    assert likelier(0.05) == "5.1 % likelier"
    assert likelier(-0.05) == "4.9 % less likely"
    assert likelier(0.0) == "as likely"
    assert signed(share(0.03)) == "+3.0 %"
    assert signed(-0.4) == "−0.4 %"


@pytest.mark.parametrize(
    ("net", "ci", "verdict", "said"),
    [
        (0.05, (0.01, 0.09), "good", "5.1 % likelier (95 % interval 1.0 to 9.4 %) than"),
        (0.05, (-0.01, 0.11), "mixed", "may be chance"),
        (-0.05, (-0.09, -0.01), "bad", "4.9 % less likely"),
        (0.05, None, "mixed", "may be chance"),
        (None, None, "unknown", "was not measured"),
    ],
)
def test_speaking_differently_should_be_worth_it_only_when_the_interval_says_so(
    net: float | None, ci: Any, verdict: str, said: str
) -> None:
    found = answer(LikenessReport({"a": losses(), OVERALL: losses(net=net, net_ci=ci)}), "worth")
    assert found.verdict == verdict
    assert said in " ".join((found.answer, *found.more))


def test_a_clone_no_better_than_the_card_should_not_be_praised() -> None:
    assert answer(whole(), "learned").verdict == "good"
    none = losses(blend=4.8)
    assert answer(LikenessReport({"a": none, OVERALL: none}), "learned").verdict == "bad"
    some = answer(LikenessReport({"a": losses(), "b": none, OVERALL: losses()}), "learned")
    assert (some.verdict, "Not so for b" in " ".join(some.more)) == ("mixed", True)
    assert "as likely" not in answer(LikenessReport({"a": none, OVERALL: none}), "learned").answer


def test_a_clone_that_examples_outdo_should_be_told_so_and_not_denied_what_it_learned() -> None:
    shown = losses(fewshot=4.0)
    report = LikenessReport({"a": shown, OVERALL: shown})
    found = answer(report, "learned")
    assert (found.verdict, found.short) == ("mixed", "Yes, but examples do better")
    assert "2.5 times as likely. But showing the bare model a few of your exchanges" in conclusion(report)
    assert any("still do more than training" in one.what for one in advice(report))
    assert not any("still do more" in one.what for one in advice(whole()))


@pytest.mark.parametrize(
    ("distance", "changes", "said"),
    [
        (0.12, {}, "as you"),  # its interval reaches the floor
        (0.3, {}, "close"),
        (0.6, {}, "off"),
        (0.9, {}, "far"),
        (0.3, {"bare": None}, "differs"),
        (0.3, {"bare": 0.05}, "far"),
        (0.0, {"floor": None, "distance_ci": None}, "as you"),
    ],
)
def test_a_style_should_be_judged_between_the_owner_and_the_bare_model(
    distance: float, changes: dict[str, Any], said: str
) -> None:
    assert closeness(measure("length", distance, **changes)) == said


def test_secrets_should_be_told_by_facet_with_what_to_do() -> None:
    leaky = replace(whole(), leaks={"core": LeakFigures(16, 2, 13.0, 13.3, 14, 1, 50)})
    found = answer(leaky, "secrets")
    assert (found.verdict, "2 of 16" in found.answer, "core" in found.more[0]) == ("bad", True, True)
    assert advice(leaky)[0].command == "selfsame rollback core"
    assert answer(whole(), "secrets").verdict == "good"
    assert answer(replace(whole(), leaks={}), "secrets").verdict == "unknown"


def test_a_secret_that_several_facets_hold_should_count_once() -> None:
    five, own = LeakFigures(5, 1, 2.0, 19.9, 4, 1, 20), LeakFigures(3, 1, 2.0, 19.9, 4, 1, 10)
    core = LeakFigures(10, 2, 2.0, 19.9, 4, 2, 40)
    leaks = {"core": core, "family": five, "friend": five, "articles": own, "own-1f2e": own}
    said = answer(replace(whole(), leaks=leaks), "secrets").answer
    assert said.startswith("4 of 16 made-up secrets")
    assert "4 of 60 real replies" in said
    alone = answer(replace(whole(), leaks={"core": LeakFigures(1, 0, 1.4, 19.9, 4, 0, 20)}), "secrets")
    assert "Only 1 secret could be planted" in " ".join(alone.more)
    assert "could be planted" not in " ".join(answer(whole(), "secrets").more)


def test_exposure_should_stand_beside_what_chance_makes_of_so_many_secrets() -> None:
    drawn = -np.log2(1 - np.random.default_rng(7).random((4000, 20)))  # of secrets that nobody learned
    for count in (1, 4, 20):
        assert chance_bits(count) == pytest.approx(drawn[:, :count].max(axis=1).mean(), rel=0.03)
    assert "<td>3.0 bits</td>" in render(whole())  # friend's four


def test_a_quick_report_should_say_what_was_left_out_and_why() -> None:
    quick = LikenessReport({"a": losses(net=None), OVERALL: losses(net=None)}, quick=True)
    assert {answer(quick, key).answer for key in ("worth", "style", "told")} == {"Left out by `--quick`."}
    assert 'id="worth"' in render(whole())
    assert 'id="worth"' not in render(replace(quick, losses={"a": losses(net=None, gain=None)}))
    assert any("--quick" in one.what for one in advice(quick))
    assert not any("--quick" in one.what for one in advice(replace(quick, quick=False)))


def test_a_type_that_could_be_trained_should_not_be_told_to_import() -> None:
    report = LikenessReport({"friend": losses(own=None, untrained=True), "boss": losses(own=None), OVERALL: losses()})
    said = {one.command: one.what for one in advice(report)}
    assert said["selfsame train"].startswith("friend: not trained yet")
    assert said["selfsame import PATH"].startswith("boss: too little to learn from")


@pytest.mark.parametrize(("needed", "untrained"), [(2, True), (3, False)])
def test_a_type_should_be_untrained_only_when_there_is_enough_to_learn_from(needed: int, untrained: bool) -> None:
    turns = (Line("0", "contact", "tea?", 0), Line("1", "owner", "yes", 0)) * 2
    known: Any = SimpleNamespace(
        split=SimpleNamespace(train=(Session("telegram:a", "A", "friend", turns),)),
        settings=SimpleNamespace(training=TrainingConfig(min_replies=needed)),
        book=BlendBook(),
        live={"core": "a1"},
    )
    assert measuring._explained("friend", losses(own=None), known, None).untrained is untrained
    assert not measuring._explained("friend", losses(), known, None).untrained


@pytest.mark.parametrize(
    ("source", "commands"),
    [("default", ["selfsame blend fit"]), ("fitted", ["selfsame blend fit"]), ("set", ["selfsame blend clear a"])],
)
def test_poor_weights_should_be_mended_once_by_whoever_chose_them(source: Any, commands: list[str]) -> None:
    report = LikenessReport({"a": losses(core=3.0, source=source), OVERALL: losses()})
    said = [one for one in advice(report) if "blend" in one.command]
    assert [one.command for one in said] == commands
    assert ("one facet alone" in said[0].what) == (source != "default")


def test_contact_types_should_be_ranked_once() -> None:
    report = LikenessReport({"a": losses(6.0), "b": losses(4.0), "c": losses(5.0), OVERALL: losses()})
    found = answer(report, "whom")
    assert found.short == "b"
    assert "b (22), c (60) and a (164)" in found.answer


@pytest.mark.parametrize(
    ("accuracy", "ci", "verdict"),
    [(0.52, (0.46, 0.58), "good"), (0.66, (0.6, 0.7), "mixed"), (0.9, (0.85, 0.95), "bad")],
)
def test_a_clone_that_cannot_be_told_apart_should_be_good(accuracy: float, ci: Any, verdict: str) -> None:
    told = Attribution("clone", "clone or you", "x", accuracy, ci, 0.5, None, 100)
    assert answer(replace(whole(), attribution=(told,)), "told").verdict == verdict


def test_advice_should_follow_from_what_is_wrong_and_end_with_the_vote() -> None:
    said = {one.command: one.what for one in advice(whole())}
    assert "colleague" in said["selfsame blend fit"]
    assert "21 replies to stranger" in said["selfsame import PATH"]
    assert "begin with a small letter" in said["selfsame learn"]
    assert list(said)[-1] == "selfsame vote"
    fine = LikenessReport({"a": losses(), OVERALL: losses()}, style={OVERALL: StyleOfType((), flaws(), flaws())})
    assert [one.command for one in advice(fine)] == ["selfsame vote"]


def test_the_conclusion_should_be_short_and_hold_the_two_figures_that_count() -> None:
    said = conclusion(whole())
    assert "122 equally likely ways to go on, your clone 49" in said
    assert "95 % interval" in said
    assert "shuffled" not in conclusion(LikenessReport({"a": losses(net=None)}))


def test_the_style_of_the_only_type_should_stand_for_all() -> None:
    """With one group there is no line for everybody; its figures were shown, and called not measured above them."""
    report = whole()
    friend = report.style["friend"]
    alone = replace(report, style={"friend": friend}, losses={n: report.losses[n] for n in ("friend", OVERALL)})
    found = answer(alone, "style")
    assert (found.verdict, found.short) == (answer(report, "style").verdict, answer(report, "style").short)
    assert not any("alone were compared" in text for text in found.more)
    assert "selfsame learn" in [step.command for step in advice(alone)]
    others = replace(report, style={"friend": friend})
    assert any("Replies to friend alone were compared" in text for text in answer(others, "style").more)


def test_nobody_should_be_counted_as_one_type() -> None:
    report = whole()
    untyped = replace(report, losses={OVERALL: report.losses[OVERALL]}, style={}, attribution=())
    assert answer(untyped, "whom").answer == "No reply to a contact with a type could be measured."
    assert answer(untyped, "told").answer == "No replies were generated to compare."
    assert advice(untyped)[-1].command == "selfsame contacts", "a vote takes a contact with a type"
    assert advice(replace(untyped, losses={}, facets={}))[-1].command == "selfsame import PATH"
    one = replace(report, losses={name: report.losses[name] for name in ("friend", OVERALL)})
    assert answer(one, "whom").answer.startswith("Replies to one contact type alone could be measured")


def test_where_one_facet_for_all_does_better_no_new_fit_should_be_advised() -> None:
    """It is none of those that a fit can weigh: what helps is a `core` that learns for longer."""
    report = whole()
    one = report.losses[OVERALL]
    better = replace(one, pooled=one.blend - 0.3, gain=-0.3, gain_ci=(-0.4, -0.2))
    family = replace(report.losses["family"], pooled=1.0)
    steps = advice(replace(report, losses={**report.losses, "family": family, OVERALL: better}))
    assert any("core_epochs" in step.what for step in steps)
    assert not any("family one facet alone does better" in step.what for step in steps)
    examples = replace(better, fewshot=one.blend - 0.1)
    steps = advice(replace(report, losses={**report.losses, "family": family, OVERALL: examples}))
    assert not any("still do more than training" in step.what for step in steps), "training for longer does"
    assert any("core_epochs" in step.what for step in steps)


def test_what_was_learned_should_not_be_less_likely_by_heart() -> None:
    gap = Gap(train=4.0, held_out=3.5, base_train=4.4, base_held_out=4.4, replies=20)
    assert "Learned by heart: nothing." in " ".join(answer(replace(whole(), gap={OVERALL: gap}), "secrets").more)
