"""The page of the vote: one ballot, two buttons, no script. Nothing in it tells which reply is whose.

Knows ballots and words, and no request.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path

import jinja2

from training.votes.ballots import Ballot
from training.votes.invites import Seat, Voter

_HERE = Path(__file__).parent
_LOOK = (_HERE.parent / "report" / "page.css", _HERE / "page.css")


def render_ballot(ballot: Ballot, seat: Seat, voter: Voter, owner: str) -> str:
    """The ballot that a voter decides next."""
    if voter.ids is None:
        where = f"{ballot.contact_name or 'Somebody'} wrote to you"
        says = ["Two replies to a line you really got. Pick the one you would have sent."]
        small = ["Skip what you remember answering."]
    else:
        where = f"You wrote to {owner}"
        says = [f"Two replies to a line of yours. Pick the one {owner} would have sent."]
        small = [
            "Skip what you remember the answer to.",
            f"At least one of them is by a machine that learned from {owner}. Only lines of your own chats with {owner}"
            " are shown here, to nobody but you two. What is kept is which one you picked.",
        ]
    title = "Which one sounds like you?" if voter.ids is None else f"Which one sounds like {owner}?"
    mine = voter.ids is None
    other = (ballot.contact_name or "Somebody") if mine else owner
    return _render(
        title=title, says=says, small=small, seat=seat, ballot=ballot, where=where, for_owner=mine, other=other
    )


def render_end(seat: Seat, voter: Voter, owner: str) -> str:
    """All is voted on, or there is nothing yet."""
    if not seat.total:
        later = "selfsame vote prepare" if voter.ids is None else f"{owner} may have something for you later."
        return _render(title="There is nothing to vote on", says=[later], small=[], seat=seat)
    says = ["What was said: selfsame vote results"] if voter.ids is None else [f"{owner} will see how often each won."]
    return _render(title="That was all, thank you", says=says, small=["This page can be closed."], seat=seat)


def render_closed(owner: str) -> str:
    """What anybody sees whose link is none, has expired or was taken back."""
    return _render(
        title="This link does not work", says=[f"It may have expired. {owner} can make a new one."], small=[], seat=None
    )


def render_failed() -> str:
    """Something went wrong on our side; what, is nobody's business."""
    return _render(title="That did not work", says=["Please try again in a moment."], small=[], seat=None)


@cache
def style() -> str:
    """The look of the page."""
    return "".join(path.read_text(encoding="utf-8") for path in _LOOK)


@cache
def policy() -> str:
    """What the page may do: show itself, in its own look, and post to where it came from."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _render(*, title: str, says: list[str], small: list[str], seat: Seat | None, **more: object) -> str:
    return (
        _environment()
        .get_template("page.html")
        .render(title=title, says=says, small=small, seat=seat, style=style(), **{"ballot": None} | more)
    )


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
