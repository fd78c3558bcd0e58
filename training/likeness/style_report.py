"""Style, attribution and flaws of the clone's replies to held-out lines: chosen, generated, read and compared.

The one place that composes them. Knows nothing of losses and of no page. What is generated stays in the home only until
it has been measured.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence

from model_server.blends import BlendBook, resolve
from model_server.chat_format import encode_people
from model_server.contract import Blend
from model_server.home import Home
from training.likeness.attribution import FEWEST_TO_LEARN, FEWEST_TO_TELL, tell_clone, tell_contact_type
from training.likeness.figures import OVERALL, Attribution, Flaws, StyleOfType
from training.likeness.flaws import Spoken, flaws_of, key_of
from training.likeness.generated import Generated, Told, generate
from training.likeness.prompts import Said, choose_prompts, replies_of
from training.likeness.style_measures import Learned, Sample, draw_earlier, joined, measure_style
from training.pipeline import Settings
from training.slices import Split, of_type
from training.whole_bank import WholeBank

StyleReport = tuple[dict[str, StyleOfType], tuple[Attribution, ...], tuple[str, ...]]
"""By contact type and `OVERALL`; what a classifier can tell; what could not be measured, and why."""

_EARLIER = 2000
"""The latest replies of each type stand for how the owner wrote before: many contacts' thousands take long, and say
no more."""
_REFERENCE_DRAWS = 4
_TOO_FEW = "so how they are written was not compared"


def style_report(  # noqa: PLR0917  # what every part of the report is given
    whole: WholeBank,
    settings: Settings,
    home: Home,
    split: Split,
    blends: BlendBook,
    told: Told = lambda _done, _total: None,
) -> StyleReport:
    """Have the clone, and the bare model with the card, answer held-out lines, and compare; resumes when stopped."""
    every = (*split.train, *split.validation, *split.held_out)
    found = choose_prompts(split.held_out, every, settings.likeness.generated)
    prompts = {name: some for name, some in found.items() if len(some) >= FEWEST_TO_TELL}
    notes = [
        f"{name}: {len(found.get(name, ()))} held-out lines that you answered, {FEWEST_TO_TELL} are needed, {_TOO_FEW}"
        for name in sorted({session.contact_type for session in every} - {"", *prompts})
    ]
    if not prompts:
        return {}, (), (*notes, "style was not measured: too few held-out lines that you answered; import more chats")
    kept = home.runs_dir / "likeness" / "generated"
    asked = [prompt for some in prompts.values() for prompt in some]

    def said_by(blend_for: Callable[[str, str], Blend], before: int) -> dict[str, list[Generated]]:
        replies = generate(
            whole, settings, asked, blend_for, lambda done, _total: told(before + done, 2 * len(asked)), kept=kept
        )
        return {name: mine for name in prompts if (mine := [one for one in replies if one.contact_type == name])}

    clone = said_by(lambda contact_type, contact_id: resolve(blends, contact_type, contact_id), 0)
    bare = said_by(lambda _contact_type, _contact_id: {}, len(asked))
    report = _compare(whole, settings, split, clone, bare)
    shutil.rmtree(kept, ignore_errors=True)
    return report[0], report[1], (*notes, *report[2])


def _compare(
    whole: WholeBank,
    settings: Settings,
    split: Split,
    clone: Mapping[str, Sequence[Generated]],
    bare: Mapping[str, Sequence[Generated]],
) -> StyleReport:
    seed, resamples = settings.training.seed, settings.likeness.resamples
    earlier = {name: tuple(replies_of(of_type(split.train, name))[-_EARLIER:]) for name in clone}
    everything = replies_of(split.train)
    learned, learnt = Learned.of(everything), frozenset(key_of(said.text) for said in everything)
    samples = {name: _sample(clone[name], bare[name], earlier[name], seed) for name in clone}
    # the only group may be that of contacts without a type
    groups = {name or OVERALL: (samples[name], clone[name], bare[name]) for name in samples}
    if len(groups) > 1:
        groups[OVERALL] = joined(list(samples.values())), _flat(clone), _flat(bare)

    def flaws(replies: Sequence[Generated], real: bool = False) -> Flaws:
        most = settings.engine.max_new_tokens
        cut = (lambda one: len(encode_people(whole.base.tokenizer, one.real)) >= most) if real else _is_cut
        return flaws_of(
            [
                Spoken(one.real if real else one.text, tuple(line.text for line in one.asked), cut(one))
                for one in replies
            ],
            learnt,
        )

    style = {
        name: StyleOfType(
            measure_style(sample, learned, resamples, seed), flaws(its), flaws(its, real=True), flaws(bares)
        )
        for name, (sample, its, bares) in groups.items()
    }
    attribution, notes = _attribute(samples, resamples, seed)
    return style, attribution, notes


def _attribute(
    samples: Mapping[str, Sample], resamples: int, seed: int
) -> tuple[tuple[Attribution, ...], tuple[str, ...]]:
    whole = joined(list(samples.values()))
    types = tell_contact_type(
        {name: _texts(one.earlier) for name, one in samples.items()},
        {name: _texts(one.clone) for name, one in samples.items()},
        {name: _texts(one.real) for name, one in samples.items()},
        resamples,
        seed,
    )
    clone = tell_clone(_texts(whole.clone), _texts(whole.real), whole.drawn(_REFERENCE_DRAWS), resamples, seed)
    notes = []
    if types is None:
        notes.append(
            f"whether a contact type can be told from a reply: two types with {FEWEST_TO_LEARN} replies each are needed"
        )
    if clone is None:
        notes.append(f"whether the clone can be told from you: {FEWEST_TO_LEARN} held-out lines are needed")
    return tuple(one for one in (clone, types) if one is not None), tuple(notes)


def _sample(clone: Sequence[Generated], bare: Sequence[Generated], earlier: tuple[Said, ...], seed: int) -> Sample:
    real = tuple(Said(one.contact_id, one.real) for one in clone)
    return Sample(
        clone=tuple(Said(one.contact_id, one.text) for one in clone),
        real=real,
        bare=tuple(Said(one.contact_id, one.text) for one in bare),
        earlier=earlier,
        draws=draw_earlier(earlier, real, seed),
    )


def _is_cut(one: Generated) -> bool:
    return one.finish == "length"


def _flat(replies: Mapping[str, Sequence[Generated]]) -> list[Generated]:
    return [one for some in replies.values() for one in some]


def _texts(replies: Sequence[Said]) -> list[str]:
    return [said.text for said in replies]
