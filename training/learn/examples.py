"""Lessons as rows of token ids: the wanted and the unwanted reply behind the same lines, which are computed once.

Rendered as everything that is learned from (`training.examples`). Knows no facet and no loss.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from model_server.contract import Blend
from model_server.render import Rendered
from training.conversations import Session
from training.examples import Row, pack, render_sessions
from training.learn.corrections import Lesson
from training.likeness.scores import Apart
from training.pipeline import Settings


@dataclass(frozen=True, slots=True)
class Example:
    """One lesson. `wanted`, `unwanted`: which member of the row it is (from 0), or None where the lesson has none."""

    row: Row
    wanted: int | None
    unwanted: int | None
    approved: bool
    blend: Blend
    """What speaks to this contact."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A row of what the facet has learned before, and the blend it is said with. `apart`: tokens that lessons are
    about, and nothing before them is asked about (`traits`)."""

    row: Row
    blend: Blend
    apart: Apart = frozenset()


def examples_of(
    tokenizer: Any, settings: Settings, lessons: Iterable[Lesson], blend_for: Callable[[Lesson], Blend]
) -> list[Example]:
    """An example for each lesson of which something is left to learn once it is cut to the length of a row."""
    found: list[Example] = []
    for lesson in lessons:
        texts = [text for text in (lesson.wanted, lesson.unwanted) if text]
        rendered = [
            render_sessions(tokenizer, settings.owner, [lesson.told(text)], settings.training, settings.scrub)
            for text in texts
        ]
        if not all(rendered):
            continue
        alone = [one for (one,) in rendered]
        (row,) = pack(alone, sum(len(one.ids) for one in alone), seed=0)
        wanted = row.members.index(0) if lesson.wanted else None
        unwanted = row.members.index(len(texts) - 1) if lesson.unwanted else None
        found.append(Example(row, wanted, unwanted, lesson.approved, blend_for(lesson)))
    return found


def rehearse(
    tokenizer: Any,
    settings: Settings,
    sessions: Sequence[Session],
    blend_for: Callable[[Session], Blend],
    *,
    most_tokens: float,
    apart: Apart = frozenset(),
) -> list[Rehearsal]:
    """Rows of the first sessions that make up so many tokens; those of one contact type under one blend share rows."""
    groups: dict[tuple[str, tuple[tuple[str, float], ...]], list[Rendered]] = {}
    tokens = 0.0
    for session in sessions:
        if tokens >= most_tokens:
            break
        rendered = render_sessions(tokenizer, settings.owner, [session], settings.training, settings.scrub)
        tokens += sum(len(one.ids) for one in rendered)
        key = session.contact_type, tuple(sorted(blend_for(session).items()))
        groups.setdefault(key, []).extend(rendered)
    row_tokens, seed = settings.training.row_tokens, settings.training.seed
    return [
        Rehearsal(row, dict(blend), apart)
        for (_type, blend), rendered in sorted(groups.items(), key=lambda item: item[0])
        for row in pack(rendered, row_tokens, seed)
    ]


def tokens_of(found: Sequence[Example | Rehearsal]) -> int:
    """Tokens computed in one pass over them."""
    return sum(len(one.row.ids) for one in found)
