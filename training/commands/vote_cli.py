"""`selfsame vote`: a blind vote between replies, on this terminal, on a page, or by friends. Parsing and printing only.

Text of people is shown on a terminal and on the page, and in no `--json`.
"""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from model_server.config import Document, OwnerConfig, read_section
from model_server.errors import ConfigError, CorpusError
from model_server.home import Home
from training.commands.instance import blends_in_force, open_instance
from training.commands.shown import shown
from training.commands.vote_prepare_cli import make_ballots, read_against

if TYPE_CHECKING:
    from rich.console import Console

    from training.contacts import Contact
    from training.votes.ballots import Choice
    from training.votes.tally import Tally

vote_app = typer.Typer(help="A blind vote: two replies to a line you really got, and you pick the one you would send.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
OfType = Annotated[str, typer.Option("--type", help="Only this contact type.")]
Named = Annotated[str, typer.Argument(metavar="CONTACT", help="A name, or an id where names repeat.")]
_PORT = 8090
_KEYS: "dict[str, Choice]" = {"1": "first", "2": "second", "=": "same", "s": "skip"}


@vote_app.callback(invoke_without_command=True)
def vote(context: typer.Context, contact_type: OfType = "") -> None:
    """Vote in this terminal. Where nothing is prepared, that comes first."""
    if context.invoked_subcommand is not None:
        return
    if not _is_terminal():
        raise CorpusError("votes are asked for on a terminal", "or on a page: selfsame vote serve")
    document, home = _open()

    from rich.console import Console

    from training.commands.vote_screen import print_ballot
    from training.votes.invites import THE_OWNER, cast, seat

    if not seat(home, THE_OWNER, contact_type).total:
        make_ballots(document, home, contact_type, "", 20)
    former = [one for one, now in _tallies(document, home) if not now and contact_type in ("", one.round.contact_type)]
    if count := sum(one.open for one in former):
        print(f"note: {_ballots(count)} of former facets or blends, which `vote apply` does not count", file=sys.stderr)
        print("      → selfsame vote prepare makes new ones", file=sys.stderr)
    console = Console()
    while (place := seat(home, THE_OWNER, contact_type)).ballot is not None:
        print_ballot(console, place.ballot, place)
        choice = _asked(console)
        if choice is None:
            break
        cast(home, THE_OWNER, place.ballot.ballot_id, choice)
    print(f"{place.done} of {place.total} done → selfsame vote results")


@vote_app.command()
def prepare(
    contact_type: OfType = "",
    against: Annotated[
        str,
        typer.Option(
            metavar="default|core|owner|BLEND",
            help="What the blend in force is put beside (a BLEND: core=0.6,friend=0.4); half another blend, half you.",
        ),
    ] = "",
    ballots: Annotated[int, typer.Option(min=1, help="Lines for each comparison.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Have the clone answer lines it never saw. Stopped at any point, it goes on from there."""
    document, home = _open()
    added, notes = make_ballots(document, home, contact_type, read_against(against), ballots)
    if as_json:
        rounds = [
            {"type": one.contact_type, "ours": one.ours, "rival": one.rival, "new": count} for one, count in added
        ]
        print(json.dumps({"rounds": rounds, "notes": notes}))
        return
    print(f"{_ballots(sum(count for _, count in added))} made → selfsame vote")
    for note in notes:
        print(note)


@vote_app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="On this machine alone.")] = _PORT,
    name: Annotated[
        list[str] | None, typer.Option(help="A name by which a proxy or tunnel reaches this page, for friends.")
    ] = None,
) -> None:
    """Vote on a page, at the address that is printed; it needs no script.

    Friends reach it by `selfsame vote invite`, through a proxy of yours.
    """
    document, home = _open()
    owner = _owner(document)

    from model_server.log import configure_logging
    from training.votes import serving
    from training.votes.invites import THE_OWNER, new_token, seat

    if not seat(home, THE_OWNER).total:
        print("note: no ballot is made yet → selfsame vote prepare", file=sys.stderr)
    home.create()
    configure_logging("votes", home)
    token, _digest = new_token()
    serving.serve(
        home,
        owner,
        token,
        port=port,
        names=name or [],
        told=lambda link: print(f"your page, until Ctrl-C: {link}", flush=True),
    )


@vote_app.command()
def invite(
    named: Named,
    days: Annotated[float, typer.Option(min=0.01, max=365, help="How long the link works.")] = 14,
    at: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where they reach `selfsame vote serve`: https://votes.example.org")
    ] = f"http://127.0.0.1:{_PORT}",
    as_json: AsJson = False,
) -> None:
    """A link for a friend. It shows lines of their own chats with you, and nobody else's."""
    _, home = _open()

    from training.contacts import read_excluded
    from training.votes.invites import Voter, seat
    from training.votes.invites import invite as make

    contact = _contact(home, named)
    if read_excluded(home).intersection(contact.ids):
        raise CorpusError(f"{contact.name!r} asked to be forgotten", "nothing of that chat is shown to anybody")
    total = seat(home, Voter("", frozenset(contact.ids))).total
    if not total:
        raise CorpusError(
            f"no ballot is of a chat of {contact.name!r} alone", "make some: selfsame vote prepare --ballots 40"
        )
    link = f"{at.rstrip('/')}/v/{make(home, contact, days)}"
    if as_json:
        print(json.dumps({"contact": contact.name, "link": link, "days": days, "ballots": total}))
        return
    print(link)
    print(
        f"for {shown(contact.name)} alone, {days:g} days, {_ballots(total)}; it works while `selfsame vote serve` runs"
        f" → to take it back: selfsame vote revoke {shown(named)}",
        file=sys.stderr,
    )


@vote_app.command()
def revoke(named: Named, as_json: AsJson = False) -> None:
    """Take back every link of a friend, at once."""
    _, home = _open()

    from training.votes.invites import revoke as take_back

    contact = _contact(home, named)
    count = take_back(home, contact)
    if as_json:
        print(json.dumps({"contact": contact.name, "revoked": count}))
    else:
        print(f"{shown(contact.name)}: {count} {'link' if count == 1 else 'links'} taken back")


@vote_app.command()
def results(as_json: AsJson = False) -> None:
    """What the votes say, with 95 % intervals."""
    document, home = _open()

    from training.commands.vote_screen import as_data, print_results

    rows = _tallies(document, home)
    if as_json:
        print(json.dumps({"rounds": [as_data(one, current) for one, current in rows]}))
        return
    if not any(one.decided or one.same for one, _ in rows):
        print("nobody has voted yet → selfsame vote" if rows else "no ballot is made yet → selfsame vote prepare")
        return
    print_results([row for row in rows if row[0].decided or row[0].same])


@vote_app.command()
def apply(
    contact_type: Annotated[str, typer.Argument(metavar="TYPE", help="The contact type.")], as_json: AsJson = False
) -> None:
    """Give a contact type the blend that won, if the votes are sure; like `selfsame blend set`, in force at once."""
    document, home = _open()

    from model_server.blend_picture import in_words
    from model_server.blend_store import set_blend
    from model_server.config import RedisConfig
    from model_server.redis_link import ask_instance, redis_url
    from training.commands.vote_screen import in_short
    from training.votes.tally import choose_blend

    current = [one for one, now in _tallies(document, home) if now and one.round.contact_type == contact_type]
    verdict = choose_blend(current)
    if verdict is None:
        raise CorpusError(
            f"no other blend was voted on beside the one that answers `{contact_type}` now",
            f"selfsame vote prepare --type {contact_type} --against core, then: selfsame vote",
        )
    if (blend := verdict.blend) is not None:
        if still := verdict.tally.open:
            print(f"note: {_ballots(still)} open; who stops as soon as it looks sure errs more often", file=sys.stderr)
        url = redis_url(read_section(document, "redis", RedisConfig), home)
        ask_instance(url, lambda client: set_blend(client, ("type", contact_type), blend))
    if as_json:
        one = verdict.tally
        print(json.dumps({"applied": blend is not None, "blend": blend, "more": verdict.more, "share": one.share}))
    elif blend is not None:
        print(f"{contact_type}: {in_words(blend)}, {in_short(verdict)} → back by: selfsame blend clear {contact_type}")
    else:
        print(f"{contact_type}: not decided, nothing changed: {in_short(verdict)}")


def _open() -> tuple[Document, Home]:
    """The instance, without what somebody who was left out has left in its votes."""
    document, home = open_instance()

    from training.votes.store import drop_left_out

    drop_left_out(home)
    return document, home


def _ballots(count: int) -> str:
    return f"{count} {'ballot' if count == 1 else 'ballots'}"


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _tallies(document: Document, home: Home) -> "list[tuple[Tally, bool]]":
    """Every round, and whether it is about the blend and the facets of now."""
    from model_server.live_facets import read_live
    from training.votes.rounds import ours_of
    from training.votes.store import read_votes
    from training.votes.tally import is_current, tally

    votes, live = read_votes(home), read_live(home)
    book, _ = blends_in_force(document, home)
    return [
        (one, is_current(one.round, ours_of(book, one.round.contact_type, live), live))
        for one in tally(votes.rounds, votes.ballots, votes.votes)
    ]


def _asked(console: "Console") -> "Choice | None":
    """What the owner picks; None: enough for now."""
    console.print("which would you have sent?  [b]1[/b]  [b]2[/b]  [b]=[/b] alike  [b]s[/b]kip  [b]q[/b]uit")
    while (key := typer.getchar().lower()) not in _KEYS:
        if key in ("q", "\x04"):
            return None
    return _KEYS[key]


def _owner(document: Document) -> str:
    return read_section(document, "owner", OwnerConfig).name


def _contact(home: Home, named: str) -> "Contact":
    from training.contacts import find_contact, read_contacts

    contact = find_contact(read_contacts(home), named)
    if not contact.ids:
        raise ConfigError(f"{contact.name!r} has no id", "import a chat with them first")
    return contact
