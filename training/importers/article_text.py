"""What all importers of the owner's writing share: reading a small file whole, HTML to Markdown, dates, keys.

Knows no format. An article is text of a person: whatever is larger than that is set aside, never half read.
"""

import codecs
import hashlib
import io
import re
import warnings
from datetime import date, datetime, time, tzinfo
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath

from bs4 import BeautifulSoup, ParserRejectedMarkup, Tag, XMLParsedAsHTMLWarning
from markdownify import MarkdownConverter

from training.importers.source import Source
from training.importers.text import decode_lines, tidy

LONGEST_ARTICLE_BYTES = 2 << 20
"""A longer file, or field of a feed, is no essay."""
_MOST_TAGS = 40_000
_MOST_OPEN = 100
_CHUNK_BYTES = 1 << 16
_NOT_WORDS = (
    "head, script, style, template, noscript, nav, aside, form, button, iframe, svg, canvas, video, audio, figure,"
    " footer, #comments, .comments, .comment-list, .comment-respond, .sharedaddy"
)
_ENCODINGS = re.compile(r"utf-?8|gb18030|big5|shift_jis|euc-(?:jp|kr)|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]")
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w-]{1,40})""", re.IGNORECASE)
_BLOCK_TAG = re.compile(r"<(?:p|div|br|ul|ol|h[1-6]|blockquote|pre|table|section|article)\b", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_BLANK_LINES = re.compile(r"\n{3,}")
_OFFSET = re.compile(r"\s+(Z|UTC|GMT|[+-]\d\d:?\d\d)$")


def read_whole(source: Source) -> bytes | None:
    """All bytes of a source, None when there are more than an article has."""
    content = bytearray()
    with source.open() as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > LONGEST_ARTICLE_BYTES:
                return None
    return bytes(content)


def named_codec(said: str) -> str:
    """The codec for an encoding that a document says it is in, "" for what no document of a person's is in."""
    name = said.casefold()
    if name in ("gb2312", "gbk"):
        return "gb18030"
    try:
        return codecs.lookup(name).name if _ENCODINGS.fullmatch(name) else ""
    except LookupError:  # ISO 8859-12 was never written
        return ""


def decode_page(content: bytes) -> str:
    """A page as text: by the encoding it declares, else as any text."""
    declared = _META_CHARSET.search(content[:4096])
    codec = named_codec(declared[1].decode("ascii")) if declared else ""
    return content.decode(codec, "replace") if codec else "\n".join(decode_lines(io.BytesIO(content)))


def parse_html(html: str) -> BeautifulSoup:
    """The tree of a page or a fragment; never fails on malformed markup."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML says `<?xml` and is HTML all the same
        try:
            return BeautifulSoup(html, "html.parser")
        except ParserRejectedMarkup:  # the one thing it does not take: `<![` with a word nobody knows
            return BeautifulSoup(html.replace("<![", "&lt;!["), "html.parser")


def is_tangled(html: str) -> bool:
    """Whether there are more tags, or more without an end, than anybody's essay has: parsing them takes its time."""
    return html.count("<") > _MOST_TAGS or any(part.count("<") > _MOST_OPEN for part in html.split(">"))


def fragment_to_markdown(html: str) -> str:
    """The body of a post as Markdown. Text without block tags has its paragraphs by blank lines, as WordPress does."""
    if not _BLOCK_TAG.search(html):
        html = "".join(f"<p>{part}</p>" for part in _BLANK_LINE.split(html))
    return to_markdown(parse_html(f"<div>{html}</div>"))


def to_markdown(tree: Tag) -> str:
    """An element as Markdown: no scripts, no pictures, no comments of others; of a link the words. Changes `tree`."""
    for element in tree.select(_NOT_WORDS):
        element.decompose()
    converter = MarkdownConverter(
        heading_style="atx",
        bullets="-",
        strip=["a", "img"],
        # the scrub has to see `jo_hn@example.org` as it was written
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
    )
    try:
        text: str = converter.convert_soup(tree)
    except RecursionError:  # nested deeper than any page that a person wrote: its words alone
        text = tree.get_text("\n")
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in tidy(text).split("\n")))


def to_ms(said: object, zone: tzinfo) -> int:
    """Unix milliseconds of a date in ISO 8601, RFC 822 or as `2025/2/1 10:00 +0800`, 0 when it is none."""
    try:
        moment = _moment(said)
        if moment is None:
            return 0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return max(0, int(moment.timestamp() * 1000))
    except (ValueError, TypeError, OverflowError, IndexError):  # the parsers' ways to say that it is no date
        return 0


def _moment(said: object) -> datetime | None:
    if isinstance(said, datetime):
        return said
    if isinstance(said, date):
        return datetime.combine(said, time())
    if not isinstance(said, str) or not (words := said.strip()) or len(words) > 64:
        return None
    words = _OFFSET.sub(lambda found: "+00:00" if found[1] in ("Z", "UTC", "GMT") else found[1], words)
    try:
        return datetime.fromisoformat(words.replace("/", "-"))
    except ValueError:
        pass
    if loose := re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(.*)", words):
        return datetime.fromisoformat(f"{loose[1]}-{int(loose[2]):02}-{int(loose[3]):02}{loose[4]}")
    return parsedate_to_datetime(said)


def file_stem(name: str) -> str:
    """`soup-is-a-drink` of `articles/soup-is-a-drink.md`; an `index` is called as its folder is."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.parent.name if path.stem.casefold() in ("index", "_index") and path.parent.name else path.stem


def file_key(name: str, title: str) -> str:
    """The key of an article in a file of its own: by the file's name and its title, wherever the folder lies."""
    return f"file:{file_stem(name)}:{digest(title.casefold())}"


def digest(text: str) -> str:
    """A short name for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def one_line(text: str) -> str:
    """A title: one line, nothing invisible, of a length that can be shown."""
    return " ".join(tidy(text).split())[:300]
