"""imessage-exporter's files (one chat to a file, text or web page) as events.

A reply stands twice in them: in its own place, and inside the message that it answers; here it becomes one line that
says what it answers. Times have no zone. The owner is called `Me` unless he chose another name. Knows neither layout.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from model_server.errors import CorpusError
from training.importers.base import (
    LONGEST_TEXT_CHARS,
    Aside,
    ChatHead,
    Event,
    Format,
    LineIds,
    Person,
    RawLine,
    Reading,
    Reason,
    SkippedChat,
)
from training.importers.imessage_html import EXPORT_AGAIN, html_senders, read_html
from training.importers.imessage_spoken import Spoken
from training.importers.imessage_text import HEAD, read_text
from training.importers.named_chat import ME, head_of, person_of, speakers_of
from training.importers.source import Sample, Source
from training.importers.text import local_ms, tidy

PLATFORM = "imessage"
_SUFFIX = re.compile(r"\.(?:txt|html)\Z", re.IGNORECASE)
_NAMED_GROUP = re.compile(r"(.+) - \d+")
_SHORT_CODE = re.compile(r"\d{3,6}")


def sniff_text(sample: Sample) -> bool:
    """A time of this kind alone on the first line, or an announcement; then somebody."""
    lines = [line for line in sample.text.split("\n", 40)[:40] if line.strip()]
    return any(HEAD.fullmatch(line.rstrip("\r")) for line in lines[:8]) and re.match(HEAD.pattern, lines[0]) is not None


def sniff_html(sample: Sample) -> bool:
    """Messages with a time of this kind."""
    return all(mark in sample.text for mark in ('class="message"', 'class="timestamp"', 'class="sender"')) or (
        'class="announcement"' in sample.text and 'class="timestamp"' in sample.text
    )


def read_txt(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`."""
    return _read(source, reading, _text_senders, read_text)


def read_page(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`."""
    return _read(source, reading, html_senders, read_html)


FORMATS = (
    Format("imessage-txt", "imessage-exporter (text)", sniff_text, read_txt),
    Format("imessage-html", "imessage-exporter (web page)", sniff_html, read_page),
)


def _text_senders(source: Source) -> Iterator[tuple[str, bool]]:
    return ((spoken.sender, spoken.mine) for spoken in read_text(source))


def _read(
    source: Source,
    reading: Reading,
    senders_of: Callable[[Source], Iterator[tuple[str, bool]]],
    spoken_of: Callable[[Source], Iterator[Spoken]],
) -> Iterator[Event]:
    stem = _SUFFIX.sub("", source.name.replace("\\", "/").rsplit("/", 1)[-1])
    if stem == "orphaned" or _SHORT_CODE.fullmatch(stem):
        kind = "orphaned" if stem == "orphaned" else "short_code"
        yield SkippedChat(kind, stem, sum(1 for _ in spoken_of(source)))
        return
    speakers = speakers_of(ME if mine else name for name, mine in senders_of(source) if name)
    if speakers:
        yield _head(stem, speakers)
    known, read = set[str](), 0
    for event in _events(spoken_of(source), reading):
        read += 1
        if isinstance(event, RawLine) and event.sender not in known:
            known.add(event.sender)
            yield _person(event.sender.removeprefix(f"{PLATFORM}:"))
        yield event
    if not read:
        raise CorpusError(f"{source.name} holds no messages of imessage-exporter", EXPORT_AGAIN)


def _person(name: str) -> Person:
    """Who is shown by a name stands in the owner's address book: the exporter knows no other names."""
    person = person_of(PLATFORM, name)
    return replace(person, saved=True if not person.handles and name != ME else None)


def _head(stem: str, speakers: set[str]) -> ChatHead:
    named = _NAMED_GROUP.fullmatch(stem)
    head = head_of(PLATFORM, stem, speakers, group=named is not None or (", " in stem and speakers == {ME}))
    return replace(head, name=named[1]) if named else head


def _events(messages: Iterable[Spoken], reading: Reading) -> Iterator[RawLine | Aside]:
    """A reply is emitted in the thread, where it is known what it answers; then its own place is passed over."""
    ids, thread_ids = LineIds(), LineIds()
    waiting: set[str] = set()
    for spoken in messages:
        line = _line(spoken, ids, reading)
        answered = ""
        if not isinstance(line, RawLine):
            yield Aside(line)
        else:
            answered = line.line_id
            if not (spoken.answers and line.line_id in waiting):
                yield line
            waiting.discard(line.line_id)
        for reply in spoken.nested:
            inner = _line(reply, thread_ids, reading)
            if isinstance(inner, RawLine):  # what is no line is counted in its own place
                waiting.add(inner.line_id)
                yield replace(inner, reply_to=answered)


def _line(spoken: Spoken, ids: LineIds, reading: Reading) -> RawLine | Reason:
    if spoken.dropped is not None:
        return spoken.dropped
    if not spoken.sender:
        return "damaged"
    text = tidy("\n".join(spoken.words))
    if not text:
        return spoken.aside or "empty"
    if len(text) > LONGEST_TEXT_CHARS:
        return "too_long"
    moment = spoken.at
    with suppress(ValueError, OverflowError, OSError):
        at_ms = local_ms(moment, reading.zone) if moment else 0
        if at_ms > 0:
            sender = f"{PLATFORM}:{_who(spoken)}"
            return RawLine(ids.next(at_ms, sender, text), sender, text, at_ms)
    return "undated"


def _who(spoken: Spoken) -> str:
    return ME if spoken.mine else spoken.sender
