"""What corrections say again and again: pieces of words the owner keeps taking out of drafts, or putting into them.

Old chats contradict such a habit, or he would not have to correct it. So they are not asked about it: likeness
elsewhere is measured with these pieces left apart. Pure; knows no facet and no loss.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from training.learn.examples import Example
from training.learn.outcome import Trait
from training.likeness.shares import wilson

_SURELY = 0.75
"""At least so often, with 97.5 % confidence: 12 times of 12, 19 of 20, 36 of 40. Who rewrites whole drafts leaves out
each of their words now and then, none of them always."""
_MOST = 16
"""The most frequent ones. What is left apart is not measured, and a greeting with a name is some ten pieces."""

_Place = tuple[int, int | None]
"""A token, and the one after it; None: wherever it stands."""


def traits_of(lessons: Sequence[Example], piece_of: Callable[[int], str]) -> tuple[Trait, ...]:
    """The habits that edits and answers show, the most frequent first. A draft that he let pass speaks against those it
    does not follow. `piece_of`: what a token says."""
    pairs = [(_places(one, one.wanted), _places(one, one.unwanted)) for one in lessons if _is_pair(one)]
    passed = [_places(one, one.wanted) for one in lessons if one.approved]
    ends = {one.row.targets[-1] for one in lessons}

    # once a draft, however often it stands there: what one answer leaves out is one witness, not several
    taken_out = Counter(place for wanted, unwanted in pairs for place in _gone(unwanted, wanted) if not wanted[place])
    could_be = Counter(place for one in (*(unwanted for _, unwanted in pairs), *passed) for place in one)
    out = {place: (times, could_be[place]) for place, times in taken_out.items()}
    # a draft that passes and has the piece follows the habit of putting it in, one without speaks against it
    put_in = Counter(place for wanted, unwanted in pairs for place in _gone(wanted, unwanted))
    has = Counter(place for one in passed for place in one)
    into = {place: (times, len(pairs) + len(passed) - has[place]) for place, times in put_in.items()}

    found = [(place, False, *counted) for place, counted in _surely(out, widest=True).items()]
    found += [(place, True, *counted) for place, counted in _surely(into, widest=False).items()]
    found.sort(key=lambda one: (-one[2], one[1], one[0][0]))
    return tuple(
        Trait(token, piece_of(token), put_in, times, of, before=before, where=_where(before, ends, piece_of))
        for (token, before), put_in, times, of in found[:_MOST]
    )


def _surely(counts: dict[_Place, tuple[int, int]], *, widest: bool) -> dict[_Place, tuple[int, int]]:
    """What happens surely. Of a token both wherever it stands and before another, the wider or the narrower habit."""
    sure = {place: counted for place, counted in counts.items() if wilson(*counted)[0] > _SURELY}
    wide = {token for token, before in sure if before is None}
    narrow = {token for token, before in sure if before is not None}
    return {
        (token, before): counted
        for (token, before), counted in sure.items()
        if token not in (wide if before is not None else narrow) or widest == (before is None)
    }


def _is_pair(one: Example) -> bool:
    return one.wanted is not None and one.unwanted is not None


def _places(one: Example, member: int | None) -> Counter[_Place]:
    """The reply tokens of one text of a lesson, each anywhere and before the next one."""
    if member is None:
        return Counter()
    told = [target for target, owner in zip(one.row.targets, one.row.owners, strict=True) if owner == member + 1]
    return Counter([*((token, None) for token in told), *pairwise(told)])


def _gone(here: Counter[_Place], there: Counter[_Place]) -> Counter[_Place]:
    """What stands here and not there; a token whose next one alone is another stands in both."""
    gone = here - there
    return Counter({(token, after): count for (token, after), count in gone.items() if gone[token, None]})


def _where(before: int | None, ends: set[int], piece_of: Callable[[int], str]) -> str:
    if before is None:
        return ""
    return "at the end" if before in ends else f"before “{piece_of(before)}”"
