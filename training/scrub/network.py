"""Addresses of machines: IP of both versions, and MAC. Knows no network."""

import ipaddress
import re
from collections.abc import Iterator

from training.scrub.context import END, edge_after, said_near
from training.scrub.findings import Found, View

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(rf"(?:(?<![0-9A-Za-z.])|(?<=(?i:ip)))(?:{_OCTET}\.){{3}}{_OCTET}(?![0-9A-Za-z]|\.[0-9])")
_V6 = re.compile(
    rf"{edge_after('ipv6', 'ip')}(?:[0-9A-Fa-f]{{1,4}}:|::)(?:[0-9A-Fa-f]{{0,4}}:){{1,7}}[0-9A-Fa-f]{{0,4}}{END}"
)
_MAC = re.compile(
    rf"{edge_after('mac')}[0-9A-Fa-f]{{2}}([:-])(?:[0-9A-Fa-f]{{2}}\1){{4}}[0-9A-Fa-f]{{2}}(?![0-9A-Za-z]|[:-][0-9A-Fa-f])"
)
_SAID_MAC = re.compile(r"(?<![a-z])mac(?![a-z])|物理地址|网卡")
_RELEASE = re.compile(
    r"version|(?<![a-z])ver?[ .]|update|upgrade|build|release|firmware|driver|版本|更新|升级|固件|驱动|section|§"
)
_PROGRAM = re.compile(
    r"(?:python|node(?:js)?|java|jdk|php|ruby|ios|macos|android|windows|chrome|firefox|cuda|pytorch) ?v?$"
)
_LEAST_GROUPS = 3


def find_machines(view: View) -> Iterator[Found]:
    """IP and MAC addresses; not loopback, not a netmask, not the number of a release or of a section."""
    text = view.text
    if text.count(".") >= 3:
        for match in _V4.finditer(text):
            first = match.group().partition(".")[0]
            section = len(match.group()) == len("1.2.3.4")
            if section or first in ("0", "127", "255") or said_near(view, match.start(), _RELEASE, 14):
                continue
            if not said_near(view, match.start(), _PROGRAM, 12):
                yield Found("ip", match.start(), match.end(), match.group())
    if text.count(":") >= 2:
        for match in _V6.finditer(text):
            if sum(map(bool, match.group().split(":"))) >= _LEAST_GROUPS and (value := _v6(match.group())):
                yield Found("ip", match.start(), match.end(), value)
    if text.count(":") >= 5 or text.count("-") >= 5:
        for match in _MAC.finditer(text):
            value = re.sub("[:-]", "", match.group()).lower()
            if not value.isdigit() or said_near(view, match.start(), _SAID_MAC):
                yield Found("mac", match.start(), match.end(), value)


def _v6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return ""
