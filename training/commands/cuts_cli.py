"""`selfsame corpus cut`, `cuts` and `uncut`: what the owner leaves out, and takes back. Parsing and printing only."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model_server.config import find_config, read_document
from model_server.errors import CorpusError
from model_server.home import Home, find_home
from training.commands.contacts_cli import say

if TYPE_CHECKING:
    from training.contacts import Contact
    from training.corpus import CorpusChat
    from training.cuts import Cut
    from training.importing import ImportOptions
    from training.left_out import CutCounts

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
_DAY = "YYYY-MM-DD"


def cut(
    named: Annotated[
        str, typer.Argument(metavar="[CONTACT_OR_CHAT]", help="A contact or a group: its name, or an id of it.")
    ] = "",
    first: Annotated[str, typer.Option("--from", metavar=_DAY, help="The first day to leave out.")] = "",
    last: Annotated[str, typer.Option("--to", metavar=_DAY, help="The last day to leave out.")] = "",
    before: Annotated[str, typer.Option("--before", metavar=_DAY, help="The first day to keep.")] = "",
    as_json: AsJson = False,
) -> None:
    """Leave out a contact, a group, or a span of time of them or of everything. Nothing is deleted: see `uncut`."""
    from training.cuts import cut_days, find_what, read_cuts, write_cuts
    from training.importing import propose_again
    from training.raw.lock import only_one

    home, options = _instance()
    with only_one(home):
        what = find_what(named, *_known(home)) if named else ""
        made = cut_days(what, first, last, before, options.read.zone)
        found = read_cuts(home)
        if made not in found:
            found = (*found, made)
            write_cuts(home, found)
        propose_again(home, options)
        shown = _shown(home, found, options.read.zone)[0][found.index(made)]
    say(
        shown,
        f"cut {_words(shown)}: {shown['lines']} lines are left out from now on\n"
        "facets trained before now still know them → selfsame train\n"
        f"to have them back → selfsame corpus uncut {shown['number']}",
        as_json,
    )


def cuts(as_json: AsJson = False) -> None:
    """What is cut, by number, with how many lines each cut leaves out."""
    from training.cuts import read_cuts

    home, options = _instance()
    shown, counts = _shown(home, read_cuts(home), options.read.zone)
    said = [f"{one['number']}  {_words(one)}: {one['lines']} lines" for one in shown]
    said.append(f"together {counts.lines} lines and {counts.articles} articles" if shown else "nothing is cut")
    say({"cuts": shown, "lines": counts.lines, "articles": counts.articles}, "\n".join(said), as_json)


def uncut(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `selfsame corpus cuts` numbers it.")],
    as_json: AsJson = False,
) -> None:
    """Take a cut back: what it left out is read again. Those after it move up by one number."""
    from training.cuts import read_cuts, write_cuts
    from training.importing import propose_again
    from training.raw.lock import only_one

    home, options = _instance()
    with only_one(home):
        found = read_cuts(home)
        if not 1 <= number <= len(found):
            raise CorpusError(f"there is no cut {number}", "see `selfsame corpus cuts`")
        shown = _shown(home, found, options.read.zone)[0][number - 1]
        write_cuts(home, (*found[: number - 1], *found[number:]))
        propose_again(home, options)
    say(shown, f"no longer cut: {_words(shown)}, {shown['lines']} lines → selfsame train", as_json)


def _known(home: Home) -> "tuple[list[Contact], list[CorpusChat]]":
    """Whom and what a name may mean."""
    from training.contacts import read_contacts
    from training.corpus import Corpus

    if not home.corpus_file.exists():
        return read_contacts(home), []
    with Corpus.open(home) as corpus:
        return read_contacts(home), corpus.chats(left_out_too=True)


def _shown(home: Home, found: "Sequence[Cut]", zone: tzinfo) -> "tuple[list[dict[str, Any]], CutCounts]":
    """The cuts as `--json` prints them, and what they leave out. `first`, `last`: days, "" where there is no end."""
    from training.corpus import Corpus
    from training.cuts import days_of
    from training.left_out import CutCounts

    counts = CutCounts((0,) * len(found))
    if home.corpus_file.exists():
        with Corpus.open(home) as corpus:
            counts = corpus.count_cut()
    contacts, chats = _known(home)
    names = {chat.key: chat.name for chat in chats} | {one: contact.name for contact in contacts for one in contact.ids}
    shown = []
    for number, (one, lines) in enumerate(zip(found, counts.each, strict=True), 1):
        first, last = days_of(one, zone)
        name = names.get(one.what) or one.what or "everything"
        shown.append({"number": number, "what": one.what, "name": name, "first": first, "last": last, "lines": lines})
    return shown, counts


def _words(shown: dict[str, Any]) -> str:
    """`Mum, 2020-01-01 to 2020-12-31`."""
    first, last = shown["first"], shown["last"]
    span = " ".join(filter(None, (first and f"from {first}", last and f"to {last}")))
    return f"{shown['name']}, {span}" if span else str(shown["name"])


def _instance() -> "tuple[Home, ImportOptions]":
    from training.importing import ImportOptions

    path = find_config()
    return find_home(path).create(), ImportOptions.of(read_document(path))
