"""What stands behind a street: letters of Latin names, towns, postcodes. Knows no street and no map."""

from typing import Final

from training.scrub.context import END

UPPER: Final = "A-ZÀ-ÖØ-Þ"
LETTER: Final = "A-Za-zÀ-ÖØ-öø-ÿßŁłŚśŻżŹźĆćŃńĘęĄą"
NAME: Final = rf"[{UPPER}][{LETTER}'’.-]{{0,24}}"
TOWN: Final = rf"{NAME}(?: (?:(?:am|an der|de|la|le|sur|del|upon|of|on) )?{NAME}){{0,2}}"

BRITISH: Final = "[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2}"
CANADIAN: Final = "[ABCEGHJ-NPRSTVXY][0-9][A-Z] ?[0-9][A-Z][0-9]"
_ZIP = "[0-9]{5}(?:-[0-9]{4})?"

ENGLISH_TAIL: Final = (
    rf"(?:(?:(?:,? |,?\n){TOWN}){{0,2}}?(?:,? |,?\n)(?:[A-Z]{{2}},? )?(?:{BRITISH}|{CANADIAN}|{_ZIP}){END}"
    rf"|(?:, ?{TOWN}){{1,2}},? [A-Z]{{2}}{END}|, ?{TOWN}(?=[.;!?]|$))?"
)
"""`, Bristol BS7 9QD`, ` Chicago, IL 60640`, `, Leeds`: or nothing."""
EUROPEAN_TOWN: Final = rf"(?:(?:,? |,?\n)(?:(?:[A-Z]{{1,2}}-)?[0-9]{{4,5}}|[1-9][0-9]{{3}} ?[A-Z]{{2}}) {TOWN})"
"""`, 10435 Berlin`, ` 1016 GV Amsterdam`."""
