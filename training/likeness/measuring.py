"""The likeness report of a home: what was measured (`parts`), put together, with what it cannot say and why.

Knows no model and no forward pass.
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from model_server.blends import BlendBook, in_force, resolve, source_of
from model_server.errors import CorpusError
from model_server.home import Home
from model_server.live_facets import read_versions
from training.likeness.conditions import Scored, losses_of
from training.likeness.control import NOT_SHUFFLED, Controls
from training.likeness.control_training import Told
from training.likeness.figures import OVERALL, LeakFigures, LikenessReport, Losses
from training.likeness.parts import Parts
from training.pipeline import Settings, read_split
from training.slices import Split
from training.whole_bank import trained_facets

_FEW_CONVERSATIONS = 5
_POOR_MATCH = 0.1


def measure(
    settings: Settings,
    home: Home,
    blends: BlendBook,
    told: Told = lambda _part, _done, _total: None,
    quick: bool = False,
) -> LikenessReport:
    """Measure the facets that are live, under the blends in force, on the conversations held out by time.

    `quick`: losses alone; no control is trained and no reply generated. CorpusError without held-out conversations with
    contacts of known type, FacetError without facets.
    """
    split = read_split(home, settings.training)
    parts = Parts.of(settings, home, split=split, book=blends, live=trained_facets(home), told=told)
    if not parts.held_out:
        raise CorpusError(
            "no conversation with a contact of known type is held out", "import more chats, or: selfsame contacts set"
        )
    controls = None if quick else parts.controls()
    voices = parts.voices()
    gap = parts.gap(voices["blend"], voices["card"])
    style, attribution, notes = ({}, (), ()) if quick else parts.style()
    if controls:
        voices["pooled"] = controls.pooled
    replies = tuple(session.replies for session in parts.held_out)
    scored = Scored(voices, replies, tuple(one.scores for one in controls.shuffles) if controls else ())
    types = sorted({session.contact_type for session in (*split.train, *split.held_out)} - {""})
    with_own = {name: name in parts.live for name in types}
    losses = losses_of(scored, with_own, settings.likeness.resamples, settings.training.seed)
    return LikenessReport(
        losses={name: _explained(name, one, parts, controls) for name, one in losses.items()},
        style=style,
        attribution=attribution,
        gap=gap,
        leaks=_leaks(home, parts.live),
        seeds=len(scored.shuffles),
        owner=settings.owner.name,
        model=settings.model.name,
        facets=dict(parts.live),
        at_ms=time.time_ns() // 1_000_000,
        notes=(*_notes(split, types, losses, controls), *notes),
    )


def _explained(name: str, losses: Losses, parts: Parts, controls: Controls | None) -> Losses:
    """With the blend in force, who chose it, and what degrades the row."""
    notes: list[str] = []
    if name == OVERALL:
        if controls and parts.settings.likeness.seeds and not controls.shuffles:
            notes.append(NOT_SHUFFLED)
        return msgspec.structs.replace(losses, note="; ".join(notes))
    if losses.own is None:
        needs = parts.settings.training.min_replies
        notes.append(f"no facet of its own, `core` speaks; one needs {needs} replies to learn from")
    if losses.conversations < _FEW_CONVERSATIONS:
        held = losses.conversations
        notes.append(f"only {held} {'conversation is' if held == 1 else 'conversations are'} held out")
    return msgspec.structs.replace(
        losses,
        weights=in_force(resolve(parts.book, name, ""), parts.live),
        source=source_of(parts.book, name, ""),
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


def _notes(
    split: Split, types: Sequence[str], losses: Mapping[str, Losses], controls: Controls | None
) -> Iterator[str]:
    for name in types:
        if name not in losses:
            yield f"{name}: no conversation is held out, so nothing is measured; import more chats"
    unknown = sum(session.replies for session in split.held_out if not session.contact_type)
    if unknown:
        yield f"{unknown} held-out replies went to contacts without a type and are left out → selfsame contacts set"
    if controls and (worst := max((one.misfit for one in controls.shuffles), default=0.0)) > _POOR_MATCH:
        yield (
            f"contacts are few or very unequal: slices of the shuffled control are up to {worst:.0%} larger or smaller "
            "than the true ones"
        )
