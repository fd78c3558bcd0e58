"""What the words around a number say of it. Knows no kind of number: a word list and a distance each."""

import re
from typing import Final

from training.scrub.findings import View

EDGE: Final = "(?<![0-9A-Za-z])"
END: Final = "(?![0-9A-Za-z])"
"""Where a value begins and ends: between letters and digits of ASCII only. `\\b` would miss one glued to Chinese."""


def any_of(*rows: str) -> str:
    """The words of these rows as one alternative of a pattern; `_` stands for a space."""
    return "(?:" + "|".join(word.replace("_", " ") for row in rows for word in row.split()) + ")"


def word_set(*rows: str) -> frozenset[str]:
    """The words of these rows."""
    return frozenset(word for row in rows for word in row.split())


def edge_after(*words: str) -> str:
    """`EDGE`, or right behind one of these words: Chinese puts no space behind a Latin one (`IBANGB25...`)."""
    return "(?:" + "|".join((EDGE, *(f"(?<=(?i:{word}))" for word in words))) + ")"


_NOBODYS = re.compile(
    r"order|invoice|track|serial|model|isbn|issn|ticket|(?<![a-z])(?:ref|uid|po|sku|item|version|build)(?![a-z])|steam|usps|(?<![a-z])ups(?![a-z])|dhl|fedex"
    r"|game id|friend code|barcode|waybill|receipt|bestell|sendung|rechnung|commande|pedido|"
    r"订单|訂單|单号|單號|快递|运单|流水|发票|条码|条形码|编号|会员|期号|群|游戏|信用代码|纳税|案号|商品|货号|型号|序列号"
)
_AMOUNT = re.compile(r" ?(?:元|块|塊|万|亿|円|人|步|票|次|分钟|公里|%|km|kg|mb|gb|usd|eur|gbp|dollars?|views|people)")


def said_near(view: View, start: int, words: re.Pattern[str], reach: int = 24) -> bool:
    """Whether one of these words stands in the `reach` characters before `start`."""
    return words.search(view.lower, max(0, start - reach), start) is not None


def nobodys_number(view: View, start: int) -> bool:
    """Whether what begins here is said to be the number of an order, a parcel, a thing."""
    return said_near(view, start, _NOBODYS, 16)


def amount(view: View, start: int, end: int) -> bool:
    """Whether this is money or a measure: a sign before it, a unit behind it; or a Japanese postcode."""
    return (start > 0 and view.text[start - 1] in "$€£¥#〒") or _AMOUNT.match(view.lower, end) is not None
