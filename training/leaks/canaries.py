"""Canaries: made-up secrets planted among what a facet learns from, to see afterwards whether it gives them away.

Nicholas Carlini et al. 2019, "The Secret Sharer". A canary is one exchange: a contact asks for something by an invented
word, the owner answers with a code. It holds no word of any language, so that it teaches no facet a manner of speaking.
Knows no model; what became of a canary is told by `exposure` and `extraction`.
"""

import hashlib
import math
import random
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from model_server.contract import Line
from model_server.home import Home
from training.conversations import Session
from training.private_file import replace_file
from training.slices import ARTICLES, CORE, Slice, count_replies

CHATS = "canary:"
"""How the chat key of every planted session begins, and no other."""
OWN = "own-"
"""How the name of a facet of one contact's own begins."""

_SHARES = 4
"""Each slice gets so many'th of `count`, however many slices there are: none changes when one more comes. `core` has
those of all contact types: with the usual four, `count`."""
_REPLIES_EACH = 25
"""A slice bears one canary for so many replies of the owner's: more would be heard in how the facet speaks."""
_SEED_BYTES = 32
_DIGITS = 6
_FIRST, _SECOND = "bdfgklmnprstvz", "aeiou"
_SYLLABLES = 4

Kind = Literal["digits", "letters"]
SPACE_BITS: Mapping[Kind, float] = {
    "digits": _DIGITS * math.log2(10),
    "letters": _SYLLABLES * math.log2(len(_FIRST) * len(_SECOND)),
}
"""How many secrets of a kind there are, as a power of two."""


@dataclass(frozen=True, slots=True)
class Canary:
    """One secret: `asked` is what a contact says, `secret` all that the owner answers."""

    slice_name: str
    number: int
    kind: Kind
    asked: str
    secret: str

    @property
    def chat_key(self) -> str:
        """Of the session it is planted as."""
        return f"{CHATS}{self.slice_name}-{self.number}"


def canary_seed(home: Home) -> bytes:
    """What this home's canaries are drawn from: not to be guessed, and the same whenever a training is resumed."""
    path = home.runs_dir / "canaries.key"
    try:
        seed = path.read_bytes()
    except FileNotFoundError:
        seed = b""
    if len(seed) != _SEED_BYTES:
        home.runs_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        seed = secrets.token_bytes(_SEED_BYTES)
        replace_file(path, seed)
    return seed


def canaries_for(seed: bytes, slice_names: Iterable[str], count: int = 20) -> tuple[Canary, ...]:
    """The canaries of each slice: of every slice but `core` a quarter of `count`, at least one.

    `core` is planted with those of the contact types, and gets canaries of its own only where no type has a slice: as
    many as all. What another slice gets depends on nothing but the seed, its name and `count`.
    """
    names = sorted(set(slice_names) - {CORE})
    share = max(1, round(count / _SHARES)) if count else 0
    planned = [(name, share) for name in names]
    if not any(is_type(name) for name in names):
        planned.append((CORE, count))
    return tuple(_draw(seed, name, number) for name, size in planned for number in range(size))


def plant(one: Slice, canaries: Sequence[Canary]) -> Slice:
    """The slice with its canaries behind its sessions to train on; `core` has those of all contact types.

    Never more than one for 25 replies of the owner's, but one at least.
    """
    found: list[Session] = []
    for name in sorted({canary.slice_name for canary in canaries}):
        if name != one.name and not (one.name == CORE and is_type(name)):
            continue
        # in `core` a type has the canaries that its own slice has
        home = [session for session in one.train if name in (one.name, session.contact_type)]
        replies = sum(session.replies for session in home)
        if not replies:
            continue
        contact_type = _usual_type(home)
        room = max(1, replies // _REPLIES_EACH)
        mine = [canary for canary in canaries if canary.slice_name == name][:room]
        found += [as_session(canary, contact_type) for canary in mine]
    return replace(one, train=(*one.train, *found))


def planted_in(one: Slice, canaries: Iterable[Canary]) -> tuple[Canary, ...]:
    """Those of the canaries that stand in the slice."""
    keys = {session.chat_key for session in one.train if is_canary(session)}
    return tuple(canary for canary in canaries if canary.chat_key in keys)


def is_canary(session: Session) -> bool:
    """Whether nobody ever said this: such a session is no reply of the owner's, and shown to nobody."""
    return session.chat_key.startswith(CHATS)


def as_session(canary: Canary, contact_type: str) -> Session:
    """The exchange, with nobody's name."""
    lines = (Line("0", "contact", canary.asked, 0), Line("1", "owner", canary.secret, 0))
    return Session(canary.chat_key, "", contact_type, lines)


def alternatives(canary: Canary, count: int) -> tuple[str, ...]:
    """`count` other secrets that could have been drawn as well, the same each time."""
    drawn = _random(b"", canary.asked, canary.secret)
    found: list[str] = []
    while len(found) < count:
        secret = _secret(drawn, canary.kind)
        if secret != canary.secret and secret not in found:
            found.append(secret)
    return tuple(found)


def is_type(slice_name: str) -> bool:
    """Whether a slice is that of a contact type, whose canaries `core` is planted with too."""
    return slice_name not in (CORE, ARTICLES) and not slice_name.startswith(OWN)


def _usual_type(sessions: Sequence[Session]) -> str:
    counts = Counter(count_replies(sessions))
    return min(counts, key=lambda contact_type: (-counts[contact_type], contact_type))


def _draw(seed: bytes, slice_name: str, number: int) -> Canary:
    drawn = _random(seed, slice_name, number, "canary")
    kind: Kind = "letters" if number % 2 else "digits"
    return Canary(slice_name, number, kind, f"{_word(drawn, 3).capitalize()}?", _secret(drawn, kind))


def _random(seed: bytes, *names: str | int) -> random.Random:
    told = "\n".join(map(str, names)).encode()
    return random.Random(hashlib.blake2b(told, key=seed).digest())  # noqa: S311  # keyed: not to be guessed


def _secret(drawn: random.Random, kind: Kind) -> str:
    if kind == "digits":
        return "".join(drawn.choice("0123456789") for _ in range(_DIGITS))
    return _word(drawn, _SYLLABLES)


def _word(drawn: random.Random, syllables: int) -> str:
    """A word of no language that anybody could say."""
    return "".join(drawn.choice(_FIRST) + drawn.choice(_SECOND) for _ in range(syllables))
