"""Postal addresses as German, Dutch, French, Spanish, Portuguese, Italian and Polish write them.

Patterns of our own. Knows no map.
"""

import re
from collections.abc import Iterator

from training.scrub.addresses import found_address
from training.scrub.context import EDGE, any_of
from training.scrub.findings import Found, View
from training.scrub.towns import EUROPEAN_TOWN, LETTER, NAME, TOWN, UPPER

_START = f"(?<![{LETTER}])"
_NUMBER = rf" ?[0-9]{{1,4}} ?[a-z]?(?![0-9{LETTER}])"
_JOINED = any_of("straße strasse str\\. weg allee gasse platz damm ufer steig straat laan gracht plein singel")
_APART = any_of("Straße Strasse Str\\. Weg Allee Gasse Platz Damm Ufer Ring")
_GERMAN = re.compile(
    rf"{_START}(?:[{UPPER}][{LETTER}-]{{1,30}}{_JOINED}|(?:{NAME} ){{0,2}}{NAME} ?{_APART}){_NUMBER}{EUROPEAN_TOWN}?"
)
# `Am Freitag 12` and `Spring 2026` look alike: only with a postcode and a town behind
_GERMAN_PLACE = re.compile(
    rf"{_START}(?:(?:Am|An der|Im|In der|Auf dem|Unter den|Zum|Zur) {NAME}|[{UPPER}][{LETTER}-]{{1,30}}"
    rf"(?:ring|hof|dijk|kade)){_NUMBER}{EUROPEAN_TOWN}"
)
_FRENCH_TYPE = any_of("rue avenue av\\. boulevard bd\\.? place impasse allée chemin quai cours route")
_FRENCH = re.compile(
    rf"{EDGE}[0-9]{{1,4}}(?: ?(?:bis|ter|[A-D]))?,? (?i:{_FRENCH_TYPE}) "
    rf"(?:(?:de la|de l'|des|du|de|d'|la|le|les|l'|aux?) ?)?{TOWN}{EUROPEAN_TOWN}?"
)
_SOUTHERN_TYPE = any_of(
    "calle c/ avenida avda\\.? av\\. plaza paseo carrer rua travessa praça via viale piazza corso vicolo largo",
    "ul\\. ulica al\\.",
)
_SOUTHERN = re.compile(
    rf"{_START}(?i:{_SOUTHERN_TYPE}) ?(?:(?:de la|de los|de las|del|de|da|do|dos|della|dei|delle|di) ?)?{TOWN},? "
    rf"(?i:n[º°.]? ?)?[0-9]{{1,4}}(?:[/ ]?[A-Za-z0-9]{{1,3}}(?![0-9{LETTER}]))?(?![0-9]){EUROPEAN_TOWN}?"
)
_HINT = re.compile(
    r"str(?:aße|asse|aat|\.)|weg|allee|gasse|platz|damm|ufer|steig|laan|gracht|plein|singel|ring|hof|dijk|kade|rue|avenue|av\."
    r"|boulevard|bd|place|impasse|allée|chemin|quai|cours|route|calle|c/|avda|avenida|plaza|paseo|carrer|rua|travessa|praça"
    r"|via|piazza|corso|vicolo|largo|ul\.|ulica|al\.|a[nm] |auf dem|unter den|im |in der|zu[mr] "
)


def find_european_addresses(view: View) -> Iterator[Found]:
    """Streets with the number of a house, before or behind, and the town behind them."""
    if _HINT.search(view.lower) is not None:
        for pattern in (_GERMAN, _GERMAN_PLACE, _FRENCH, _SOUTHERN):
            for match in pattern.finditer(view.prose):
                yield found_address(match)
