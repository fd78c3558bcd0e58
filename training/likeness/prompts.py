"""Which held-out lines the clone is asked to answer, and what the owner really answered. Pure.

Knows sessions and no model. The clone is given what the worker would be given: the latest lines of the chat, up to the
turn that is answered. Of each contact type as many turns are chosen as asked for, spread over contacts and over time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from model_server.contract import Line
from training.conversations import Session

HISTORY_LINES = 40
"""How much of a chat the bot keeps and shows the persona ([turns] history_lines, as it comes)."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A turn of a contact to answer. `lines` end with it; `real` is the owner's reply, its bubbles on lines."""

    session: Session
    lines: tuple[Line, ...]
    contact_type: str
    contact_name: str
    real: str

    @property
    def contact_id(self) -> str:
        """Whom the reply is for."""
        return self.session.contact_id or self.session.chat_key

    @property
    def asked(self) -> tuple[Line, ...]:
        """The contact's lines at the end: the turn that is answered."""
        before = max((at for at, line in enumerate(self.lines, 1) if line.author != "contact"), default=0)
        return self.lines[before:]


@dataclass(frozen=True, slots=True)
class Said:
    """A reply of the owner's, or of a clone's in her place."""

    contact_id: str
    text: str


def all_prompts(sessions: Iterable[Session], whole: Iterable[Session]) -> Iterator[Prompt]:
    """Every turn in `sessions` that the owner answered, in order. `whole`: all sessions of these chats, for what was
    said before."""
    chats: dict[str, list[Session]] = defaultdict(list)
    for session in whole:
        chats[session.chat_key].append(session)
    earlier = {key: sorted(found, key=lambda one: one.lines[0].at_ms) for key, found in chats.items()}
    for session in sessions:
        for start, end in _replies(session):
            real = _joined(session.lines[start:end])
            own = session.lines[:start]
            if not real or not _joined(own[-1:]):
                continue
            lines = (*_before(session, earlier.get(session.chat_key, ()), HISTORY_LINES - len(own)), *own)
            yield Prompt(session, lines[-HISTORY_LINES:], session.contact_type, session.contact_name, real)


def choose_prompts(sessions: Sequence[Session], whole: Iterable[Session], per_type: int) -> dict[str, list[Prompt]]:
    """Up to `per_type` prompts of each contact type the owner knows, by type; of "" where no contact has one."""
    found: dict[str, list[Prompt]] = defaultdict(list)
    typed = [session for session in sessions if session.contact_type]
    for prompt in all_prompts(typed or sessions, whole):
        found[prompt.contact_type].append(prompt)
    return {name: chosen for name in sorted(found) if (chosen := _spread(found[name], per_type))}


def replies_of(sessions: Iterable[Session]) -> list[Said]:
    """What the owner replied in these sessions, oldest first; not what he began with."""
    found = [
        (session.lines[start].at_ms, Said(session.contact_id or session.chat_key, text))
        for session in sessions
        for start, end in _replies(session)
        if (text := _joined(session.lines[start:end]))
    ]
    return [said for _at_ms, said in sorted(found, key=lambda each: each[0])]


def _replies(session: Session) -> Iterator[tuple[int, int]]:
    """Where the owner's replies begin and end among the lines."""
    at = 0
    for ours, turn in groupby(session.lines, key=lambda line: line.author != "contact"):
        size = len(list(turn))
        if ours and at:
            yield at, at + size
        at += size


def _before(session: Session, chat: Sequence[Session], most: int) -> list[Line]:
    """The last lines of the chat before this session began; each line once, though a reference repeats some."""
    own = {line.line_id for line in session.lines}
    begun_ms = session.lines[0].at_ms
    found: dict[str, Line] = {}
    for other in reversed([one for one in chat if one.lines[0].at_ms < begun_ms]):
        for line in reversed(other.lines):
            if line.at_ms < begun_ms and line.line_id not in own:
                found.setdefault(line.line_id, line)
        if len(found) >= most:
            break
    newest_first = sorted(found.values(), key=lambda line: -line.at_ms)
    return newest_first[:most][::-1] if most > 0 else []


def _spread(prompts: Sequence[Prompt], most: int) -> list[Prompt]:
    """As many of each contact as there are, evenly over his time; who is spoken to most comes first where few fit."""
    by_contact: dict[str, list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        by_contact[prompt.contact_id].append(prompt)
    shares = _shares({contact: len(found) for contact, found in by_contact.items()}, most)
    return [
        found[(2 * place + 1) * len(found) // (2 * shares[contact])]
        for contact, found in sorted(by_contact.items())
        for place in range(shares[contact])
    ]


def _shares(sizes: Mapping[str, int], most: int) -> Counter[str]:
    """How many of each, as even as the sizes allow."""
    shares: Counter[str] = Counter()
    left = min(most, sum(sizes.values()))
    while left:
        open_ones = [one for one in sorted(sizes, key=lambda one: (-sizes[one], one)) if shares[one] < sizes[one]]
        for one in open_ones[:left]:
            shares[one] += 1
        left -= min(left, len(open_ones))
    return shares


def _joined(lines: Iterable[Line]) -> str:
    """As the chat format joins the lines of a turn."""
    return "\n".join(text for line in lines if (text := line.text.strip()))
