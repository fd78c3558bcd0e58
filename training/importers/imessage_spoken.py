"""One message of an imessage-exporter export, in the shape that its text and its web page have in common.

Pure data. Knows neither file format.
"""

from dataclasses import dataclass, field
from datetime import datetime

from training.importers.base import LONGEST_TEXT_CHARS, Reason
from training.importers.us_times import us_time

LONGEST_NAME_CHARS = 200
MOST_REPLIES = 1_000
"""Of one thread; a later one still stands in its own place, without the line that it answers."""


@dataclass(slots=True)
class Spoken:
    """One message while it is read. `nested`: the thread that is shown inside the message it answers."""

    written_at: str
    """`May 17, 2022  5:29:42 PM`."""
    sender: str = ""
    mine: bool = False
    """The export marks it as sent by its owner."""
    words: list[str] = field(default_factory=list)
    chars: int = 0
    answers: bool = False
    """Stands in its own place, and once more in the thread of the message it answers."""
    aside: Reason | None = None
    """Why it is no line, if it has no words."""
    dropped: Reason | None = None
    """Why it is no line, words or not."""
    nested: "list[Spoken]" = field(default_factory=list)

    def say(self, words: str) -> None:
        """Words of its own; of an endless message no more than tells that it is too long."""
        if self.chars <= LONGEST_TEXT_CHARS:
            self.words.append(words)
            self.chars += len(words) + 1

    @property
    def at(self) -> datetime | None:
        """Its time, on the clock of the machine that exported it."""
        return us_time(self.written_at)
