"""Bank cards (issuer, length, Luhn) and IBANs (length of the country, mod 97). Knows no bank."""

import re
from collections.abc import Iterator

from stdnum import iban, luhn

from training.scrub.context import EDGE, END, edge_after, nobodys_number
from training.scrub.findings import Found, View

# digits in one piece, or in the groups that cards print: 4-4-4-4(-3), 4-6-5, 4-6-4, 6-13
_CARD = re.compile(
    rf"(?<![0-9][.,]){EDGE}(?:[0-9]{{12,19}}"
    rf"|[0-9]{{4}}(?P<a>[ .-]{{1,2}})[0-9]{{4}}(?P=a)[0-9]{{4}}(?P=a)[0-9]{{1,4}}(?:(?P=a)[0-9]{{1,3}})?"
    rf"|[0-9]{{4}}(?P<b>[ .-])[0-9]{{6}}(?P=b)[0-9]{{4,5}}|[0-9]{{6}}(?P<c>[ .-])[0-9]{{10,13}}){END}"
)
# prefixes and lengths by network, as ISO/IEC 7812 numbers are given out
_ISSUERS = (
    (re.compile("4"), (13, 16, 19)),  # Visa
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile("3[47]"), (15,)),  # American Express
    (re.compile("62|81"), (16, 17, 18, 19)),  # UnionPay
    (re.compile("9[0-9]{5}|60[0-9]{4}|68[0-9]{4}"), (19,)),  # Chinese debit cards of one bank's own
    (re.compile("6011|64[4-9]|65"), (16, 17, 18, 19)),  # Discover
    (re.compile("35(?:2[89]|[3-8])"), (16, 17, 18, 19)),  # JCB
    (re.compile("30[0-5]|3[689]"), (14, 16)),  # Diners
    (re.compile("5018|5020|5038|5893|6304|6759|676[1-3]"), (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro
    (re.compile("220[0-4]"), (16,)),  # Mir
    (re.compile("508|353|356|606"), (16,)),  # RuPay
)


def find_cards(view: View) -> Iterator[Found]:
    """Card numbers; not what is said to be the number of an order."""
    text, at = view.prose, 0
    while (match := _CARD.search(text, at)) is not None:
        digits = re.sub("[^0-9]", "", match.group())
        if _is_card(digits) and not nobodys_number(view, match.start()):
            yield Found("card", match.start(), match.end(), digits)
            at = match.end()
        else:  # a year may stand before the first group: the next group begins a candidate too
            at = match.start() + 1


def _is_card(digits: str) -> bool:
    known = any(len(digits) in lengths and issuer.match(digits) for issuer, lengths in _ISSUERS)
    return known and len(set(digits)) > 1 and luhn.is_valid(digits)


_IBAN = re.compile(rf"{edge_after('iban')}[A-Za-z]{{2}}[0-9]{{2}}(?:[ -]?[0-9A-Za-z]){{11,30}}")
_SHORTEST_IBAN = 15


def find_ibans(view: View) -> Iterator[Found]:
    """IBANs in one piece or in groups, in any case; the words behind one are not taken for a part of it."""
    for match in _IBAN.finditer(view.prose):
        places = [place for place in range(match.start(), match.end()) if view.prose[place].isalnum()]
        compact = "".join(view.prose[place] for place in places).upper()
        for length in range(len(compact), _SHORTEST_IBAN - 1, -1):
            end = places[length - 1] + 1
            glued = end < len(view.prose) and view.prose[end].isascii() and view.prose[end].isalnum()
            if not glued and iban.is_valid(compact[:length], check_country=False):
                yield Found("iban", match.start(), end, compact[:length])
                break
