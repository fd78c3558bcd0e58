"""The types of the scrub: a line that is looked at, and what was found in it. Knows no detector and no policy."""

from dataclasses import dataclass
from typing import NamedTuple

from model_server.placeholders import Kind


class View(NamedTuple):
    """A line as detectors see it; every offset is one in the line itself.

    `text`: full-width forms, digits of other scripts, dashes and odd spaces made plain. `lower`: `text` in small
    letters. `prose`: `text` with its web addresses blanked out: numbers in them are nobody's. `before`: the previous
    line of the chat, plain and small, "" when there is none.
    """

    text: str
    lower: str
    prose: str
    before: str


class Found(NamedTuple):
    """Something private at `text[start:end]`. `value`: in a form in which two spellings of it are equal."""

    kind: Kind
    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was taken out of a line, by its offsets in the line as it was written."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A line without what must not be learnt, and what that was, from left to right."""

    text: str
    findings: tuple[Finding, ...] = ()
