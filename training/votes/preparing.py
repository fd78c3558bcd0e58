"""Makes ballots: chooses held-out lines, has the clone answer them under two blends, and keeps what came of it.

The one place of the vote that touches the model. What is generated on the way lies under `runs/votes` until the
ballots are kept, so that an interrupted preparation goes on.
"""

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from model_server.blends import BlendBook, resolve
from model_server.contract import Blend
from model_server.errors import ConfigError, CorpusError, FacetError
from model_server.home import Home
from model_server.privacy import privacy_mark
from training.contacts import Contact, read_contacts
from training.corpus import Corpus
from training.leaks.canaries import OWN
from training.leaks.overlap import PHRASE_WORDS, PrivateText
from training.likeness.generated import Generated, generate
from training.likeness.prompts import Prompt
from training.own.own_facets import own_name
from training.pipeline import Settings, read_split
from training.slices import Split
from training.trained import trained_facets
from training.votes.ballots import Ballot, Round, context_of, line_digest, tells_a_secret, tidy
from training.votes.rounds import Against, choose_lines, plan
from training.votes.store import VoteBook, change_votes, preparing_alone, read_votes
from training.whole_bank import WholeBank, open_bank

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rounds, and how many ballots each was given; `notes`: what could not be done, and why."""

    added: tuple[tuple[Round, int], ...]
    notes: tuple[str, ...]


def prepare(  # noqa: PLR0917  # what every part of the vote is given
    settings: Settings,
    home: Home,
    book: BlendBook,
    contact_type: str = "",
    against: Against = "",
    ballots: int = 20,
    told: Told = lambda _done, _total: None,
) -> Prepared:
    """See to it that each round has so many lines. CorpusError when no held-out line can be asked, or another
    preparation is at work; ConfigError when the blends are the same, FacetError without facets."""
    with preparing_alone(home):
        return _prepare(settings, home, book, contact_type, against, ballots, told)


def _prepare(  # noqa: PLR0917  # as `prepare`
    settings: Settings, home: Home, book: BlendBook, contact_type: str, against: Against, ballots: int, told: Told
) -> Prepared:
    mark = privacy_mark(home)  # before anything is read: who is left out meanwhile makes these ballots unreadable
    live = trained_facets(home)
    split = read_split(home, settings.training)
    types = sorted({session.contact_type for session in split.held_out} - {""})
    if contact_type and contact_type not in types:
        raise CorpusError(
            f"no conversation with `{contact_type}` is held out",
            "import more chats, or: selfsame contacts set NAME " + contact_type,
        )
    if not types:
        raise CorpusError(
            "no conversation with a contact of known type is held out",
            "import more chats, or say who is who: selfsame contacts",
        )
    wanted = [contact_type] if contact_type else types
    kept = {one.round_id: one for one in read_votes(home).rounds}
    planned, notes = _plan_all(book, wanted, live, against)
    rounds = [kept.get(one.round_id, one) for one in planned]
    shares = choose_lines(split, book, rounds, [*kept.values()], ballots)
    asked = [(one, prompt) for one, share in zip(rounds, shares, strict=True) for prompt in share]
    if not asked:
        return Prepared((), (*notes, f"each has {ballots} lines, or all there are → --ballots {2 * ballots}"))
    whole = open_bank(settings, home)
    if whole.live != live:
        raise FacetError("the facets changed just now", "run it again")
    made = _Making(settings, home, whole, split, book)
    after = made.ballots(asked, told)
    change_votes(home, lambda before: _with(before, mark, rounds, asked, after))
    shutil.rmtree(made.kept, ignore_errors=True)
    added, more = _summary(rounds, shares, after, ballots)
    return Prepared(added, (*notes, *more))


def _plan_all(
    book: BlendBook, types: Sequence[str], live: Mapping[str, str], against: Against
) -> tuple[list[Round], list[str]]:
    """The rounds of these types, and what stands against one of several. ConfigError when there is no round at all."""
    rounds: list[Round] = []
    refused: list[ConfigError] = []
    for name in types:
        try:
            rounds += plan(book, name, live, against)
        except ConfigError as error:
            refused.append(error)
    if refused and not rounds:
        raise refused[0]
    return rounds, [error.what for error in refused]


class _Making:
    """From lines to ballots, under one model."""

    def __init__(self, settings: Settings, home: Home, whole: WholeBank, split: Split, book: BlendBook) -> None:
        self.kept = home.runs_dir / "votes"
        self._settings, self._whole, self._book = settings, whole, book
        self._contacts = {one: contact for contact in read_contacts(home) for one in contact.ids}
        self._private = PrivateText((*split.train, *split.validation, *split.held_out))
        with Corpus.open(home) as corpus:
            self._groups = {chat.key for chat in corpus.chats() if chat.kind == "group"}

    def ballots(self, asked: Sequence[tuple[Round, Prompt]], told: Told) -> list[Ballot | str]:
        """For each line a ballot, or why there is none: `identical` or `empty`."""
        prompts = [prompt for _round, prompt in asked]
        blends = {one.contact_type: one.rival for one, _prompt in asked if one.rival is not None}
        others = [prompt for one, prompt in asked if one.rival is not None]
        total = len(prompts) + len(others)
        told(0, total)
        ours = self._said(prompts, lambda name, who: resolve(self._book, name, who), told, 0, total)
        theirs = self._said(others, lambda name, _who: blends[name], told, len(prompts), total)
        found: list[Ballot | str] = []
        for one, prompt in asked:
            mine = ours.get(_key(prompt), "")
            rival = tidy(prompt.real) if one.rival is None else theirs.get(_key(prompt), "")
            same = mine == rival
            found.append(
                "empty" if not (mine and rival) else "identical" if same else self._one(one, prompt, mine, rival)
            )
        return found

    def _said(
        self, prompts: Sequence[Prompt], blend_for: Callable[[str, str], Blend], told: Told, before: int, total: int
    ) -> "dict[_Key, str]":
        replies = generate(
            self._whole, self._settings, prompts, blend_for, lambda done, _: told(before + done, total), kept=self.kept
        )
        return {_key(one): tidy(one.text) for one in replies}

    def _one(self, one: Round, prompt: Prompt, ours: str, rival: str) -> Ballot:
        contact = self._contacts.get(prompt.contact_id, Contact("", ids=(prompt.contact_id,)))
        machine = (ours,) if one.rival is None else (ours, rival)
        first = secrets.randbelow(2)
        return Ballot(
            ballot_id=secrets.token_hex(8),
            round_id=one.round_id,
            contact_type=one.contact_type,
            contact_ids=contact.ids,
            contact_name=prompt.contact_name,
            context=context_of(prompt.lines),
            replies=(rival, ours) if first else (ours, rival),
            ours=1 if first else 0,
            for_contact=self._fit_for(contact, one, prompt, machine),
        )

    def _fit_for(self, contact: Contact, one: Round, prompt: Prompt, machine: Sequence[str]) -> bool:
        """Whether the contact may see it: a chat of two, and no reply that tells of others."""
        if prompt.session.chat_key in self._groups or prompt.contact_id not in self._contacts:
            return False
        speak = {*resolve(self._book, one.contact_type, prompt.contact_id), *(one.rival or ())}
        if {name for name in speak if name.startswith(OWN)} - {own_name(each) for each in contact.ids}:
            return False
        shown = context_of(prompt.lines)
        asked = "\n".join(line.text for line in prompt.lines)
        return not any(
            tells_a_secret(reply, shown) or self._private.longest(reply, asked) >= PHRASE_WORDS for reply in machine
        )


_Key = tuple[str, str, int]


def _key(one: Prompt | Generated) -> _Key:
    """The line that is answered: of a prompt, and of the reply to it."""
    return one.contact_id, one.asked[-1].line_id, one.asked[-1].at_ms


def _with(
    before: VoteBook,
    mark: str,
    rounds: Sequence[Round],
    asked: Sequence[tuple[Round, Prompt]],
    made: Sequence[Ballot | str],
) -> VoteBook:
    """The book with these ballots, and what each round has asked by now."""
    known = {one.round_id: one for one in (*rounds, *before.rounds)}
    for (one, prompt), came in zip(asked, made, strict=True):
        now = known[one.round_id]
        known[one.round_id] = msgspec.structs.replace(
            now,
            asked=(*now.asked, line_digest(prompt)),
            identical=now.identical + (came == "identical"),
            empty=now.empty + (came == "empty"),
        )
    added = tuple(one for one in made if isinstance(one, Ballot))
    return msgspec.structs.replace(before, mark=mark, rounds=tuple(known.values()), ballots=(*before.ballots, *added))


def _summary(
    rounds: Sequence[Round], shares: Sequence[Sequence[Prompt]], made: Sequence[Ballot | str], ballots: int
) -> tuple[tuple[tuple[Round, int], ...], tuple[str, ...]]:
    given = Counter(one.round_id for one in made if isinstance(one, Ballot))
    notes = [
        f"{one.contact_type}: only {_lines(had)} held out for {_named(one)}, {ballots} wanted"
        for one, share in zip(rounds, shares, strict=True)
        if (had := len(one.asked) + len(share)) < ballots
    ]
    for why, said in (("identical", "both replied the same"), ("empty", "one of both had nothing to say")):
        if count := sum(one == why for one in made):
            notes.append(f"{_lines(count)} without a ballot: {said}")
    return tuple((one, given[one.round_id]) for one in rounds), tuple(notes)


def _lines(count: int) -> str:
    return f"{count} {'line' if count == 1 else 'lines'}"


def _named(one: Round) -> str:
    return "your own replies" if one.rival is None else "another blend"
