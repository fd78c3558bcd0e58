"""`selfsame own on`, `off` and `list`: a facet of one contact's own. Parsing and printing only."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from model_server.errors import CorpusError
from training.commands.instance import blends_in_force, open_instance, settle

if TYPE_CHECKING:
    from model_server.config import Document
    from model_server.home import Home
    from training.facets.making import StageDone
    from training.pipeline import Settings

own_app = typer.Typer(no_args_is_help=True, help="Facets of single contacts: how you write to this one person.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Named = Annotated[str, typer.Argument(metavar="CONTACT", help="A name, or an id where names repeat.")]


@own_app.command()
def on(
    named: Named,
    now: Annotated[bool, typer.Option("--now", help="Train it at once, and nothing else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a contact a facet of their own. It goes live if they are written to more as you do with it than without."""
    document, home = open_instance()

    from model_server.live_facets import read_live
    from training.contacts import find_contact, read_contacts
    from training.own.own_facets import count_all, sessions_of, switch_on

    contact = find_contact(read_contacts(home), named)  # before torch is loaded
    settings = settle(document)

    from training.pipeline import read_split

    split = read_split(home, settings.training)
    replies = count_all(sessions_of(contact, (*split.train, *split.validation, *split.held_out)))
    if replies and not sessions_of(contact, split.train):
        raise CorpusError(f"all of {contact.name!r} is too new: it is kept to measure by", "import more of this chat")
    name = switch_on(home, contact, replies, settings.training, settings.facets)
    done = _train_one(document, settings, home, name) if now else None
    version = read_live(home).get(name, "")
    if as_json:
        verdict = {"promoted": done.manifest.promoted, "reason": done.manifest.reason} if done else {}
        print(json.dumps({"contact": contact.name, "facet": name, "replies": replies, "version": version} | verdict))
    elif done is None and version:
        print(f"{contact.name}: facet {name} is live already, version {version}, and speaks to this contact alone")
    elif done is None:
        print(f"{contact.name}: facet {name} is trained by the next `selfsame train` ({replies} replies)")
    elif done.manifest.promoted:
        print(f"{contact.name}: facet {name} is live, and speaks to this contact alone")
    else:
        print(f"{contact.name}: facet {name} was refused: {done.manifest.reason}")


@own_app.command()
def off(named: Named, as_json: AsJson = False) -> None:
    """From the next message on, the contact is answered by the blend of their type again."""
    _, home = open_instance()

    from training.contacts import find_contact, read_contacts
    from training.own.own_facets import switch_off

    contact = find_contact(read_contacts(home), named)
    was_on = switch_off(home, contact)
    if as_json:
        print(json.dumps({"contact": contact.name, "was_on": was_on}))
    else:
        print(f"{contact.name}: " + ("answered by the blend of their type" if was_on else "has no facet of their own"))


@own_app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Who has a facet of their own, and whether it is live."""
    _, home = open_instance()

    from model_server.live_facets import read_live, read_versions
    from training.contacts import read_contacts
    from training.own.own_facets import own_name, read_own

    live, contacts = read_live(home), read_contacts(home)
    trained = {one.facet for one in read_versions(home)}
    found = [
        {
            "contact": next((contact.name for contact in contacts if one in contact.ids), one),
            "facet": own_name(one),
            "version": live.get(own_name(one), ""),
        }
        for one in read_own(home)
    ]
    if as_json:
        print(json.dumps({"own": found}))
        return
    for entry in found:
        state = f"live, version {entry['version']}" if entry["version"] else "not live: `selfsame facets` says why"
        if entry["facet"] not in trained:
            state = "not trained yet → selfsame train"
        print(f"{entry['contact']:<24} {entry['facet']}  {state}")
    if not found:
        print("nobody has a facet of their own → selfsame own on CONTACT")


def _train_one(document: "Document", settings: "Settings", home: "Home", name: str) -> "StageDone":
    from model_server.log import configure_logging
    from training.facets.train_all import train_all
    from training.reporting import TrainingReporter

    home.create()
    configure_logging("training", home, console=False)
    with TrainingReporter() as reporter:
        (done,) = train_all(settings, home, reporter.told, [name], blends_in_force(document, home)[0])
    return done
