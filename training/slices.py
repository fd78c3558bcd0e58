"""From sessions to slices: the split by time, and which facet learns from which sessions. Pure.

Knows no tokenizer and no model, and not how a conversation is cut (`conversations`). A session is held out whole or not
at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from training.contacts import Contact
from training.conversations import Session, cut_sessions
from training.corpus import Conversation

CORE = "core"
ARTICLES = "articles"
# A contact with fewer sessions is split together with the other such contacts of its type: 15 % of three is none.
_ENOUGH_SESSIONS = 7
# And of a type with fewer than these, all of them with those of other such types: else of many none were held out.
_ENOUGH_TOGETHER = 4
_FEW = "", "few"


@dataclass(frozen=True, slots=True)
class Split:
    """Sessions by what they are for; of one contact, `held_out` is later than `validation`, and that than `train`."""

    train: tuple[Session, ...]
    validation: tuple[Session, ...]
    held_out: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """What one facet learns from, and what decides when it has learned enough."""

    name: str
    train: tuple[Session, ...]
    validation: tuple[Session, ...]


def all_sessions(conversations: Iterable[Conversation], contacts: Iterable[Contact], gap_s: float) -> list[Session]:
    """Every session of the corpus, with the type of its contact ("" when the owner has not said it)."""
    known = {contact_id: contact for contact in contacts for contact_id in contact.ids}
    return [session for conversation in conversations for session in cut_sessions(conversation, known, gap_s)]


def split_by_time(sessions: Sequence[Session], held_out: float, validation: float) -> Split:
    """Each contact's latest share held out, the share before it for validation; rounded to whole sessions."""
    by_contact: dict[tuple[str, str], list[Session]] = defaultdict(list)
    for session in sessions:
        by_contact[session.contact_type, session.chat_key].append(session)
    groups: dict[tuple[str, str], list[Session]] = defaultdict(list)
    for (contact_type, chat_key), found in by_contact.items():
        groups[contact_type, chat_key if len(found) >= _ENOUGH_SESSIONS else ""] += found
    for key in [key for key, found in groups.items() if len(found) < _ENOUGH_TOGETHER]:
        groups[_FEW] += groups.pop(key)
    train: list[Session] = []
    kept: list[Session] = []
    latest: list[Session] = []
    for key in sorted(groups):
        # by its end: a reply by reference may begin with a line of years ago
        ordered = sorted(groups[key], key=lambda session: (session.lines[-1].at_ms, session.chat_key))
        last = len(ordered) - round(len(ordered) * held_out)
        middle = last - round(len(ordered) * validation)
        train += ordered[:middle]
        kept += ordered[middle:last]
        latest += ordered[last:]
    return Split(tuple(train), tuple(kept), tuple(latest))


def choose_slices(split: Split, articles: Slice | None, min_replies: int) -> list[Slice]:
    """The slices in the order they are trained: `core` first, then each type with enough replies, then `articles`."""
    slices = [Slice(CORE, split.train, split.validation)]
    for contact_type in sorted({session.contact_type for session in split.train} - {""}):
        own = of_type(split.train, contact_type)
        if sum(session.replies for session in own) >= min_replies:
            slices.append(Slice(contact_type, own, of_type(split.validation, contact_type)))
    return [one for one in (*slices, articles) if one is not None and one.train]


def of_type(sessions: Iterable[Session], contact_type: str) -> tuple[Session, ...]:
    """The sessions with contacts of one type."""
    return tuple(session for session in sessions if session.contact_type == contact_type)


def count_replies(sessions: Iterable[Session]) -> Mapping[str, int]:
    """The owner's turns by contact type."""
    counts: dict[str, int] = defaultdict(int)
    for session in sessions:
        counts[session.contact_type] += session.replies
    return dict(counts)
