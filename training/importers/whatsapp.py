"""Exports of one WhatsApp chat: the `.txt` of Android, the `_chat.txt` of iOS, also inside their `.zip`.

Knows no store and no owner beyond what the file tells. WhatsApp publishes no format; the shapes are those in the tests
and issues of the parsers whatsapp-chat-parser, rwhatsapp, whatstk and whats_json, from 2012 to 2026. A file is read
twice: first for what only the whole of it tells (the order of its dates, who writes, group or not), then for its lines.
Neither reading holds more than one message.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import islice
from typing import NamedTuple

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
    RawLine,
    Reading,
)
from training.importers.date_order import DateEvidence, to_date
from training.importers.source import Sample, Source
from training.importers.text import decode_lines, local_ms
from training.importers.whatsapp_chat import Survey, identify, person_of, split_sender
from training.importers.whatsapp_dates import Header, parse_header
from training.importers.whatsapp_text import judge, judge_notice, mentioned

_MOST_PEOPLE = 10_000
_MINUTE_MS = 60_000
_ENOUGH_MESSAGES = 5_000
_EXPORT_AGAIN = "export the chat again: in WhatsApp, the chat's menu → More → Export chat"


class _Entry(NamedTuple):
    """One message as it stands in the file; without a header it is what stands before the first one."""

    line: int
    header: Header | None
    body: str


def sniff(sample: Sample) -> bool:
    """Whether the first line that is not empty begins as a message does, or any line of a file that is named so."""
    if not sample.base.endswith(".txt"):
        return False
    lines = [line for line in sample.text.splitlines() if line.strip()]
    told_by_name = "whatsapp" in sample.base or sample.base == "_chat.txt"
    return any(parse_header(line) is not None for line in (lines if told_by_name else lines[:1]))


def read(source: Source, reading: Reading) -> Iterator[Event]:
    """The events of one export. DatesUndecided when the file allows both orders of day and month."""
    survey, evidence = Survey(), DateEvidence()
    entries = 0
    for entry in _entries(source):
        if entry.header is not None:
            evidence.see(entry.header.parts, entry.header.shape[2], entry.header.orders)
            _see(survey, entry.body, first=entries == 0)
            entries += 1
    if not entries:
        raise CorpusError(f"{source.name}: no line begins as a message of WhatsApp does", _EXPORT_AGAIN)
    order = evidence.decide(reading.dates)
    if order is None:
        raise DatesUndecided(source.name, evidence.example)
    head, contact = identify(survey, source.name)
    yield head
    if contact is not None:
        yield contact
    yield from _Lines(head, order, reading.zone, source.name).events(_entries(source))


def date_order(source: Source) -> DateOrder | None:
    """The order of dates that the first messages tell, None when they leave it open."""
    evidence = DateEvidence()
    for entry in islice(_entries(source), _ENOUGH_MESSAGES):
        if entry.header is not None:
            evidence.see(entry.header.parts, entry.header.shape[2], entry.header.orders)
    return evidence.decide(None) if evidence.example else None


FORMAT = Format("whatsapp", "WhatsApp (exported chat, .txt)", sniff, read, date_order)


class _Lines:
    """The second reading: each message as a line, or as the reason why it is none."""

    def __init__(self, head: ChatHead, order: DateOrder, zone: tzinfo, file_name: str) -> None:
        self._head = head
        self._order = order
        self._zone = zone
        self._file_name = file_name
        self._ids = LineIds()
        self._said = {head.contact}
        self._last_ms = 0

    def events(self, entries: Iterator[_Entry]) -> Iterator[Event]:
        """CorpusError when not one of the dates can be one."""
        dated = 0
        first = 0
        for entry in entries:
            at_ms = None if entry.header is None else self._at_ms(entry.header)
            if at_ms is None:
                first = first or entry.line
                if entry.body.strip():
                    yield Aside("damaged")
                continue
            dated += 1
            yield from self._event(entry.body, at_ms)
        if not dated:
            raise CorpusError(f"{self._file_name}, line {first}: no date here is a day of any year", _EXPORT_AGAIN)

    def _event(self, body: str, at_ms: int) -> Iterator[Event]:
        first, newline, rest = body.partition("\n")
        sent = split_sender(first)
        if sent is None:
            yield Aside(judge_notice(body))
            return
        name, text = sent
        said = judge(text + newline + rest)
        if said.reason is not None:
            yield Aside(said.reason)
            return
        person = person_of(name)
        if person.id not in self._said:
            if len(self._said) >= _MOST_PEOPLE:
                self._said.clear()  # whoever comes again is said again
            self._said.add(person.id)
            yield person
        # by the minute: Android writes no seconds, so the exports of two phones know each other's lines
        line_id = self._ids.next(at_ms - at_ms % _MINUTE_MS, person.id, said.text)
        yield RawLine(line_id, person.id, said.text, at_ms, to=self._addressee(text + newline + rest))

    def _addressee(self, body: str) -> str:
        """In a group, the one person whom a message mentions."""
        if self._head.kind == "personal" or len(names := mentioned(body)) != 1:
            return ""
        return person_of(names.pop()).id

    def _at_ms(self, header: Header) -> int | None:
        day = to_date(header.parts, self._order)
        if day is None or header.hour < 0:
            return None
        moment = datetime(day.year, day.month, day.day, header.hour, header.minute, header.second)
        at_ms = local_ms(moment, self._zone)
        if at_ms < self._last_ms:  # of the hour that autumn repeats, what goes backwards is of the second time
            at_ms = max(at_ms, local_ms(moment.replace(fold=1), self._zone))
        self._last_ms = at_ms
        return at_ms


def _entries(source: Source) -> Iterator[_Entry]:
    """The messages of a file. What begins as a message, but not in this file's way, is part of a text."""
    header: Header | None = None
    body: list[str] = []
    start, chars = 1, 0
    with source.open() as stream:
        for number, line in enumerate(decode_lines(stream), 1):
            found = parse_header(line)
            if found is not None and (header is None or found.shape == header.shape):
                if body:
                    yield _Entry(start, header, "\n".join(body))
                header, body, start, chars = found, [line[found.end :]], number, 0
            elif chars <= LONGEST_TEXT_CHARS:  # one line above the limit is enough to be too long
                body.append(line)
                chars += len(line) + 1
    if body:
        yield _Entry(start, header, "\n".join(body))


def _see(survey: Survey, body: str, *, first: bool) -> None:
    sent = split_sender(body.partition("\n")[0])
    if sent is None:
        survey.see_notice(body)
        return
    name, text = sent
    said = judge(text)
    survey.see(name, said, first)
    if said.reason == "service":
        survey.see_notice(text)
