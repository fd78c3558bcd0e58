"""The model server's commands: `selfsame blend ...`, `selfsame facets`, `selfsame model prepare`.

Knows the owner's words on the command line and which function they mean. Loads torch only where a model is touched.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import redis.asyncio
import typer

from model_server.blend_store import Scope, clear_blend, load_book, set_blend
from model_server.blends import BlendBook, blend_name, checked, read_blends, resolve
from model_server.config import ModelConfig, RedisConfig, find_config, read_document, read_section
from model_server.contract import Blend
from model_server.errors import ConfigError
from model_server.home import find_home
from model_server.presence import present_workers
from model_server.redis_link import ask_instance, redis_url

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Contact = Annotated[bool, typer.Option("--contact", help="WHO is a contact's id, not a contact type.")]
Who = Annotated[str, typer.Argument(help="A contact type, or with --contact a contact's id.")]
T = TypeVar("T")

app = typer.Typer()
blend = typer.Typer(no_args_is_help=True, help="Which facets speak to whom, and how strongly. In force at once.")
model = typer.Typer(no_args_is_help=True, help="The base model.")
app.add_typer(blend, name="blend")
app.add_typer(model, name="model")


@blend.command("set")
def set_(
    who: Who, weights: Annotated[list[str], typer.Argument(metavar="FACET=WEIGHT...")], contact: Contact = False
) -> None:
    """Give a contact type (or one contact) a blend, from the next message on."""
    wanted = read_weights(weights)
    stored = _with_redis(lambda client: set_blend(client, _scope(who, contact), wanted))
    typer.echo(f"{who}: {shown(stored)}")
    if not contact and who not in read_blends(read_document(find_config())):
        typer.echo(f"note: `{who}` is a new contact type", err=True)
    in_force = {facet for worker in _with_redis(present_workers) for facet in worker.facets}
    for name in sorted(stored.keys() - in_force):
        typer.echo(f"note: no worker has a facet `{name}` yet; its weight goes to `core` until then", err=True)


@blend.command()
def clear(who: Who, contact: Contact = False) -> None:
    """Go back to the blend of the configuration."""
    if not _with_redis(lambda client: clear_blend(client, _scope(who, contact))):
        raise ConfigError(f"`{who}` has no blend of its own", "`selfsame blend show` lists those that do")
    typer.echo(f"{who}: back to the default")


@blend.command()
def show(as_json: Json = False) -> None:
    """The blend of every contact type, and of every contact that has its own."""
    defaults = read_blends(read_document(find_config()))
    book = _with_redis(lambda client: load_book(client, defaults))
    if as_json:
        typer.echo(json.dumps({"types": _types(book), "contacts": dict(book.contacts)}))
        return
    for name, weights in _types(book).items():
        mark = "set" if name in book.types else "default"
        typer.echo(f"{name:<12} {shown(weights):<40} {mark}  {blend_name(weights)}")
    for name, weights in book.contacts.items():
        typer.echo(f"{name:<12} {shown(weights):<40} contact  {blend_name(weights)}")


@app.command()
def facets(as_json: Json = False) -> None:
    """The facets in force, with their versions."""
    from model_server.facet_files import read_live

    live = read_live(find_home(find_config()))
    if as_json:
        typer.echo(json.dumps(live))
        return
    for name, version in sorted(live.items()):
        typer.echo(f"{name:<12} {version}")
    if not live:
        typer.echo("no facet yet → `selfsame import`, then `selfsame train` (does it run? `selfsame status`)", err=True)


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


def shown(weights: Blend) -> str:
    """`core=0.6 family=0.4`, heaviest first; the base model alone is said in words."""
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    return " ".join(f"{name}={weight:g}" for name, weight in ranked) or "the base model alone"


def _types(book: BlendBook) -> dict[str, Blend]:
    return {name: resolve(book, name, "") for name in {**book.defaults, **book.types}}


def _scope(who: str, contact: bool) -> Scope:
    return ("contact", who) if contact else ("type", who)


def _with_redis(act: Callable[[redis.asyncio.Redis], Awaitable[T]]) -> T:
    path = find_config()
    return ask_instance(redis_url(read_section(read_document(path), "redis", RedisConfig), find_home(path)), act)
