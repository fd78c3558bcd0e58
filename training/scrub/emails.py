"""E-mail addresses, also spelt out against machines (`jane (at) example dot com`). Knows no mail server."""

import re
from collections.abc import Iterator

from training.scrub.findings import Found, View

_LETTER = "A-Za-z0-9À-ÖØ-öø-ɏЀ-ӿ"
_LOCAL = rf"(?<![{_LETTER}._%+@-])[{_LETTER}_][{_LETTER}._%+-]{{0,63}}"
_HOST = rf"(?:[{_LETTER}](?:[{_LETTER}-]{{0,61}}[{_LETTER}])?\.){{1,6}}(?:xn--[a-z0-9]{{2,20}}|[A-Za-zЀ-ӿ]{{2,24}})"
_EMAIL = re.compile(rf"({_LOCAL})@({_HOST})")
_SPELT = re.compile(
    rf"((?:(?<![a-z0-9])[a-z0-9]{{2,30}} dot ){{0,2}}{_LOCAL}) ?(?:\(at\)|\[at\]|\{{at\}}| at ) ?"
    r"([a-z0-9-]{2,40}(?:(?: dot | ?\(dot\) ?| ?\[dot\] ?|\.)[a-z0-9-]{2,20}){1,3})(?![a-z0-9])",
    re.IGNORECASE,
)
_DOT = re.compile(r" dot | ?[(\[]dot[)\]] ?", re.IGNORECASE)
_FILE_ENDINGS = frozenset({"png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "mp4", "pdf"})


def find_emails(view: View) -> Iterator[Found]:
    """Addresses with a host that has a dot; not `git@host:path`, not `icon@2x.png`."""
    text = view.text
    if "@" in text:
        for match in _EMAIL.finditer(text):
            local, host = match.group(1).lower(), match.group(2).lower()
            if host.rpartition(".")[2] in _FILE_ENDINGS:
                continue
            if local == "git" and text[match.end() : match.end() + 1] in (":", "/"):
                continue
            yield Found("email", match.start(), match.end(), f"{local}@{host}")
    if "dot" in view.lower or any(at in view.lower for at in ("(at)", "[at]", "{at}")):
        for match in _SPELT.finditer(text):
            if _DOT.search(match.group()) or match.group(0)[len(match.group(1)) :].lstrip()[0] in "([{":
                host = _DOT.sub(".", match.group(2)).lower()
                local = _DOT.sub(".", match.group(1)).lower()
                yield Found("email", match.start(), match.end(), f"{local}@{host}")
