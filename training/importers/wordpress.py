"""A WordPress export (WXR 1.0-1.2, Tools → Export, WordPress 3.1-6.8): the owner's published posts as articles.

Pages, drafts, posts behind a password and attachments are set aside; comments are others' words and never read. The
shape is that of `wp-admin/includes/export.php`. An export does not say who made it: with posts of several authors it is
refused, because WordPress exports the posts of one.
"""

import re
from collections.abc import Iterator

from model_server.errors import CorpusError
from training.importers.article_text import digest, fragment_to_markdown, is_tangled, one_line, to_ms
from training.importers.base import Article, Aside, Event, Format, Reading
from training.importers.source import Sample, Source
from training.importers.xml_items import Item, read_items, root_name

_FIELDS = (
    "title",
    "link",
    "guid",
    "dc:creator",
    "content:encoded",
    "wp:post_date",
    "wp:post_date_gmt",
    "wp:post_type",
    "wp:status",
    "wp:post_password",
)
_CAPTION = re.compile(r"\[(caption|gallery|playlist)\b[^\]]{0,2000}\](?:.{0,2000}?\[/\1\])?", re.DOTALL)
_SHORTCODE = re.compile(
    r"\[/?(?:embed|audio|video|code|sourcecode|contact-form(?:-7)?|youtube|tweet|more)\b[^\]]{0,500}\]"
)
_ZERO_DATE = "0000"


def _sniff(sample: Sample) -> bool:
    return root_name(sample) == "rss" and "://wordpress.org/export/" in sample.text


def _read(source: Source, reading: Reading) -> Iterator[Event]:
    # twice through the file: who wrote has to be known before the first post is taken
    authors = {
        item.text("dc:creator")
        for item in read_items(source, ("item",), ("dc:creator", "wp:post_type", "wp:status", "wp:post_password"))
        if _set_aside(item) is None
    }
    if len(authors) > 1:
        named = ", ".join(sorted(one_line(author) for author in authors)[:5])
        raise CorpusError(
            f"{source.name} holds the posts of {len(authors)} authors: {named}",
            "export your own: Tools → Export → Posts → Authors",
        )
    for item in read_items(source, ("item",), _FIELDS):
        yield _set_aside(item) or _article(item, reading)


def _set_aside(item: Item) -> Aside | None:
    if item.text("wp:post_type") == "attachment":
        return Aside("media")
    mine = item.text("wp:post_type") == "post" and item.text("wp:status") == "publish"
    return None if mine and not item.text("wp:post_password") else Aside("unsupported")


def _article(item: Item, reading: Reading) -> Event:
    if item.too_long or is_tangled(item.text("content:encoded")):
        return Aside("too_long")
    html = _SHORTCODE.sub("", _CAPTION.sub("", item.text("content:encoded")))
    markdown = fragment_to_markdown(html)
    if not markdown:
        return Aside("empty")
    title = one_line(item.text("title"))
    utc = item.text("wp:post_date_gmt")
    said = item.text("wp:post_date") if utc.startswith(_ZERO_DATE) or not utc else f"{utc}+00:00"
    key = item.text("guid", "link") or digest(f"{title}\n{said}")
    return Article(f"web:{key}", title, markdown, to_ms(said, reading.zone))


FORMAT = Format("wordpress", "WordPress export (WXR)", _sniff, _read)
