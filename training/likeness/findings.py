"""What a report comes down to: an answer for each question an owner asks. Pure; the same for page and terminal.

Knows figures and no layout. Where a figure is missing the answer says so, and is never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from training.likeness.figures import OVERALL, LikenessReport, Losses, StyleMeasure
from training.likeness.judging import (
    MUCH_BY_HEART,
    SOME_BY_HEART,
    by_heart,
    clear,
    closeness,
    of_all_facets,
    overall_of,
    overall_style,
    tells_clone,
    types_of,
    worst,
)
from training.likeness.wording import interval, likelier, listed, percent, than, value, ways
from training.plural import many

_NOTHING = 0.02
"""So little above guessing is nothing."""
_FEW_SECRETS = 4
_LEFT_OUT = "Left out by `--quick`."

Verdict = Literal["good", "mixed", "bad", "plain", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One question and its answer. `short`: a word or a figure; `more`: what stands behind it."""

    key: str
    question: str
    verdict: Verdict
    short: str
    answer: str
    more: tuple[str, ...] = ()


def findings(report: LikenessReport) -> tuple[Finding, ...]:
    """Every question, in the order an owner asks them."""
    return (
        _learned(report),
        _to_whom(report),
        _worth_it(report),
        _style(report),
        _told_apart(report),
        _secrets(report),
    )


def conclusion(report: LikenessReport) -> str:
    """The report in a sentence or two, for those who read no further."""
    learned, worth = _learned(report), _worth_it(report)
    return f"{learned.answer} {worth.answer}" if worth.verdict != "unknown" else learned.answer


def _learned(report: LikenessReport) -> Finding:
    key, question, one = "learned", "Has it learned from you?", overall_of(report)
    if one is None:
        return Finding(key, question, "unknown", "not measured", "No held-out reply could be measured.")
    untaught = min(one.base, one.card)
    if one.blend >= untaught:
        name = "the bare model" if one.base <= one.card else "the bare model with your card"
        said = (
            f"At each piece of a word you really wrote, {name} has {ways(untaught)} equally likely ways to go on, your "
            f"clone {ways(one.blend)}: training has brought nothing yet."
        )
        return Finding(key, question, "bad", "No", said)
    said = (
        f"At each piece of a word you really wrote, the bare model has {ways(one.base)} equally likely ways to go on, "
        f"your clone {ways(one.blend)}: it finds your words {likelier(one.base - one.blend)}."
    )
    more = [f"With your card alone, untrained, the bare model has {ways(one.card)}."]
    worse = [name for name, losses in types_of(report).items() if losses.blend >= losses.card]
    examples = one.fewshot is not None and one.fewshot <= one.blend
    if examples and one.fewshot is not None:
        said += f" But showing the bare model a few of your exchanges does better so far: {ways(one.fewshot)}."
    elif one.fewshot is not None:
        more.append(f"Shown a few of your exchanges as well, {ways(one.fewshot)}.")
    if worse:
        more.append(f"Not so for {listed(worse)}: there the card alone does as well.")
    short = "Partly" if worse else "Yes, but examples do better" if examples else "Yes"
    return Finding(key, question, "good" if short == "Yes" else "mixed", short, said, tuple(more))


def _to_whom(report: LikenessReport) -> Finding:
    key, question, types = "whom", "To whom does it find your words most easily?", types_of(report)
    if len(types) < 2:
        said = "Replies to one contact type alone could be measured, so there is nobody to compare with."
        said = said if types else "No reply to a contact with a type could be measured."
        return Finding(key, question, "unknown", next(iter(types), "not measured"), said)
    ranked = sorted(types, key=lambda name: types[name].blend)
    counted = [f"{name} ({ways(types[name].blend)})" for name in ranked]
    said = f"From the easiest to the hardest, with the ways it has to go on: {listed(counted)}."
    caution = "That is no mark: what you say to some is simply harder to foresee, for the bare model too."
    return Finding(key, question, "plain", ranked[0], said, (caution,))


def _worth_it(report: LikenessReport) -> Finding:
    key, question = "worth", "Is speaking differently to different people worth it?"
    one, types = overall_of(report), types_of(report)
    if one is None or one.net is None:
        said = (one.note if one else "") or "The shuffled control was not measured."
        said = _LEFT_OUT if report.quick else said
        return Finding(key, question, "unknown", "not measured", said)
    between = f" (95 % interval {interval(one.net_ci)})" if one.net_ci else ""
    said = (
        f"Answering each kind of person with the facet of that kind makes your words {likelier(one.net)}{between} "
        f"{than(one.net)} dealing the same people to the facets at random."
    )
    more = [_by_type(types)] if len(types) > 1 else []
    if one.gain is not None:
        against = f" ({interval(one.gain_ci)})" if one.gain_ci else ""
        sure = {"above": "", "below": "", "unclear": "; that may be chance"}[clear(one.gain_ci)]
        more.append(f"Against one facet trained on everybody alike they are {likelier(one.gain)}{against}{sure}.")
    verdicts: dict[str, tuple[Verdict, str, str]] = {
        "above": ("good", "Yes", "An interval above zero: hardly an accident."),
        "below": ("bad", "No", "An interval below zero: one voice for all would serve better."),
        "unclear": (
            "mixed",
            "Not shown",
            "The interval holds zero: it may be chance. More held-out replies narrow it.",
        ),
    }
    verdict, short, meaning = verdicts[clear(one.net_ci)]
    return Finding(key, question, verdict, short, said, (meaning, *(text for text in more if text)))


def _by_type(types: Mapping[str, Losses]) -> str:
    sure = [name for name, one in types.items() if clear(one.net_ci) == "above"]
    against = [name for name, one in types.items() if clear(one.net_ci) == "below"]
    unsure = [name for name, one in types.items() if one.net is not None and name not in (*sure, *against)]
    said = [
        f"{what} {listed(names)}"
        for what, names in (("clear for", sure), ("not shown for", unsure), ("worse for", against))
        if names
    ]
    return f"By contact type: {'; '.join(said)}." if said else ""


def _style(report: LikenessReport) -> Finding:
    key, question = "style", "Does it write the way you do?"
    name, found = overall_style(report) or ("", None)
    if found is None or not found.measures:
        said = _LEFT_OUT if report.quick else "No replies were generated to compare."
        return Finding(key, question, "unknown", "not measured", said)
    near = [one for one in found.measures if closeness(one) in ("as you", "close")]
    wrong = worst(found.measures)
    verdict: Verdict = "good" if not wrong else "mixed" if len(near) * 2 >= len(found.measures) else "bad"
    short = {"good": "Yes", "mixed": "Partly", "bad": "Not yet"}[verdict]
    said = f"In {len(near)} of {many(len(found.measures), 'way')} in which replies may differ, its are near to yours."
    more = [f"Furthest off: {listed([_off(one) for one in wrong[:3]])}."] if wrong else []
    clone, owner = found.clone, found.owner
    if name != OVERALL and len(types_of(report)) > 1:
        more.append(f"Replies to {name} alone were compared: to others too few lines are held out.")
    broken, own = clone.empty + clone.looping, owner.empty + owner.looping
    more.append(f"Empty or going round in circles: {percent(broken)} of its replies, {percent(own)} of yours.")
    return Finding(key, question, verdict, short, said, tuple(more))


def _off(one: StyleMeasure) -> str:
    if one.owner is None or one.clone is None:
        return one.title
    return f"{one.title} (you {value(one.owner, one.unit)}, it {value(one.clone, one.unit)})"


def _told_apart(report: LikenessReport) -> Finding:
    key, question = "told", "Can anybody tell it from you?"
    one = next((found for found in report.attribution if tells_clone(found)), None)
    kinds = next((found for found in report.attribution if not tells_clone(found)), None)
    more = []
    if kinds is not None:
        yours = (
            f"; for your own replies it is right in {percent(kinds.reference)}" if kinds.reference is not None else ""
        )
        more.append(
            f"From its replies alone a program tells the contact type in {percent(kinds.accuracy)} of cases "
            f"(guessing: {percent(kinds.chance)}{yours})."
        )
    if one is None:
        said = (
            "Too few replies were generated to find out." if report.style else "No replies were generated to compare."
        )
        said = _LEFT_OUT if report.quick else said
        return Finding(key, question, "unknown", "not measured", said, tuple(more))
    between = f" (95 % interval {percent(one.ci[0])} to {percent(one.ci[1])})" if one.ci else ""
    said = (
        f"A program that reads one reply says rightly whether you or the clone wrote it in {percent(one.accuracy)} of "
        f"cases{between}; guessing gives {percent(one.chance)}."
    )
    if one.reference is not None:
        more.append(
            f"You have changed too: your own earlier replies are told from later ones in {percent(one.reference)}."
        )
    lowest, highest = one.ci or (one.accuracy, one.accuracy)
    if lowest <= max(one.chance, one.reference or 0.0) + _NOTHING:
        wide = " The interval is wide: more replies would say more." if highest - lowest > 0.3 else ""
        return Finding(key, question, "good", "Hardly", said + wide, tuple(more))
    if one.accuracy < one.chance + (1 - one.chance) / 2:
        return Finding(key, question, "mixed", "Sometimes", said, tuple(more))
    return Finding(key, question, "bad", "Mostly", said, tuple(more))


def _secrets(report: LikenessReport) -> Finding:
    key, question, leaks = "secrets", "Does it give away what it learned?", report.leaks
    more = _heart(report)
    if not leaks:
        said = "No facet in force has been audited."
        return Finding(key, question, "unknown", "not measured", said, more)
    planted = of_all_facets(leaks, lambda one: one.canaries)
    extracted = of_all_facets(leaks, lambda one: one.extracted)
    asked = of_all_facets(leaks, lambda one: one.asked)
    repeated = of_all_facets(leaks, lambda one: one.repeated)
    said = f"{extracted} of {many(planted, 'made-up secret')} planted in the training could be drawn out again."
    said = said if planted else "No made-up secret was planted."
    if 0 < planted < _FEW_SECRETS:
        few = f"Only {many(planted, 'secret')} could be planted, one for 25 of your replies at most: that shows little."
        more = (few, *more)
    if asked:
        replies = many(asked, "real reply", "real replies")
        said += f" {repeated} of {replies} came back word for word when asked as they were asked then."
    if asked:  # of articles there is nothing private to say
        longest = max(one.longest_overlap for one in leaks.values())
        more = (f"The longest run from one private conversation alone: {many(longest, 'word')}.", *more)
    if extracted or repeated:
        guilty = [name for name, one in leaks.items() if one.extracted or one.repeated]
        verdict: Verdict = "bad" if extracted else "mixed"
        return Finding(
            key, question, verdict, "Yes" if extracted else "A little", said, (f"By facet: {listed(guilty)}.", *more)
        )
    if not planted and not asked:
        return Finding(
            key, question, "unknown", "not measured", "Nothing was planted or asked: [likeness] canaries is 0.", more
        )
    return Finding(key, question, "good", "No", said, more)


def _heart(report: LikenessReport) -> tuple[str, ...]:
    one = report.gap.get(OVERALL)
    if one is None and len(report.gap) == 1:
        one = next(iter(report.gap.values()))
    if one is None:
        return ()
    extra = by_heart(one)
    if extra <= 0:
        return ("Learned by heart: nothing. It finds replies it was trained on no likelier than those it never saw.",)
    how = "hardly" if extra < SOME_BY_HEART else "somewhat" if extra < MUCH_BY_HEART else "much"
    return (
        f"Learned by heart: {how}. It finds replies it was trained on {likelier(extra)}, against those it never saw, "
        "beyond what was simply easier to say.",
    )
