"""`selfsame blend fit`: parsing, progress and printing only. What is fitted, and on what, is `fit_all`'s."""

import json
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from model_server.config import Document
from model_server.home import Home
from training.commands.instance import open_instance, settle

if TYPE_CHECKING:
    from model_server.fitted import Fitted


def fit(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Fit the blend of every contact type to what you really replied. In force at once; what you set wins over it."""
    document, home = open_instance()

    from model_server.fitted import read_fitted
    from model_server.log import configure_logging
    from training.bars import bar
    from training.contacts import read_contacts
    from training.trained import judged_facets

    live = judged_facets(home)  # before torch is loaded
    if not live:
        print(json.dumps(msgspec.to_builtins(read_fitted(home))) if as_json else why_nothing(live))
        return
    home.create()
    configure_logging("training", home, console=False)
    with bar() as (progress, task):
        settings = settle(document)

        from training.blends.fit_all import fit_all
        from training.whole_bank import open_bank

        whole = open_bank(settings, home)
        progress.update(task, description="fitting blends")
        try:
            fitted = fit_all(
                settings, home, whole, lambda done, total: progress.update(task, completed=done, total=total)
            )
        except KeyboardInterrupt:
            print("stopped; the same command goes on where it was", file=sys.stderr)
            raise
    if as_json:
        print(json.dumps(msgspec.to_builtins(fitted)))
        return
    if not fitted.types:
        print(why_nothing(live))
        return
    print_fitted(fitted, {contact.ids[0]: contact.name for contact in read_contacts(home) if contact.ids})
    for name in sorted(fitted.types.keys() & _set_by_owner(document, home)):
        print(f"{name}: the blend that you set speaks → selfsame blend clear {name}, if the fitted one should")


def why_nothing(live: Collection[str]) -> str:
    """Why no blend was fitted, and who answers. `live`: the facets."""
    from model_server.blends import ARTICLES, CORE

    if not live:
        return "no facet is live, so there is nothing to fit: the base model answers → selfsame facets says why"
    if CORE not in live and ARTICLES in live:
        return "there are no chats to fit blends to: `articles` answers everybody → selfsame import PATH"
    return "no contact has a type yet, so nothing was fitted: `core` answers → selfsame contacts set NAME TYPE"


def _set_by_owner(document: Document, home: Home) -> set[str]:
    """The contact types whose blend the owner has set, as far as a running instance tells."""
    from model_server.blend_store import load_book
    from model_server.config import RedisConfig, read_section
    from model_server.errors import RedisUnavailable
    from model_server.redis_link import ask_instance, redis_url

    try:
        return {*ask_instance(redis_url(read_section(document, "redis", RedisConfig), home), load_book).types}
    except RedisUnavailable:
        return set()


def print_fitted(fitted: "Fitted", names: Mapping[str, str]) -> None:
    """A line for everybody with a fitted blend: the loss before and after, and the weights. `names`: by first id."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from model_server.blend_picture import in_words
    from model_server.fitted import NO_FIGURES
    from training.commands.contacts_screen import plain

    table = Table("", Column("before", justify="right"), Column("after", justify="right"), box=None)
    table.add_column("replies", justify="right")
    table.add_column("blend")
    people = {one: weights for one, weights in fitted.contacts.items() if one in names}
    for name, weights in (*fitted.types.items(), *people.items()):
        one = fitted.figures.get(name, NO_FIGURES)
        losses = (f"{one.before:.3f}", f"{one.after:.3f}") if one.after else ("-", "-")
        table.add_row(Text(plain(names.get(name, name))), *losses, str(one.replies), in_words(weights))
    console = Console()
    console.print(table)
    console.print("nats per token of the validation replies; `selfsame evaluate` has those held out", style="dim")
    for name in fitted.types:
        if note := fitted.figures.get(name, NO_FIGURES).note:
            console.print(f"{name}: {note}", highlight=False, markup=False, soft_wrap=True)
