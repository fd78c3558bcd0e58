"""RSS 0.9-2.0 and Atom 1.0 (RFC 4287): the owner's own feed, each entry an article.

A feed does not say whose it is, so one with several authors is refused rather than guessed at. Knows no site.
"""

import re
from collections.abc import Iterator
from html import escape

from model_server.errors import CorpusError
from training.importers.article_text import digest, fragment_to_markdown, is_tangled, one_line, parse_html, to_ms
from training.importers.base import Article, Aside, Event, Format, Reading
from training.importers.source import Sample, Source
from training.importers.xml_items import Item, read_items, root_name

_ROOTS = ("rss", "feed", "rdf:RDF", "atom:feed")
_ITEMS = ("item", "entry", "atom:entry")
_BODIES = ("content:encoded", "content", "atom:content", "description", "summary", "atom:summary")
_TITLES = ("title", "atom:title")
_KEYS = ("guid", "id", "atom:id", "link")
_DATES = ("pubDate", "published", "atom:published", "dc:date", "issued", "updated", "atom:updated")
_AUTHORS = ("dc:creator", "author/name", "atom:author/atom:name", "author")
_WANTED = (*_BODIES, *_TITLES, *_KEYS, *_DATES, *_AUTHORS)
_CUT = re.compile(r"(?:\[(?:…|\.{3})\]|Continue reading\b.{0,200})\s*\Z", re.DOTALL)
"""The end of an excerpt: half an article would teach half sentences, and replace the whole one of another export."""


def _sniff(sample: Sample) -> bool:
    return root_name(sample) in _ROOTS and "://wordpress.org/export/" not in sample.text


def _read(source: Source, reading: Reading) -> Iterator[Event]:
    authors: set[str] = set()
    for item in read_items(source, _ITEMS, _WANTED):
        authors |= {name} if (name := one_line(item.text(*_AUTHORS)).casefold()) else set()
        if len(authors) > 1:
            raise CorpusError(
                f"{source.name} holds the posts of several authors",
                "take the feed of your own posts, if the site has one",
            )
        yield Aside("too_long") if item.too_long else _article(item, reading)


def _article(item: Item, reading: Reading) -> Event:
    body = _body(item)
    if is_tangled(body):
        return Aside("too_long")
    markdown = fragment_to_markdown(body)
    if not markdown:
        return Aside("empty")
    if _CUT.search(markdown):
        return Aside("unsupported")
    title = one_line(parse_html(f"<i>{item.text(*_TITLES)}</i>").get_text(" "))
    said = item.text(*_DATES)
    key = item.text(*_KEYS) or digest(f"{title}\n{said}\n{'' if title else markdown}")
    return Article(f"web:{key}", title, markdown, to_ms(said, reading.zone))


def _body(item: Item) -> str:
    """The fullest body as HTML. Atom says the type; RSS means HTML, and text without tags reads the same."""
    for path in _BODIES:
        for found in item.fields.get(path, ()):
            if text := found.text.strip():
                return escape(text) if found.attributes.get("type") == "text" else text
    return ""


FORMAT = Format("feed", "RSS or Atom feed", _sniff, _read)
