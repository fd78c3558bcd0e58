"""Postal addresses in Japanese: a town with the numbers of block and house, and postcodes. Knows no map."""

import re
from collections.abc import Iterator

from training.scrub.findings import Found, View

_PREFECTURE = "(?:東京都|北海道|京都府|大阪府|[一-龥]{2,3}県)"
_TOWN = "[一-龥々ヶケノの]{1,6}[市区町村郡]"
_NAME = "[一-龥々ぁ-んァ-ヶー]{0,12}?"
_REST = "(?:(?:番地?|-)[0-9]{1,4})?(?:号|-[0-9]{1,4})?(?:号室)?"
_BLOCK = "[0-9一二三四五六七八九十]{1,3}丁目[0-9]{1,4}"
_CHOME = re.compile(rf"(?:{_PREFECTURE}|{_TOWN}){_NAME}{_BLOCK}{_REST}(?![0-9])")
_LOT = "[0-9]{1,4}(?:番地?|-)[0-9]{1,4}"
_NUMBERED = re.compile(rf"(?:{_PREFECTURE}|{_TOWN}(?={_TOWN})){_NAME}{_LOT}{_REST}(?![0-9])")
_POSTCODE = re.compile("〒 ?[0-9]{3}-?[0-9]{4}(?![0-9])")


def find_japanese_addresses(view: View) -> Iterator[Found]:
    """Addresses down to the house; not a town alone."""
    text = view.prose
    for sign, pattern in (("丁目", _CHOME), ("番", _NUMBERED), ("-", _NUMBERED), ("〒", _POSTCODE)):
        if sign in text and not text.isascii():
            for match in pattern.finditer(text):
                yield Found("address", match.start(), match.end(), match.group().replace(" ", ""))
