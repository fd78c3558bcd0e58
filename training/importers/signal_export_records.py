"""The records of signal-export's `data.json` and `chat.md`, as one plain shape.

The shape is that of github.com/carderne/signal-export 0.x to 3.x (`Message.to_md`, `Message.dict_str`). Knows nothing
of chats, ids and events.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from training.importers.base import LONGEST_TEXT_CHARS
from training.importers.json_lines import json_lines
from training.importers.source import Source
from training.importers.text import decode_lines

EXPORT_AGAIN = "export again with signal-export (sigexport)"
MD_LINE = re.compile(r"\[(\d{4}-\d{2}-\d{2}),? (\d{2}:\d{2}(?::\d{2})?)\] ([^:\n]{1,200}): ?(.*)")
_MD_DELETED = "(This message was deleted)"
_MD_REACTIONS = re.compile(r"\n\(- .* -\)\s*\Z")
_MD_STICKER = re.compile(r"\n?\(\( [^\n]{0,300} \)\)\s*\Z|\[[^\[\]\n]{0,300}\]\(\.\./exported_stickers/[^)\n]{0,300}\)")
_MD_ATTACHMENT = re.compile(r"!?\[[^\[\]\n]{0,300}\]\(\./(?:[^()\n]|\([^()\n]*\))*\)")
_MD_QUOTE = re.compile(r"\A\s*(?:^>.*\n?)+", re.MULTILINE)
_CALL = re.compile(r"(?:Incoming|Outgoing|Missed) (?:voice |video )?call(?: \([^)]*\))?")


@dataclass(frozen=True, slots=True)
class Said:
    """One record of either file."""

    date: str
    sender: str
    body: str
    quote: str = ""
    media: bool = False
    sticker: bool = False
    deleted: bool = False
    call: bool = False


def from_json(source: Source) -> Iterator[Said | None]:
    """The records of a `data.json`; None for one that cannot be read. CorpusError when the file breaks off."""
    for record in json_lines(source, EXPORT_AGAIN):
        if record is None or not isinstance(record.get("date"), str):
            yield None
            continue
        body, quote, sender = (record.get(key) or "" for key in ("body", "quote", "sender"))
        if not all(isinstance(one, str) for one in (body, quote, sender)):
            yield None
            continue
        call = record.get("call") is True or _CALL.fullmatch(body.strip()) is not None
        yield Said(
            date=record["date"],
            sender=sender,
            body=body,
            quote=quote,
            media=bool(record.get("attachments")),
            sticker=bool(record.get("sticker")),
            deleted=record.get("deleted") is True,
            call=call,
        )


def from_markdown(source: Source) -> Iterator[Said | None]:
    """The messages of a `chat.md`: each begins with its time in brackets, the lines up to the next one are its own."""
    began: re.Match[str] | None = None
    body: list[str] = []
    chars = 0
    with closing(source.open()) as stream:
        for line in decode_lines(stream):
            if (found := MD_LINE.fullmatch(line)) is not None:
                if began is not None:
                    yield _markdown(began, "\n".join(body))
                words = found[4][: 2 * LONGEST_TEXT_CHARS]
                began, body, chars = found, [words], len(words)
            elif began is not None and chars <= 2 * LONGEST_TEXT_CHARS:
                body.append(line)
                chars += len(line) + 1
    if began is not None:
        yield _markdown(began, "\n".join(body))


def _markdown(began: "re.Match[str]", body: str) -> Said:
    text = _MD_REACTIONS.sub("", body)
    without = _MD_STICKER.sub("", text)
    sticker = without != text
    words = _MD_ATTACHMENT.sub("", without)
    quote = _MD_QUOTE.match(words)
    return Said(
        date=f"{began[1]} {began[2]}",
        sender=began[3],
        body=words[quote.end() :] if quote else words,
        quote=quote[0] if quote else "",
        media=words != without,
        sticker=sticker,
        deleted=words.strip() == _MD_DELETED,
        call=_CALL.fullmatch(words.strip()) is not None,
    )
