"""Who writes in a WhatsApp export, with whom the chat is, and whose phone it is from: as far as the file says so.

Knows no date and no text beyond WhatsApp's own. A WhatsApp export has no ids: a person is his name as the phone showed
it, or his number where it knew none.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from training.importers.base import ChatHead, Person
from training.importers.whatsapp_dates import MARKS
from training.importers.whatsapp_text import Said
from training.importers.whatsapp_words import CHAT_NAMES, GROUP_WORDS

PLATFORM = "whatsapp"
_MOST_SENDERS = 10_000
_LONGEST_NAME_CHARS = 120
_PHONE = re.compile(r"\+[\d\s().\-\u2010-\u2013]{7,24}")
_PLAIN_FILES = re.compile(r"_?chat(?:[ _]?\(\d+\))?", re.IGNORECASE)
_COPY = re.compile(r" ?\(\d{1,3}\)$")


@dataclass(slots=True)
class Survey:
    """What is known of a chat before its lines are read again."""

    senders: Counter[str] = field(default_factory=Counter)
    """Names of those who wrote, and how often."""
    owners: set[str] = field(default_factory=set)
    """Names of those whom the file calls "you"."""
    titled: str = ""
    """Before its first notice iOS writes the name of the chat, as if it were a sender's."""
    group: bool = False

    def see(self, name: str, said: Said, first: bool) -> None:
        """Take a message with a sender into account."""
        if said.reason == "service":
            self.titled = name if first else self.titled
            return
        if said.own:
            self.owners.add(name)
        if name in self.senders or len(self.senders) < _MOST_SENDERS:
            self.senders[name] += 1

    def see_notice(self, text: str) -> None:
        """Take a notice of WhatsApp's into account."""
        self.group = self.group or GROUP_WORDS.search(text) is not None


def split_sender(line: str) -> tuple[str, str] | None:
    """(name, text) of a message's first line; None when it is a notice, which has no sender."""
    name, colon, text = line.partition(": ")
    if not colon:
        name, colon, text = line.rstrip().partition(":") if line.rstrip().endswith(":") else (line, "", "")
    name = clean_name(name) if len(name) <= _LONGEST_NAME_CHARS else ""
    if not colon or not name:
        return None
    # a quotation that the colon breaks: X changed the subject to "Trip: Rome"
    broken = name.count('"') % 2 or name.count("“") != name.count("”") or name.count("«") != name.count("»")
    return None if broken else (name, text)


@lru_cache(maxsize=4096)  # the same few names stand before all messages
def clean_name(name: str) -> str:
    """A name without marks of direction, with plain spaces."""
    return " ".join(_MARKS.sub("", name).split())


_MARKS = re.compile(f"[{MARKS}]")


@lru_cache(maxsize=4096)
def person_of(name: str, saved: bool | None = None) -> Person:
    """Who is called so. A number is nobody's name in the address book, nor is `~ Ann`, which Ann chose herself."""
    if _PHONE.fullmatch(name):
        number = "+" + "".join(char for char in name if char.isdecimal())
        return Person(f"{PLATFORM}:{number}", name, False, (number,))
    if name.startswith("~") and (chosen := name[1:].strip()):
        return Person(f"{PLATFORM}:~{chosen}", chosen, False)
    return Person(f"{PLATFORM}:{name}", name, saved)


def identify(survey: Survey, file_name: str) -> tuple[ChatHead, Person | None]:
    """The chat of a file that was surveyed, and its contact where the file tells who that is."""
    named = chat_name(file_name) or survey.titled
    wrote = sorted(survey.senders)
    stem = named or _stem(file_name)
    matching = next((name for name in wrote if _alike(name, stem)), "")
    if len(wrote) > 2 or (not matching and (survey.group or (survey.titled and len(wrote) == 2))):
        title = named or ", ".join(wrote[:6])
        return ChatHead(f"{PLATFORM}:group:{title}", "group", title, owner=_owner(survey, "")), None
    if contact := matching or (named if len(wrote) < 2 else ""):
        known = person_of(contact, saved=True)
        return ChatHead(known.id, "personal", known.name, known.id, _owner(survey, contact)), known
    title = named or ", ".join(wrote)
    owner = _owner(survey, "")
    other = [name for name in wrote if person_of(name).id != owner] if owner else []
    known_other = person_of(other[0], saved=True) if len(other) == 1 else None
    if known_other is not None:
        return ChatHead(known_other.id, "personal", known_other.name, known_other.id, owner), known_other
    return ChatHead(f"{PLATFORM}:{title}", "personal", title, owner=owner), None


def chat_name(file_name: str) -> str:
    """The name that WhatsApp gave the file or its archive after the chat; "" when somebody else named it."""
    for part in reversed(file_name.replace("\\", "/").split("/")):
        stem = _stem(part)
        for pattern in CHAT_NAMES:
            for written in (stem, stem.replace("_", " ")):
                if found := pattern.match(written):
                    return clean_name(next(group for group in found.groups() if group))
        if not _PLAIN_FILES.fullmatch(stem):
            return ""  # only a file that is called after no chat is looked for in what it lies in
    return ""


def _stem(file_name: str) -> str:
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return _COPY.sub("", re.sub(r"\.(?:txt|zip)$", "", last, flags=re.IGNORECASE)).strip()


def _owner(survey: Survey, contact: str) -> str:
    """Who exported the chat: whom the file calls "you", or in a chat with a named contact the one other who wrote."""
    wrote = survey.owners or (survey.senders.keys() - {contact} if contact else set())
    return person_of(min(wrote)).id if len(wrote) == 1 else ""


def _alike(one: str, other: str) -> bool:
    """Whether two names are the same but for what file systems and mail programs change in them."""
    plain = [re.sub(r"[\W_]+", "", name).casefold() for name in (one, other)]
    return one == other or (plain[0] == plain[1] != "")
