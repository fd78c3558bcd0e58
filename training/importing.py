"""Importing: exports become raw lines, raw lines find their owner and contacts, and the corpus grows by them, scrubbed.

Composes the stages and knows none from inside. Each goes on where it was when it was cut off, and does nothing when
nothing is new. Whatever only the owner can say is asked through `ImportOptions`, or reported as a question.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from tzlocal import get_localzone

from model_server.config import Document, OwnerConfig, read_section
from model_server.errors import ConfigError, CorpusError
from model_server.home import Home
from training.contacts import Contact, change_contacts, read_contacts, read_excluded
from training.corpus import SETTLED, Corpus
from training.cuts import read_cuts
from training.import_report import ContactReport, ImportReport, Question, TypeReport
from training.people.facts import ChatFacts, SenderFacts
from training.people.me import Me, find_me
from training.people.me import Question as WhoQuestion
from training.people.merging import merge_people
from training.people.proposals import Proposals, read_proposals, renew_proposals
from training.people.proposing import Proposal, propose_types, stream_talks
from training.raw.forgotten import read_forgotten
from training.raw.lock import only_one
from training.raw.reading import Progress, ReadOptions, Told, read_everything
from training.raw.store import RawStore
from training.scrub.config import ScrubConfig
from training.scrubbing import scrub_all
from training.taking_out import take_up

_PROPOSED = "types are proposed"
"""A mark of the corpus: its state (`corpus.SETTLED`) when contact types were proposed last."""

AskWho = Callable[[WhoQuestion], str | None]
"""Asks the owner who he is: a name or an id of his; None when he cannot be asked."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the owner says of his exports, and the configuration that importing reads."""

    read: ReadOptions
    scrub: ScrubConfig
    owner_name: str = ""
    me: tuple[str, ...] = ()
    """Names or ids of his."""
    accept_guesses: bool = False
    types: Mapping[str, str] = field(default_factory=dict)
    """Contact name -> contact type, for contacts that have none yet."""
    ask_who: AskWho = lambda _question: None

    @classmethod
    def of(cls, document: Document) -> "ImportOptions":
        """By the configuration alone. ConfigError when a section of it is wrong."""
        owner = read_section(document, "owner", OwnerConfig)
        return cls(ReadOptions(_zone(owner.timezone)), read_section(document, "scrub", ScrubConfig), owner.name)


def import_everything(
    paths: Sequence[Path], home: Home, options: ImportOptions, told: Told = lambda _progress: None
) -> ImportReport:
    """Everything under `paths` into the corpus of `home`.

    A file that cannot be used is reported and leaves the others alone. CorpusError when it is the only one, when there
    is nothing to import, or when another import is at work.
    """
    home.create()
    clock = _Clock()
    with only_one(home):
        take_up(home)  # before anybody is looked for: who is leaving is nobody's contact any more
        with RawStore.open(home) as store:
            report = read_everything(paths, store, options.read, read_forgotten(home), told, home=home.path)
            _raise_alone(report)
            clock.lap("read")
            who = _find_out(store, options)
        before = read_contacts(home)
        apart = read_proposals(home).apart_pairs

        def merged(known: Sequence[Contact]) -> list[Contact]:
            return _typed(merge_people(known, who.chats, who.people, who.me, apart)[0], options.types)

        contacts = merged(before)
        if contacts != before:
            contacts = change_contacts(home, merged)
        clock.lap("people")

        def passed(stage: str, done: int, total: int) -> None:
            told(Progress(stage, done, total, done if stage == "scrub" else 0))

        scrubbed = scrub_all(home, options.scrub, passed)
        clock.lap("scrub")
        if contacts != before or not _are_proposed(home):
            told(Progress("propose", 0, len(contacts)))
            _renew_proposals(home, contacts, who, options)
            told(Progress("propose", len(contacts), len(contacts)))
        clock.lap("propose")
    report.questions += [_question(one) for one in who.me.questions]
    if who.me.foreign:
        report.skipped_chats["export_of_a_contact"] += len(who.me.foreign)
    report.scrubbed = scrubbed.kinds
    report.dropped = scrubbed.dropped
    proposals = read_proposals(home)
    report.unions = len(proposals.open_unions(contacts))
    report.seconds = clock.laps
    _count_people(report, who, contacts, proposals, _left_out(home))
    return report


def propose_again(home: Home, options: ImportOptions) -> None:
    """Propose by what may be read now: what was proposed before may rest on what has been cut or scrubbed anew since.
    Who calls holds the raw store (`only_one`). CorpusError when a store is damaged."""
    if home.proposals_file.exists():
        with RawStore.open(home) as store:
            chats, people = store.chat_facts(), store.people()
            me = find_me(chats, people, (), store.me(), options.owner_name)
        _renew_proposals(home, read_contacts(home), _Who(chats, people, me), options)


def _are_proposed(home: Home) -> bool:
    """Whether the proposals rest on the corpus as it is, whoever completed it."""
    with Corpus.open(home) as corpus:
        return home.proposals_file.exists() and corpus.mark(_PROPOSED) == corpus.mark(SETTLED)


@dataclass(frozen=True, slots=True)
class _Who:
    """Everybody in the raw store, and which of them is the owner."""

    chats: list[ChatFacts]
    people: list[SenderFacts]
    me: Me


def _find_out(store: RawStore, options: ImportOptions) -> _Who:
    """Who is the owner in each chat, remembered; what is uncertain is asked, else left undecided."""
    chats, people = store.chat_facts(), store.people()
    known = store.me()

    def find(told: Sequence[str]) -> Me:
        me = find_me(chats, people, told, known, options.owner_name)
        if options.accept_guesses:  # what is confirmed may tell of other chats
            me = find_me(chats, people, told, known | me.accepted().ids, options.owner_name).accepted()
        return me

    me = find(options.me)
    if answers := [answer for question in me.questions if (answer := options.ask_who(question))]:
        me = find([*options.me, *answers])
    settled = me.settled()
    store.remember_me(settled, me.ids)
    return _Who(chats, people, replace(me, owner_of=settled))


def _raise_alone(report: ImportReport) -> None:
    """A file that is alone and broken fails the whole command."""
    if len(report.files) == 1 and report.failed:
        raise CorpusError(report.failed[0].what, report.failed[0].hint)


def _typed(contacts: Sequence[Contact], types: Mapping[str, str]) -> list[Contact]:
    """The contacts, those without a type with what is said of their name."""
    return [
        msgspec.structs.replace(one, type=types[one.name]) if not one.type and one.name in types else one
        for one in contacts
    ]


def _renew_proposals(home: Home, contacts: Sequence[Contact], who: _Who, options: ImportOptions) -> None:
    _, unions = merge_people(contacts, who.chats, who.people, who.me, read_proposals(home).apart_pairs)
    renew_proposals(home, _propose(home, contacts, who, options), unions)
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_mark(_PROPOSED, corpus.mark(SETTLED))


def _propose(home: Home, contacts: Sequence[Contact], who: _Who, options: ImportOptions) -> list[Proposal]:
    with Corpus.open(home) as corpus:
        heard = corpus.group_speakers()  # a group nobody's owner is known in is not in it, and stays as it is
        return propose_types(
            contacts,
            stream_talks(corpus),
            [_heard(chat, heard[chat.key]) if chat.key in heard else chat for chat in who.chats],
            who.people,
            owner_name=options.owner_name,
            zone=options.read.zone,
        )


def _heard(chat: ChatFacts, people: Collection[str]) -> ChatFacts:
    """A group with those of its people alone of whom something may be read."""
    return replace(chat, lines={person: count for person, count in chat.lines.items() if person in people})


def _question(question: WhoQuestion) -> Question:
    return Question("who", question.in_words(), question.hint, question.chats, question.sources)


def _left_out(home: Home) -> frozenset[str]:
    """The ids of people of whom nothing may be read, whenever it was said."""
    cuts = [cut for cut in read_cuts(home) if cut.from_ms is None and cut.to_ms is None]
    return read_excluded(home).union(cut.what for cut in cuts)


def _count_people(
    report: ImportReport, who: _Who, contacts: Sequence[Contact], proposals: Proposals, left_out: Collection[str]
) -> None:
    """Lines per contact and per type, over everything imported so far; no type counts who is left out."""
    at = {one: number for number, contact in enumerate(contacts) for one in contact.ids}
    spoken: Counter[int] = Counter()
    answered: Counter[int] = Counter()
    for chat in who.chats:
        if (owner := who.me.owner_of.get(chat.key)) is None:
            continue
        replies = chat.lines.get(owner, 0)
        report.chats += 1
        report.replies += replies
        others = {person: count for person, count in chat.lines.items() if person != owner and person in at}
        for person, count in others.items():
            spoken[at[person]] += count
        if chat.kind == "personal":
            for number in {at[one] for one in (*others, chat.contact, chat.key) if one in at}:
                answered[number] += replies
    for number, contact in enumerate(contacts):
        guess = "" if contact.type else proposals.of(contact).type
        lines, replies = spoken[number], answered[number]
        out = any(one in left_out for one in contact.ids)
        report.contacts.append(ContactReport(contact.name, contact.type, guess, contact.ids, lines, replies, out))
        if out:
            continue
        if not contact.type:
            report.untyped.append(contact.name)
        counted = report.types.setdefault(contact.type, TypeReport())
        counted.contacts += 1
        counted.lines += lines
        counted.replies += replies


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """A stage has ended."""
        now = time.perf_counter()
        self.laps[stage] = round(now - self._since, 3)
        self._since = now


def _zone(name: str) -> tzinfo:
    """The zone of the owner's clock; this machine's when none is configured."""
    try:
        return ZoneInfo(name) if name else get_localzone()
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"config: `[owner] timezone` {name!r} is no time zone", "name one as in Europe/Amsterdam"
        ) from None
