"""The votes of a home: `votes/votes.json`, one file, changed under a lock and replaced whole, for the owner alone.

Knows no model and no page. Ballots hold people's words: when somebody was excluded, cut or forgotten since they were
made, none of them is read any more, and `drop_left_out` deletes them. Votes are numbers, and stay.
"""

import fcntl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from model_server.privacy import left_to_forget
from training.alone import alone
from training.contacts import read_excluded
from training.private_file import remove_leftovers, replace_file
from training.votes.ballots import Ballot, Round, Vote


class Invite(msgspec.Struct, frozen=True):
    """A link for one contact. Of its token only a digest is kept."""

    token_digest: str
    contact_id: str
    voter: str
    expires_ms: int


class VoteBook(msgspec.Struct, frozen=True):
    """Everything there is of votes. `mark`: what was left out when its ballots were made (`model_server.privacy`)."""

    mark: str = ""
    rounds: tuple[Round, ...] = ()
    ballots: tuple[Ballot, ...] = ()
    votes: tuple[Vote, ...] = ()
    invites: tuple[Invite, ...] = ()


def votes_dir(home: Home) -> Path:
    """Where they lie."""
    return home.path / "votes"


def read_votes(home: Home) -> VoteBook:
    """What may be read of it now; empty before the first ballot. CorpusError when the file is damaged."""
    book = _read(home)
    return without_ballots(book) if _is_outdated(home, book) else book


def change_votes(home: Home, change: Callable[[VoteBook], VoteBook]) -> VoteBook:
    """Replace what is there by what `change` makes of it, with no other writer in between; returns that."""
    directory = votes_dir(home)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(directory):
        remove_leftovers(directory)
        after = change(read_votes(home))
        replace_file(directory / "votes.json", msgspec.json.encode(after))
    return after


def put_vote(book: VoteBook, vote: Vote) -> VoteBook:
    """With this vote; what the same voter said of the ballot before counts no more."""
    others = [one for one in book.votes if (one.ballot_id, one.voter) != (vote.ballot_id, vote.voter)]
    return msgspec.structs.replace(book, votes=(*others, vote))


def without_ballots(book: VoteBook) -> VoteBook:
    """Without anybody's words, and what was asked may be asked again. Votes stay."""
    rounds = tuple(msgspec.structs.replace(one, asked=()) for one in book.rounds)
    return msgspec.structs.replace(book, mark="", rounds=rounds, ballots=())


def without_links(book: VoteBook, ids: Collection[str]) -> VoteBook:
    """Without the links of this contact's."""
    return msgspec.structs.replace(book, invites=tuple(one for one in book.invites if one.contact_id not in ids))


def forget_votes(home: Home, ids: Collection[str]) -> None:
    """No ballot is left, for the clone's replies may tell of anybody, and no link of this contact's."""
    if votes_dir(home).exists():
        change_votes(home, lambda book: without_links(without_ballots(book), ids))


def drop_left_out(home: Home) -> bool:
    """Delete what nobody may read any more: ballots made before somebody was left out, and links of who is excluded.

    Whether there was any. CorpusError or ConfigError when it cannot be known.
    """
    excluded, book = read_excluded(home), _read(home)
    if without_links(book, excluded) == book and not _is_outdated(home, book):
        return False
    change_votes(home, lambda now: without_links(now, excluded))  # ballots that are not read are not written again
    return True


@contextmanager
def preparing_alone(home: Home) -> Iterator[None]:
    """One preparation of ballots a home, for two would ask the same lines. CorpusError when another one is at work."""
    with alone(home, ".votes.lock", "ballots are being made in this home already", "wait for it, or stop it first"):
        yield


def _read(home: Home) -> VoteBook:
    path = votes_dir(home) / "votes.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=VoteBook)
    except FileNotFoundError:
        return VoteBook()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read", "move it away, then: selfsame vote prepare") from error


def _is_outdated(home: Home, book: VoteBook) -> bool:
    return bool(book.ballots) and left_to_forget(home, book.mark)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    with (directory / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
