"""The owner's articles as dialogue: a paragraph answers its title, its heading, its bold lead, a quotation, or its own
first claim. Pure, but for reading the corpus.

Every word of an answer is the owner's, in its order; what he quotes is asked, never answered. Knows no Markdown.
"""

import re
from collections.abc import Collection
from dataclasses import replace

from model_server.contract import Line
from model_server.home import Home
from training.articles.blocks import Block, read_blocks
from training.articles.questions import (
    ask_about,
    ask_for_claim,
    ask_for_more,
    ask_for_quote,
)
from training.conversations import Session
from training.corpus import CorpusArticle, read_articles
from training.languages import language_of
from training.slices import ARTICLES, Slice

_CLAIM = re.compile(r"(.{5,200}?(?:[.!?][\"”’']?(?=\s)|[。！？][”’」』]?))\s*(?=\S)(.+)", re.DOTALL)
_QUOTED = re.compile(
    r"(?:“[^”]+”|\"[^\"]+\"|«[^»]+»|„[^“”]+[“”]|「[^」]+」|『[^』]+』)[.。]?(?:\s*[—–―-]{1,2}\s*.{1,80})?", re.DOTALL
)
"""A paragraph that is nothing but somebody's words."""
_ATTRIBUTION = re.compile(r"[—–―-]{1,2}\s*\S.{0,80}")
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ENOUGH = 40
"""Letters an answer needs, a Chinese character being worth three; a shorter paragraph goes with the next, and is an
answer of its own only where nothing follows it below its heading."""
_LONGEST_QUOTE_CHARS = 300


def to_dialogue(article: CorpusArticle) -> Session:
    """One article as a session: a question and an answer for each paragraph that is long enough to be one."""
    language = language_of(article.markdown)
    writer = _Writer(article.title, language)
    for block in read_blocks(article.markdown):
        writer.take(block)
    return Session(f"{ARTICLES}:{article.key}", "", "", tuple(writer.end()), language)


def latest_articles(home: Home, share: float) -> tuple[Session, ...] | None:
    """The latest `share` of the articles by time, rounded to whole ones; of few, none. None without articles."""
    ordered = sorted(read_articles(home), key=lambda article: (article.at_ms, article.key))
    spoken = [session for session in map(to_dialogue, ordered) if session.lines]
    return tuple(spoken[len(spoken) - round(len(spoken) * share) :]) if spoken else None


def articles_slice(home: Home, validation: float, held_out: Collection[Session] = ()) -> Slice | None:
    """All articles of the corpus but those `held_out`, as a slice; the last questions of each are for validation. None
    without articles."""
    train: list[Session] = []
    kept: list[Session] = []
    away = {session.chat_key for session in held_out}
    for session in map(to_dialogue, read_articles(home)):
        if session.chat_key in away:
            continue
        cut = len(session.lines) - 2 * round(len(session.lines) / 2 * validation)
        for part, lines in ((train, session.lines[:cut]), (kept, session.lines[cut:])):
            if lines:
                part.append(replace(session, lines=lines))
    return Slice(ARTICLES, tuple(train), tuple(kept)) if train else None


class _Writer:
    """Turns blocks into questions and answers; `_asked` waits for the next paragraph, `_short` for one to go with.

    Below the title alone stand bylines and dates as well: what is short there answers nothing.
    """

    def __init__(self, title: str, language: str) -> None:
        self._language = language
        self._asked = self._title = ask_about(title, language) if title else ""
        self._short: list[str] = []
        self._lines: list[Line] = []
        self._announced = False
        """Whether the last paragraph ends in a colon, so that the list after it belongs to it."""
        self._quoted = False
        """Whether the last block was a quotation, so that a dash begins the name of whose it is."""

    def take(self, block: Block) -> None:
        kind = block.kind
        if kind == "paragraph" and self._quoted and _ATTRIBUTION.fullmatch(block.text):
            return
        if kind == "paragraph" and not block.lead and _QUOTED.fullmatch(block.text):
            kind = "quote"
        match kind:
            case "heading":
                self._flush()
                self._asked = ask_about(block.text, self._language)
            case "quote":
                if self._announced and self._short:
                    self._short.pop()  # `He wrote to me:` says nothing without what he wrote
                if 0 < len(block.text) <= _LONGEST_QUOTE_CHARS and not self._short:
                    self._asked = ask_for_quote(block.text, self._language)
            case "list" if self._announced and self._lines and not self._short:
                self._append(block.text)
            case "list":
                self._answer(block.text)
            case "paragraph":
                if block.lead:
                    self._flush()
                    self._asked = ask_about(block.lead, self._language)
                self._answer(block.text)
        self._announced = kind == "paragraph" and block.text.endswith((":", "："))
        self._quoted = kind == "quote"

    def end(self) -> list[Line]:
        self._flush()
        return self._lines

    def _answer(self, text: str) -> None:
        if not self._asked and not self._short and (claim := _CLAIM.fullmatch(text)) and _weight(claim[2]) >= _ENOUGH:
            self._asked, text = ask_for_claim(claim[1], len(self._lines) // 2, self._language), claim[2]
        whole = "\n".join((*self._short, text))
        if _weight(whole) < _ENOUGH:
            self._short.append(text)
            return
        self._put(whole)

    def _put(self, answer: str) -> None:
        number = len(self._lines)
        asked = self._asked or ask_for_more(number // 2, self._language)
        self._lines.append(Line(f"{number}", "contact", asked, number))
        self._lines.append(Line(f"{number + 1}", "owner", answer, number + 1))
        self._short, self._asked = [], ""

    def _flush(self) -> None:
        """What is too short answers its heading; without one it ends the answer before, or is dropped."""
        if self._short and self._asked and self._asked != self._title:
            self._put("\n".join(self._short))
        elif self._short and self._lines:
            self._append("\n".join(self._short))
        self._short = []

    def _append(self, text: str) -> None:
        last = self._lines[-1]
        self._lines[-1] = Line(last.line_id, last.author, f"{last.text}\n{text}", last.at_ms)


def _weight(text: str) -> int:
    return len(text) + 2 * len(_HAN.findall(text))
