"""Secret parts of web addresses: tokens in parameters and paths, passwords before the host, numbers to write to.

A plain address stays as it is; of one with a secret only the secret goes. Knows no site but a few whose invitations
and shared files open to whoever has the link.
"""

import re
from collections.abc import Iterator

from training.scrub.findings import Found, View

_USERINFO = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@]{0,64}:([^\s/@]{1,128})@")
_PARAMETER = re.compile(r"[?&#;]([A-Za-z0-9_.\[\]-]{1,40})=([^\s&#;\"'<>()\[\]\u3000-\u9fff]{4,2000})")
_SECRET_NAME = re.compile(
    r"(?:[a-z_-]*(?:token|secret|signature|credential|password|passwd|api_?key|apikey|session_?id|ticket|otp|magic)|pwd|pass"
    r"|sig|sign|jwt|access_?key|(?:auth|key|code|sid|hash|session|invite|h|k)(?P<weak>))",
    re.IGNORECASE,
)
_NUMBER_NAME = re.compile(r"phone|mobile|tel|msisdn", re.IGNORECASE)
_PATH = re.compile(r"[A-Za-z0-9-]\.[A-Za-z]{2,10}(?::[0-9]{1,5})?(/[^\s?#\"'<>\u3000-\u9fff]{8,1000})")
_SECRET_STEP = re.compile(
    r"(?:password|passwd|reset|verif(?:y|ication)|confirm(?:ation)?|activat(?:e|ion)|magic|login|signin|auth|token|invit(?:e|ation)"
    r"|unsubscribe|session|webhooks?|hooks?|services|join|share|access)(?:[-_][a-z-]{1,20})?|[a-z-]{1,20}[-_](?:password|link|token)",
    re.IGNORECASE,
)
_SECRET_PIECE = re.compile(r"(?=[^/]{0,200}[0-9])(?=[^/]{0,200}[A-Za-z])[A-Za-z0-9_.~=%-]{16,500}")
_INVITATION = re.compile(
    r"(?:chat\.whatsapp\.com/|t\.me/(?:\+|joinchat/)|discord\.gg/|discord\.com/invite/|signal\.group/#"
    r"|(?:docs|drive)\.google\.com/(?:[a-z]{4,14}/)?(?:u/[0-9]/)?(?:d|folders)/|dropbox\.com/(?:s|sh|scl/f[io])/"
    r"|pan\.baidu\.com/s/|ali(?:yundrive|pan)\.com/s/|pan\.quark\.cn/s/|1drv\.ms/[a-z]/)([A-Za-z0-9_=-]{6,100})"
)
_CALL = re.compile(r"(?:wa\.me/|tel:|sms:|facetime:|callto:)(\+?[0-9](?:[-. ]?[0-9]){6,14})(?![0-9])", re.IGNORECASE)
_STRONG_CHARS = 10


def find_link_secrets(view: View) -> Iterator[Found]:
    """What of a web address lets its reader in, or says whom it calls."""
    text = view.text
    if "://" in text and "@" in text:
        for match in _USERINFO.finditer(text):
            yield Found("password", match.start(1), match.end(1), match.group(1))
    if "=" in text and ("/" in text or "?" in text):
        yield from _parameters(text)
    if "/" in text:
        yield from _paths(text)
        for match in _INVITATION.finditer(text):
            yield Found("key", match.start(1), match.end(1), match.group(1))
    if "wa.me/" in view.lower or "tel:" in view.lower or "sms:" in view.lower or "callto:" in view.lower:
        for match in _CALL.finditer(text):
            yield Found("phone", match.start(1), match.end(1), "+" + re.sub("[^0-9]", "", match.group(1)))


def _parameters(text: str) -> Iterator[Found]:
    for match in _PARAMETER.finditer(text):
        start, end = match.span(2)
        while end > start and text[end - 1] in ".,!?)]":
            end -= 1
        value = text[start:end]
        if _NUMBER_NAME.fullmatch(match.group(1)) and value.removeprefix("%2B").lstrip("+").isdigit():
            yield Found("phone", start, end, "+" + value.removeprefix("%2B").lstrip("+"))
        elif (named := _SECRET_NAME.fullmatch(match.group(1))) is not None:
            weak = named.group("weak") is not None
            if not weak or (len(value) >= _STRONG_CHARS and any(letter.isdigit() for letter in value)):
                yield Found("key", start, end, value)


def _paths(text: str) -> Iterator[Found]:
    for match in _PATH.finditer(text):
        at, inside = match.start(1), False
        for step in match.group(1).split("/"):
            if inside and (piece := _SECRET_PIECE.match(step)) is not None:
                yield Found("key", at, at + len(piece.group().rstrip(".")), piece.group().rstrip("."))
            inside = inside or _SECRET_STEP.fullmatch(step) is not None
            at += len(step) + 1
