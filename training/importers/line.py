"""Chats exported from LINE as `.txt`: of phones (with a title and tabs) and of desktops (with neither).

Knows no store and no owner beyond what the file tells. LINE publishes no format; the shapes are those that the parser
of ChatLab (line-native-txt) and the tests of others show, up to 2026. A file is read twice: first for what only the
whole of it tells (the order of dates, who writes), then for its lines.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from model_server.errors import CorpusError
from training.importers.base import (
    LONGEST_TEXT_CHARS,
    Aside,
    ChatHead,
    DateOrder,
    DatesUndecided,
    Event,
    Format,
    LineIds,
    Person,
    RawLine,
    Reading,
    Reason,
    SkippedChat,
)
from training.importers.date_order import DateEvidence, to_date
from training.importers.line_entries import Day, Message, parse_day, parse_message, read_entries
from training.importers.line_names import LONGEST_NAME_CHARS, SpokenNames, Title, title_of
from training.importers.line_words import (
    BARE,
    BRACKETED,
    CALL,
    NOTICE,
    OWN_CHATS,
    UNSENT,
    UNSENT_NOTICE,
    WITH_BRACKET,
)
from training.importers.source import Sample, Source
from training.importers.text import decode_lines, local_ms, tidy

_PLATFORM = "line"
_MOST_PEOPLE = 10_000
_LONGEST_NOTICE_CHARS = 300
_MOST_NAME_WORDS = 8
_EXPORT_AGAIN = "export the chat again: in LINE, the chat's menu → Settings → Export chat history"


def sniff(sample: Sample) -> bool:
    """Whether it has LINE's title, or begins with a day and a message as a desktop's export does."""
    lines = [line for line in sample.text.splitlines() if line.strip()][:2]
    if not lines or not sample.base.endswith(".txt"):
        return False
    first = lines[0].lstrip("\ufeff")
    titled = first.startswith("[LINE]") or title_of(first, "").personal is not None
    return titled or (len(lines) > 1 and parse_day(first) is not None and parse_message(lines[1]) is not None)


def read(source: Source, reading: Reading) -> Iterator[Event]:
    """The events of one export. DatesUndecided when the file allows both orders of day and month."""
    evidence, names = DateEvidence(), SpokenNames()
    messages = 0
    for entry in _entries(source):
        if isinstance(entry, Day):
            evidence.see(entry.parts, entry.separator, weekday=entry.weekday)
            continue
        messages += 1
        if entry.name:
            names.see(entry.name)
        elif entry.name is None and _notice(entry.text) is None:
            names.see_unparted(entry.text)
    if not evidence.example or not messages:
        raise CorpusError(f"{source.name}: no line is a day and a message as LINE writes them", _EXPORT_AGAIN)
    order = evidence.decide(reading.dates)
    if order is None:
        raise DatesUndecided(source.name, evidence.example)
    title = title_of(_first_line(source), source.name)
    if title.name.casefold() in OWN_CHATS:
        yield SkippedChat("saved_messages", title.name, messages)
        return
    names.close(title.name)
    head = _head(title, names)
    yield head
    if head.contact:
        yield Person(head.contact, head.name)
    yield from _lines(source, reading, order, head, names)


FORMAT = Format("line", "LINE (exported chat, .txt)", sniff, read)


def _lines(source: Source, reading: Reading, order: DateOrder, head: ChatHead, names: SpokenNames) -> Iterator[Event]:
    """The second reading. CorpusError when not one of the days is one of any year."""
    ids, known, dated = LineIds(), {head.contact}, False
    today = None
    for entry in _entries(source):
        if isinstance(entry, Day):
            today = to_date(entry.parts, order)
            dated = dated or today is not None
            continue
        name, text = entry.name, entry.text
        if name is None and _notice(text) is None:
            name, text = names.part(text)
        if not name:
            yield Aside(_notice(text) or "service")
        elif (reason := _reason(name, text, bare=entry.name is None)) is not None:
            yield Aside(reason)
        elif today is None or entry.at is None:
            yield Aside("damaged" if today is not None else "undated")
        else:
            person = Person(f"{_PLATFORM}:{name}", name)
            if person.id not in known:
                if len(known) >= _MOST_PEOPLE:
                    known.clear()  # whoever comes again is said again
                known.add(person.id)
                yield person
            at_ms = local_ms(datetime.combine(today, entry.at), reading.zone)
            said = tidy(text)
            to = _addressee(said, names.counts, name) if head.kind == "group" and "@" in said else ""
            yield RawLine(ids.next(at_ms, person.id, said), person.id, said, at_ms, to=to)
    if not dated:
        raise CorpusError(f"{source.name}: no date here is a day of any year", _EXPORT_AGAIN)


def _addressee(text: str, people: Collection[str], sender: str) -> str:
    """Whom a text addresses as `@name`, where it is one of those who write; LINE ends a mention with a space."""
    _, _, rest = text.partition("@")
    words = rest[:LONGEST_NAME_CHARS].partition("\n")[0].split(" ")[:_MOST_NAME_WORDS]
    beginnings = (" ".join(words[:count]) for count in range(len(words), 0, -1))
    name = next((one for one in beginnings if one in people), "") if "@" not in rest else ""
    return f"{_PLATFORM}:{name}" if name and name != sender else ""


def _head(title: Title, names: SpokenNames) -> ChatHead:
    """The chat; the one whom the title names is its contact, so the only other who wrote exported it."""
    wrote = sorted(names.counts)
    name = title.name or ", ".join(wrote[:6])
    key = f"{_PLATFORM}:{name}"
    if len(wrote) > 2 or title.personal is False:
        return ChatHead(f"{_PLATFORM}:group:{name}", "group", name)
    if name not in wrote and (len(wrote) == 2 or title.personal is None):
        return ChatHead(key, "personal", name)
    others = [one for one in wrote if one != name]
    return ChatHead(key, "personal", name, key, f"{_PLATFORM}:{others[0]}" if len(others) == 1 else "")


def _reason(name: str, text: str, *, bare: bool) -> Reason | None:
    """Why a message is no words of its sender's. `bare`: of a desktop, which writes no brackets."""
    folded = text.casefold().strip()
    if not tidy(text):
        return "empty"
    if len(text) > LONGEST_TEXT_CHARS:
        return "too_long"
    if folded.removeprefix(name.casefold()).strip(" .。が") in UNSENT:
        return "deleted"
    if CALL.match(text):
        return "call"
    if WITH_BRACKET.match(text):
        return "media"
    return BRACKETED.get(folded) or (BARE.get(folded) if bare else None)


def _notice(text: str) -> Reason | None:
    """What a line is about that LINE itself says; None when somebody may have said it."""
    if len(text) > _LONGEST_NOTICE_CHARS:
        return None
    if UNSENT_NOTICE.search(text):
        return "deleted"
    return "service" if NOTICE.search(text) else None


def _first_line(source: Source) -> str:
    with source.open() as stream:
        return next(decode_lines(stream), "").lstrip("\ufeff")


def _entries(source: Source) -> Iterator[Day | Message]:
    with source.open() as stream:
        yield from read_entries(decode_lines(stream))
