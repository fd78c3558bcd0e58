"""One Markdown file, with or without front matter, as an article of the owner's.

The front matter is YAML between `---` (Jekyll, Hexo, Hugo, Obsidian), TOML between `+++` (Hugo, Zola) or a JSON object
(Hugo); lines like `Created: 1 May` at the top (Notion, MultiMarkdown) are none of the text either. Knows nothing of
what stands below but its first heading.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from model_server.errors import CorpusError
from training.importers.article_text import LONGEST_ARTICLE_BYTES, file_key, file_stem, one_line, to_ms
from training.importers.base import Article, Aside, Event, Format, Reading
from training.importers.source import Sample, Source
from training.importers.text import decode_lines, tidy

_SUFFIXES = (".md", ".markdown", ".mdown", ".mkd", ".mdx")
_CHAT_LINE = re.compile(r"\[\d{4}-\d\d-\d\d[ ,T].{1,80}?:")
"""Chats that are exported as Markdown (signal-export) begin their lines so."""
_FENCES = {"---": ("---", "..."), "+++": ("+++",)}
_LONGEST_FRONT_LINES = 2_000
_LONGEST_FRONT_CHARS = 1 << 15
_FEWEST_PROPERTIES = 2
_DATES = ("date", "published", "publishDate", "publish_date", "pubDate", "created")
_PROPERTY = re.compile(r"\w[\w -]{0,30}:(?:\s.{0,300})?")
_HEADING = re.compile(r"#\s+(.+?)\s*#*")


def _sniff(sample: Sample) -> bool:
    if not sample.base.endswith(_SUFFIXES) or "\0" in sample.text:
        return False
    lines = [line for line in sample.text.splitlines() if line.strip()]
    return 2 * sum(_CHAT_LINE.match(line) is not None for line in lines) <= len(lines)


def _read(source: Source, reading: Reading) -> Iterator[Event]:
    if source.size > LONGEST_ARTICLE_BYTES:
        yield Aside("too_long")
        return
    with source.open() as stream:
        lines = list(decode_lines(stream))
    if (unreadable := sum(line.count("\ufffd") for line in lines)) and unreadable > sum(map(len, lines)) // 20:
        raise CorpusError(f"{source.name} is not text", "save it as UTF-8, or leave it out")
    front, body = _split(source.name, lines)
    markdown = tidy("\n".join(body))
    if not markdown:
        yield Aside("empty")
        return
    named = front.get("title")
    title = one_line(named) if isinstance(named, str) else ""
    title = title or _first_heading(body) or one_line(re.sub(r"[-_]+", " ", file_stem(source.name)))
    at_ms = next((ms for key in _DATES if (ms := to_ms(front.get(key), reading.zone))), 0)
    yield Article(file_key(source.name, title), title, markdown, at_ms)


def _split(name: str, lines: list[str]) -> tuple[Mapping[str, Any], list[str]]:
    """What the front matter says, and the lines below it. CorpusError when it cannot be read."""
    begin = next((at for at, line in enumerate(lines) if not _says_nothing(line.strip())), 0)
    lines = lines[begin:]
    fence = lines[0].rstrip() if lines else ""
    if fence.startswith("{"):
        return _split_object(lines)
    ends = _FENCES.get(fence, ())
    last = next((at for at, line in enumerate(lines[1:_LONGEST_FRONT_LINES], 1) if line.rstrip() in ends), 0)
    text = "\n".join(lines[1:last])
    if not last or len(text) > _LONGEST_FRONT_CHARS:
        return {}, _without_properties(lines)
    try:
        # BaseLoader: strings, lists and mappings only; no dates that do not exist, no merge keys that multiply
        said = tomllib.loads(text) if fence == "+++" else yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, tomllib.TOMLDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise CorpusError(
            f"{name} breaks off near line {mark.line + 2 if mark else 2}: its front matter cannot be read",
            f"mend the lines between the two {fence}",
        ) from None
    if isinstance(said, dict) or not said:
        return said or {}, lines[last + 1 :]
    return {}, lines  # words between two rules


def _says_nothing(line: str) -> bool:
    """Whether a line above the front matter is empty or a comment."""
    return not line or (line.startswith("<!--") and line.endswith("-->"))


def _split_object(lines: list[str]) -> tuple[Mapping[str, Any], list[str]]:
    """Front matter in JSON ends on a line of its own."""
    last = next((at for at, line in enumerate(lines[:_LONGEST_FRONT_LINES]) if line.rstrip() == "}"), 0)
    try:
        said = msgspec.json.decode("\n".join(lines[: last + 1]), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}, lines
    return said, lines[last + 1 :]


def _without_properties(lines: list[str]) -> list[str]:
    """The lines, without a block of `Name: value` alone that stands first or right below the title."""
    first = [at for at, line in enumerate(lines) if line.strip() and line.rstrip() not in _FENCES][:2]
    begin = first[1] if len(first) > 1 and _HEADING.fullmatch(lines[first[0]].strip()) else (first or [0])[0]
    end = next((at for at in range(begin, len(lines)) if not _PROPERTY.fullmatch(lines[at])), len(lines))
    ends_block = end == len(lines) or not lines[end].strip()
    return [*lines[:begin], *lines[end:]] if ends_block and end - begin >= _FEWEST_PROPERTIES else lines


def _first_heading(lines: list[str]) -> str:
    """The title that the text itself begins with, "" when it does not."""
    first = next((line for line in lines if line.strip()), "")
    found = _HEADING.fullmatch(first.strip())
    return one_line(found[1]) if found else ""


FORMAT = Format("markdown", "Markdown article", _sniff, _read)
