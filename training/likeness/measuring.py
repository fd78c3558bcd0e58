"""The likeness report of a home: what was measured (`parts`), put together, with what it cannot say and why.

Knows no model and no forward pass.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from model_server.blends import BlendBook, in_force, resolve, source_of
from model_server.bundled import BUNDLED_TITLE
from model_server.fitted import read_fitted
from model_server.home import Home
from model_server.live_facets import read_versions
from training.blends.fit_all import why_no_facet
from training.learn.corrections import Lesson, without_taught
from training.likeness.conditions import Scored, losses_of
from training.likeness.control import NOT_SHUFFLED, Controls
from training.likeness.control_training import Told
from training.likeness.figures import OVERALL, LeakFigures, LikenessReport, Losses
from training.likeness.kept import measuring_alone
from training.likeness.parts import Parts
from training.likeness.wording import percent, who_speaks
from training.pipeline import Settings, read_split
from training.plural import many
from training.slices import ARTICLES, CORE, Split, of_type
from training.trained import judged_facets

_FEW_CONVERSATIONS = 5
_POOR_MATCH = 0.1
_MOST_STAYED = 0.6


def measure(
    settings: Settings,
    home: Home,
    blends: BlendBook,
    told: Told = lambda _part, _done, _total: None,
    quick: bool = False,
    *,
    learned: Sequence[Lesson] = (),
) -> LikenessReport:
    """Measure the facets that are live, under the blends in force, on the conversations held out by time.

    `quick`: losses alone; no control is trained and no reply generated. Where no contact has a type, all are measured
    together; of articles alone, those held out. What cannot be measured is missing, with a note. `learned`: the
    corrections that live facets have learned; held-out conversations in which they were made are left out. CorpusError
    while another report of this home is measured; FacetError before any facet was trained.
    """
    with measuring_alone(home):
        return _measure(settings, home, blends, told, quick=quick, learned=learned)


def _measure(
    settings: Settings, home: Home, blends: BlendBook, told: Told, *, quick: bool, learned: Sequence[Lesson]
) -> LikenessReport:
    whole = read_split(home, settings.training)
    split = replace(whole, held_out=tuple(without_taught(whole.held_out, learned)))
    parts = Parts.of(settings, home, split=split, book=blends, live=judged_facets(home), told=told)
    report = LikenessReport(
        losses={},
        leaks=_leaks(home, parts.live),
        owner=settings.owner.name,
        model=BUNDLED_TITLE if settings.model.name == "bundled" else settings.model.name,
        quick=quick,
        facets=dict(parts.live),
        at_ms=time.time_ns() // 1_000_000,
        notes=(
            *_notes_of_facets(home, split, parts.live),
            *_notes_of_corrections(len(whole.held_out) - len(split.held_out)),
        ),
    )
    return _measured(report, parts) if parts.held_out else _without_held_out(report, parts, some=bool(whole.held_out))


def _without_held_out(report: LikenessReport, parts: Parts, *, some: bool) -> LikenessReport:
    """What can be said where there is nothing to measure by; `some` was held out, and had to be left out."""
    if some:
        note = "no other conversation is held out; import newer chats"
    elif parts.split.train:
        count = len(parts.split.train) + len(parts.split.validation)
        note = (
            f"{many(count, 'conversation')} {'is' if count == 1 else 'are'} too few to hold any out; import more chats"
        )
    else:
        note = "the articles are too few to hold any out, and there are no chats; import more"
    return msgspec.structs.replace(report, notes=(*report.notes, f"nothing could be measured: {note}"))


def _measured(report: LikenessReport, parts: Parts) -> LikenessReport:
    """The report with all that held-out conversations say."""
    settings, home, split = parts.settings, parts.home, parts.split
    controls = None if report.quick or not split.train else parts.controls()
    voices = parts.voices()
    gap = parts.gap(voices["blend"], voices["card"])
    style, attribution, notes = ({}, (), ()) if report.quick else parts.style()
    if controls:
        voices["pooled"] = controls.pooled
    replies = tuple(session.replies for session in parts.held_out)
    scored = Scored(voices, replies, tuple(one.scores for one in controls.shuffles) if controls else ())
    types = sorted({session.contact_type for session in (*split.train, *split.held_out)} - {""})
    with_own = {name: name in parts.live for name in types or [""]}
    losses = losses_of(scored, with_own, settings.likeness.resamples, settings.training.seed)
    return msgspec.structs.replace(
        report,
        losses={name: _explained(name, one, parts, controls) for name, one in losses.items() if name},
        style=style,
        attribution=attribution,
        gap=gap,
        seeds=len(scored.shuffles),
        notes=(
            *report.notes,
            *_notes(parts, types, losses),
            *_notes_of_control(home, parts.live, controls),
            *notes,
        ),
    )


def _explained(name: str, losses: Losses, parts: Parts, controls: Controls | None) -> Losses:
    """With the blend in force, who chose it, and what degrades the row."""
    notes: list[str] = []
    if name == OVERALL:
        if controls and parts.settings.likeness.seeds and not controls.shuffles:
            notes.append(NOT_SHUFFLED)
        if not parts.split.train:
            notes.append("It takes chats to tell.")
        return msgspec.structs.replace(losses, note="; ".join(notes))
    learned = sum(session.replies for session in of_type(parts.split.train, name))
    needed = parts.settings.training.min_replies
    if losses.own is None:
        notes.append(why_no_facet(learned, needed, parts.live))
    if losses.conversations < _FEW_CONVERSATIONS:
        held = losses.conversations
        notes.append(f"only {held} {'conversation is' if held == 1 else 'conversations are'} held out")
    return msgspec.structs.replace(
        losses,
        weights=in_force(resolve(parts.book, name, ""), parts.live),
        source=source_of(parts.book, name, ""),
        untrained=losses.own is None and learned >= needed,
        note="; ".join(notes),
    )


def _leaks(home: Home, live: Mapping[str, str]) -> dict[str, LeakFigures]:
    """What the audit of each live facet found, as far as one was made."""
    return {
        one.facet: LeakFigures(
            canaries=one.canaries,
            extracted=one.extracted or 0,
            exposure_bits=one.exposure_bits,
            exposure_ceiling_bits=one.exposure_ceiling_bits,
            longest_overlap=one.longest_overlap or 0,
            repeated=one.repeated or 0,
            asked=one.asked or 0,
        )
        for one in read_versions(home)
        if one.canaries is not None and live.get(one.facet) == one.version
    }


def _notes_of_facets(home: Home, split: Split, live: Mapping[str, str]) -> Iterator[str]:
    """What is not live, and so not heard in anything that is measured."""
    name = CORE if split.train else ARTICLES
    if name in live:
        return
    refused = [one.reason for one in read_versions(home) if one.facet == name and one.state == "refused"]
    why = f"it was refused: {refused[-1]}" if refused else "`selfsame facets` says why"
    yield f"`{name}` is not live, so {who_speaks(live)} answers in its place; {why}"


def _notes_of_corrections(left_out: int) -> Iterator[str]:
    if left_out:
        yield f"{many(left_out, 'held-out conversation')} left out: what you corrected there has been learned"


def _notes(parts: Parts, types: Sequence[str], losses: Mapping[str, Losses]) -> Iterator[str]:
    for name in types:
        if name not in losses:
            yield f"{name}: no conversation is held out, so nothing is measured; import more chats"
    unknown = sum(session.replies for session in parts.split.held_out if not session.contact_type)
    if not parts.split.train:
        yield (
            "there are no chats, so all that is measured is how well it finds the words of "
            f"{many(len(parts.held_out), 'article')}, the latest, which it never saw; how you speak with people is "
            "learned from chats → selfsame import PATH"
        )
    elif not types:
        yield "no contact has a type, so all are answered alike and measured together → selfsame contacts set"
    elif unknown:
        yield (
            f"{many(unknown, 'held-out reply', 'held-out replies')} went to contacts without a type, or to nobody in "
            "particular in a group, and so to no row here → selfsame contacts"
        )
    if parts.book.fitted_types and dict(read_fitted(parts.home).versions) != dict(parts.live):
        yield "blends were fitted over other facets than those that are live → selfsame blend fit"


def _notes_of_control(home: Home, live: Mapping[str, str], controls: Controls | None) -> Iterator[str]:
    """Where the shuffled control is not quite what it should be, and which way that bends the net."""
    if controls is None or not controls.shuffles:
        return
    if (worst := max(one.misfit for one in controls.shuffles)) > _POOR_MATCH:
        yield (
            f"contacts are few or very unequal: slices of the shuffled control are up to {percent(worst)} larger or "
            "smaller than the true ones"
        )
    stayed = sum(one.stayed for one in controls.shuffles) / len(controls.shuffles)
    if stayed > _MOST_STAYED:
        yield (
            f"{percent(stayed)} of what the shuffled control learned lies in the slice it comes from, for lack of "
            "contacts to deal: the net is too small"
        )
    corrected = sorted(
        one.facet for one in read_versions(home) if one.made_by == "learn" and live.get(one.facet) == one.version
    )
    if corrected:
        yield f"{', '.join(corrected)} learned from corrections too, which no control did: the net may be too large"
