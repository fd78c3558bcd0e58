"""Ballots: a real held-out line, two anonymous replies to it, and who may see them. Pure.

Knows no model and no file. Each line is asked once in all: the same reply beside two others would give away whose it
is. Which of two stands first is drawn by lot when a ballot is made, and kept.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal

import msgspec

from model_server.contract import Blend, Line
from model_server.placeholders import holds_placeholder
from training.likeness.prompts import Prompt

CONTEXT_LINES = 6
"""How much of a chat is shown, the lines that are answered included."""
OWNER = ""
"""The owner as a voter; every guest is another word."""

Choice = Literal["first", "second", "same", "skip"]
Picked = Literal["ours", "rival", "same", "skip"]

_LONG_NUMBER = re.compile(r"\d(?:[ ./-]?\d){4,}")


class Shown(msgspec.Struct, frozen=True):
    """A line of the chat, as a voter reads it."""

    author: Literal["contact", "owner"]
    text: str


class Round(msgspec.Struct, frozen=True):
    """One comparison for one contact type: the blend in force (`ours`) and another, or the owner's real replies."""

    round_id: str
    contact_type: str
    ours: Blend
    rival: Blend | None
    """None: the owner."""
    versions: dict[str, str]
    """The live facets, of all that speak in it."""
    at_ms: int
    asked: tuple[str, ...] = ()
    """Digests of the lines that were asked."""
    identical: int = 0
    """Lines to which both replied the same: there is nothing to vote on."""
    empty: int = 0
    """Lines to which one of both had nothing to say, or no room for it."""


class Ballot(msgspec.Struct, frozen=True):
    """Two replies to one line. `replies` as they are shown; `ours`: which of them is of the blend in force."""

    ballot_id: str
    round_id: str
    contact_type: str
    contact_ids: tuple[str, ...]
    contact_name: str
    context: tuple[Shown, ...]
    replies: tuple[str, str]
    ours: Literal[0, 1]
    for_contact: bool
    """Whether the contact himself may see it: all of it was said to him alone, or is fit to be."""


class Vote(msgspec.Struct, frozen=True):
    """What one voter picked. Nothing in it names a contact."""

    ballot_id: str
    round_id: str
    picked: Picked
    voter: str
    at_ms: int


def line_digest(prompt: Prompt) -> str:
    """Names the turn that is answered."""
    place = f"{prompt.session.chat_key}\x1f{prompt.lines[-1].line_id}"
    return hashlib.blake2b(place.encode(), digest_size=8).hexdigest()


def share_out(
    prompts: Iterable[Prompt], needs: Sequence[int], may: Callable[[int, Prompt], bool]
) -> list[list[Prompt]]:
    """Each prompt to one round at most: to the one that is furthest from what it needs and `may` have it."""
    shares: list[list[Prompt]] = [[] for _ in needs]
    for prompt in prompts:
        wanting = [at for at, need in enumerate(needs) if len(shares[at]) < need and may(at, prompt)]
        if wanting:
            shares[max(wanting, key=lambda at: (needs[at] - len(shares[at]), -at))].append(prompt)
    return shares


def tidy(reply: str) -> str:
    """Bubbles on lines, without white space around them and without empty ones: nothing but words tells who wrote."""
    return "\n".join(text for line in reply.splitlines() if (text := line.strip()))


def context_of(lines: Sequence[Line]) -> tuple[Shown, ...]:
    """The last lines; what the persona said stands under the owner's name, as the contact saw it."""
    return tuple(
        Shown("contact" if line.author == "contact" else "owner", line.text.strip())
        for line in lines[-CONTEXT_LINES:]
        if line.text.strip()
    )


def tells_a_secret(reply: str, context: Iterable[Shown]) -> bool:
    """Whether a machine's reply holds a placeholder of something private, or a long number nobody in the chat wrote."""
    said = {_digits(found) for line in context for found in _LONG_NUMBER.findall(line.text)}
    numbers = {_digits(found) for found in _LONG_NUMBER.findall(reply)}
    return holds_placeholder(reply) or bool(numbers - said)


def choice_of(ballot: Ballot, choice: Choice) -> Picked:
    """Who was picked."""
    if choice in ("same", "skip"):
        return choice
    return "ours" if (choice == "second") == bool(ballot.ours) else "rival"


def visible(ballots: Iterable[Ballot], ids: Collection[str] | None) -> list[Ballot]:
    """What a voter may see: the owner (None) everything, a contact with these ids what was said to him and nobody else.

    In an order that says nothing.
    """
    found = [
        one
        for one in ballots
        if ids is None or (one.for_contact and one.contact_ids and set(one.contact_ids) <= set(ids))
    ]
    return sorted(found, key=lambda one: one.ballot_id)


def still_open(ballots: Iterable[Ballot], votes: Iterable[Vote], voter: str) -> list[Ballot]:
    """Those on which this voter has not said anything yet."""
    done = {vote.ballot_id for vote in votes if vote.voter == voter}
    return [one for one in ballots if one.ballot_id not in done]


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)
