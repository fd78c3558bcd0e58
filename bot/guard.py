"""Reads a reply before anybody else does: may it go out, should there be another try, or none. Pure.

Knows no Redis and no platform. Each rule is a small function over a `Candidate`; the first objection counts.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from model_server.contract import Line
from model_server.placeholders import holds_placeholder

LONGEST_CHARS = 1_500


@dataclass(frozen=True, slots=True)
class Allow:
    """May go out, in these words."""

    text: str


@dataclass(frozen=True, slots=True)
class Regenerate:
    """Not this one; another try may be better."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not this one, and no other: the owner should see it."""

    reason: str


Verdict = Allow | Regenerate | Refuse


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cleaned reply and the contact's words it answers."""

    text: str
    asked: str


def check(reply: str, turn: tuple[Line, ...], cut_off: bool) -> Verdict:
    """The verdict on a reply to these lines. `cut_off`: generation ended at its limit, not by itself."""
    candidate = Candidate(_clean(reply, cut_off), "\n".join(line.text for line in turn))
    for rule in RULES:
        if (objection := rule(candidate)) is not None:
            return objection
    return Allow(candidate.text)


def _clean(reply: str, cut_off: bool) -> str:
    """Tidy white space; of a reply that was cut off keep what is whole, when there is something whole."""
    text = "\n".join(" ".join(line.split()) for line in reply.splitlines())
    text = re.sub(r"\n{2,}", "\n", text).strip()
    if cut_off and (ends := [match.end() for match in re.finditer(r"[.!?…][\"')\]]*(?=\s|$)|(?=\n)", text)]):
        text = text[: ends[-1]].strip()
    return _said_once(text)


_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…]*[\"')\]]*|[.!?…]+|\n")


def _said_once(text: str) -> str:
    """Without sentences of three words or more that were said before: a small model comes back to its last thought."""
    said: set[str] = set()
    kept: list[str] = []
    for sentence in _SENTENCE.findall(text):
        words = " ".join(re.findall(r"\w+", sentence.lower()))
        if words in said:
            continue
        if words.count(" ") >= 2:
            said.add(words)
        kept.append(sentence)
    return re.sub(r"\s*\n\s*", "\n", "".join(kept)).strip()


def _empty(candidate: Candidate) -> Verdict | None:
    return None if re.search(r"\S", candidate.text) else Regenerate("empty")


def _too_long(candidate: Candidate) -> Verdict | None:
    return Regenerate("too long") if len(candidate.text) > LONGEST_CHARS else None


# Chat-template markers (<|im_start|>, <s>, [INST], <start_of_turn>) and a role name alone on its line.
_REMNANT = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|</?(?:start|end)_of_turn>|^(?:system|assistant|user):?$", re.MULTILINE
)


def _special_tokens(candidate: Candidate) -> Verdict | None:
    return Regenerate("special token") if _REMNANT.search(candidate.text) else None


def _looping(candidate: Candidate) -> Verdict | None:
    """A model that is stuck says the same few words, or the same line, again and again."""
    words = candidate.text.lower().split()
    for size, most in ((1, 8), (2, 5), (3, 4), (5, 3)):
        grams = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
        often = max(grams.values(), default=0)
        if often >= most and often * size * 3 >= len(words):  # at least a third of all words
            return Regenerate("looping")
    lines = Counter(line for line in candidate.text.lower().splitlines() if len(line) > 3)
    return Regenerate("looping") if max(lines.values(), default=0) >= 3 else None


_LINK = re.compile(
    r"https?://\S+|www\.\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|de|nl|uk|eu|info|me|ai|app|dev|ru|cn|xyz)\b\S*"
    r"|[\w.+-]+@[\w-]+\.\w+|(?<!\w)@\w{2,}",
    re.IGNORECASE,
)


def _foreign_link(candidate: Candidate) -> Verdict | None:
    """Links, addresses and mentions only as the contact wrote them: nobody is led or called anywhere by a machine."""
    asked = candidate.asked.lower()
    found = (match.group().rstrip(".,!?)").lower() for match in _LINK.finditer(candidate.text))
    return Regenerate("link or mention") if any(link not in asked for link in found) else None


_NUMBER = re.compile(r"\b(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}|\+?\d(?:[ ()/-]{0,2}\d){8,})\b")


def _private_number(candidate: Candidate) -> Verdict | None:
    """Telephone, account and card numbers the contact did not write: learnt by heart, not to be said."""
    asked = re.sub(r"\D", "", candidate.asked)
    numbers = (re.sub(r"\D", "", match.group()) for match in _NUMBER.finditer(candidate.text))
    return Refuse("private number") if any(number not in asked for number in numbers) else None


def _private_placeholder(candidate: Candidate) -> Verdict | None:
    """`[phone K]` stands where the corpus held something private: whoever says it was about to tell it."""
    return Refuse("private placeholder") if holds_placeholder(candidate.text) else None


Rule = Callable[[Candidate], Verdict | None]
RULES: tuple[Rule, ...] = (
    _empty,
    _special_tokens,
    _private_number,
    _private_placeholder,
    _too_long,
    _looping,
    _foreign_link,
)
