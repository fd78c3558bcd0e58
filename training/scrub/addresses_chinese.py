"""Postal addresses in Chinese: a road, village or estate with the number of a house, and all that stands around it.

There are no spaces to tell where an address begins: its core is found first, then it grows to the left as far as a
word that leads to it (`我住在`, `寄到`), and to the right over buildings, floors and rooms. Knows no map.
"""

import re
from collections.abc import Iterator

from training.scrub.context import any_of
from training.scrub.findings import Found, View

_PLACE = any_of(
    "大道 大街 马路 公路 路 街 巷 弄 胡同 道 村 屯 庄 寨 里 小区 社区 花园 家园 公寓 苑 新村",
    "广场 大厦 花苑 公馆 华府 名邸 园 城 街道 鎮 镇",
)
_PART = "(?:[一二三四五六七八九十东西南北中]{1,2}[段路街里区])?"
_HOUSE = "号院|号楼|號樓|号|號|弄|栋|棟|幢|座|组"
_DIGITS = "(?:[0-9]{1,5}|[一二三四五六七八九十百]{1,5})"
_CORE = re.compile(
    rf"{_PLACE}{_PART}(?:[0-9一二三四五六]{{1,2}}期)?[甲乙丙]?[0-9]{{1,5}}(?:[-之][0-9]{{1,4}})?(?:{_HOUSE})(?!线|線|店|门|門|口|出口|机|台风|开|公司|院线|选手)"
)
_STOREY = any_of("号楼 號樓 号院 号 號 栋 棟 幢 座 楼 樓 层 層 单元 單元 室 房 户 戶 区 塔 院 组 弄")
_BUILDING = "[一-龥]{2,8}?(?:大厦|广场|花园|小区|公寓|中心|苑|家园|大楼|商城|新村|园|城|基地|国际|银座)"
_MORE = re.compile(
    rf"(?:[ ,]?(?:{_BUILDING})?"
    rf"(?:[A-Za-z0-9一二三四五六七八九十东西南北]{{1,5}}{_STOREY}))*"
    rf"(?:[ ]?(?:{_BUILDING})?[A-Za-z]?[0-9]{{3,4}}(?:室|房|户)?(?![0-9号栋点年元块人次]))?"
)
_BEFORE = re.compile("[一-龥0-9A-Za-z]{1,40}$")
_LEADS = re.compile(
    any_of(
        "地址是 地址在 地址 住在 家在 住 寄到 寄给我 寄往 寄 送到 送去 送 发到 发往 搬到 搬去 打车到 打车去",
        "约在 就在 位于 老家是 老家在 老家 公司在 店在 放在 放 取件 收货 导航到 导航 集合 去 到 来 在 是 给我 给",
        "叫 从 往 找 说 我家 她家 他家 我",
    )
)
_SOME = "[一-龥]{2,8}?"
_OUTER = re.compile(
    rf"{_SOME}(?:省|自治区|市){_SOME}(?:市|区|县|旗|州)(?:{_SOME}(?:区|县|镇|乡|街道))?"
    rf"[一-龥0-9]{{2,16}}?{_DIGITS}(?:{_HOUSE})(?!线|線)"
)
_LONGEST_BEFORE = 30


def find_chinese_addresses(view: View) -> Iterator[Found]:
    """Addresses with the number of a house; not a road alone, not `去3号楼`, not line 2 of the metro."""
    text = view.prose
    for match in _CORE.finditer(text):
        start = _begin(text, match.start())
        if match.start() - start >= 1:
            yield _found(text, start, match.end())
    for match in _OUTER.finditer(text):
        yield _found(text, match.start(), match.end())


def _begin(text: str, core: int) -> int:
    """Where the address begins whose road ends here: behind the last word that leads to it and leaves it a name."""
    run = _BEFORE.search(text, max(0, core - _LONGEST_BEFORE), core)
    if run is None:
        return core
    start = run.start()
    for lead in _LEADS.finditer(text, start, core):
        if core - lead.end() >= 2:
            start = lead.end()
    return start


def _found(text: str, start: int, core_end: int) -> Found:
    more = _MORE.match(text, core_end)
    end = more.end() if more is not None else core_end
    return Found("address", start, end, re.sub("[ ,]", "", text[start:end]))
