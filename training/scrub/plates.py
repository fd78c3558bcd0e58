"""Licence plates: Chinese ones by their shape, others where a word says what they are. Knows no registry."""

import re
from collections.abc import Iterator

from training.scrub.context import END, said_near
from training.scrub.findings import Found, View

_CHINESE = re.compile(
    r"[京津沪滬渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][ ·•・.-]?"
    rf"(?=[A-Z0-9]{{0,5}}[0-9][A-Z0-9]{{0,5}})[A-HJ-NP-Z0-9]{{5,6}}{END}"
)
_EUROPEAN = re.compile(
    r"(?<![0-9A-Za-z])(?:[A-Z]{2}[0-9]{2} ?[A-Z]{3}|[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2} ?[0-9]{1,4}[EH]?"
    r"|[A-Z]{2}-?[0-9]{3}-?[A-Z]{2}"
    r"|[0-9]{4} ?[BCDFGHJ-NPR-TV-Z]{3}|[0-9]{1,3}-?[A-Z]{2,3}-?[0-9]{1,3}|[0-9][A-Z]{3}[0-9]{3}"
    r"|[A-Z]{3}[- ]?[0-9]{3,4})" + END
)
_SAID = re.compile(
    r"plate|(?<![a-z])reg(?:istration)?(?![a-z])|kennzeichen|nummernschild|matr[ií]cula|plaque|targa|kenteken|车牌|車牌"
)


def find_plates(view: View) -> Iterator[Found]:
    """Plates of cars."""
    for match in _CHINESE.finditer(view.prose):
        yield Found("plate", match.start(), match.end(), _compact(match.group()))
    for match in _EUROPEAN.finditer(view.prose):
        if said_near(view, match.start(), _SAID):
            yield Found("plate", match.start(), match.end(), _compact(match.group()))


def _compact(plate: str) -> str:
    return re.sub("[ ·•・.-]", "", plate)
