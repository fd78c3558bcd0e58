"""The commands of training: `import`, `corpus`, `contacts`, `train` and `evaluate`. Parsing and printing only.

Every command reads the configuration that `--config` (or SELFSAME_CONFIG) names. `--json` prints one object on stdout;
whatever moves goes to stderr. Expected failures rise as `SelfsameError`: the program's `main` prints them.
"""

import json
import os
from typing import Annotated, Any

import msgspec
import typer

from model_server.config import Document, find_config, read_document
from model_server.home import Home, find_home
from training.commands.contacts_cli import app as contacts_app
from training.commands.corpus_cli import corpus_app
from training.commands.cuts_cli import cut, cuts, uncut
from training.commands.import_cli import import_

app = typer.Typer(no_args_is_help=True)
app.command("import")(import_)
app.add_typer(contacts_app, name="contacts")
for command in (cut, cuts, uncut):
    corpus_app.command()(command)
app.add_typer(corpus_app, name="corpus")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@app.command()
def sample(as_json: AsJson = False) -> None:
    """Set up the sample owner here: her configuration, chats and articles. The demo does this by itself."""
    from training.sample.install import install

    report = install(find_config())
    print(json.dumps(msgspec.to_builtins(report)) if as_json else f"the sample owner: {report.replies} lines of hers")


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
    counts = count_replies(read_split(home, settings.training).train)
    with TrainingReporter() as reporter:
        done: list[StageDone] = train_all(settings, home, reporter.told)
    facets = {one.manifest.stage: msgspec.to_builtins(one.manifest) | {"skipped": one.skipped} for one in done}
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
