"""What each facet would learn now: which lessons are new to its live version, and whether they are enough. No torch.

Reads the files of a home that say whom to leave out and how far each facet has learned; the planning itself is pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from model_server.blends import BlendBook
from model_server.corrections import Correction
from model_server.home import Home
from model_server.live_facets import VersionRecord, read_live, read_versions
from model_server.privacy import left_to_forget, privacy_mark
from training.contacts import read_contacts, read_excluded
from training.cuts import read_cuts, under_every_id
from training.learn.corrections import LeftOut, Lesson, LessonBook, by_learner
from training.learn.state import FacetState, after, read_states, standing
from training.raw.forgotten import read_forgotten
from training.scrub.config import ScrubConfig
from training.scrubbing import rules_of

_MOST = 500
"""Lessons learned at once, the newest."""
_HELD_OUT = 5
"""The latest of so many lessons is held out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one facet would learn. `fresh`: corrections since the last try, approvals not counted."""

    facet: str
    fresh: int
    needed: int
    lessons: tuple[Lesson, ...] = ()
    """To be learned, oldest first."""
    held_out: tuple[Lesson, ...] = ()
    """The latest, to see whether what is learned holds; they are learned the next time."""
    known: tuple[Lesson, ...] = ()
    """Learned by the live version already: rehearsed."""
    mark: str = ""
    """What is left out of the lessons (`model_server.privacy`)."""
    outdated: bool = False
    """The live version was trained on what has been forgotten or cut since: nothing may be built on it."""

    @property
    def ready(self) -> bool:
        """Whether it is worth a training, and may be."""
        return self.fresh >= self.needed and bool(self.lessons) and not self.outdated


def plan_all(
    lessons: Mapping[str, Sequence[Lesson]],
    states: Mapping[str, FacetState],
    records: Sequence[VersionRecord],
    min_corrections: int,
) -> list[Plan]:
    """A plan for each facet that has lessons."""
    return [
        _plan(name, found, states.get(name, FacetState()), records, min_corrections)
        for name, found in sorted(lessons.items())
    ]


def _plan(name: str, found: Sequence[Lesson], state: FacetState, records: Sequence[VersionRecord], needed: int) -> Plan:
    stands = standing(state, records, name)
    fresh = sum(not one.approved for one in after(stands.tried, found))
    new = after(stands.learnt, found)[-_MOST:]
    known = tuple(one for one in found if one not in new and one.wanted)
    cut = len(new) - len(new) // _HELD_OUT
    return Plan(name, fresh, needed, tuple(new[:cut]), tuple(new[cut:]), known[-_MOST:])


def plan_learning(
    home: Home,
    scrub: ScrubConfig,
    acts: Iterable[tuple[str, Correction]],
    book: BlendBook,
    min_corrections: int,
) -> list[Plan]:
    """The plans of a home as it is now. CorpusError when it cannot be known what must not be learned."""
    mark = privacy_mark(home)  # before anything is read: what is forgotten from here on counts as known
    contacts = read_contacts(home)
    cuts = [one for cut in read_cuts(home) for one in under_every_id(cut, contacts)]
    lesson_book = LessonBook(
        rules_of(home, scrub).scrubber(),
        {one: contact for contact in contacts for one in contact.ids},
        LeftOut(read_excluded(home), read_forgotten(home), cuts),
    )
    lessons = by_learner(lesson_book.lessons(acts), book, read_live(home))
    records = read_versions(home)
    outdated = {one.facet for one in records if one.state == "live" and left_to_forget(home, one.privacy)}
    plans = plan_all(lessons, read_states(home), records, min_corrections)
    return [replace(one, mark=mark, outdated=one.facet in outdated) for one in plans]
