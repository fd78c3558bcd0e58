"""The plain text that signalbackup-tools writes (`--exporttxt`, one chat to a file) as events.

The shape is that of `exportTxt` in github.com/bepaald/signalbackup-tools (2023 to 2025): `[Mar 03, 2024 17:29:42]
<Alice> words`, further lines as they are, `*** ` before what nobody said. The owner is not told apart from the others.
"""

import re
from collections.abc import Iterator
from contextlib import closing, suppress

from model_server.errors import CorpusError
from training.importers.base import (
    LONGEST_TEXT_CHARS,
    Aside,
    Event,
    Format,
    LineIds,
    RawLine,
    Reading,
    Reason,
)
from training.importers.named_chat import head_of, person_of, speakers_of
from training.importers.source import Sample, Source
from training.importers.text import decode_lines, local_ms, tidy
from training.importers.us_times import US_TIME, us_time

PLATFORM = "signal"
_EXPORT_AGAIN = "export again with signalbackup-tools --exporttxt"
_LINE = re.compile(rf"\[({US_TIME})\] (?:<([^<>\n]{{1,200}})> (.*)|\*\*\* (.*))")
_SENT_FILE = re.compile(r"<[^<>\n]{1,200}> sent file\b.*")
_FILE = re.compile(r" \(_id\d+\)\.txt\Z", re.IGNORECASE)
_REACTION = r"[^():;\n]{1,80}: [^\x00-\x7f]{1,12}"
_REACTIONS = re.compile(rf" \({_REACTION}(?:; {_REACTION})*\)\Z")
_CALL = re.compile(r"\bcall")
_POLL_OPTION = re.compile(r"\n {10,}\[\d+\] ")


def sniff(sample: Sample) -> bool:
    """Its first line is a message of this kind."""
    return _LINE.match(sample.text.lstrip("\n")) is not None


def read(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`."""
    name = _FILE.sub("", source.name.replace("\\", "/").rsplit("/", 1)[-1]).removesuffix(".txt")
    speakers = speakers_of(found[2] for found, _ in _records(source) if found[2])
    if speakers:
        yield head_of(PLATFORM, name, speakers)
    ids, known, records = LineIds(), set[str](), 0
    for found, body in _records(source):
        records += 1
        line = _line(found, body, ids, reading)
        if not isinstance(line, RawLine):
            yield Aside(line)
            continue
        if found[2] not in known:
            known.add(found[2])
            yield person_of(PLATFORM, found[2])
        yield line
    if not records:
        raise CorpusError(f"{source.name} holds no messages of signalbackup-tools", _EXPORT_AGAIN)


FORMAT = Format("signalbackup-tools", "signalbackup-tools (plain text)", sniff, read)


def _records(source: Source) -> Iterator["tuple[re.Match[str], str]"]:
    """The first line of each record, and its words with the lines that follow it."""
    began: re.Match[str] | None = None
    body: list[str] = []
    chars = 0
    with closing(source.open()) as stream:
        for line in decode_lines(stream):
            if (found := _LINE.fullmatch(line)) is not None:
                if began is not None:
                    yield began, "\n".join(body)
                began, body, chars = found, [found[3] or ""], len(line)
            elif began is not None and chars <= 2 * LONGEST_TEXT_CHARS:
                body.append(line)
                chars += len(line) + 1
    if began is not None:
        yield began, "\n".join(body)


def _line(found: "re.Match[str]", body: str, ids: LineIds, reading: Reading) -> RawLine | Reason:
    if found[2] is None:
        return _status(found[4])
    text = tidy(_REACTIONS.sub("", body))
    if not text or len(text) > LONGEST_TEXT_CHARS:
        return "too_long" if text else "empty"
    if text.startswith("Poll: ") and _POLL_OPTION.search(text):
        return "media"
    moment = us_time(found[1])
    with suppress(ValueError, OverflowError, OSError):
        at_ms = local_ms(moment, reading.zone) if moment else 0
        if at_ms > 0:
            sender = f"{PLATFORM}:{found[2]}"
            return RawLine(ids.next(at_ms, sender, text), sender, text, at_ms)
    return "undated"


def _status(status: str) -> Reason:
    if _SENT_FILE.fullmatch(status):
        return "media"
    return "call" if _CALL.search(status) else "service"
