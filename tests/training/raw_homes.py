"""Homes with raw lines in them, as an import leaves them before the scrub."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from model_server.home import Home
from training.importers.base import ChatHead, Event, Person, RawLine
from training.raw.forgotten import read_forgotten
from training.raw.intake import begin_file, take_file
from training.raw.store import RawStore

ME = "telegram:user9"


def fill(home: Home, events: Iterable[Event], name: str = "result.json", me: Mapping[str, str] | None = None) -> None:
    """One more file. `me`: the owner's id by chat; told for every chat when it is left out."""
    with RawStore.open(home) as store:
        file = begin_file(store, hashlib.sha256(name.encode()).hexdigest(), name, "telegram-desktop", "")
        take_file(store, file, events, read_forgotten(home))
        store.remember_me({chat.key: ME for chat in store.chats()} if me is None else me)


def talk(contact: str, name: str, *texts: str, start_ms: int = 0, first: int = 1) -> list[Event]:
    """A personal chat in which contact and owner take turns, a minute apart."""
    said = [
        RawLine(str(at), ME if (at - first) % 2 else contact, text, start_ms + at * 60_000)
        for at, text in enumerate(texts, start=first)
    ]
    return [ChatHead(contact, "personal", name, contact, ME), Person(contact, name), *said]


def new_home(path: Path) -> Home:
    return Home(path / "home").create()
