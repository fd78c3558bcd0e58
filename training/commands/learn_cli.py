"""`selfsame learn`: parsing, progress and printing only. What is learned, and what goes live, is `training.learn`'s."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from training.commands.instance import open_instance, settle

if TYPE_CHECKING:
    from model_server.blends import BlendBook
    from model_server.config import Document
    from model_server.corrections import Correction
    from model_server.home import Home
    from training.learn.outcome import Taught
    from training.learn.teaching import Told


def learn(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
    facet: Annotated[str, typer.Option("--facet", help="Only this facet.")] = "",
    nightly: Annotated[bool, typer.Option("--nightly", help="Stay, and learn every night.")] = False,
) -> None:
    """Make better facets of what you did with drafts and wrote yourself; what is better goes live without a restart."""
    document, home = open_instance()
    home.create()
    if nightly:
        _stay(document, home)
        return
    from model_server.config import read_section
    from model_server.errors import FacetError
    from model_server.live_facets import read_live
    from model_server.log import configure_logging
    from training.learn.config import LearningConfig
    from training.learn.outcome import waiting
    from training.learn.planning import plan_learning
    from training.scrub.config import ScrubConfig

    config = read_section(document, "learning", LearningConfig)
    scrub = read_section(document, "scrub", ScrubConfig)
    live = read_live(home)
    if not live:
        raise FacetError("no facet has been trained yet", "run `selfsame train` first")
    if facet and facet not in live:
        raise FacetError(f"no facet that is live is called `{facet}`", "`selfsame facets` lists those there are")
    acts, book = _read(document, home)
    plans = plan_learning(home, scrub, acts, book, config.min_corrections)
    plans = [plan for plan in plans if facet in ("", plan.facet)]
    taught = [waiting(plan) for plan in plans]
    if any(plan.ready for plan in plans):
        configure_logging("learning", home, console=False)
        settings = settle(document)
        from training.learn.teaching import teach_all

        with _bar() as told:
            try:
                taught = teach_all(settings, home, plans, book, told)
            except KeyboardInterrupt:
                print("stopped; the same command goes on where it was", file=sys.stderr)
                raise
    if as_json:
        print(json.dumps({"facets": msgspec.to_builtins(taught), "corrections": len(acts)}))
    else:
        _show(taught, len(acts))


def _read(document: "Document", home: "Home") -> "tuple[list[tuple[str, Correction]], BlendBook]":
    """Everything the owner did, and the blends in force. RedisUnavailable when no instance runs."""
    import redis.asyncio

    from model_server.blend_store import load_book
    from model_server.blends import read_blends
    from model_server.config import RedisConfig, read_section
    from model_server.corrections import all_corrections
    from model_server.fitted import read_fitted
    from model_server.redis_link import ask_instance, redis_url

    fitted = read_fitted(home)

    async def read(client: redis.asyncio.Redis) -> "tuple[list[tuple[str, Correction]], BlendBook]":
        book = await load_book(client, read_blends(document), fitted)
        return [one async for one in all_corrections(client)], book

    return ask_instance(redis_url(read_section(document, "redis", RedisConfig), home), read)


@contextmanager
def _bar() -> "Iterator[Told]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[loss]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("loading the base model", total=None, loss="")
        doing = ""

        def told(facet: str, what: str, done: int, total: int, loss: float | None) -> None:
            nonlocal doing
            if doing != (doing := f"{facet}: {what}"):
                progress.reset(task, description=doing, loss="")
            said = "" if loss is None else f"loss {loss:.3f}"
            progress.update(task, completed=done, total=total or None, loss=said)

        yield told


def _show(taught: "list[Taught]", acts: int) -> None:
    from rich.console import Console
    from rich.table import Table

    if not taught:
        print(f"nothing to learn yet: {acts} corrections → edit, discard or answer drafts, or write yourself")
        return
    console = Console(highlight=False)
    if done := [one for one in taught if one.habit is not None]:
        table = Table("facet", "lessons", "held out", "gained", "likeness", "now", box=None)
        for one in done:
            table.add_row(*_figures(one))
        console.print(table)
    for one in taught:
        if one.reason:
            console.print(f"{one.facet}: {one.state}, {one.reason}", soft_wrap=True)


def _figures(one: "Taught") -> tuple[str, ...]:
    """`held out`: the mean loss of lessons that were not taught; `gained`: in how many of their pairs the wanted reply
    has gained on the other; `likeness`: more is closer to the owner."""
    habit, change = one.habit, one.likeness_change
    assert habit is not None
    gained = "-" if habit.gained is None else f"{habit.gained:.0%} of {habit.pairs}"
    held = f"{habit.loss_before:.2f} → {habit.loss_after:.2f}" if habit.lessons else "-"
    likeness = "-" if change is None else f"{-change:+.2%}"
    return one.facet, str(one.lessons), held, gained, likeness, one.state


def _stay(document: "Document", home: "Home") -> None:
    """Wait for the nights. A configuration that has to be mended first is EX_CONFIG: whoever keeps us up stops then."""
    from datetime import tzinfo
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from tzlocal import get_localzone

    from model_server.config import OwnerConfig, read_section
    from model_server.errors import ConfigError
    from model_server.log import configure_logging
    from training.learn.config import LearningConfig
    from training.learn.nightly import Nightly, same_command_without

    try:
        config = read_section(document, "learning", LearningConfig)
        named = read_section(document, "owner", OwnerConfig).timezone
        zone: tzinfo = ZoneInfo(named) if named else get_localzone()
    except (ConfigError, ZoneInfoNotFoundError, ValueError) as error:
        print(f"selfsame: {error}", file=sys.stderr)
        raise typer.Exit(os.EX_CONFIG) from None
    configure_logging("learner", home, console=False)
    at = config.at if config.nightly else ""
    said = f"learns at {at}" if at else "nightly is false in [learning]: it only waits"
    Nightly(same_command_without("--nightly"), at, zone).run(lambda: print(said, file=sys.stderr, flush=True))
