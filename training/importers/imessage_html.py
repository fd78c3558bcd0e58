"""The messages of an imessage-exporter web page (`--format html`), read tag by tag while the file streams past.

The shape is that of github.com/ReagentX/imessage-exporter 1.x to 4.x: `div.message` with a time, a sender and
`span.bubble`s, `div.sent` around the owner's, a thread inside the message it answers.
"""

import codecs
import html
import re
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser

from model_server.errors import CorpusError
from training.importers.base import LONGEST_TEXT_CHARS
from training.importers.imessage_spoken import LONGEST_NAME_CHARS, MOST_REPLIES, Spoken
from training.importers.source import Source
from training.importers.us_times import US_TIME

EXPORT_AGAIN = "export again with imessage-exporter"
_CHUNK_BYTES = 1 << 14
_LONGEST_TAG_CHARS = 1 << 15  # a tag without an end is looked through again with every chunk
_LONGEST_STYLE_CHARS = 1 << 20
_DEEPEST = 200
_VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
_MEDIA = frozenset(("img", "video", "audio"))
_SENDER = re.compile(
    r'<div class="(?P<side>sent|received)[^"]{0,80}">.{0,2000}?<span class="sender">(?P<name>[^<]{0,400})</span>',
    re.DOTALL,
)
_OVERLAP_CHARS = 4096
_TIME = re.compile(US_TIME)
_ROLES = {
    "message": "message",
    "timestamp": "time",
    "sender": "sender",
    "bubble": "words",
    "subject": "words",
    "edited": "edited",
    "app": "app",
    "announcement": "announcement",
    "tapbacks": "ignored",
    "reactions": "ignored",
    "sticker": "sticker",
    "unsent": "unsent",
    "deleted": "deleted",
    "shareplay": "service",
    "shared_location": "service",
    "reply_context": "answers",
    "attachment_error": "media",
}
"""What an element is for, by one of its classes."""


def html_senders(source: Source) -> Iterator[tuple[str, bool]]:
    """Who sent each message, and whether it was the owner: a quick look that parses nothing."""
    text = ""
    for piece in _pieces(source):
        text += piece
        seen = 0
        for found in _SENDER.finditer(text):
            seen = found.end()
            yield _name(html.unescape(found["name"])), found["side"] == "sent"
        text = text[max(seen, len(text) - _OVERLAP_CHARS) :]


def read_html(source: Source) -> Iterator[Spoken]:
    """Every message in its own place, its thread in `nested`. CorpusError when it is no page that can be read."""
    page = _Page()
    for piece in _pieces(source):
        try:
            page.feed(piece)
        except AssertionError:  # the one thing that the parser does not take: `<![` with a word nobody knows
            raise CorpusError(f"{source.name} is damaged near line {page.getpos()[0]}", EXPORT_AGAIN) from None
        longest = _LONGEST_TAG_CHARS if page.cdata_elem is None else _LONGEST_STYLE_CHARS
        if len(page.rawdata) > longest or page.depth > _DEEPEST:
            raise CorpusError(f"{source.name} is no page of messages near line {page.getpos()[0]}", EXPORT_AGAIN)
        yield from page.taken()
    page.close()
    yield from page.taken()
    if page.depth:
        raise CorpusError(f"{source.name} breaks off near line {page.getpos()[0]}", EXPORT_AGAIN)


def _pieces(source: Source) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    with closing(source.open()) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield decoder.decode(chunk)


def _name(heard: str) -> str:
    return " ".join(heard.split())[:LONGEST_NAME_CHARS]


class _Page(HTMLParser):
    """Messages as they end. Of the elements that are open it remembers the tag and the role."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, str]] = []
        self._speaking: list[Spoken] = []
        self._done: list[Spoken] = []
        self._heard: list[str] = []
        self._heard_chars = 0

    @property
    def depth(self) -> int:
        """How many elements are open inside messages."""
        return len(self._open)

    def taken(self) -> list[Spoken]:
        """The messages that have ended since the last call."""
        done, self._done = self._done, []
        return done

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As `HTMLParser`."""
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        role = next((_ROLES[one] for one in classes if one in _ROLES and tag not in _VOID), "")
        if not self._open and role not in ("message", "announcement"):
            return
        if role == "message":
            self._speaking.append(Spoken(""))
        elif role == "announcement":
            self._speaking.append(Spoken("", dropped="service"))
        spoken, inside = self._speaking[-1], self._role()
        if "sent" in classes:
            spoken.mine = True
        if tag in _MEDIA and inside not in ("ignored", "sticker", "app"):
            spoken.aside = spoken.aside or "media"
        if tag == "br" and inside in ("words", "edited"):
            self._hear("\n")
        if tag == "a" and inside == "app" and (given.get("href") or "").startswith(("http://", "https://")):
            spoken.say(given["href"] or "")
        if tag in _VOID:
            return
        if role in ("time", "sender", "words") or (tag == "td" and inside == "edited"):
            self._heard.clear()
            self._heard_chars = 0
        self._mark(spoken, role)
        self._open.append((tag, role))

    def handle_endtag(self, tag: str) -> None:
        """As `HTMLParser`; an end without a beginning is passed over."""
        if all(one != tag for one, _ in self._open):
            return
        while self._open:
            ended, role = self._open.pop()
            self._end(ended, role)
            if ended == tag:
                return

    def handle_data(self, data: str) -> None:
        """As `HTMLParser`."""
        if self._role() in ("time", "sender", "words", "edited", "announcement"):
            self._hear(data)

    def _role(self) -> str:
        return next((role for _, role in reversed(self._open) if role), "")

    def _hear(self, data: str) -> None:
        if self._heard_chars <= LONGEST_TEXT_CHARS:
            self._heard.append(data)
            self._heard_chars += len(data)

    def _mark(self, spoken: Spoken, role: str) -> None:
        """What an element says by being there."""
        if role == "answers":
            spoken.answers = True
        elif role == "deleted":
            spoken.dropped = "deleted"
        elif role == "unsent":
            spoken.aside = "deleted"
        elif role in ("service", "sticker", "media"):
            spoken.aside = spoken.aside or (
                "sticker" if role == "sticker" else "service" if role == "service" else "media"
            )
        elif role == "app":
            spoken.aside = "media"

    def _end(self, tag: str, role: str) -> None:
        heard = "".join(self._heard)
        spoken = self._speaking[-1]
        inside = self._role()
        if role == "time":
            if inside != "edited" and not spoken.written_at and (found := _TIME.search(heard)) is not None:
                spoken.written_at = found[0]
            self._heard.clear()
        elif role == "sender":
            spoken.sender = _name(heard)
        elif role == "words" and inside != "edited":
            spoken.say(heard.strip())
        elif role == "edited" and heard.strip():
            spoken.say(heard.strip())  # the last row of its history
        elif role == "announcement" and " unsent a message" in heard:
            spoken.dropped = "deleted"
        if role in ("message", "announcement"):
            self._speaking.pop()
            if self._speaking and len(self._speaking[-1].nested) < MOST_REPLIES:
                self._speaking[-1].nested.append(spoken)
            elif not self._speaking:
                self._done.append(spoken)
