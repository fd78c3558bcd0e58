"""API keys and tokens: by the prefixes their makers gave them, or by the word before them. Knows no service.

Prefixes as published by the makers, and as collected in the rules of gitleaks (8.x) and detect-secrets (1.5).
"""

import itertools
import re
from collections.abc import Iterator

from training.scrub.context import edge_after
from training.scrub.findings import Found, View

_END = "(?![0-9A-Za-z_-])"
_MADE = (
    "(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z2-7]{16}",  # AWS
    "gh[pousr]_[0-9A-Za-z]{36,255}",  # GitHub
    "github_pat_[0-9A-Za-z_]{40,255}",
    "gl(?:pat|ptt|dt|rt|soat|agent|cbt|ft)-[0-9A-Za-z_.-]{20,300}",  # GitLab
    "sk-(?:proj-|ant-|svcacct-|admin-|or-|lf-)[0-9A-Za-z_-]{20,300}",  # OpenAI, Anthropic, OpenRouter
    "sk-[0-9A-Za-z]{32,64}",  # OpenAI, DeepSeek and those who follow them
    "(?:xox[abeoprs]|xapp)-[0-9A-Za-z-]{10,250}",  # Slack
    "AIza[0-9A-Za-z_-]{35}",  # Google
    "GOCSPX-[0-9A-Za-z_-]{28}",
    r"ya29\.[0-9A-Za-z_-]{20,300}",
    "(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{10,120}",  # Stripe
    "whsec_[0-9A-Za-z+/=]{24,100}",
    r"SG\.[0-9A-Za-z_-]{16,64}\.[0-9A-Za-z_-]{16,64}",  # SendGrid
    "(?:SK|AC)[0-9a-f]{32}",  # Twilio
    "key-[0-9a-f]{32}",  # Mailgun
    "[0-9a-f]{32}-us[0-9]{1,2}",  # Mailchimp
    "npm_[0-9A-Za-z]{36}",
    "pypi-[0-9A-Za-z_-]{50,300}",
    "hf_[A-Za-z0-9]{30,60}",  # Hugging Face
    "(?:gsk|xai|r8|pplx|nvapi|tvly|fw|csk|lsv2_pt|dckr_pat|lin_api|ntn|figd|shp(?:at|ca|pa|ss)|do[por]_v1|rdme|PMAK|sbp"
    "|tskey-[a-z]{2,10}|glsa|hvs|phc|phx|pat|sntrys|secret)[_-][0-9A-Za-z_-]{24,300}",
    "sq0(?:atp|csp)-[0-9A-Za-z_-]{22,60}",  # Square
    "dapi[0-9a-f]{32}",  # Databricks
    "LTAI[0-9A-Za-z]{12,24}",  # Alibaba Cloud
    "AKID[0-9A-Za-z]{28,40}",  # Tencent Cloud
    "AGE-SECRET-KEY-1[0-9A-Z]{58}",
    r"[MNO][0-9A-Za-z_-]{23,27}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,45}",  # Discord
    r"eyJ[0-9A-Za-z_-]{10,2000}\.eyJ[0-9A-Za-z_-]{10,4000}(?:\.[0-9A-Za-z_-]{0,1000})?",  # JSON Web Token
)
_BEGIN = edge_after("token", "key", "secret", "bot", "id")
_PREFIXED = re.compile(rf"{_BEGIN}(?:{'|'.join(_MADE)}){_END}")
_TELEGRAM = re.compile(rf"{_BEGIN}[0-9]{{8,10}}:[0-9A-Za-z_-]{{35}}{_END}")
_LONG = re.compile(r"[0-9A-Za-z_./+=:-]{16}")

_SAID = re.compile(
    r"(?:api[ _-]?key|(?:access|secret|auth|bearer|refresh|app|client|signing|license|private|bot|session)[ _-]?"
    r"(?:key|token|secret|id)|secret|token|bearer|apikey|api_token|key|密钥|密鑰|秘钥|令牌|私钥|私鑰)"
    r"[\"'`]?(?: ?(?:is|was|为|是|：|:=|=>|[:=])){0,2} ?[\"'`]?"
    r"(?P<value>[0-9A-Za-z_/+.~-]{16,512}={0,2})(?![0-9A-Za-z_])",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|.{0,8000})",
    re.DOTALL,
)
_SEED = re.compile(
    r"(?:seed ?phrase|recovery phrase|secret phrase|mnemonic|助记词|助記詞)[^a-z\n]{0,6}"
    r"(?:(?:is|are|words?)[^a-z\n]{1,4}){0,2}"
    r"(?P<value>[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23})"
)


def find_keys(view: View) -> Iterator[Found]:
    """Keys with a maker's prefix, private key blocks, seed phrases, and long mixed values said to be a secret."""
    text = view.text
    if "PRIVATE KEY" in text:
        for match in _BLOCK.finditer(text):
            yield Found("key", match.start(), match.end(), match.group())
    if "phrase" in view.lower or "mnemonic" in view.lower or "助" in text:
        for match in _SEED.finditer(view.lower):
            yield Found("key", match.start("value"), match.end("value"), match.group("value"))
    if _LONG.search(text) is None:
        return
    for pattern in (_PREFIXED, _TELEGRAM):
        for match in pattern.finditer(text):
            yield Found("key", match.start(), match.end(), match.group())
    for match in _SAID.finditer(view.prose):
        value = match.group("value").rstrip(".")
        if _looks_random(value):
            yield Found("key", match.start("value"), match.start("value") + len(value), value)


def _looks_random(value: str) -> bool:
    """Letters, capitals and digits in turns: no sentence, no path of words, no date."""
    kinds = ["digit" if sign.isdigit() else "capital" if sign.isupper() else "small" for sign in value]
    turns = sum(left != right for left, right in itertools.pairwise(kinds))
    return turns >= 4 and "digit" in kinds and not value.replace("-", "").replace(".", "").isdigit()
