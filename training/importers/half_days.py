"""AM and PM in the languages in which chats are exported, and what their use tells of the order of dates.

Knows no format. Shared by the importers of text that a phone wrote in its region's way.
"""

import re
from enum import Enum
from functools import lru_cache

from training.importers.base import DateOrder

ANY_ORDER: frozenset[DateOrder] = frozenset(("dmy", "mdy", "ymd"))
_DAY_FIRST: frozenset[DateOrder] = frozenset(("dmy",))
_YEAR_FIRST: frozenset[DateOrder] = frozenset(("ymd",))
_NOT_MONTH_FIRST: frozenset[DateOrder] = frozenset(("dmy", "ymd"))  # zh and fa: of the regions, some put the day first


class HalfDay(Enum):
    """Which half of the day an hour is of."""

    NONE = "24 hours"
    AM = "before noon"
    PM = "after noon"
    NOON = "around noon"

    def hour24(self, hour: int) -> int:
        """The hour of a day of 24 hours; -1 when there is none. `0:30 PM` is Japanese, `15:30 PM` some phones'."""
        if hour > 23 or (self is HalfDay.AM and hour > 12):
            return -1
        if self is HalfDay.AM:
            return hour % 12
        if self is HalfDay.PM or (self is HalfDay.NOON and hour < 10):
            return hour % 12 + 12 if hour <= 12 else hour
        return hour


_HALVES: tuple[tuple[frozenset[DateOrder], str, str], ...] = (
    (ANY_ORDER, "am vm fm dop pg", "pm nm em odp pop ptg"),  # en es nl af sv cs sl ms
    (_DAY_FIRST, "πμ öö ص sa ap проб дп pd", "μμ ös م ch ip слоб пп md"),  # el tr ar vi fi bg uk sq
    (_DAY_FIRST, "पूर्वाह्न ก่อนเที่ยง לפנהצ לפנה״צ", "अपराह्न หลังเที่ยง אחהצ אחה״צ"),  # hi th he
    (_YEAR_FIRST, "午前 오전 de priešpiet", "午後 오후 du popiet"),  # ja ko hu lt
    (_NOT_MONTH_FIRST, "上午 凌晨 清晨 早上 قظ قبلازظهر", "下午 傍晚 晚上 بظ بعدازظهر"),
)
_WORDS: dict[str, tuple[HalfDay, frozenset[DateOrder]]] = {
    "中午": (HalfDay.NOON, _NOT_MONTH_FIRST),
    **{word: (HalfDay.AM, orders) for orders, words, _ in _HALVES for word in words.split()},
    **{word: (HalfDay.PM, orders) for orders, _, words in _HALVES for word in words.split()},
}
_NOTHING = "à a às as alas um uhr klo kello kl klokken at om o v u в у г ч plkst pukul pkl lúc ora alle hs hrs h น"
_SAYING_NOTHING = frozenset(_NOTHING.split())
_NOT_LETTERS = re.compile("[\\s.\u200c\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


@lru_cache(maxsize=1024)  # few words stand around all times of a file
def half_day(*written: str | None) -> tuple[HalfDay | None, frozenset[DateOrder]]:
    """What the words around a time say: the half of the day, and the orders of dates in regions that write so.

    No half (None) when one of the words is unknown: then it was no time that a phone wrote.
    """
    said, orders = HalfDay.NONE, ANY_ORDER
    for word in written:
        folded = _NOT_LETTERS.sub("", word or "").casefold()
        if folded in _WORDS:
            said, fitting = _WORDS[folded]
            orders &= fitting
        elif folded and folded not in _SAYING_NOTHING:
            return None, orders
    return said, orders
