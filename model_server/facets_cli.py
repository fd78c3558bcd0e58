"""The commands `selfsame facets` and `selfsame rollback`: every version with its figures, and the way back.

Parsing and printing only; what a version is, and what may go live, is `live_facets`. Torch-free.
"""

import json
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from model_server.config import find_config
from model_server.home import find_home
from model_server.live_facets import VersionRecord, read_live, read_versions
from model_server.live_facets import rollback as roll_back
from model_server.privacy import left_to_forget

_PIPED_COLUMNS = 180
_LEGEND = """\
validation: nats per token of the validation replies, lower is closer to you
likeness: by how much it fits your held-out replies better than the version before, with its 95 % interval
secrets: how many of the made-up ones planted in its conversations it gives away
exposure: in bits, how far it prefers those to others nobody ever wrote; chance alone gives a few
overlap: the most words in a row of one private conversation that it says of itself"""
_STYLES = {"live": "green", "refused": "red"}


def facets(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Every version of every facet, with what was measured of it; `live` is what answers."""
    home = find_home(find_config())
    live, versions = read_live(home), read_versions(home)
    if as_json:
        typer.echo(json.dumps({"live": live, "versions": msgspec.to_builtins(versions)}))
    elif versions:
        console = Console()
        if not console.is_terminal:
            console.width = _PIPED_COLUMNS
        console.print(_table(versions, {one.version for one in versions if left_to_forget(home, one.privacy)}))
        Console(stderr=True).print(_LEGEND, style="dim", highlight=False, soft_wrap=True)  # a pipe gets the table alone
    else:
        typer.echo("no facet yet → `selfsame import`, then `selfsame train` (does it run? `selfsame status`)", err=True)


def rollback(
    facet: Annotated[str, typer.Argument(help="As in `selfsame facets`.")],
    version: Annotated[str, typer.Argument(help="Left out: the one that was live before.", show_default=False)] = "",
) -> None:
    """Go back to an earlier version of a facet. A running worker takes it in within a second or two."""
    record = roll_back(find_home(find_config()), facet, version)
    typer.echo(f"{facet}: version {record.version} of {_when(record)} is live")


def _table(versions: tuple[VersionRecord, ...], outdated: set[str]) -> Table:
    """Facet by facet, `core` first; of each the newest version first. `outdated`: those that may know what is to be
    left out by now."""
    table = Table(
        *("facet", "version", "state", "when", "by", "validation", "likeness", "secrets", "exposure", "overlap", "why"),
        box=None,
        pad_edge=False,
    )
    for record in sorted(versions, key=lambda one: (one.facet != "core", one.facet, -one.at_ms)):
        secrets = "-" if record.canaries is None else f"{record.extracted or 0} of {record.canaries}"
        table.add_row(
            record.facet,
            record.version,
            record.state,
            _when(record),
            record.made_by,
            _number(record.validation, ".3f"),
            _change(record),
            secrets,
            _number(record.exposure_bits, ".1f"),
            _number(record.longest_overlap, "d"),
            _why(record, outdated),
            style=_STYLES.get(record.state, ""),
        )
    return table


def _why(record: VersionRecord, outdated: set[str]) -> str:
    if record.state == "live" and record.version in outdated:
        return "may know what was forgotten or cut since → selfsame train"
    return record.reason or ("an epoch that was not judged" if record.state == "candidate" else "")


def _change(record: VersionRecord) -> str:
    """By how much held-out loss fell against the version before, with its interval: above zero is closer."""
    if record.likeness_change is None:
        return "-"
    gained = f"{-record.likeness_change:+.1%}"
    return gained + (f" [{-record.likeness_ci[1]:+.1%}, {-record.likeness_ci[0]:+.1%}]" if record.likeness_ci else "")


def _number(figure: float | None, kind: str) -> str:
    return "-" if figure is None else format(figure, kind)


def _when(record: VersionRecord) -> str:
    return datetime.fromtimestamp(record.at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
