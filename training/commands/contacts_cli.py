"""`selfsame contacts`: who is who, shown and edited. Parsing and printing only.

`--json` prints one object on stdout. Expected failures rise as `SelfsameError`: the program's `main` prints them.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from model_server.config import find_config, read_document
from model_server.home import Home, find_home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.contacts import Contact

app = typer.Typer(help="Who is who: the contact types that choose the blend. Alone: the same as `list`.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Named = Annotated[str, typer.Argument(help="The contact's name, or one of its ids.")]
_SURE = 0.6


@app.callback(invoke_without_command=True)
def contacts(context: typer.Context, as_json: AsJson = False) -> None:
    """Who is who: the contact types that choose the blend. Alone: the same as `list`."""
    if context.invoked_subcommand is None:
        list_contacts(as_json)


@app.command("list")
def list_contacts(as_json: AsJson = False) -> None:
    """Every contact with its type, what is proposed and why."""
    from training.commands.contacts_screen import as_data, print_contacts
    from training.contacts import read_contacts
    from training.people.proposals import read_proposals

    found, proposals = read_contacts(_home()), read_proposals(_home())
    if as_json:
        print(json.dumps(as_data(found, proposals), ensure_ascii=False))
    else:
        print_contacts(found, proposals)


@app.command("set")
def set_contact(
    name: Named,
    contact_type: Annotated[str, typer.Argument(metavar="TYPE", help="family, friend, colleague, stranger, ...")],
    as_json: AsJson = False,
) -> None:
    """Say which type a contact is of. Answers change at once; facets with the next `selfsame train`."""
    from training.contacts import change_contacts, read_contacts, set_type

    home = _home().create()
    _note_new_types([contact_type], read_contacts(home))
    change_contacts(home, lambda found: set_type(found, name, contact_type))
    say({"name": name, "type": contact_type}, f"{name} is {contact_type}", as_json)


@app.command()
def accept(
    names: Annotated[list[str] | None, typer.Argument(help="Names or ids of contacts.", show_default=False)] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody who has no type yet.")] = False,
    min_score: Annotated[float, typer.Option(help="With --all: only proposals this sure, 0 to 1.")] = _SURE,
    as_json: AsJson = False,
) -> None:
    """Take the proposed types: of these contacts, or of all who have none."""
    from model_server.errors import CorpusError
    from training.contacts import change_contacts
    from training.people.proposals import accepted, read_proposals

    if everybody == bool(names):
        raise CorpusError("nobody is named" if not names else "names and --all together", "name contacts, or say --all")
    home = _home().create()
    proposals = read_proposals(home)
    taken: list[Contact] = []

    def edit(found: "list[Contact]") -> "list[Contact]":
        nonlocal taken
        edited = accepted(found, proposals, names, min_score)
        taken = [after for before, after in zip(found, edited, strict=True) if before is not after]
        return edited

    change_contacts(home, edit)
    shown = [{"name": one.name, "type": one.type} for one in taken]
    said = "\n".join(f"{one.name} is {one.type}" for one in taken) or "nobody was proposed so surely"
    say({"accepted": shown}, said, as_json)


@app.command()
def merge(kept: Named, other: Named, as_json: AsJson = False) -> None:
    """Both are one person: the first keeps name and type, and has the ids of both."""
    from training.contacts import change_contacts, find_contact, read_contacts
    from training.people.edits import merged
    from training.people.proposals import joined_again, read_proposals, write_proposals
    from training.raw.lock import only_one

    home = _home().create()
    with only_one(home):
        first = find_contact(read_contacts(home), kept).ids[0]
        one = find_contact(change_contacts(home, lambda found: merged(found, kept, other)), first)
        write_proposals(home, joined_again(read_proposals(home), one.ids))
    say(msgspec.to_builtins(one), f"{one.name} is now {' '.join(one.ids)}", as_json)


@app.command()
def split(
    contact_id: Annotated[str, typer.Argument(metavar="ID", help="One of the ids of a contact.")],
    as_json: AsJson = False,
) -> None:
    """The person behind this id is somebody else: a contact of their own, now and after every import."""
    from training.contacts import change_contacts, find_contact, read_contacts
    from training.people.edits import split as taken_apart
    from training.people.proposals import kept_apart, read_proposals, write_proposals
    from training.raw.lock import only_one

    home = _home().create()
    with only_one(home):
        whole = find_contact(read_contacts(home), contact_id)
        change_contacts(home, lambda found: taken_apart(found, contact_id))
        rest = [one for one in whole.ids if one != contact_id]
        write_proposals(home, kept_apart(read_proposals(home), [contact_id], rest))
    say({"id": contact_id, "apart_from": rest}, f"{contact_id} is a contact of its own", as_json)


@app.command()
def apart(one: Named, other: Named, as_json: AsJson = False) -> None:
    """Two contacts that may look like one are two: it is not proposed again."""
    from training.contacts import find_contact, read_contacts
    from training.people.proposals import kept_apart, read_proposals, write_proposals
    from training.raw.lock import only_one

    home = _home().create()
    with only_one(home):
        first, second = (find_contact(read_contacts(home), named).ids for named in (one, other))
        write_proposals(home, kept_apart(read_proposals(home), first, second))
    say({"apart": [first[0], second[0]]}, f"{one} and {other} stay two", as_json)


@app.command()
def rename(
    name: Named, new_name: Annotated[str, typer.Argument(help="The new name.")], as_json: AsJson = False
) -> None:
    """Call a contact otherwise."""
    from training.contacts import change_contacts
    from training.people.edits import renamed

    change_contacts(_home().create(), lambda found: renamed(found, name, new_name))
    say({"name": new_name, "was": name}, f"{name} is now called {new_name}", as_json)


@app.command("export")
def export_table(
    path: Annotated[Path, typer.Argument(metavar="FILE.csv")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all contacts as a table. Edit `name` and `type` in a spreadsheet, then `contacts import` it."""
    from training.contacts import read_contacts
    from training.people.proposals import read_proposals
    from training.people.table_file import write_table

    found = read_contacts(_home())
    write_table(path, found, read_proposals(_home()), replace=force)
    say({"file": str(path), "contacts": len(found)}, f"{len(found)} contacts in {path}", as_json)


@app.command("import")
def import_table(path: Annotated[Path, typer.Argument(metavar="FILE.csv")], as_json: AsJson = False) -> None:
    """Read an edited table back: all of it, or nothing when a line is wrong. Who has no line stays as before."""
    from training.contacts import change_contacts, read_contacts
    from training.people.table import from_table
    from training.people.table_file import read_table

    home = _home().create()
    text = read_table(path)
    old = read_contacts(home)
    before = {one.ids: one for one in old}
    edited = change_contacts(home, lambda found: from_table(found, text))
    changed = [one for one in edited if before.get(one.ids) != one]
    _note_new_types([one.type for one in changed if one.type], old)
    said = ("1 contact" if len(changed) == 1 else f"{len(changed)} contacts") + " changed"
    said += "".join(f"\n  {one.name}: {one.type or 'no type'}" for one in changed)
    say({"changed": msgspec.to_builtins(changed)}, said, as_json)


def _home() -> Home:
    return find_home(find_config())


def _note_new_types(types: "Sequence[str]", contacts: "Sequence[Contact]") -> None:
    """A type that nobody has and no blend is for may be a slip of the keyboard."""
    from model_server.blends import read_blends

    known = {*read_blends(read_document(find_config())), *(contact.type for contact in contacts)}
    for contact_type in sorted(set(types) - known):
        print(f"note: `{contact_type}` is a new contact type", file=sys.stderr)


def say(data: dict[str, Any], text: str, as_json: bool) -> None:
    """Print what a command did: one JSON object, or words made harmless for the terminal."""
    from training.commands.contacts_screen import plain

    print(json.dumps(data, ensure_ascii=False) if as_json else "\n".join(map(plain, text.splitlines())))
