"""The owner's articles as dialogue: a paragraph answers its heading, its bold lead, or its own first claim. Pure.

Every word of an answer is the owner's, in its order; the questions only hand a claim back and are never learned from.
Knows Markdown's front matter, headings and emphasis, and nothing else of it.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from model_server.contract import Line
from model_server.errors import CorpusError
from model_server.home import Home
from training.corpus import replace_file
from training.slices import ARTICLES, Session, Slice

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_TITLE = re.compile(r"^title:\s*(.+?)\s*$", re.MULTILINE)
_HEADING = re.compile(r"#{1,6}\s+(.+)")
_LEAD = re.compile(r"\*\*(.+?)[:.,]?\*\*[:.,]?\s*(.+)", re.DOTALL)
_CLAIM = re.compile(r"(.{12,200}?[.!?][\"”’']?)\s+(?=\S)(.+)", re.DOTALL)
_EMPHASIS = re.compile(r"(\*\*|__|\*|_|`)(?=\S)(.+?)(?<=\S)\1")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_ANSWER_LETTERS = 40


def to_dialogue(markdown: str, name: str) -> Session:
    """One article as a session: title, then a question and an answer for each paragraph."""
    front = _FRONT_MATTER.match(markdown)
    title = _TITLE.search(front[1]) if front else None
    question = title[1].strip("\"'") if title else name
    lines: list[Line] = []
    for block in re.split(r"\n\s*\n", markdown[front.end() :] if front else markdown):
        paragraph = " ".join(block.split())
        if heading := _HEADING.fullmatch(paragraph):
            question = _plain(heading[1])
            continue
        asked, answer = _ask(question, paragraph)
        if len(answer) >= _ANSWER_LETTERS:
            lines.append(Line(f"{len(lines)}", "contact", asked, len(lines)))
            lines.append(Line(f"{len(lines)}", "owner", answer, len(lines)))
        question = ""
    return Session(f"{ARTICLES}:{name}", "", "", tuple(lines))


def articles_slice(home: Home, validation: float) -> Slice | None:
    """All articles of the corpus as a slice; the last questions of each are for validation. None without articles."""
    train: list[Session] = []
    kept: list[Session] = []
    for path in sorted(articles_dir(home).glob("*.md")):
        session = to_dialogue(path.read_text(encoding="utf-8"), path.stem)
        cut = len(session.lines) - 2 * round(len(session.lines) / 2 * validation)
        for part, lines in ((train, session.lines[:cut]), (kept, session.lines[cut:])):
            if lines:
                part.append(Session(session.chat_key, "", "", lines))
    return Slice(ARTICLES, tuple(train), tuple(kept)) if train else None


def check_articles(paths: Iterable[Path]) -> None:
    """CorpusError when one of the files cannot be read as text."""
    for path in paths:
        try:
            path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{path} cannot be read: {error}", "articles are Markdown files in UTF-8") from None


def store_article(home: Home, path: Path) -> bool:
    """Copy a Markdown file into the corpus; whether it was new or had changed."""
    articles_dir(home).mkdir(parents=True, mode=0o700, exist_ok=True)
    place = articles_dir(home) / path.name
    content = path.read_bytes()
    if place.exists() and place.read_bytes() == content:
        return False
    replace_file(place, content)
    return True


def articles_dir(home: Home) -> Path:
    """Where the corpus keeps the owner's articles."""
    return home.corpus_dir / "articles"


def _ask(question: str, paragraph: str) -> tuple[str, str]:
    """What the contact says and the owner's answer: of the paragraph, all that was not given away by the question."""
    if lead := _LEAD.fullmatch(paragraph):
        return f"{_plain(lead[1])}?", _plain(lead[2])
    if question:
        return f"{question.rstrip('.?!')}?", _plain(paragraph)
    if claim := _CLAIM.fullmatch(paragraph):
        return f"“{_plain(claim[1])}” How do you mean that?", _plain(claim[2])
    return "Go on.", _plain(paragraph)


def _plain(markdown: str) -> str:
    return _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", markdown)).strip()
