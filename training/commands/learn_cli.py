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
    from training.learn.now import Told
    from training.learn.outcome import Taught


_LEGEND = """\
held out: how badly it does on corrections it was not taught, before → after
gained: in how many of those edits your words have gained on the draft
likeness: by how much it fits your held-out replies elsewhere better than before"""


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
    from training.scrubbed import check_scrubbed
    from training.votes.store import drop_left_out

    config = read_section(document, "learning", LearningConfig)
    scrub = read_section(document, "scrub", ScrubConfig)
    drop_left_out(home)
    live = read_live(home)
    if not live:
        raise FacetError("no facet has been trained yet", "run `selfsame train` first")
    if facet and facet not in live:
        raise FacetError(f"no facet that is live is called `{facet}`", "`selfsame facets` lists those there are")
    check_scrubbed(home, scrub)  # old conversations are rehearsed
    acts, book = _read(document, home)
    plans = plan_learning(home, scrub, acts, book, config.min_corrections)
    plans = [plan for plan in plans if facet in ("", plan.facet)]
    taught = [waiting(plan) for plan in plans]
    if any(plan.ready for plan in plans):
        configure_logging("learning", home, console=False)
        with _progress() as told:
            settings = settle(document)

            from training.learn.teaching import teach_all

            try:
                taught = teach_all(settings, home, plans, book, told)
            except KeyboardInterrupt:
                print("stopped; the same command goes on where it was", file=sys.stderr)
                raise
    if as_json:
        print(json.dumps({"facets": msgspec.to_builtins(taught), "corrections": len(acts)}))
    elif taught:
        _show(taught)
    else:
        print(_nothing(len(acts), facet))


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
def _progress() -> "Iterator[Told]":
    from rich.progress import TextColumn

    from training.bars import bar, begin

    with bar(TextColumn("{task.fields[figures]}")) as (progress, task):
        doing = ""

        def told(facet: str, what: str, done: int, total: int, loss: float | None) -> None:
            nonlocal doing
            if doing != (doing := f"{facet}: {what}"):
                begin(progress, task, doing, done, total)
            said = "" if loss is None else f"loss {loss:.3f}"
            progress.update(task, completed=done, total=total or None, figures=said)

        yield told


def _nothing(acts: int, facet: str) -> str:
    """Why there is not even a plan, and what would make one."""
    whose = f"{facet}: " if facet else ""
    found = f", none of use among what you did so far (corrections: {acts})" if acts else ""
    return f"{whose}nothing to learn yet{found} → edit, discard or answer drafts, or write yourself"


def _show(taught: "list[Taught]") -> None:
    from rich.console import Console
    from rich.table import Table

    from training.commands.shown import shown

    console = Console(highlight=False)
    if done := [one for one in taught if one.habit is not None]:
        table = Table("facet", "lessons", "held out", "gained", "likeness", "now", box=None)
        for one in done:
            table.add_row(*_figures(one))
        console.print(table)
        Console(stderr=True).print(_LEGEND, style="dim", highlight=False, soft_wrap=True)
    for one in taught:
        for trait in one.traits:
            did = "putting in" if trait.put_in else "taking out"
            what = f"“{trait.piece}” {trait.where}".strip()
            told = f"{one.facet}: you keep {did} {what}, {trait.times} of {trait.of} times"
            console.print(shown(told).replace("\n", "⏎"), markup=False, soft_wrap=True)
        if one.reason:
            console.print(f"{one.facet}: {one.state}, {one.reason}", soft_wrap=True)


def _figures(one: "Taught") -> tuple[str, ...]:
    """`held out`: the mean loss of lessons that were not taught; `gained`: in how many of their pairs the wanted reply
    has gained on the other; `likeness`: more is closer to the owner."""
    habit, change = one.habit, one.likeness_change
    assert habit is not None
    gained = "-" if habit.gained is None else f"{habit.gained:.0%} of {habit.pairs}"
    held = f"{habit.loss_before:.2f} → {habit.loss_after:.2f}" if habit.lessons else "-"
    likeness = "-" if change is None else f"{-change:+.1%}"
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
    from training.learn.nightly import Nightly, commands_of_a_night
    from training.votes.store import drop_left_out

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
    nightly = Nightly(lambda: commands_of_a_night(home), at, zone, lambda: drop_left_out(home))
    nightly.run(lambda: print(said, file=sys.stderr, flush=True))
