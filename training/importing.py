"""Importing: exports of any number of files become the corpus and its contacts.

Every file is converted to a staging folder before the corpus is touched, so a broken export leaves it as it was. Chats
are then merged one by one, each whole; an import that was cut off there is completed by repeating it. Knows one chat
format so far, Telegram Desktop's, and Markdown articles; does not know what the corpus is for.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.articles import check_articles, store_article
from training.corpus import (
    ChatHeader,
    Conversation,
    merge_contacts,
    merge_conversation,
    read_contacts,
    read_types,
    write_contacts,
)
from training.importers.telegram_desktop import ImportedChat, Senders, read_chats, read_senders

Seen = Callable[[str, int], None]
"""Told of each chat: its contact's name and how many lines it holds."""


@dataclass(slots=True)
class ImportReport:
    """What an import did, in numbers."""

    files: int = 0
    chats: int = 0
    lines: int = 0
    replies: int = 0
    """Lines the owner wrote."""
    added: int = 0
    """Lines that were not in the corpus before."""
    skipped_chats: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    articles: int = 0
    articles_added: int = 0
    """Articles that are new or have changed."""
    contacts: int = 0
    untyped: list[str] = field(default_factory=list)
    """Contacts without a contact type: they train `core` alone."""


def import_everything(
    paths: Sequence[Path],
    home: Home,
    me: str | None,
    *,
    accept_guess: bool = False,
    types_file: Path | None = None,
    seen: Seen = lambda _name, _lines: None,
) -> ImportReport:
    """Exports and articles alike; a folder without a `result.json` is one of articles. `types_file` as `read_types`.

    CorpusError as `import_exports`; articles are stored last.
    """
    exports: list[Path] = []
    articles: list[Path] = []
    for path in paths:
        if path.suffix == ".md":
            articles.append(path)
        elif path.is_dir() and not (path / "result.json").is_file() and any(path.glob("*.md")):
            articles += sorted(path.glob("*.md"))
        else:
            exports.append(path)
    types = read_types(types_file) if types_file else {}
    check_articles(articles)
    report = import_exports(exports, home, me, accept_guess=accept_guess, types=types, seen=seen)
    report.articles = len(articles)
    report.articles_added = sum(store_article(home, path) for path in articles)
    return report


def import_exports(
    paths: Sequence[Path],
    home: Home,
    me: str | None,
    *,
    accept_guess: bool = False,
    types: Mapping[str, str] | None = None,
    seen: Seen = lambda _name, _lines: None,
) -> ImportReport:
    """Merge the exports into the corpus of `home`. `types` (name -> type) labels contacts that have no type yet.

    CorpusError when a file is broken or does not say who its owner is; then nothing has been written.
    """
    files = [_result_file(path) for path in paths]
    owners = find_owners(files, me, accept_guess=accept_guess)
    report = ImportReport(files=len(files))
    headers: dict[str, ChatHeader] = {}
    home.create()
    with tempfile.TemporaryDirectory(dir=home.corpus_dir, prefix=".import-") as staging:
        staged: list[Path] = []
        for path, owner_id in zip(files, owners, strict=True):
            for found in read_chats(path, owner_id):
                if not isinstance(found, ImportedChat):
                    report.skipped_chats[found.kind] += 1
                    continue
                report.set_aside.update(found.set_aside)
                if chat := found.conversation if found.conversation.lines else None:
                    staged.append(Path(staging) / f"{len(staged)}.json")
                    staged[-1].write_bytes(msgspec.json.encode(chat))
                    headers.setdefault(chat.chat_key, ChatHeader(chat.chat_key, chat.contact_name))
                    report.lines += len(chat.lines)
                    report.replies += sum(line.author == "owner" for line in chat.lines)
                    seen(chat.contact_name, len(chat.lines))
        for place in staged:
            report.added += merge_conversation(home, msgspec.json.decode(place.read_bytes(), type=Conversation))
    contacts = merge_contacts(read_contacts(home), headers.values(), types or {})
    write_contacts(home, contacts)
    report.chats = len(headers)
    report.contacts = len(contacts)
    report.untyped = [contact.name for contact in contacts if not contact.type]
    return report


def find_owners(files: Sequence[Path], me: str | None, *, accept_guess: bool = False) -> list[str]:
    """The owner's sender id in each file: by `me` (a name or an id), else as the export says, else as another does.

    With `accept_guess`, the only one in a personal chat who is not its contact. CorpusError names the candidates.
    """
    told = [read_senders(path, stop_at_owner=me is None) for path in files]
    known = {senders.owner_id for senders in told} - {None}
    return [_owner(path, senders, me, known, accept_guess) for path, senders in zip(files, told, strict=True)]


def _owner(path: Path, senders: Senders, me: str | None, known: set[str | None], accept_guess: bool) -> str:
    candidates = senders.candidates()
    if me is not None:
        found = [one for one, name in senders.names.items() if me.casefold() in (one.casefold(), name.casefold())]
        if len(found) == 1:
            return found[0]
        what = f"{path}: {len(found) or 'no'} senders are called {me!r}"
    elif senders.owner_id:
        return senders.owner_id
    elif len(elsewhere := [one for one in senders.names if one in known]) == 1:
        return elsewhere[0]
    elif accept_guess and len(candidates) == 1:
        return next(iter(candidates))
    else:
        what = f"{path} does not say who you are"
    shown = ", ".join(f"{name} ({one})" for one, name in sorted(candidates.items())[:8]) or "nobody wrote in it"
    raise CorpusError(what, f"give --me NAME; candidates: {shown}")


def _result_file(path: Path) -> Path:
    """The file itself, or `result.json` in a folder."""
    if not path.is_dir():
        return path
    if (path / "result.json").is_file():
        return path / "result.json"
    raise CorpusError(f"{path} holds no result.json", "name the folder that Telegram Desktop exported into")
