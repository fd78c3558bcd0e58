"""Postal addresses as English writes them: a house number and a street, with what follows of flat, town and postcode.

Patterns of our own. Knows no map: a street alone is no address, and neither is a number.
"""

import re
from collections.abc import Iterator

from training.scrub.context import EDGE, END, any_of, word_set
from training.scrub.findings import Found, View
from training.scrub.towns import BRITISH, CANADIAN, ENGLISH_TAIL, LETTER, NAME, TOWN

_TYPE = any_of(
    "street avenue road lane drive boulevard terrace crescent court close square place grove gardens parkway",
    "highway mews alley st ave rd ln dr blvd ct pl sq cres pkwy hwy way row circle cir trail walk rise hill gate quay",
    "wharf view loop path parade promenade esplanade villas",
)
_FLAT = "(?:(?:flat|apt\\.?|apartment|unit|suite|room) ?[0-9a-z]{1,5},? )?"
_UNIT = r"(?:,? ?(?:(?:apt|apartment|unit|suite|ste|flat|floor|fl|room|rm)\.? ?|# ?)[0-9a-z-]{1,6})?"
_SIDE = "(?:north|south|east|west|n|s|e|w|ne|nw|se|sw)"
# not the minutes of a time, nor the end of a number with a point
_HOUSE = rf"(?<![0-9][:.,/]){EDGE}(?i:{_FLAT})[0-9]{{1,5}}[A-Za-z]?(?:[-/][0-9]{{1,4}})?,? "
_WORD = rf"(?:[0-9]{{1,3}}(?:st|nd|rd|th)|[{LETTER}][{LETTER}'’.-]{{0,20}})"
_STREET = re.compile(
    rf"{_HOUSE}(?i:(?:{_SIDE}\.? )?(?P<name>(?:{_WORD} ){{1,4}}?)(?P<type>{_TYPE})(?![{LETTER}])"
    rf"(?! {_TYPE}(?![{LETTER}]))\.?(?: {_SIDE}(?![a-z]))?{_UNIT}){ENGLISH_TAIL}"
)
_NAMED = re.compile(
    rf"{EDGE}[0-9]{{1,5}} (?:Broadway|Park Avenue|The Strand|Pall Mall|Piccadilly){END}(?i:{_UNIT}){ENGLISH_TAIL}"
)
_NUMBER_LAST = re.compile(
    rf"(?<![{LETTER}])(?:{NAME} ){{1,3}}(?:Street|Avenue|Road|Lane|Square|Terrace) [0-9]{{1,3}}[a-z]?"
    rf"(?![0-9{LETTER}]|[.:,][0-9]){ENGLISH_TAIL}"
)
_BOX = re.compile(rf"{EDGE}(?i:p\.? ?o\.? ?box) ?[0-9]{{1,6}}{END}{ENGLISH_TAIL}")
# `2 The Maltings, Leeds LS8 2QT`: what is not called a street, but has the postcode of one
_UNNAMED = re.compile(
    rf"{_HOUSE}{NAME}(?: {NAME}){{0,3}}(?:(?:, ?|,?\n){TOWN}){{0,2}}(?:,? |,?\n)(?:{BRITISH}|{CANADIAN}){END}"
)
_POSTCODE = re.compile(rf"{EDGE}(?:{BRITISH.replace(' ?', ' (?!.GB|.TB|.HZ|.PS)')}|{CANADIAN.replace(' ?', ' ')}){END}")
_HINTS = any_of(
    "str aven road lane driv boul terr cres court close squ plac gr gard park high mews para prom espl villa all cir",
    "tra walk",
)
_HINT = re.compile(
    rf"{_HINTS}|[0-9a-z] (?:st|ave|rd|ln|dr|blvd|ct|pl|sq|way|row|hwy|rise|hill|gate|quay|wharf|view|loop)(?![a-z])"
    "|pkwy|path|broadway|pall|picca|box"
)

_SURE = word_set("street avenue road lane drive boulevard terrace crescent blvd ave rd ln")
_LOOSE = word_set(
    "the a an my your our his her their this that these down up off more people guys min mins minutes hours days times",
    "years miles km m meters metres blocks cars on in at to for from of and or other different new old wrong right one",
    "way big side whole is was are with about per out go get got left points",
)


def find_addresses(view: View) -> Iterator[Found]:
    """Streets with a house number, post office boxes, and British and Canadian postcodes, which name a few houses."""
    text = view.prose
    if _HINT.search(view.lower) is not None:
        for match in _STREET.finditer(text):
            if _is_street(match):
                yield found_address(match)
        for pattern in (_NAMED, _NUMBER_LAST, _BOX):
            for match in pattern.finditer(text):
                yield found_address(match)
    if _POSTCODE.search(text) is not None:
        for pattern in (_UNNAMED, _POSTCODE):
            for match in pattern.finditer(text):
                yield found_address(match)


def _is_street(match: re.Match[str]) -> bool:
    """Written small, `5 more people on the road` has the words of a street: its name must not be made of such."""
    words = match.group("name").split()
    if any(word.lower() in _LOOSE for word in words):
        return False
    capital = all(word[0].isupper() or word[0].isdigit() for word in words)
    small = len(words) <= 2 and (match.group("type").lower() in _SURE or match.group()[:2].isdigit())
    return capital or small


def found_address(match: re.Match[str]) -> Found:
    """The address of a match, without the marks behind it."""
    end = match.start() + len(match.group().rstrip(" ,."))
    return Found("address", match.start(), end, " ".join(re.findall(r"\w+", match.group().lower())))
