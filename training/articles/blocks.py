"""Markdown as blocks: what in an article are headings, paragraphs, lists and quotes. Pure.

Follows CommonMark as far as it matters for words: code, tables, raw HTML, footnotes and rules are left out. Knows no
dialogue.
"""

import re
from dataclasses import dataclass
from typing import Literal

from model_server.placeholders import PLACEHOLDER

BlockKind = Literal["heading", "paragraph", "list", "quote"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `text` is plain, one line, of a list one an item. `lead`: the bold words a paragraph began with."""

    kind: BlockKind
    text: str
    lead: str = ""


_FENCE = re.compile(r" {0,3}(`{3,}|~{3,}|\$\$)")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*\s*")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})\s*")
_RULE = re.compile(r" {0,3}(?:[-*_]\s*){3,}")
_QUOTE = re.compile(r" {0,3}>\s?(.*)")
_ITEM = re.compile(r"\s{0,12}(?:[-*+•]\s|(\d{1,3})(?:[.)]\s|、))\s*(?:\[[ xX]\]\s)?(.*)")
_TABLE = re.compile(r"\s*\|.*|[\s|:-]*\|[\s|:-]*")
# `[phone K]` is a word, before a bracket or a colon too: never a link, and whole inside the text of one
_PLACE = PLACEHOLDER.pattern
_DEFINITION = re.compile(rf" {{0,3}}(?!{_PLACE})\[[^\]]{{1,200}}\]:")
_MARKUP = re.compile(
    r" {0,3}(?:<!--|\{[%{]|</?(?:div|table|tr|td|details|summary|figure|iframe|script|style|video|img|center|hr|br)\b)",
    re.IGNORECASE,
)
_INDENTED = re.compile(r" {4}|\t")

_PICTURE = re.compile(r"!\[[^\]]{0,500}\]\([^)]{0,2000}\)|!\[\[[^\]]{0,500}\]\]|\[\^[^\]]{1,100}\]")
_LINK = re.compile(
    rf"(?!{_PLACE})\[(?!\])((?:[^\]]{{0,300}}?{_PLACE}){{0,20}}[^\]]{{0,500}})\]"
    rf"(?:\([^)]{{0,2000}}\)|(?!{_PLACE})\[[^\]]{{0,200}}\])"
)
_WIKI_LINK = re.compile(rf"\[(?!{_PLACE}\])" r"\[(?:[^\]|]{0,300}\|)?([^\]]{1,300})\]\]")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,1000}>|<!--.{0,2000}?-->|\{\{[<%].{0,500}?[>%]\}\}")
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|(?<!\w)___?|(?<!\w)_|\*|~~|==|`)(?=\S)(.{1,600}?)(?<=\S)\1")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_LEAD = re.compile(r"(?:\*\*|__)([^*_]{2,120}?)[:.,：。，]?(?:\*\*|__)[:.,：。，]?\s*(?=\S)(.+)")


_LONGEST = 20_000
"""Characters; longer lines are left as they are: brackets that are never closed cost the square of them."""


def read_blocks(markdown: str) -> list[Block]:
    """The blocks of an article, in order."""
    reader = _Reader()
    for line in markdown.splitlines():
        reader.take(line.expandtabs(4) if line.startswith("\t") else line.rstrip())
    return reader.end()


def plain(markdown: str) -> str:
    """The words of one line of Markdown: of links the text, of emphasis what is emphasised, of pictures nothing."""
    if len(markdown) > _LONGEST:
        return " ".join(markdown.split())
    text = _WIKI_LINK.sub(r"\1", _PICTURE.sub("", _TAG.sub("", markdown)))
    text = _LINK.sub(r"\1", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    return " ".join(_ESCAPE.sub(r"\1", text).split())


class _Reader:
    """Line by line; `_open` is the kind of block that the next line may go on with."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._open: BlockKind | Literal["", "left out"] = ""
        self._lines: list[str] = []
        self._fence = ""

    def take(self, line: str) -> None:
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._fence) and not line.strip().strip(self._fence[0]):
                self._fence = ""
        elif fence:
            self._close()
            whole = fence[1] == "$$" and line.strip().endswith("$$") and len(line.strip()) > 4
            self._fence = "" if whole else fence[1]
        elif not line.strip():
            # a list goes on after a blank line, when what follows is indented or an item
            self._close()
        elif len(line) > _LONGEST or not self._is_special(line):
            self._words(line)

    def _is_special(self, line: str) -> bool:
        """Whether the line begins a block of its own; if so it is taken."""
        if self._open == "paragraph" and _UNDERLINE.fullmatch(line):
            self._open = "heading"
            self._close()
        elif found := _HEADING.fullmatch(line):
            self._begin("heading", found[1])
            self._close()
        elif _RULE.fullmatch(line):
            self._close()
        elif found := _QUOTE.fullmatch(line):
            self._go_on("quote", found[1])
        elif (found := _ITEM.fullmatch(line)) and (self._open != "paragraph" or found[1] in (None, "1")):
            self._go_on("list", found[2])
        elif _TABLE.fullmatch(line) or _DEFINITION.match(line) or _MARKUP.match(line):
            self._close()
            self._open = "left out"
        else:
            return False
        return True

    def _words(self, line: str) -> None:
        if self._open == "" and _INDENTED.match(line):
            if self._blocks and self._blocks[-1].kind == "list":
                self._begin("list", line)
            return  # code
        if self._open == "":
            self._begin("paragraph", line)
        elif self._open == "list":
            self._lines[-1] = f"{self._lines[-1]} {line.strip()}"
        elif self._open != "left out":
            self._lines.append(line)

    def end(self) -> list[Block]:
        self._close()
        return self._blocks

    def _go_on(self, kind: BlockKind, line: str) -> None:
        if self._open == kind:
            self._lines.append(line)
        else:
            self._begin(kind, line)

    def _begin(self, kind: BlockKind, line: str) -> None:
        self._close()
        self._open, self._lines = kind, [line]

    def _close(self) -> None:
        kind, lines = self._open, self._lines
        self._open, self._lines = "", []
        if kind == "" or kind == "left out":  # noqa: PLR1714  # what mypy understands
            return
        lead = ""
        if kind == "list":
            text = "\n".join(item for line in lines if (item := plain(line)))
            if text and self._blocks and self._blocks[-1].kind == "list":  # blank lines between items
                text = f"{self._blocks.pop().text}\n{text}"
        else:
            source = " ".join(line.strip() for line in lines)
            if kind == "paragraph" and (found := _LEAD.fullmatch(source)):
                lead, source = plain(found[1]), found[2]
            text = plain(source)
        if text:
            self._blocks.append(Block(kind, text, lead))
