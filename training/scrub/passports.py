"""Passport numbers: they have no checksum, so only where a word says what the number is."""

import re
from collections.abc import Iterator

from training.scrub.context import EDGE, END, any_of, edge_after
from training.scrub.findings import Found, View

_WORD = any_of(
    "passport passeport reisepass pasaporte passaporto passaporte paspoort паспорт",
    "护照 護照 パスポート 旅券 여권 通行证 通行證",
)
_ASKED = re.compile(_WORD)
# digits behind two letters at most; or, as in Germany and France, capitals and digits mixed
_MIXED = "(?-i:(?=(?:[A-Z]{0,7}[0-9]){2})(?=[0-9]{0,8}[A-Z])[A-Z0-9]{8,9})"
_NUMBER = rf"{edge_after('is', 'no', 'number')}([A-Z]{{0,2}}[0-9]{{6,9}}[A-Z]?[0-9]?|{_MIXED}){END}"
_SAID = re.compile(rf"{_WORD}[^0-9\n]{{0,30}}?{_NUMBER}", re.IGNORECASE)
_ALONE = re.compile(rf"[^0-9A-Za-z]{{0,4}}(?:it'?s |是|号码)?{_NUMBER}[^0-9A-Za-z]{{0,4}}", re.IGNORECASE)
# the second line of a machine readable zone: number, check digit, country, birth, sex, expiry (ICAO 9303)
_ZONE = re.compile(rf"{EDGE}[A-Z0-9<]{{9}}[0-9][A-Z<]{{3}}[0-9]{{7}}[MFX<][0-9]{{7}}[A-Z0-9<]{{14,16}}")


def find_passports(view: View) -> Iterator[Found]:
    """Numbers behind the word for a passport; or alone, when the line before asked for one."""
    for match in _SAID.finditer(view.prose):
        yield Found("passport", match.start(1), match.end(1), match.group(1).upper())
    if _ASKED.search(view.before) and (alone := _ALONE.fullmatch(view.prose)) is not None:
        yield Found("passport", alone.start(1), alone.end(1), alone.group(1).upper())
    if "<" in view.text:
        for match in _ZONE.finditer(view.text):
            yield Found("passport", match.start(), match.end(), match.group()[:9])
