"""What an owner can do about a report: a sentence and the command, the most pressing first. Pure."""

from dataclasses import dataclass

from training.likeness.figures import OVERALL, LikenessReport
from training.likeness.judging import MUCH_BY_HEART, by_heart, clear, overall_of, overall_style, types_of, worst
from training.likeness.wording import listed, who_speaks
from training.plural import many
from training.slices import ARTICLES, CORE

_FEW_REPLIES = 40
_WORTH_A_THOUGHT = 0.995


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, why, and the words to type."""

    what: str
    command: str


def advice(report: LikenessReport) -> tuple[Advice, ...]:
    """What to do next; one thing at least."""
    said = _of_secrets(report) + _of_types(report) + _of_examples(report) + _of_style(report) + _of_proof(report)
    return (*said, *([_VOTE] if types_of(report) else _of_nobody(report)))


def _of_nobody(report: LikenessReport) -> list[Advice]:
    """Where no reply to a contact with a type is held out, nothing can be voted on either."""
    if report.losses and CORE in report.facets:
        what = "Say who your contacts are to you: then each kind of person is answered in its own way, and measured."
        return [Advice(what, "selfsame contacts")]
    what = "How you speak with people is learned from chats. " if ARTICLES in report.facets else ""
    return [Advice(f"{what}There is too little to measure by. Import more.", "selfsame import PATH")]


_VOTE = Advice(
    "Judge for yourself, blind: two replies to a real line, and you pick the one you would have sent.", "selfsame vote"
)


def _of_secrets(report: LikenessReport) -> list[Advice]:
    said = [
        Advice(
            f"The facet {name} gives away what it learned. Put back the version before it, or train it for less long.",
            f"selfsame rollback {name}",
        )
        for name, one in report.leaks.items()
        if one.extracted
    ]
    gap = report.gap.get(OVERALL)
    if gap is not None and by_heart(gap) >= MUCH_BY_HEART:
        what = "It has learned much by heart. More chats help most; else lower `epochs` in [training]."
        said.append(Advice(what, "selfsame train"))
    return said


def _of_types(report: LikenessReport) -> list[Advice]:
    types, speaks = types_of(report), who_speaks(report.facets)
    said = []
    if untrained := [name for name, one in types.items() if one.untrained]:
        what = f"{listed(untrained)}: not trained yet, or refused (`selfsame facets` says why), so {speaks} answers."
        said.append(Advice(what, "selfsame train"))
    if bare := [name for name, one in types.items() if one.own is None and not one.untrained]:
        what = f"{listed(bare)}: too little to learn from for a facet of its own, so {speaks} answers. "
        what += "Import more of those chats, or give one type to people you speak to alike."
        said.append(Advice(what, "selfsame import PATH"))
    if guessed := [name for name, one in types.items() if one.source == "default"]:
        what = f"The weights for {listed(guessed)} are the configuration’s guess. Fit them to your own replies."
        said.append(Advice(what, "selfsame blend fit"))
    worse = [name for name, one in types.items() if _another_is_better(one.blend, (one.core, one.own))]
    if fitted := [name for name in worse if types[name].source == "fitted"]:
        what = f"For {listed(fitted)} one facet alone does better than the fitted weights. Fit them again."
        said.append(Advice(what, "selfsame blend fit"))
    for name in worse:
        if types[name].source == "set":
            what = f"For {name} one facet alone does better than the weights you set. Take them back."
            said.append(Advice(what, f"selfsame blend clear {name}"))
    if few := [name for name, one in types.items() if one.replies < _FEW_REPLIES]:
        counts = listed([f"{many(types[name].replies, 'reply', 'replies')} to {name}" for name in few])
        said.append(Advice(f"Only {counts} could be held out: read those rows with care.", "selfsame import PATH"))
    return said


def _another_is_better(blend: float, others: tuple[float | None, ...]) -> bool:
    """By more than is worth a thought."""
    return any(other is not None and other < _WORTH_A_THOUGHT * blend for other in others)


def _of_examples(report: LikenessReport) -> list[Advice]:
    one = overall_of(report)
    if one is None or one.fewshot is None or one.fewshot > one.blend:
        return []
    if one.pooled is not None and one.pooled < one.fewshot:
        return []  # training does more than examples: it has only not gone on for long enough (`_of_proof`)
    what = "A few of your exchanges, shown to the bare model, still do more than training. More chats help most."
    return [Advice(what, "selfsame import PATH")]


def _of_style(report: LikenessReport) -> list[Advice]:
    found = overall_style(report)
    off = worst(found[1].measures) if found is not None else []
    if not off:
        return []
    what = f"It is off in {listed([one.title for one in off[:3]])}. Let it draft for a while instead of answering, and "
    return [Advice(what + "correct the drafts: it learns from them every night, or at once.", "selfsame learn")]


def _of_proof(report: LikenessReport) -> list[Advice]:
    one = overall_of(report)
    said = []
    if one is not None and clear(one.gain_ci) == "below":
        what = "One facet trained on everybody, for more passes, does better than the blends: `core` has not learned "
        said.append(Advice(what + "all it could. Raise `core_epochs` in [training].", "selfsame train"))
    if one is not None and clear(one.net_ci) == "below":
        what = "Speaking differently costs more than it brings: until there is more to learn from, use one voice."
        return [*said, Advice(what, "selfsame blend set TYPE core=1")]
    if report.quick and report.losses:
        what = "Controls and generated replies were left out by `--quick`. "
        what += "The whole report takes longer, and goes on where it was stopped."
        return [*said, Advice(what, "selfsame evaluate --html report.html")]
    return said
