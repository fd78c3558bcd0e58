"""What one chat is, in formats that have no ids: told by the name of its file or folder, and by who speaks in it.

Knows no format. Such exports have one chat to a file, people known by their names, and often `Me` for the owner.
"""

import re
from collections.abc import Iterable

from training.importers.base import ChatHead, Person

ME = "Me"
_MOST_SPEAKERS = 64
"""More than two is a group already; a file with an endless number of names is not remembered whole."""
_LONGEST_HANDLE_CHARS = 254
_PHONE = re.compile(r"\+[1-9][\d\s().-]{6,20}\d")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def speakers_of(names: Iterable[str]) -> set[str]:
    """Who speaks, up to a number that is a group in any case."""
    speakers: set[str] = set()
    for name in names:
        speakers.add(name)
        if len(speakers) >= _MOST_SPEAKERS:
            break
    return speakers


def head_of(platform: str, name: str, speakers: set[str], *, group: bool = False) -> ChatHead:
    """The chat called `name`. `group`: its name alone tells that it is one.

    Personal where nobody but its namesake speaks, apart from the owner; the owner is said where he is called `Me`.
    """
    others = sorted(speakers - {ME})
    contact = next((one for one in others if _same(one, name)), "")
    strangers = len(others) - (contact != "")  # a file of two names without `Me`: one of them is the owner
    owner = f"{platform}:{ME}" if ME in speakers else ""
    if group or strangers > (0 if ME in speakers else 1) or (strangers and not contact):
        return ChatHead(f"{platform}:group:{name}", "group", name, owner=owner)
    contact = f"{platform}:{contact or name}"
    return ChatHead(contact, "personal", name, contact, owner)


def person_of(platform: str, name: str) -> Person:
    """Who is called so; a phone number or an e-mail address is a handle too."""
    short = name if len(name) <= _LONGEST_HANDLE_CHARS else ""
    phone = "+" + re.sub(r"\D", "", short) if _PHONE.fullmatch(short) else ""
    email = short.casefold() if _EMAIL.fullmatch(short) else ""
    return Person(f"{platform}:{name}", name, handles=tuple(handle for handle in (phone, email) if handle))


def _same(one: str, other: str) -> bool:
    """File names lose what a file system does not like, and the end of long names."""
    short, long = sorted((_letters(one), _letters(other)), key=len)
    cut = len(short) >= 40 and long.startswith(short)
    return one == other or (bool(short) and short == long) or cut


def _letters(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())
