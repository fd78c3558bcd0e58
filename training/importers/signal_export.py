"""signal-export's folders (one chat to a folder: `data.json`, `chat.md`, `index.html`) as events.

The shape is that of github.com/carderne/signal-export 0.x to 3.x: JSON Lines from 2.0 on, Markdown always. Where both
lie in a folder they hold the same messages, and the JSON is read. The owner is called `Me`; a chat is personal where
nobody but the namesake of its folder speaks. Knows nothing of Signal's database.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

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
    SkippedChat,
)
from training.importers.json_lines import first_records
from training.importers.named_chat import head_of, person_of, speakers_of
from training.importers.signal_export_records import EXPORT_AGAIN, MD_LINE, Said, from_json, from_markdown
from training.importers.source import Sample, Source
from training.importers.text import local_ms, tidy

PLATFORM = "signal"
_NOBODY = frozenset(("No-Sender", ""))
_QUOTED_LINES = 2_000


_Records = Callable[[Source], Iterator[Said | None]]


def sniff_json(sample: Sample) -> bool:
    """A `data.json` whose lines are records of signal-export."""
    found = first_records(sample.text, 3)
    return bool(found) and all({"date", "sender", "body", "reactions"} <= one.keys() for one in found)


def sniff_markdown(sample: Sample) -> bool:
    """A `chat.md` (or the `index.md` of the first versions) that begins with a message."""
    return sample.base in ("chat.md", "index.md") and MD_LINE.match(sample.text.lstrip()) is not None


def sniff_html(sample: Sample) -> bool:
    """The web page that signal-export writes beside the others."""
    return sample.base == "index.html" and all(
        mark in sample.text for mark in ("../style.css", "<div class=first>", "href=#pg0")
    )


def read_json(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`."""
    return _events(source, reading, from_json)


def read_markdown(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`; nothing where a `data.json` holds the same messages."""
    return iter(()) if source.sibling("data.json") else _events(source, reading, from_markdown)


def read_html(source: Source, reading: Reading) -> Iterator[Event]:
    """As `Format.read`: nothing of its own. CorpusError when it stands alone."""
    if source.sibling("data.json") is None and source.sibling("chat.md") is None:
        raise CorpusError(f"{source.name}: the chat.md and data.json beside it are missing", EXPORT_AGAIN)
    return iter(())


FORMATS = (
    Format("signal-export", "signal-export (data.json)", sniff_json, read_json),
    Format("signal-export-md", "signal-export (chat.md)", sniff_markdown, read_markdown),
    Format("signal-export-html", "signal-export (web page, read from the files beside it)", sniff_html, read_html),
)


def _events(source: Source, reading: Reading, records: _Records) -> Iterator[Event]:
    parent = source.name.replace("\\", "/").rsplit("/", 2)
    name = parent[-2] if len(parent) > 1 else "Signal"
    if name.casefold().replace(" ", "") == "notetoself":
        yield SkippedChat("saved_messages", name, sum(1 for _ in records(source)))
        return
    speakers = speakers_of(_who(records(source)))
    if not speakers:
        yield from _nothing(source, records)
        return
    yield head_of(PLATFORM, name, speakers)
    ids, quoted = LineIds(), _Quoted()
    known: set[str] = set()
    for said in records(source):
        made = _line(said, ids, quoted, reading)
        if not isinstance(made, RawLine):
            yield Aside(made)
            continue
        if said is not None and said.sender not in known:
            known.add(said.sender)
            yield person_of(PLATFORM, said.sender)
        yield made


def _who(records: Iterable[Said | None]) -> Iterator[str]:
    return (said.sender for said in records if said is not None and said.sender not in _NOBODY)


def _nothing(source: Source, records: _Records) -> Iterator[Event]:
    """A file in which nobody speaks: service lines only, or no messages at all."""
    count = 0
    for said in records(source):
        count += 1
        yield Aside("damaged" if said is None else "service")
    if not count:
        raise CorpusError(f"{source.name} holds no messages of signal-export", EXPORT_AGAIN)


def _line(said: Said | None, ids: LineIds, quoted: "_Quoted", reading: Reading) -> RawLine | Reason:
    if said is None:
        return "damaged"
    if said.deleted or said.call or said.sender in _NOBODY:
        return "deleted" if said.deleted else "call" if said.call else "service"
    text = tidy(said.body)
    if not text:
        return "sticker" if said.sticker else "media" if said.media else "empty"
    if len(text) > LONGEST_TEXT_CHARS:
        return "too_long"
    at_ms = _at_ms(said.date, reading)
    if at_ms is None:
        return "undated"
    sender = f"{PLATFORM}:{said.sender}"
    line = RawLine(ids.next(at_ms, sender, text), sender, text, at_ms, quoted.find(said.quote))
    quoted.remember(text, line.line_id)
    return line


def _at_ms(written: str, reading: Reading) -> int | None:
    with contextlib.suppress(ValueError, OverflowError, OSError):
        moment = datetime.fromisoformat(written)
        at_ms = int(moment.timestamp() * 1000) if moment.tzinfo else local_ms(moment, reading.zone)
        return at_ms if at_ms > 0 else None  # a message without a time was given 1970
    return None


class _Quoted:
    """Which line a quotation is of: the latest of the last lines with the same words."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, str] = OrderedDict()

    def remember(self, text: str, line_id: str) -> None:
        """A line that may be quoted later."""
        words = _words(text)
        self._lines[words] = line_id
        self._lines.move_to_end(words)
        if len(self._lines) > _QUOTED_LINES:
            self._lines.popitem(last=False)

    def find(self, quote: str) -> str:
        """The id of the line, "" when it is not among them."""
        return self._lines.get(_words(quote.replace("\n> ", "\n").strip().removeprefix("> ")), "") if quote else ""


def _words(text: str) -> str:
    return " ".join(text.replace("`", "").split())
