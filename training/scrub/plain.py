"""Many ways to write a character made one, without moving any: full-width forms, digits, dashes and spaces.

Knows no detector. Every offset in the plain form is an offset in the text as it was written.
"""

import re
import unicodedata

from model_server.placeholders import PLACEHOLDER
from training.scrub.findings import View

_DASHES = "‐‑‒–—―−﹣－⁃"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"
# directions and joiners that messengers put around numbers; they hold no place on the screen, but they do in the text
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\ufeff"


def _table() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    for code in range(0x80, 0x20000):
        digit = unicodedata.digit(chr(code), None)
        if digit is not None and unicodedata.category(chr(code)) == "Nd":
            table[code] = str(digit)
    table |= {ord(dash): "-" for dash in _DASHES}
    table |= {ord(space): " " for space in _SPACES + _INVISIBLE}
    return table


_TABLE = _table()
_ODD = re.compile("[\t\u00a0\u0660-\u0669\u06f0-\u06f9\u0900-\u1fff\u2000-\u206f\u2212\u3000\ufe63\ufeff\uff01-\uff5e]")


def plain(text: str) -> str:
    """The text with one way to write each character, and blanks for what was scrubbed before; as long as it was."""
    if "[" in text:
        text = PLACEHOLDER.sub(_blank, text)
    return text.translate(_TABLE) if _ODD.search(text) else text


def small(text: str) -> str:
    """The text in small letters; as long as it was, which `str.lower` does not promise."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.|[a-z0-9-]{1,60}\.[a-z]{2,6}/)[!-~]{1,2000}", re.IGNORECASE)


def view(text: str, lower: str, before: str = "") -> View:
    """A line (plain, and plain and small) and the one before it, as detectors see them."""
    prose = text
    if "/" in text or "www." in text:
        prose = _ADDRESS.sub(_blank, prose)
    return View(text, lower, prose, small(plain(before)))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
