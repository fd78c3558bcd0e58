"""How a ballot and what the votes say look on a terminal, and as data. Knows no command, no file and no model."""

from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from model_server.blend_picture import in_words
from training.commands.shown import shown
from training.votes.ballots import Ballot
from training.votes.invites import Seat
from training.votes.tally import Tally, Verdict


def print_ballot(console: Console, ballot: Ballot, place: Seat) -> None:
    """The line with what came before it, and both replies."""
    console.clear()
    console.rule(f"{place.done + 1} of {place.total}", style="dim")
    for line in ballot.context:
        mine = line.author == "owner"
        name = "you" if mine else ballot.contact_name or "contact"
        console.print(Text.assemble((f"{shown(name)}: ", "dim" if mine else "bold"), shown(line.text)))
    for number, reply in enumerate(ballot.replies, 1):
        console.print(Panel(Text(shown(reply)), title=str(number), title_align="left", width=min(console.width, 76)))


def print_results(rows: list[tuple[Tally, bool]]) -> None:
    """A line for each round; `rows`: and whether it is about the blend and the facets of now."""
    table = Table("type", "beside the clone", "picked", "of", "95 %", "alike", "friends", "", box=None)
    for one, current in rows:
        rival = "you" if one.round.rival is None else in_words(one.round.rival)
        share, ci = one.share, one.ci
        table.add_row(
            one.round.contact_type,
            Text(rival),
            "-" if share is None else f"{share:.0%}",
            str(one.decided),
            "-" if ci is None else f"{ci[0]:.0%} to {ci[1]:.0%}",
            str(one.same),
            str(one.guests),
            "" if current else "of former facets or blends",
        )
    console = Console()
    console.print(table)
    console.print(
        "picked: how often it was taken for the likelier one; 50 % is no difference. Beside you, 50 % means that the"
        " clone cannot be told from you.",
        style="dim",
    )


def as_data(one: Tally, current: bool) -> dict[str, Any]:
    """One round, without anybody's words."""
    return {
        "type": one.round.contact_type,
        "against": "owner" if one.round.rival is None else "blend",
        "ours": one.round.ours,
        "rival": one.round.rival,
        "wins_ours": one.ours,
        "wins_rival": one.rival,
        "ties": one.same,
        "share_rival": one.share,
        "ci": one.ci,
        "identical": one.round.identical,
        "empty": one.round.empty,
        "voters": one.voters,
        "guest_votes": one.guests,
        "open": one.open,
        "current": current,
    }


def in_short(verdict: Verdict) -> str:
    """The figures behind a verdict, and what is missing for one."""
    one = verdict.tally
    if one.share is None or one.ci is None:
        return f"{verdict.more} votes that see a difference are the fewest that can decide"
    counted = (
        f"the other blend was picked {one.rival} of {one.decided} times (95 %: {one.ci[0]:.0%} to {one.ci[1]:.0%})"
    )
    if verdict.blend is not None:
        return counted
    more = "as it stands no number of votes would" if verdict.more is None else f"about {verdict.more} more votes could"
    return f"{counted}; {more} decide"
