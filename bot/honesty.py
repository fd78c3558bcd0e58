"""Sees when somebody asks whether they talk to a machine: such a question always gets an honest answer. Pure.

Knows nothing of how the answer is sent. Errs on the side of answering: an honest sentence too many does no harm, and
neither does a lost reply that may have denied it.
"""

import re

from model_server.contract import Line

_MACHINE = r"(?:(?:chat|ro)?bot|machine|a\.?i\.?|llm|computer|program|automat\w+|chat ?gpt|algorithm|clone|simulation)"
_REAL = r"(?:human|(?:real|actual) (?:person|human|you|him|her)|a person|(?:really|actually) (?:you|him|her)|real)"
_ASKS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:are|r|is|am|aren't|isn't|were|was) (?:you|u|this|that|it|i)\b.{{0,40}}\b(?:{_MACHINE}|{_REAL})\b",
        rf"\b(?:you're|youre|you are|u r|ur|this is|that's|it's) .{{0,20}}\b{_MACHINE}\b.{{0,20}}\?",
        rf"\b(?:talking|speaking|chatting|texting|writing) (?:to|with) .{{0,20}}\b(?:{_MACHINE}|{_REAL})\b",
        rf"\b(?:{_MACHINE}|human|person|real) or .{{0,12}}\b(?:{_MACHINE}|human|person|not|real)\b",
        rf"\bdid (?:you|u|an?|some|the) .{{0,20}}\b{_MACHINE}\b.{{0,20}}\b(?:write|wrote|type|answer|say)",
        r"\b(?:bist du|sind sie|ist das|schreibt hier)\b.{0,30}\b(?:bot|roboter|maschine|computer|ki|mensch|echt)",
        r"\b(?:ben je|ben jij|bent u|is dit|praat ik)\b.{0,30}\b(?:bot|robot|machine|computer|ai|mens|echt)",
    )
)


def asks_for_honesty(turn: tuple[Line, ...]) -> bool:
    """True when a line of the turn asks whether a machine, or the owner in person, is answering."""
    texts = (" ".join(line.text.lower().replace("’", "'").split()) for line in turn)
    return any(asks.search(text) for text in texts for asks in _ASKS)


# "I am not", "i'm a human", "no robot here", "of course not", "really me": beside the honest answer none may stand.
_DENIES = re.compile(
    rf"\b(?:i'?m|i am|it's|it is|this is|we're|we are) (?:really |just |only |definitely |actually )?"
    rf"(?:not?\b|a\b|an\b|human|real|me\b|myself)|\b(?:not?|never)\b.{{0,20}}\b{_MACHINE}\b"
    rf"|\b(?:human|real person|really me|flesh|of course not|nope|no)\b",
    re.IGNORECASE,
)


def made_honest(text: str, turn: tuple[Line, ...], answer: str) -> str:
    """The reply as it may be sent: `answer` first when somebody asked, and alone when the reply might deny it."""
    if not asks_for_honesty(turn):
        return text
    return answer if _DENIES.search(text.replace("’", "'")) else f"{answer}\n{text}"
