"""The commands of training: `import`, `contacts`, `train` and `evaluate`. Parsing, progress and printing only.

Every command reads the configuration that `--config` (or SELFSAME_CONFIG) names. `--json` prints one object on stdout;
whatever moves goes to stderr. Expected failures rise as `SelfsameError`: the program's `main` prints them.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from model_server.config import Document, find_config, read_document
from model_server.home import Home, find_home

app = typer.Typer(no_args_is_help=True)
contacts_app = typer.Typer(no_args_is_help=True, help="Who is who: the contact types that choose the blend.")
app.add_typer(contacts_app, name="contacts")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Telegram exports (result.json or its folder) and .md articles.")],
    me: Annotated[str | None, typer.Option(help="Your name (or id) in the export, where it does not say.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take the only possible sender for you, without --me.")] = False,
    contacts: Annotated[
        Path | None, typer.Option(help='A JSON file {"name": "type"} for contacts without one.')
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read your chats and articles into the corpus. Importing a file twice adds nothing."""
    from rich.console import Console

    from training.importing import import_everything

    _, home = _instance()
    with Console(stderr=True).status("reading") as status:

        def seen(name: str, lines: int) -> None:
            status.update(f"{name}: {lines} lines")

        report = import_everything(paths, home, me, accept_guess=yes, types_file=contacts, seen=seen)
    if as_json:
        print(json.dumps(msgspec.to_builtins(report)))
        return
    print(f"{report.added} of {report.lines} lines are new; {report.replies} lines are yours, in {report.chats} chats")
    if report.articles:
        print(f"{report.articles} articles, {report.articles_added} of them new or changed")
    for what, counted in (("chats set aside", report.skipped_chats), ("lines set aside", report.set_aside)):
        if counted:
            print(f"{what}: " + ", ".join(f"{count} {reason}" for reason, count in counted.most_common()))
    if report.untyped:
        print(f"{len(report.untyped)} contacts have no type yet → selfsame contacts set NAME TYPE")


@app.command()
def sample(as_json: AsJson = False) -> None:
    """Set up the sample owner here: her configuration, chats and articles. The demo does this by itself."""
    from training.sample.install import install

    report = install(find_config())
    print(json.dumps(msgspec.to_builtins(report)) if as_json else f"the sample owner: {report.replies} lines of hers")


@contacts_app.command("list")
def list_contacts(as_json: AsJson = False) -> None:
    """Every contact with its type."""
    from rich.console import Console
    from rich.table import Table

    from training.corpus import read_contacts

    _, home = _instance()
    found = read_contacts(home)
    if as_json:
        print(json.dumps({"contacts": msgspec.to_builtins(found)}, ensure_ascii=False))
        return
    table = Table("name", "type", "ids", box=None)
    for contact in sorted(found, key=lambda one: (one.type, one.name)):
        table.add_row(contact.name, contact.type or "[dim]none yet[/dim]", " ".join(contact.ids))
    Console().print(table if found else "no contacts yet → selfsame import PATH")


@contacts_app.command("set")
def set_contact(
    name: Annotated[str, typer.Argument(help="The contact's name, or one of its ids.")],
    contact_type: Annotated[str, typer.Argument(metavar="TYPE", help="family, friend, colleague, stranger, ...")],
    as_json: AsJson = False,
) -> None:
    """Say which type a contact is of. Answers change at once; facets with the next `selfsame train`."""
    from model_server.blends import read_blends
    from training.corpus import read_contacts, set_type, write_contacts

    document, home = _instance()
    contacts = read_contacts(home)
    if contact_type not in {*read_blends(document), *(contact.type for contact in contacts)}:
        print(f"note: `{contact_type}` is a new contact type", file=sys.stderr)
    write_contacts(home, set_type(contacts, name, contact_type))
    print(json.dumps({"name": name, "type": contact_type}) if as_json else f"{name} is {contact_type}")


@app.command()
def train(as_json: AsJson = False) -> None:
    """Train every facet that is not trained yet. Stopped at any point, it goes on from there the next time."""
    document, home = _instance()
    settings = _settle(document)

    from model_server.log import configure_logging
    from training.pipeline import StageDone, read_split, train_all
    from training.reporting import TrainingReporter, note_without_facet
    from training.slices import count_replies

    home.create()
    configure_logging("training", home, console=False)
    with TrainingReporter() as reporter:
        done: list[StageDone] = train_all(settings, home, reporter.told)
    facets = {one.manifest.stage: msgspec.to_builtins(one.manifest) | {"skipped": one.skipped} for one in done}
    counts = count_replies(read_split(home, settings.training).train)
    without = {contact_type: count for contact_type, count in counts.items() if contact_type not in facets}
    if as_json:
        print(json.dumps({"facets": facets, "without_facet": without}))
        return
    for note in note_without_facet(without, settings.training.min_replies):
        print(note)


@app.command()
def evaluate(as_json: AsJson = False) -> None:
    """Held-out loss for each contact type: bare model, persona card, `core`, its own facet, its default blend."""
    document, home = _instance()
    settings = _settle(document)

    from rich.console import Console
    from rich.table import Table

    from model_server.blends import read_blends
    from training.evaluate import evaluate as evaluate_all
    from training.reporting import bar

    with bar() as (progress, task):
        losses = evaluate_all(
            settings,
            home,
            read_blends(document),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        print(json.dumps({"nats_per_token": {name: msgspec.to_builtins(one) for name, one in losses.items()}}))
        return
    table = Table("nats per token", "base", "card", "core", "own", "blend", "replies", box=None)
    for name, one in losses.items():
        own = "-" if one.own is None else f"{one.own:.3f}"
        numbers = [f"{one.base:.3f}", f"{one.card:.3f}", f"{one.core:.3f}", own, f"{one.blend:.3f}", str(one.replies)]
        table.add_row(name, *numbers)
    Console().print(table)


def _instance() -> tuple[Document, Home]:
    path = find_config()
    return read_document(path), find_home(path)


def _settle(document: Document) -> Any:
    """The settings, and this process made a quiet neighbour: its threads (before torch is loaded) and its niceness."""
    from model_server.config import read_section
    from model_server.threads import settle_threads
    from training.config import TrainingConfig

    config = read_section(document, "training", TrainingConfig)
    settle_threads(config.threads)
    os.setpriority(os.PRIO_PROCESS, 0, max(config.nice, os.getpriority(os.PRIO_PROCESS, 0)))

    from training.pipeline import Settings

    return Settings.read(document)
