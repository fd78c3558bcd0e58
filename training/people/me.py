"""Who of those who write is the owner: as he says, as a file says, else by evidence over all files, which he confirms.

Knows no format, no store and no text. A file's own word is checked: exporters are known to swap "me" and the contact.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from training.people.evidence import Candidate, Crowd, fold_name
from training.people.facts import ChatFacts, SenderFacts
from training.people.verdicts import Doubt, Verdict, by_evidence, by_guesses, by_word

_ASKED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What the owner has to say or confirm, once for all chats it concerns. Candidates: likeliest first."""

    doubt: Doubt
    platform: str
    chats: tuple[str, ...]
    sources: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    told: str = ""
    """The name that nobody has (`nobody`)."""
    also: tuple[str, ...] = ()
    """Further names of the likeliest one."""

    def in_words(self) -> str:
        """One line for the owner, without the next step."""
        where = f"{self.platform}: {len(self.chats)} chat{'s' * (len(self.chats) > 1)}"
        if self.doubt == "nobody":
            return f"nobody who writes is called {self.told!r}"
        if self.doubt == "undecided":
            names = ", ".join(f"{one.name} ({one.id})" for one in self.candidates)
            return f"{where} do not say who you are: {names}" if len(self.chats) > 1 else f"{where}, are you {names}?"
        if self.doubt == "contested":
            names = " and ".join(f"{one.name} ({one.id})" for one in self.candidates)
            return f"{where} of several people's exports, who write with each other: {names}; which of them are you?"
        likeliest = self.candidates[0]
        former = f", also called {', '.join(self.also)}" if self.also else ""
        reasons = "; ".join(likeliest.evidence)
        swapped = ", though the file says otherwise" if self.doubt == "swapped" else ""
        return f"{where}: you seem to be {likeliest.name} ({likeliest.id}){former}{swapped}: {reasons}"

    @property
    def hint(self) -> str:
        """What the owner does next."""
        sure = self.doubt in ("guess", "swapped")
        return "confirm it with --yes, or give --me NAME" if sure else "give --me NAME (a name or an id)"


@dataclass(frozen=True, slots=True)
class Me:
    """Which id the owner writes under, for each chat.

    `owner_of`: chat key -> id, "" where he wrote nothing; a chat that is missing is undecided. What is not in `certain`
    is a guess: nothing is to be learnt from it before the owner confirms it (`accepted`). `also`: further ids that are
    his in the chats that are certain, where exporters of one chat call him differently; `also_guessed`: in the others.
    `foreign`: chats from the export of a contact of his, which are not his at all.
    """

    owner_of: dict[str, str]
    certain: frozenset[str]
    questions: tuple[Question, ...]
    also: frozenset[str] = frozenset()
    also_guessed: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """Every id that is certainly the owner's: to be remembered as `known`. Whoever of them writes in a chat that is
        not with him (`ChatFacts.contact`) is the owner."""
        return (frozenset(self.owner_of[key] for key in self.certain) | self.also) - {""}

    def accepted(self) -> "Me":
        """The same with every guess confirmed (`--yes`); what nobody can guess stays a question."""
        open_still = tuple(one for one in self.questions if one.doubt not in ("guess", "swapped"))
        return replace(self, certain=frozenset(self.owner_of), questions=open_still, also=self.also | self.also_guessed)

    def settled(self) -> dict[str, str]:
        """Chat key -> the owner's id, where it is certain."""
        return {key: one for key, one in self.owner_of.items() if key in self.certain}


def find_me(
    chats: Sequence[ChatFacts],
    people: Sequence[SenderFacts],
    told: Sequence[str],
    known: frozenset[str],
    owner_name: str,
) -> Me:
    """The owner in every chat. `told`: names or ids he gave; `known`: ids confirmed before; `owner_name`: configured.

    In this order: what he told, what he confirmed, what the file says (unless evidence over all files contradicts it),
    his account elsewhere on the platform; then evidence, which makes guesses and questions.
    """
    crowd = Crowd(chats, people)
    named = {one: _called(crowd, one, chats) for one in told}
    mine = frozenset[str]().union(*named.values())
    known -= _opposite(chats, mine)  # what he confirmed before, and now says otherwise
    said = crowd.contest(chats, mine | known, crowd.marks(mine | known, owner_name))
    verdicts: dict[str, Verdict] = {}
    for chat in chats:
        if verdict := by_word(chat, crowd, mine, known, said):
            verdicts[chat.key] = verdict
    sure = frozenset(one.owner for one in verdicts.values() if one.owner and one.doubt is None) | mine | known
    silent = [chat for chat in chats if chat.key not in verdicts]
    verdicts |= {chat.key: by_evidence(chat, crowd, sure, crowd.marks(sure, owner_name)) for chat in silent}
    guessed = frozenset(one.owner for one in verdicts.values() if one.owner and one.doubt)
    for chat in silent:  # what was found of one platform may tell of another
        if verdicts[chat.key].doubt == "undecided":
            verdicts[chat.key] = by_guesses(chat, crowd, guessed, crowd.marks(sure | guessed, owner_name))
    strange = (Question("nobody", "", (), (), (), told=one) for one, found in named.items() if not found)
    return Me(
        {key: one.owner for key, one in verdicts.items() if one.owner is not None},
        frozenset(key for key, one in verdicts.items() if one.doubt is None),
        (*strange, *_questions(chats, verdicts, crowd)),
        frozenset(one for verdict in verdicts.values() if verdict.doubt is None for one in verdict.also),
        frozenset(one for verdict in verdicts.values() if verdict.doubt for one in verdict.also),
        frozenset(key for key, one in verdicts.items() if one.doubt == "foreign"),
    )


def _called(crowd: Crowd, told: str, chats: Sequence[ChatFacts]) -> frozenset[str]:
    """The ids of whoever has this id, handle or name. A name never beats an account that several files call his."""
    plain = told.casefold().strip()
    exact = frozenset(one for one in crowd.ids if plain in (one.casefold(), one.partition(":")[2].casefold()))
    by_id = frozenset(one for one in exact if plain == one.casefold())
    if by_id:
        return by_id
    folded = fold_name(told)
    named = exact | {one for one in crowd.ids if folded and fold_name(crowd.name(one)) == folded}
    named |= {one for one in crowd.ids if told in crowd.handles(one)}
    declared = Counter((chat.platform, owner) for chat in chats for owner in chat.owners)
    namesakes = {
        one
        for one in named
        for (platform, owner), files in declared.items()
        if files > 1 and owner not in named and platform == one.partition(":")[0] and crowd.personal[one] < 2
    }
    namesakes |= {chat.contact for chat in chats if named.intersection(chat.lines) - {chat.contact}}
    return frozenset(named - namesakes)


def _opposite(chats: Iterable[ChatFacts], mine: frozenset[str]) -> frozenset[str]:
    """Who writes with him in personal chats, as far as that is one."""
    found: set[str] = set()
    for chat in chats:
        if chat.kind == "personal" and not mine.isdisjoint(chat.lines):
            others = {chat.contact} if chat.contact else chat.lines.keys() if len(chat.lines) == 2 else set()
            found.update(others - mine)
    return frozenset(found)


def _questions(chats: Iterable[ChatFacts], verdicts: dict[str, Verdict], crowd: Crowd) -> Iterable[Question]:
    """One question for all chats of a platform with the same doubt and the same likeliest owner."""
    grouped: dict[tuple[Doubt, str, str], list[ChatFacts]] = {}
    for chat in chats:
        verdict = verdicts[chat.key]
        if verdict.doubt and verdict.doubt != "foreign":
            grouped.setdefault((verdict.doubt, chat.platform, verdict.owner or ""), []).append(chat)
    for (doubt, platform, _), asked in grouped.items():
        seen: dict[str, Candidate] = {}
        for chat in asked:
            for one in verdicts[chat.key].candidates:
                if one.id not in seen or one.points > seen[one.id].points:
                    seen[one.id] = one
        ranked = sorted(seen.values(), key=lambda one: (-one.points, -one.lines, one.id))[:_ASKED_AT_ONCE]
        yield Question(
            doubt,
            platform,
            tuple(chat.key for chat in asked),
            tuple(dict.fromkeys(source for chat in asked for source in chat.sources)),
            tuple(ranked),
            also=tuple(dict.fromkeys(crowd.name(one) for chat in asked for one in verdicts[chat.key].also)),
        )
