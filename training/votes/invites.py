"""Links for friends: who holds a token may see the ballots of his own chats, until it expires or is taken back.

Knows the contacts and the votes of a home, and no page. A token is a random secret; only its digest is kept.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass

import msgspec

from model_server.home import Home
from training.contacts import Contact, read_contacts, read_excluded
from training.votes.ballots import OWNER, Ballot, Choice, Vote, choice_of, still_open, visible
from training.votes.store import Invite, VoteBook, change_votes, put_vote, read_votes, without_links

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Voter:
    """Who votes; `ids` None: the owner, who may see everything."""

    name: str
    ids: frozenset[str] | None


THE_OWNER = Voter(OWNER, None)


@dataclass(frozen=True, slots=True)
class Seat:
    """What lies before a voter: the next ballot (None: there is none left) and how far he is."""

    ballot: Ballot | None
    done: int
    total: int


def new_token() -> tuple[str, str]:
    """A secret for a link, and its digest."""
    token = secrets.token_urlsafe(24)
    return token, digest_token(token)


def digest_token(token: str) -> str:
    """What is kept of a token: it cannot be guessed, so no salt is needed."""
    return hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def invite(home: Home, contact: Contact, days: float) -> str:
    """The token of a new link for this contact, good for so many days."""
    token, digest = new_token()
    now_ms = _now_ms()

    def add(book: VoteBook) -> VoteBook:
        known = next((one.voter for one in book.invites if one.contact_id in contact.ids), secrets.token_hex(8))
        made = Invite(digest, contact.ids[0], known, now_ms + round(days * _DAY_MS))
        return msgspec.structs.replace(book, invites=(*book.invites, made))

    change_votes(home, add)
    return token


def revoke(home: Home, contact: Contact) -> int:
    """Every link of this contact's is dead at once; how many there were."""
    before = read_votes(home).invites
    after = change_votes(home, lambda book: without_links(book, contact.ids)).invites
    return len(before) - len(after)


def voter_of(home: Home, token: str) -> Voter | None:
    """Whose link this is; None when it is nobody's, has expired, was revoked, or its contact is no longer one."""
    digest, now_ms = digest_token(token), _now_ms()
    found = next((one for one in read_votes(home).invites if secrets.compare_digest(one.token_digest, digest)), None)
    if found is None or found.expires_ms <= now_ms:
        return None
    contact = next((one for one in read_contacts(home) if found.contact_id in one.ids), None)
    if contact is None or read_excluded(home).intersection(contact.ids):
        return None
    return Voter(found.voter, frozenset(contact.ids))


def seat(home: Home, voter: Voter, contact_type: str = "") -> Seat:
    """The next ballot for this voter; `contact_type` "": of every type."""
    book = read_votes(home)
    mine = [one for one in visible(book.ballots, voter.ids) if contact_type in ("", one.contact_type)]
    left = still_open(mine, book.votes, voter.name)
    return Seat(left[0] if left else None, len(mine) - len(left), len(mine))


def cast(home: Home, voter: Voter, ballot_id: str, choice: Choice) -> bool:
    """Count a vote; false when there is no such ballot, or none that this voter may see."""
    counted = False

    def add(book: VoteBook) -> VoteBook:
        nonlocal counted
        ballot = next((one for one in visible(book.ballots, voter.ids) if one.ballot_id == ballot_id), None)
        if ballot is None:
            return book
        counted = True
        return put_vote(book, Vote(ballot_id, ballot.round_id, choice_of(ballot, choice), voter.name, _now_ms()))

    change_votes(home, add)
    return counted


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
