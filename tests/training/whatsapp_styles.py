"""How WhatsApp writes the beginning of a message: by phone and region, as a template for the tests to write exports by.

Written down from published exports, apart from the importer: nothing here is derived from it.
"""

from dataclasses import dataclass
from datetime import datetime

from training.importers.base import DateOrder


@dataclass(frozen=True)
class Style:
    """One phone's way. `order` is the truth; `telling` when the header alone gives it away, without any other date."""

    template: str
    order: DateOrder
    halves: tuple[str, str] = ("AM", "PM")
    digits: str = "0123456789"
    telling: bool = False

    def header(self, at: datetime) -> str:
        """What stands before the message of this moment."""
        written = self.template.format(
            d=at.day, m=at.month, y=at.year, yy=at.year % 100, be=at.year + 543, era=at.year - 2018,
            H=at.hour, h=at.hour % 12 or 12, M=at.minute, S=at.second, half=self.halves[at.hour >= 12],
        )  # fmt: skip
        return written.translate({ord("0") + value: digit for value, digit in enumerate(self.digits)})

    @property
    def seconds(self) -> bool:
        """Whether seconds are written."""
        return "{S" in self.template


_D = "{d:02}/{m:02}/{y}"
STYLES = {
    "android en-GB": Style(_D + ", {H:02}:{M:02} - ", "dmy"),
    "android en-US": Style("{m}/{d}/{yy:02}, {h}:{M:02}\u202f{half} - ", "mdy"),
    "android en-IN": Style("{d:02}/{m:02}/{yy:02}, {h}:{M:02} {half} - ", "dmy", ("am", "pm")),
    "android en-CA": Style("{y}-{m:02}-{d:02}, {h}:{M:02} {half} - ", "ymd", ("a.m.", "p.m."), telling=True),
    "android en-ZA": Style("{y}/{m:02}/{d:02}, {H:02}:{M:02} - ", "ymd", telling=True),
    "android de": Style("{d:02}.{m:02}.{yy:02}, {H:02}:{M:02} - ", "dmy"),
    "android fr": Style(_D + " à {H:02}:{M:02} - ", "dmy"),
    "android fr-CA": Style("{y}-{m:02}-{d:02} {H:02} h {M:02} - ", "ymd", telling=True),
    "android es": Style("{d}/{m}/{yy:02} {h}:{M:02}\u00a0{half} - ", "dmy", ("a.\u00a0m.", "p.\u00a0m.")),
    "android it": Style("{d:02}/{m:02}/{yy:02}, {H:02}:{M:02} - ", "dmy"),
    "android pt-BR": Style(_D + " {H:02}:{M:02} - ", "dmy"),
    "android nl": Style("{d:02}-{m:02}-{y} {H:02}:{M:02} - ", "dmy"),
    "android ru": Style("{d:02}.{m:02}.{y}, {H:02}:{M:02} - ", "dmy"),
    "android tr": Style("{d}.{m:02}.{y} {H:02}:{M:02} - ", "dmy"),
    "android tr 12h": Style("{d}.{m:02}.{y} {half} {h}:{M:02} - ", "dmy", ("ÖÖ", "ÖS"), telling=True),
    "android el": Style("{d}/{m}/{yy:02}, {h}:{M:02} {half} - ", "dmy", ("π.μ.", "μ.μ."), telling=True),
    "android bg": Style("{d}.{m:02}.{yy:02} г., {H:02}:{M:02} ч. - ", "dmy"),
    "android zh-CN": Style("{y}/{m}/{d} {half}{h}:{M:02} - ", "ymd", ("上午", "下午"), telling=True),
    "android ja": Style("{y}/{m:02}/{d:02} {H}:{M:02} - ", "ymd", telling=True),
    "android ko": Style("{y}. {m}. {d}. {half} {h}:{M:02} - ", "ymd", ("오전", "오후"), telling=True),
    "android ar": Style("{d}\u200f/{m}\u200f/{y}، {h}:{M:02} {half} - ", "dmy", ("ص", "م"), "٠١٢٣٤٥٦٧٨٩", telling=True),
    "android he": Style("{d}.{m}.{y}, {H}:{M:02} - ", "dmy"),
    "android fi": Style("{d}.{m}.{y} klo {H}.{M:02} - ", "dmy"),
    "android hu": Style("{y}. {m:02}. {d:02}. {H}:{M:02} - ", "ymd", telling=True),
    "android vi": Style("{H:02}:{M:02}, " + _D + " - ", "dmy"),
    "android sv": Style("{y}-{m:02}-{d:02} {H:02}:{M:02} - ", "ymd", telling=True),
    "android 2012": Style("{d:02}/{m:02}/{y}, {H:02}:{M:02}:{S:02}: ", "dmy"),
    "ios en-US": Style("[{m}/{d}/{yy:02}, {h}:{M:02}:{S:02}\u202f{half}] ", "mdy"),
    "ios en-GB": Style("[" + _D + ", {H:02}:{M:02}:{S:02}] ", "dmy"),
    "ios de": Style("[{d:02}.{m:02}.{yy:02}, {H:02}:{M:02}:{S:02}] ", "dmy"),
    "ios fi": Style("[{d}.{m}.{y} klo {H}.{M:02}.{S:02}] ", "dmy"),
    "ios zh-HK": Style("[{d}/{m}/{y} {half}{h}:{M:02}:{S:02}] ", "dmy", ("上午", "下午"), telling=True),
    "ios ko short": Style("[{yy}. {m}. {d}. {half} {h}:{M:02}:{S:02}] ", "ymd", ("오전", "오후"), telling=True),
    "ios th": Style("[{d}/{m}/{be} BE, {H:02}:{M:02}:{S:02}] ", "dmy"),
    "ios ja era": Style("[{m}/{d}/R{era}, {H:02}:{M:02}:{S:02}] ", "mdy"),
    "web copy": Style("[{H:02}:{M:02}, {d}/{m}/{y}] ", "dmy"),
}
