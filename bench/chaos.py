"""`make chaos`: rounds of killed and stopped processes until the seconds are over; a table, exit code 1 on any breach.

A round always runs to its end, so the last one may go past the seconds. Rounds alternate between a platform that knows
a bubble again by its id and one that does not.
"""

import argparse
import asyncio
import json
import sys
import time

import msgspec
from rich.console import Console
from rich.table import Table

from tests.chaos import arena

HARMS = ("seconds", "kills", "stops", "redis_kills")
COUNTS = (
    "lines",
    "turns",
    "not_taken",
    "lost",
    "answered_twice",
    "out_of_order",
    "without_notice",
    "not_ended",
    "unknown",
    "unexplained",
    "resent",
    "notices_again",
)


async def rounds(options: argparse.Namespace, console: Console) -> list[arena.Report]:
    """Run until the time is over, or to the first breach."""
    reports: list[arena.Report] = []
    began = time.monotonic()
    while not reports or (time.monotonic() - began < options.seconds and reports[-1].verdict.clean):
        number = len(reports)
        with console.status("") as status:
            report = await arena.run(
                options.chats,
                options.lines,
                options.lines / 20,
                options.seed + number,
                patience_s=300,
                resend_is_safe=number % 2 == 1,
                progress=lambda said, number=number: status.update(f"round {number + 1}: {said}"),  # type: ignore[misc]
            )
        reports.append(report)
    return reports


def show(reports: list[arena.Report], console: Console) -> None:
    """A column a round, a row a number."""
    table = Table("round", *(str(number) for number in range(1, len(reports) + 1)), "all")
    table.add_row("platform knows ids", *("yes" if report.resend_is_safe else "no" for report in reports))
    for name in HARMS:
        _add(table, name, [getattr(report, name) for report in reports])
    for name in COUNTS:
        _add(table, name, [getattr(report.verdict, name) for report in reports])
    console.print(table)


def _add(table: Table, name: str, numbers: list[float]) -> None:
    table.add_row(name.replace("_", " "), *(f"{number:g}" for number in (*numbers, sum(numbers))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--chats", type=int, default=40)
    parser.add_argument("--lines", type=int, default=600, help="per round")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args()
    console = Console(stderr=options.json)
    reports = asyncio.run(rounds(options, console))
    clean = all(report.verdict.clean for report in reports)
    if options.json:
        print(json.dumps({"clean": clean, "rounds": msgspec.to_builtins(reports)}))
    else:
        show(reports, console)
        console.print("the promise held" if clean else "[red]the promise was broken[/red]")
    sys.exit(not clean)


if __name__ == "__main__":
    main()
