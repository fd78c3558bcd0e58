"""The likeness report of a home: what was measured (`parts`), put together, with what it cannot say and why.

Knows no model and no forward pass.
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from model_server.blends import BlendBook, in_force, resolve, source_of
from model_server.bundled import BUNDLED_TITLE
from model_server.errors import CorpusError
from model_server.fitted import read_fitted
from model_server.home import Home
from model_server.live_facets import read_versions
from training.blends.fit_all import why_no_facet
from training.likeness.conditions import Scored, losses_of
from training.likeness.control import NOT_SHUFFLED, Controls
from training.likeness.control_training import Told
from training.likeness.figures import OVERALL, LeakFigures, LikenessReport, Losses
from training.likeness.kept import measuring_alone
from training.likeness.parts import Parts
from training.pipeline import Settings, read_split
from training.slices import of_type
from training.trained import trained_facets

_FEW_CONVERSATIONS = 5
_POOR_MATCH = 0.1
_MOST_STAYED = 0.6


def measure(
    settings: Settings,
    home: Home,
    blends: BlendBook,
    told: Told = lambda _part, _done, _total: None,
    quick: bool = False,
) -> LikenessReport:
    """Measure the facets that are live, under the blends in force, on the conversations held out by time.

    `quick`: losses alone; no control is trained and no reply generated. Where no contact has a type, all are measured
    together. CorpusError without held-out conversations, or while another report of this home is measured; FacetError
    without facets.
    """
    with measuring_alone(home):
        return _measure(settings, home, blends, told, quick)


def _measure(settings: Settings, home: Home, blends: BlendBook, told: Told, quick: bool) -> LikenessReport:
    split = read_split(home, settings.training)
    parts = Parts.of(settings, home, split=split, book=blends, live=trained_facets(home), told=told)
    if not parts.held_out:
        raise CorpusError("no conversation is held out, so there is nothing to measure by", "import more chats")
    controls = None if quick else parts.controls()
    voices = parts.voices()
    gap = parts.gap(voices["blend"], voices["card"])
    style, attribution, notes = ({}, (), ()) if quick else parts.style()
    if controls:
        voices["pooled"] = controls.pooled
    replies = tuple(session.replies for session in parts.held_out)
    scored = Scored(voices, replies, tuple(one.scores for one in controls.shuffles) if controls else ())
    types = sorted({session.contact_type for session in (*split.train, *split.held_out)} - {""})
    with_own = {name: name in parts.live for name in types or [""]}
    losses = losses_of(scored, with_own, settings.likeness.resamples, settings.training.seed)
    return LikenessReport(
        losses={name: _explained(name, one, parts, controls) for name, one in losses.items() if name},
        style=style,
        attribution=attribution,
        gap=gap,
        leaks=_leaks(home, parts.live),
        seeds=len(scored.shuffles),
        owner=settings.owner.name,
        model=BUNDLED_TITLE if settings.model.name == "bundled" else settings.model.name,
        quick=quick,
        facets=dict(parts.live),
        at_ms=time.time_ns() // 1_000_000,
        notes=(*_notes(parts, types, losses), *_notes_of_control(home, parts.live, controls), *notes),
    )


def _explained(name: str, losses: Losses, parts: Parts, controls: Controls | None) -> Losses:
    """With the blend in force, who chose it, and what degrades the row."""
    notes: list[str] = []
    if name == OVERALL:
        if controls and parts.settings.likeness.seeds and not controls.shuffles:
            notes.append(NOT_SHUFFLED)
        return msgspec.structs.replace(losses, note="; ".join(notes))
    learned = sum(session.replies for session in of_type(parts.split.train, name))
    needed = parts.settings.training.min_replies
    if losses.own is None:
        notes.append(why_no_facet(learned, needed))
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


def _notes(parts: Parts, types: Sequence[str], losses: Mapping[str, Losses]) -> Iterator[str]:
    for name in types:
        if name not in losses:
            yield f"{name}: no conversation is held out, so nothing is measured; import more chats"
    unknown = sum(session.replies for session in parts.split.held_out if not session.contact_type)
    if not types:
        yield "no contact has a type, so all are answered alike and measured together → selfsame contacts set"
    elif unknown:
        yield f"{unknown} held-out replies went to contacts without a type and are left out → selfsame contacts set"
    if parts.book.fitted_types and dict(read_fitted(parts.home).versions) != dict(parts.live):
        yield "blends were fitted over other facets than those that are live → selfsame blend fit"


def _notes_of_control(home: Home, live: Mapping[str, str], controls: Controls | None) -> Iterator[str]:
    """Where the shuffled control is not quite what it should be, and which way that bends the net."""
    if controls is None or not controls.shuffles:
        return
    if (worst := max(one.misfit for one in controls.shuffles)) > _POOR_MATCH:
        yield (
            f"contacts are few or very unequal: slices of the shuffled control are up to {worst:.0%} larger or smaller "
            "than the true ones"
        )
    stayed = sum(one.stayed for one in controls.shuffles) / len(controls.shuffles)
    if stayed > _MOST_STAYED:
        yield (
            f"{stayed:.0%} of what the shuffled control learned lies in the slice it comes from, for lack of contacts "
            "to deal: the net is too small"
        )
    corrected = sorted(
        one.facet for one in read_versions(home) if one.made_by == "learn" and live.get(one.facet) == one.version
    )
    if corrected:
        yield f"{', '.join(corrected)} learned from corrections too, which no control did: the net may be too large"
