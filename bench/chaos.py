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

COLUMNS = (
    "lines",
    "turns",
    "not_taken",
    "lost",
    "answered_twice",
    "out_of_order",
    "without_notice",
    "not_ended",
    "unknown",
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
    table = Table("round", "platform", "s", "killed", "stopped", "redis killed", *COLUMNS)
    for number, report in enumerate(reports, start=1):
        platform = "knows ids" if report.resend_is_safe else "knows none"
        harm = (report.seconds, report.kills, report.stops, report.redis_kills)
        counts = [getattr(report.verdict, name) for name in COLUMNS]
        table.add_row(str(number), platform, *map(str, (*harm, *counts)))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--chats", type=int, default=40)
    parser.add_argument("--lines", type=int, default=600, help="per round")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args()
    console = Console(stderr=options.json, width=None if sys.stdout.isatty() else 180)
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
