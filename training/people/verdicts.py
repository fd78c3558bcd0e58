"""Who the owner is in one chat, and how sure that is: by what was told or confirmed, by its files, by evidence.

Pure; knows no format, no store and no text, and of other chats only how many each person writes in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from training.people.evidence import SELF_NAMES, Candidate, Crowd, OwnerMarks, fold_name
from training.people.facts import ChatFacts

Doubt = Literal["guess", "undecided", "swapped", "contested", "foreign", "nobody"]
"""`guess`: evidence speaks for one; `undecided`: for none; `swapped`: a file names one, the evidence another;
`contested`: files of several people who write with each other; `foreign`: of one of them who is not the owner;
`nobody`: no one is called as the owner said."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is found of one chat. `owner`: None when undecided, "" when he wrote nothing; `also`: further ids of his,
    where exporters of one chat call him differently."""

    owner: str | None
    doubt: Doubt | None = None
    candidates: tuple[Candidate, ...] = ()
    also: tuple[str, ...] = ()


def by_word(
    chat: ChatFacts, crowd: Crowd, mine: frozenset[str], known: frozenset[str], said: OwnerMarks
) -> Verdict | None:
    """By what the owner told (`mine`) or confirmed (`known`), else by what the files say. None when nobody tells."""
    claimed = [one for one in chat.owners if one != chat.contact]
    if claimed and said.others.issuperset(claimed):
        return Verdict(None, "foreign")
    # a name that he told may be the contact's too: where only the contact wrote, it is not his
    named = mine if len(chat.lines) > 1 else mine - {chat.contact}
    if here := [one for one in chat.lines if one in named]:
        return _told(chat, crowd, here, said)
    if here := [one for one in chat.lines if one in known and one != chat.contact]:
        return _with_aliases(chat, crowd, max(here, key=lambda one: chat.lines[one]), said, here)
    return _as_files_say(chat, crowd, claimed, said) if chat.owners else None


def _as_files_say(chat: ChatFacts, crowd: Crowd, claimed: list[str], said: OwnerMarks) -> Verdict | None:
    """The one whom the files call the owner (`claimed`), unless they contradict all other chats, or each other."""
    if claimed and said.contested.union(said.others).issuperset(claimed):
        asked = (one for one in crowd.candidates(chat, said) if one.id in claimed)
        return Verdict(None, "contested", tuple(asked))
    claimed = [one for one in claimed if one not in said.others]
    candidates = crowd.candidates(chat, said)
    rivals = [one for one in candidates if one.id not in claimed and _contradicts(one, claimed, chat, crowd, said)]
    all_are_owners = not chat.contact and len(claimed) > 1 and set(chat.lines) <= set(claimed)
    if claimed and not rivals and not all_are_owners:
        return _with_aliases(chat, crowd, max(claimed, key=lambda one: chat.lines.get(one, 0)), said)
    likeliest = rivals or candidates
    return Verdict(likeliest[0].id, "swapped", tuple(likeliest)) if likeliest else None


def by_evidence(chat: ChatFacts, crowd: Crowd, sure: frozenset[str], marks: OwnerMarks) -> Verdict:
    """By his accounts on this platform (`sure`), else by what speaks for each who writes here."""
    accounts = [one for one in chat.lines if one in sure and one != chat.contact]
    if accounts:
        return _with_aliases(chat, crowd, max(accounts, key=lambda one: chat.lines[one]), marks)
    candidates = crowd.candidates(chat, marks)
    if not candidates or _only_reads(chat, sure):
        return Verdict("")
    return _likeliest(chat, candidates)


def by_guesses(chat: ChatFacts, crowd: Crowd, guessed: frozenset[str], marks: OwnerMarks) -> Verdict:
    """As `by_evidence`, where other chats led to guesses."""
    if _only_reads(chat, guessed):
        return Verdict("")
    return _likeliest(chat, crowd.candidates(chat, marks))


def _told(chat: ChatFacts, crowd: Crowd, here: Sequence[str], said: OwnerMarks) -> Verdict:
    """The one of those he named who writes here; of several, whom a file calls the owner."""
    chosen = [one for one in here if one in chat.owners and one != chat.contact] or here
    if len(chosen) == 1 or all(one in chat.owners for one in chosen):
        return _with_aliases(chat, crowd, max(chosen, key=lambda one: chat.lines[one]), said)
    return Verdict(None, "undecided", tuple(one for one in crowd.candidates(chat, said) if one.id in here))


def _with_aliases(
    chat: ChatFacts, crowd: Crowd, owner: str, marks: OwnerMarks, accounts: Sequence[str] = ()
) -> Verdict:
    """The owner, his other `accounts`, and who else here is called so by files; in a personal chat also namesakes who
    are not its contact."""
    not_his = {owner, chat.contact, *marks.contested, *marks.others}
    names = {fold_name(crowd.name(owner)), *SELF_NAMES}
    also = [*accounts, *(one for one in chat.lines if one in chat.owners)]
    if chat.kind == "personal" and chat.contact:
        also += [one for one in chat.lines if fold_name(crowd.name(one)) in names]
    return Verdict(owner, also=tuple(one for one in dict.fromkeys(also) if one not in not_his))


def _contradicts(rival: Candidate, claimed: Sequence[str], chat: ChatFacts, crowd: Crowd, said: OwnerMarks) -> bool:
    """Whether the owner is rather `rival` than whom the files name: by chats, or by the name he goes by."""
    if chat.kind != "personal" or any(crowd.personal[one] >= 2 for one in claimed):
        return False
    if crowd.personal[rival.id] >= 2:
        return True
    named_so = [fold_name(crowd.name(one)) in said.names for one in claimed]
    return fold_name(rival.name) in said.names and not any(named_so)


def _only_reads(chat: ChatFacts, accounts: frozenset[str]) -> bool:
    """A group on a platform where the owner has an account, which did not write there."""
    if chat.kind != "group" or accounts.intersection(chat.lines):
        return False
    return any(one.partition(":")[0] == chat.platform for one in accounts)


def _likeliest(chat: ChatFacts, candidates: tuple[Candidate, ...]) -> Verdict:
    """The first, when more speaks for him than for anybody else; opposite a known contact there is nobody else."""
    first, *rest = candidates
    if chat.kind == "personal" and chat.contact:
        return Verdict(first.id, "guess", candidates, tuple(one.id for one in rest))
    if first.points > max((one.points for one in rest), default=0.0):
        return Verdict(first.id, "guess", candidates)
    return Verdict(None, "undecided", candidates)
