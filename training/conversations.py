"""From the lines of one chat to what is learned from: sessions, replies beside what they answer, exchanges of groups.

Pure. Knows no tokenizer, no model and no file. In a personal chat a session is what lies between two long silences; a
burst of lines of one side is a turn, and the owner's first words after a silence are an initiation, kept like any
reply. A reply that names an older line by reference is taken out of its place and stands beside that line. Of a group,
only what the owner said is kept, with the words it answers.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from model_server.contract import Line
from training.contacts import Contact
from training.corpus import Conversation, CorpusLine
from training.languages import language_of

_NEW_TURN_MS = 3_600_000
"""Who goes on after his own last line later than this begins anew: an initiation, no second half of his reply."""
_AT_ONCE_MS = 120_000
"""Lines that follow a reply within this, without a reference of their own, belong to it."""
_NEARBY_MS = 600_000
_NEARBY_LINES = 4
"""In a group, what may have been answered: so many lines, so long ago at most."""


@dataclass(frozen=True, slots=True)
class Session:
    """Lines of one chat that are learned from together. `contact_type` "": the owner has not said it, or nobody knows
    whom he spoke to. `language`: ISO 639, "" when unclear. `contact_id`: one id a person, whatever he writes by; of a
    group where nobody is addressed, the group's."""

    chat_key: str
    contact_name: str
    contact_type: str
    lines: tuple[Line, ...]
    language: str = ""
    contact_id: str = ""

    @property
    def replies(self) -> int:
        """The owner's turns: bursts of lines, each counted once."""
        return sum(ours for ours, _ in groupby(line.author == "owner" for line in self.lines))


_Piece = list[CorpusLine]


def cut_sessions(conversation: Conversation, known: Mapping[str, Contact], gap_s: float) -> list[Session]:
    """Sessions of a chat by time, without those in which the owner says nothing. `known`: contacts by their ids."""
    chat = conversation.chat
    if chat.kind == "group":
        found = [
            _session(chat.key, known.get(addressee), "", addressee or chat.key, piece)
            for addressee, piece in _group_exchanges(conversation.lines)
        ]
    else:
        contact = known.get(chat.contact) or known.get(chat.key)
        by_id = {line.line_id: line for line in conversation.lines}
        found = [
            _session(chat.key, contact, chat.name, chat.contact or chat.key, piece)
            for whole in _pieces(conversation.lines, gap_s * 1000)
            for piece in _by_reference(whole, by_id)
        ]
    return with_languages([session for session in found if session.replies])


def with_languages(sessions: Sequence[Session]) -> list[Session]:
    """The sessions of one chat with their languages; what is too short to tell is taken for the chat's usual one."""
    told = [language_of("\n".join(line.text for line in session.lines)) for session in sessions]
    usual = Counter(language for language in told if language).most_common(1)
    return [
        replace(session, language=language or (usual[0][0] if usual else ""))
        for session, language in zip(sessions, told, strict=True)
    ]


def _session(
    chat_key: str, contact: Contact | None, name: str, contact_id: str, piece: Iterable[CorpusLine]
) -> Session:
    """`name` and `contact_id` are those of somebody who is no known contact."""
    lines = tuple(Line(line.line_id, line.author, line.text, line.at_ms) for line in piece)
    if contact is None:
        return Session(chat_key, name, "", lines, contact_id=contact_id)
    first_id = contact.ids[0] if contact.ids else contact_id
    return Session(chat_key, contact.name, contact.type, lines, contact_id=first_id)


def _pieces(lines: Iterable[CorpusLine], gap_ms: float) -> Iterator[_Piece]:
    """Lines without a long silence between them."""
    piece: _Piece = []
    for line in lines:
        silence_ms = line.at_ms - piece[-1].at_ms if piece else 0
        again = bool(piece) and line.author == piece[-1].author == "owner"
        if silence_ms >= gap_ms or (again and silence_ms >= _NEW_TURN_MS):
            yield piece
            piece = []
        piece.append(line)
    if piece:
        yield piece


def _by_reference(piece: _Piece, known: Mapping[str, CorpusLine]) -> Iterator[_Piece]:
    """The piece without the owner's lines that answer an older line by reference, and each of those beside that line.

    A reference into the turn that is being answered anyway changes nothing; nor does one to a line that is not there.
    """
    flow: _Piece = []
    apart: list[_Piece] = []
    answered: set[str] = set()
    for ours, turn in groupby(piece, key=lambda line: line.author == "owner"):
        if not ours:
            theirs = list(turn)
            answered = {line.line_id for line in theirs}
            flow += theirs
            continue
        open_exchange: _Piece | None = None
        for line in turn:
            target = known.get(line.reply_to) if line.reply_to else None
            if target is not None and target.author == "contact" and target.line_id not in answered:
                if open_exchange is None or open_exchange[0] is not target:
                    open_exchange = [target]
                    apart.append(open_exchange)
                open_exchange.append(line)
            elif open_exchange and not line.reply_to and line.at_ms - open_exchange[-1].at_ms < _AT_ONCE_MS:
                open_exchange.append(line)
            else:
                open_exchange = None
                flow.append(line)
    yield flow
    yield from apart


def _group_exchanges(lines: Sequence[CorpusLine]) -> Iterator[tuple[str, _Piece]]:
    """What the owner said in a group, turn by turn: whom to (an id, or ""), and his lines after those they answer."""
    known = {line.line_id: line for line in lines}
    heard: deque[CorpusLine] = deque(maxlen=4 * _NEARBY_LINES)
    addressee = ""
    exchange: _Piece = []
    spoke_last = False
    for line in lines:
        if line.author != "owner":
            if spoke_last:
                heard.clear()
            heard.append(line)
            spoke_last = False
            continue
        target = known.get(line.reply_to) if line.reply_to else None
        if target is not None and target.author == "owner":
            target = None
        to = line.to or (target.sender if target else "")
        goes_on = spoke_last and line.at_ms - exchange[-1].at_ms < _AT_ONCE_MS and target is None
        if goes_on and to in ("", addressee):
            exchange.append(line)
            continue
        if exchange:
            yield addressee, exchange
        addressee = to
        exchange = [*([target] if target else _nearby(heard, to, line.at_ms)), line]
        spoke_last = True
    if exchange:
        yield addressee, exchange


def _nearby(heard: Iterable[CorpusLine], sender: str, at_ms: int) -> _Piece:
    """The last lines before this moment, of one person if one is addressed."""
    near = [line for line in heard if at_ms - line.at_ms < _NEARBY_MS and sender in ("", line.sender)]
    return near[-_NEARBY_LINES:]
