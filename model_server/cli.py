"""The model server's commands: `selfsame blend ...`, `facets`, `rollback` and `model prepare`.

Knows the owner's words on the command line and which function they mean. Loads torch only where a model is touched.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
import redis.asyncio
import typer

from model_server.blend_picture import draw, in_words, line_of, shown_contacts, shown_types
from model_server.blend_store import Scope, clear_blend, load_book, set_blend
from model_server.blends import ARTICLES, CORE, BlendBook, checked, read_blends
from model_server.config import ModelConfig, RedisConfig, find_config, read_document, read_section
from model_server.contract import Blend
from model_server.errors import ConfigError, RedisUnavailable
from model_server.facets_cli import facets, rollback
from model_server.fitted import read_fitted
from model_server.home import Home, find_home
from model_server.live_facets import read_live
from model_server.presence import present_workers
from model_server.redis_link import ask_instance, redis_url

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Contact = Annotated[bool, typer.Option("--contact", help="WHO is a contact's id, not a contact type.")]
Who = Annotated[str, typer.Argument(help="A contact type, or with --contact a contact's id.")]
T = TypeVar("T")


class _Person(msgspec.Struct):
    name: str
    type: str = ""
    ids: tuple[str, ...] = ()


app = typer.Typer()
blend = typer.Typer(no_args_is_help=True, help="Which facets speak to whom, and how strongly. In force at once.")
model = typer.Typer(no_args_is_help=True, help="The base model.")
app.add_typer(blend, name="blend")
app.add_typer(model, name="model")
app.command()(facets)
app.command()(rollback)


@blend.command("set")
def set_(
    who: Who, weights: Annotated[list[str], typer.Argument(metavar="FACET=WEIGHT...")], contact: Contact = False
) -> None:
    """Give a contact type (or one contact) a blend, from the next message on."""
    wanted = read_weights(weights)
    path = find_config()
    home = find_home(path)
    is_new = not contact and who not in {*read_blends(read_document(path)), *read_fitted(home).types}
    if is_new and (ids := _ids_of(who, home)):
        raise ConfigError(
            f"`{who}` is a person, not a contact type",
            f"selfsame blend set --contact {ids[0]} {' '.join(weights)}",
        )
    stored = _with_redis(lambda client: set_blend(client, _scope(who, contact), wanted))
    typer.echo(f"{who}: {in_words(stored)}")
    if is_new:
        typer.echo(f"note: `{who}` is a new contact type", err=True)
    in_force = {facet for worker in _with_redis(present_workers) for facet in worker.facets}
    for name in sorted(stored.keys() - in_force):
        typer.echo(f"note: no worker has a facet `{name}` yet; its weight goes to `core` until then", err=True)


@blend.command()
def clear(who: Who, contact: Contact = False) -> None:
    """Go back to the blend that was fitted, or to that of the configuration."""
    if not _with_redis(lambda client: clear_blend(client, _scope(who, contact))):
        raise ConfigError(f"you have set no blend for `{who}`", "`selfsame blend show` says who chose each")
    was_fitted = read_fitted(find_home(find_config()))
    back = "what was fitted" if who in (was_fitted.contacts if contact else was_fitted.types) else "the default"
    typer.echo(f"{who}: back to {back}")


@blend.command()
def show(as_json: Json = False) -> None:
    """The blend of every contact type, and of every contact that has its own: the weights, and who chose them.

    What you set is kept by the running instance; where none runs, what was fitted and configured is shown.
    """
    path = find_config()
    defaults, home = read_blends(read_document(path)), find_home(path)
    fitted = read_fitted(home)
    try:
        book = _with_redis(lambda client: load_book(client, defaults, fitted))
    except RedisUnavailable:
        book = BlendBook(defaults, fitted_types=fitted.types, fitted_contacts=fitted.contacts)
        typer.echo("note: nothing runs here, so blends that you have set are not shown → selfsame up", err=True)
    types, contacts = shown_types(book), shown_contacts(book, _people(home))
    if as_json:
        shown = {
            "types": {row.name: row.chosen.blend for row in types},
            "contacts": {one: row.chosen.blend for row in contacts for one in row.who},
            "source": {
                "types": {row.name: row.chosen.source for row in types},
                "contacts": {one: row.chosen.source for row in contacts for one in row.who},
            },
            "figures": msgspec.to_builtins(fitted.figures),
        }
        typer.echo(json.dumps(shown))
        return
    if sys.stdout.isatty():
        from rich.console import Console

        draw(Console(), [*types, *contacts], fitted)
    else:
        for row in (*types, *contacts):
            typer.echo(line_of(row))
    for name in sorted(fitted.types):
        if note := fitted.figures[name].note if name in fitted.figures else "":
            typer.echo(f"{name}: {note}", err=True)
    live = read_live(home)
    if CORE not in live and ARTICLES in live:
        typer.echo("note: `articles` speaks for every facet that is not live, `core` among them", err=True)
    if fitted.types and fitted.versions != live:
        typer.echo("the facets have changed since the blends were fitted → selfsame blend fit", err=True)


@model.command()
def prepare() -> None:
    """Make sure that the base model can be loaded; converts the bundled one once."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from model_server.bundled import bundled_is_ready, ensure_bundled

    config, home = read_section(read_document(path := find_config()), "model", ModelConfig), find_home(path).create()
    if config.name != "bundled":
        from model_server.base_model import check_base_model

        check_base_model(config)
    elif not bundled_is_ready(home):
        columns = (TextColumn("  {task.description:<28}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(file=sys.stderr)) as progress:
            bar = progress.add_task("converting the base model", total=1.0)
            ensure_bundled(home, lambda done, what: progress.update(bar, completed=done, description=what))


def read_weights(words: list[str]) -> Blend:
    """`core=0.6 family=0.4` as a blend. ConfigError on anything else."""
    weights: dict[str, float] = {}
    for word in words:
        name, equals, weight = word.partition("=")
        try:
            weights[name] = float(weight)
        except ValueError:
            equals = ""
        if not equals:
            raise ConfigError(f"`{word}` is no weight", "write FACET=NUMBER, for example core=0.6 family=0.4")
    return checked(weights)


def _people(home: Home) -> dict[tuple[str, ...], tuple[str, str]]:
    """Ids -> name and contact type, of everybody in the contacts file."""
    if not home.contacts_file.exists():
        return {}
    try:
        book = msgspec.json.decode(home.contacts_file.read_bytes(), type=dict[str, list[_Person]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{home.contacts_file} cannot be read", "mend it, or take back the last edit") from error
    return {person.ids: (person.name, person.type) for person in book.get("contacts", []) if person.ids}


def _ids_of(named: str, home: Home) -> tuple[str, ...]:
    """The ids of the first person of this name in the contacts file who is not called like their type."""
    people = _people(home).items()
    return next((ids for ids, (name, kind) in people if name == named != kind), ())


def _scope(who: str, contact: bool) -> Scope:
    return ("contact", who) if contact else ("type", who)


def _with_redis(act: Callable[[redis.asyncio.Redis], Awaitable[T]]) -> T:
    path = find_config()
    return ask_instance(redis_url(read_section(read_document(path), "redis", RedisConfig), find_home(path)), act)
