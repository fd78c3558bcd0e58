"""One web page, saved or exported (Medium, Notion, Ghost, a static site), as an article of the owner's.

The article is the longest `article`, else `main`, else the body; scripts, menus, pictures and comments of others are
left out. Knows no site.
"""

from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from model_server.errors import CorpusError
from training.importers.article_text import (
    decode_page,
    file_key,
    file_stem,
    is_tangled,
    one_line,
    parse_html,
    read_whole,
    to_markdown,
    to_ms,
)
from training.importers.base import Article, Aside, Event, Format, Reading
from training.importers.source import Sample, Source

_SUFFIXES = (".html", ".htm", ".xhtml")
_CHAT_MARKS = (
    *("chatlog", 'class="message', "class='message", 'class="page_wrap"', "conversation__"),
    *("<div class=first>", "chat-container", "chatMessages", "uiBoxWhite"),
)
"""Chats as HTML (Telegram, DiscordChatExporter, imessage-exporter, signal-export, WeFlow, MemoTrace, Meta's): never an
article of the owner's."""
_HEAD_BYTES = 4096
_TAIL_BYTES = 1 << 16
_DATE_META = ("article:published_time", "datePublished", "date", "dc.date", "DC.date.issued")


def _sniff(sample: Sample) -> bool:
    start = sample.text[:2000].lstrip().casefold()
    if "\0" in sample.text or any(mark in sample.text for mark in _CHAT_MARKS):
        return False
    return start.startswith(("<!doctype html", "<html")) or (sample.base.endswith(_SUFFIXES) and "<" in start)


def _read(source: Source, reading: Reading) -> Iterator[Event]:
    content = read_whole(source)
    html = "" if content is None else decode_page(content)
    if content is None or is_tangled(html):
        yield Aside("too_long")
        return
    if b"<html" in content[:_HEAD_BYTES].lower() and b"</html" not in content[-_TAIL_BYTES:].lower():
        raise CorpusError(
            f"{source.name} breaks off near line {content.count(10) + 1}: it has no </html>",
            "save the page again, whole",
        )
    page = parse_html(html)
    title = _title(page) or one_line(file_stem(source.name).replace("-", " "))
    at_ms = _date(page, reading)
    canonical = page.find("link", rel="canonical", href=True)
    key = f"web:{canonical['href']}" if isinstance(canonical, Tag) else file_key(source.name, title)
    markdown = to_markdown(_article(page))
    yield Article(key, title, markdown, at_ms) if markdown else Aside("empty")


def _article(page: BeautifulSoup) -> Tag:
    outer = [one for one in page.find_all("article") if one.find_parent("article") is None]
    if outer:
        return max(outer, key=lambda one: len(one.get_text()))
    return page.find("main") or page.find(role="main") or page.body or page


def _title(page: BeautifulSoup) -> str:
    told = page.find("meta", property="og:title", content=True) or page.find("meta", attrs={"name": "title"})
    if isinstance(told, Tag) and (title := one_line(str(told.get("content", "")))):
        return title
    heading = page.find("h1") or page.find("title")
    return one_line(heading.get_text(" ")) if heading else ""


def _date(page: BeautifulSoup, reading: Reading) -> int:
    said: dict[str, str] = {}
    for meta in page.find_all("meta", content=True):
        for by in ("property", "name", "itemprop"):
            said.setdefault(str(meta.get(by, "")), str(meta["content"]))
    for name in _DATE_META:
        if ms := to_ms(said.get(name, ""), reading.zone):
            return ms
    told = page.find("time", datetime=True)
    return to_ms(str(told["datetime"]), reading.zone) if isinstance(told, Tag) else 0


FORMAT = Format("html", "Web page (HTML)", _sniff, _read)
