"""Who writes in a chat exported from LINE, and what the chat is called.

Knows no date. Where only spaces part a name from its text, as desktops write, the name is what all messages that begin
alike have in common.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from training.importers.line_words import FILE_TITLE, GROUP_TITLES, PERSONAL_TITLES

_MOST_NAMES = 10_000
LONGEST_NAME_CHARS = 100
_MOST_WORDS = 8
_ENOUGH_LINES = 4
"""So many messages must begin alike before more than their first word is taken for a name."""


class Title(NamedTuple):
    """What a chat is called. `personal` is None where nothing says whether it is one."""

    name: str
    personal: bool | None


def title_of(first_line: str, file_name: str) -> Title:
    """By the first line of the file, else by the name of the file."""
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    for written in (first_line.strip(), last):
        for patterns, personal in ((PERSONAL_TITLES, True), (GROUP_TITLES, False)):
            for pattern in patterns:
                if found := pattern.match(written):
                    return Title(found[1].strip(), personal)
    found = FILE_TITLE.match(last)
    return Title(found[1].strip() if found else "", None)


@dataclass(slots=True)
class SpokenNames:
    """The names of those who write, learnt in a first reading."""

    counts: Counter[str] = field(default_factory=Counter)
    _alike: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    """First word -> how many messages begin with it, and the words that all of them begin with."""
    _known: str = ""

    def see(self, name: str) -> None:
        """Take a message whose sender is told apart from its text into account."""
        if name in self.counts or len(self.counts) < _MOST_NAMES:
            self.counts[name] += 1

    def see_unparted(self, text: str) -> None:
        """Take a message into account whose sender's name stands before its text."""
        words = text[:LONGEST_NAME_CHARS].split(" ")[:_MOST_WORDS]
        beginning = words[:-1] or words  # the last word is part of the text
        count, common = self._alike.get(words[0], (0, beginning))
        if count or len(self._alike) < _MOST_NAMES:
            same = next((at for at, (a, b) in enumerate(zip(common, beginning, strict=False)) if a != b), None)
            self._alike[words[0]] = (count + 1, common[: min(len(common), len(beginning)) if same is None else same])

    def close(self, contact: str) -> None:
        """All was seen; `contact` is a name that is known otherwise, "" when there is none."""
        self._known = contact
        for first, (count, common) in self._alike.items():
            known = contact.partition(" ")[0] == first and count < _ENOUGH_LINES
            self.counts[contact if known else self._name(first, count, common)] += count

    def part(self, text: str) -> tuple[str, str]:
        """(name, text) of a message that was seen unparted."""
        first = text[:LONGEST_NAME_CHARS].partition(" ")[0]
        name = self._name(first, *self._alike.get(first, (0, [first])))
        if self._known and (text + " ").startswith(self._known + " "):
            name = self._known
        return name, text[len(name) :].strip()

    def _name(self, first: str, count: int, common: list[str]) -> str:
        return " ".join(common) if count >= _ENOUGH_LINES else first
