"""What stands in the corpus where something private stood: `[phone K]`, a kind and one letter.

Knows neither what was found nor how. The scrub writes placeholders, the persona learns to say them, and the bot reads
them: a reply that holds one was going to tell something private, and never goes out by itself.
"""

import re
from typing import Final, Literal, get_args

Kind = Literal[
    "email",
    "phone",
    "address",
    "card",
    "iban",
    "id",
    "passport",
    "ip",
    "mac",
    "key",
    "password",
    "wallet",
    "code",
    "plate",
    "private",
    "name",
]
"""The word in a placeholder. `id`: of a citizen; `key`: of an API, in an address or alone; `private`: the owner's own
block list."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLACEHOLDER: Final = re.compile(rf"\[(?:{'|'.join(KINDS)}) [A-Z]\]")
_SPOKEN = re.compile(rf"\[ ?(?:{'|'.join(KINDS)})(?: ?[A-Z] ?(?:\]|$)|$)", re.IGNORECASE)


def placeholder(kind: Kind, letter: str) -> str:
    """`[phone K]`. The same value has the same letter everywhere; two values may share one."""
    assert letter in LETTERS, letter
    return f"[{kind} {letter}]"


def holds_placeholder(text: str) -> bool:
    """Whether a text says one, also as a small model may garble it: `[ Phone k]`, or cut it off: `[email`."""
    return _SPOKEN.search(text) is not None
