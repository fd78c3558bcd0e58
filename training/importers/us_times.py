"""`May 17, 2022  5:29:42 PM` and `May 17, 2022 17:29:42` as times: the writing of two exporters, in every locale.

Knows no format and no zone.
"""

import re
from datetime import datetime

US_TIME = r"[A-Z][a-z]{2} [ \d]\d, \d{4} [ \d]?\d:\d{2}:\d{2}(?: [AP]M)?"
_PARTS = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d), (\d{4}) ([ \d]?\d):(\d{2}):(\d{2})(?: ([AP])M)?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def us_time(written: str) -> datetime | None:
    """The time, without a zone; None when there is no such time."""
    found = _PARTS.fullmatch(written)
    if found is None or found[1] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[at]) for at in (2, 3, 4, 5, 6))
    if found[7]:
        hour = hour % 12 + (12 if found[7] == "P" else 0)
    try:
        return datetime(year, _MONTHS.index(found[1]) + 1, day, hour, minute, second)
    except ValueError:
        return None
