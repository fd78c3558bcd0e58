"""A portrait for an owner who gave none: initials on a gradient made from the name. Pure; knows no page."""

import hashlib
from html import escape

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" role="img" aria-label="{name}">
<defs>
<linearGradient id="sky" x1="0" y1="0" x2="1" y2="1">
<stop offset="0" stop-color="oklch(0.78 0.095 {hue})"/><stop offset="1" stop-color="oklch(0.46 0.115 {far})"/>
</linearGradient>
<radialGradient id="light" cx="0.28" cy="0.2" r="0.75">
<stop offset="0" stop-color="#fff" stop-opacity="0.42"/><stop offset="1" stop-color="#fff" stop-opacity="0"/>
</radialGradient>
</defs>
<rect width="96" height="96" fill="url(#sky)"/><rect width="96" height="96" fill="url(#light)"/>
<text x="48" y="50" fill="#fff" font-family="ui-rounded, system-ui, -apple-system, 'Segoe UI', sans-serif"
 font-size="38" font-weight="600" text-anchor="middle" dominant-baseline="central">{initials}</text>
</svg>
"""


def hue_degrees(name: str) -> int:
    """The colour of a name, 0 to 359: the same name keeps its colour."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest()) % 360


def initials(name: str) -> str:
    """At most two letters: of the first word and of the last."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0].upper() for word in (words[:1] + words[1:][-1:])) or "•"


def avatar_svg(name: str) -> str:
    """The whole SVG file."""
    hue = hue_degrees(name)
    return _SVG.format(name=escape(name), hue=hue, far=(hue + 48) % 360, initials=escape(initials(name)))
