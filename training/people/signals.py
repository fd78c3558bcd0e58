"""What the lines between the owner and one contact show, as shares and counts: nothing of any text is kept.

Knows no type. Long chats are sampled evenly as they stream by: shares do not grow more exact with a million lines.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from training.corpus import CorpusLine
from training.people.words import Kind, kinds_of

SAMPLED_LINES = 300
"""About so many of a longer chat, and fewer than twice as many."""
_LATE_HOURS = frozenset((23, 0, 1, 2, 3, 4))
_OFFICE_HOURS = range(9, 18)
_SATURDAY = 5
_DAY_MS = 86_400_000
_GOLDEN = 0.618_033_988_749_894_9


@dataclass(frozen=True, slots=True)
class Signals:
    """Counts are of all lines, shares of the sampled ones; shares lie in 0..1."""

    lines: int
    """Of the contact."""
    replies: int
    """Of the owner."""
    days: int
    """Days on which either wrote."""
    kinds: dict[Kind, float]
    """Share of the lines of both with such a word."""
    late: float
    office: float
    """Monday to Friday, 9 to 18."""
    weekend: float
    casual: float
    """How casually the owner writes here: casual words, small first letters, no full stops."""


def measure(lines: Iterable[CorpusLine], zone: tzinfo) -> Signals:
    """Signals of all lines with one contact, read once; `zone` is the owner's."""
    written: Counter[str] = Counter()
    days: set[int] = set()
    for_sample = _Sample()
    for line in lines:
        written[line.author] += 1
        days.add(line.at_ms // _DAY_MS)
        for_sample.add(line)
    sampled = for_sample.lines
    kinds: Counter[Kind] = Counter()
    casual = 0.0
    replies = late = office = weekend = 0
    for line in sampled:
        found = kinds_of(line.text)
        kinds.update(found)
        at = datetime.fromtimestamp(line.at_ms / 1000, zone)
        late += at.hour in _LATE_HOURS
        weekend += at.weekday() >= _SATURDAY
        office += at.hour in _OFFICE_HOURS and at.weekday() < _SATURDAY
        if line.author == "owner":
            replies += 1
            casual += _casual(line.text, found)
    count = max(1, len(sampled))
    return Signals(
        lines=written["contact"],
        replies=written["owner"],
        days=len(days),
        kinds={kind: found_in / count for kind, found_in in kinds.items()},
        late=late / count,
        office=office / count,
        weekend=weekend / count,
        casual=casual / max(1, replies),
    )


class _Sample:
    """An even sample of a stream: the lines whose number, times the golden ratio, has a small fraction.

    Not every n-th line: in a chat where both take turns that would be the lines of one of them.
    """

    def __init__(self) -> None:
        self._held: list[tuple[float, CorpusLine]] = []
        self._seen = 0
        self._below = 1.0

    @property
    def lines(self) -> list[CorpusLine]:
        """Those held at the end."""
        return [line for _, line in self._held]

    def add(self, line: CorpusLine) -> None:
        """The next line of the stream."""
        place = self._seen * _GOLDEN % 1.0
        self._seen += 1
        if place < self._below:
            self._held.append((place, line))
            if len(self._held) == 2 * SAMPLED_LINES:
                self._below /= 2
                self._held = [one for one in self._held if one[0] < self._below]


def _casual(text: str, kinds: set[Kind]) -> float:
    """0..1: a third for each of casual words, a small first letter (or no letter case at all), no final stop."""
    first = next((char for char in text if char.isalpha()), "")
    small = not first.isupper()
    stopped = text.rstrip()[-1:] in ".。!！?？"
    return (("casual" in kinds or "friend" in kinds) + small + (not stopped)) / 3
