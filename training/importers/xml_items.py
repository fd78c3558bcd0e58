"""The items of an XML document, one at a time: shared by the importers of feeds and of WordPress exports.

Streams by SAX under defusedxml (no entities of the document's own, nothing fetched); holds one item, and of its fields
only those that are wanted. Knows no format.
"""

import codecs
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import escape, quoteattr
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from model_server.errors import CorpusError
from training.importers.article_text import LONGEST_ARTICLE_BYTES, named_codec
from training.importers.source import Sample, Source

_CHUNK_BYTES = 1 << 16
_DEEPEST = 200
_LONGEST_TOKEN_BYTES = 4 << 20
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 forbids and WordPress exports all the same."""
_DECLARED = re.compile(r"""\A<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.-]{1,40})["']""")
_ROOT = re.compile(r"<([A-Za-z_][\w:.-]*)")


@dataclass(frozen=True, slots=True)
class Field:
    """One element below an item: its text, or for XHTML its markup."""

    text: str
    attributes: Mapping[str, str]


@dataclass(slots=True)
class Item:
    """One item. `fields`: path below the item (`author/name`) -> its elements in order; only those that are wanted."""

    fields: dict[str, list[Field]] = field(default_factory=dict)
    too_long: bool = False

    def text(self, *paths: str) -> str:
        """The first text that one of these paths has, "" when none has."""
        found = (one.text.strip() for path in paths for one in self.fields.get(path, ()))
        return next((text for text in found if text), "")


def root_name(sample: Sample) -> str:
    """The name of the document's first element, "" when it is no XML."""
    text = sample.text.lstrip()
    found = _ROOT.search(_without_comments(text)) if text.startswith("<") else None
    return found[1] if found else ""


def _without_comments(text: str) -> str:
    first, *rest = text.split("<!--")
    return first + "".join(one.partition("-->")[2] for one in rest)


def read_items(source: Source, names: Collection[str], wanted: Collection[str]) -> Iterator[Item]:
    """Every element called one of `names`, with its `wanted` fields. CorpusError where the document breaks off."""
    parser = create_parser()
    handler = _Handler(names, wanted)
    parser.setContentHandler(handler)
    decoder = codecs.getincrementaldecoder(_encoding(source.sample()))("replace")
    silent_bytes = 0
    with source.open() as stream:
        while True:
            chunk = stream.read(_CHUNK_BYTES)
            before = handler.events
            try:
                parser.feed(_ILLEGAL.sub(" ", decoder.decode(chunk, final=not chunk)))
                if not chunk:
                    parser.close()
            except DefusedXmlException:
                raise CorpusError(
                    f"{source.name} declares entities of its own",
                    "export it again; nothing that was written needs them",
                ) from None
            except (SAXException, _TooDeep, ValueError) as error:
                line = error.getLineNumber() if isinstance(error, SAXParseException) else parser.getLineNumber()
                what = error.getMessage() if isinstance(error, SAXException) else str(error)
                raise CorpusError(
                    f"{source.name} breaks off near line {line}: {what}", "export it again; it must be whole"
                ) from None
            yield from handler.take()
            if not chunk:
                return
            silent_bytes = 0 if handler.events != before else silent_bytes + len(chunk)
            if silent_bytes > _LONGEST_TOKEN_BYTES:
                raise CorpusError(
                    f"{source.name} breaks off near line {parser.getLineNumber()}: a tag without an end",
                    "export it again; it must be whole",
                )


def _encoding(sample: Sample) -> str:
    """By BOM, else as declared; UTF-8 when that is nothing a feed is written in."""
    if sample.head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    declared = _DECLARED.match(sample.text)
    codec = named_codec(declared[1]) if declared else ""
    return codec if codec and not codec.startswith("utf") else "utf-8-sig"


class _TooDeep(Exception):
    """Elements within elements, deeper than any feed."""


class _Handler(ContentHandler):
    def __init__(self, names: Collection[str], wanted: Collection[str]) -> None:
        super().__init__()
        self._names = frozenset(names)
        self._wanted = frozenset(wanted)
        self._item: Item | None = None
        self._path: list[str] = []
        self._depth = 0
        self._pieces: list[str] | None = None
        self._at = 0
        self._attributes: Mapping[str, str] = {}
        self._chars = 0
        self._done: list[Item] = []
        self.events = 0

    def take(self) -> list[Item]:
        """The items that ended since the last time."""
        done, self._done = self._done, []
        return done

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  # xml.sax calls it so
        self.events += 1
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _TooDeep("elements are nested too deeply")
        if self._item is None:
            if name in self._names:
                self._item, self._path, self._chars = Item(), [], 0
            return
        self._path.append(name)
        if "/".join(self._path) in self._wanted:  # `author/name` takes over from `author`
            self._pieces, self._at, self._attributes = [], len(self._path), dict(attrs.items())
        elif self._pieces is not None and self._attributes.get("type") == "xhtml":
            self._add(f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attrs.items())}>")

    def endElement(self, name: str) -> None:  # noqa: N802
        self.events += 1
        self._depth -= 1
        if self._item is None:
            return
        if not self._path:
            self._done.append(self._item)
            self._item = None
            return
        if self._pieces is not None and len(self._path) == self._at:
            found = Field("".join(self._pieces), self._attributes)
            self._item.fields.setdefault("/".join(self._path), []).append(found)
            self._pieces = None
        elif self._pieces is not None and self._attributes.get("type") == "xhtml":
            self._add(f"</{name}>")
        self._path.pop()

    def characters(self, content: str) -> None:
        self.events += 1
        if self._pieces is None:
            return
        markup = self._attributes.get("type") == "xhtml"
        if markup or len(self._path) == self._at:
            self._add(escape(content) if markup else content)

    def _add(self, text: str) -> None:
        self._chars += len(text)
        if self._item is not None and self._pieces is not None:
            if self._chars > LONGEST_ARTICLE_BYTES:
                self._item.too_long = True
            else:
                self._pieces.append(text)
