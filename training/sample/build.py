"""The sample owner's chats: `transcripts/*.txt` become `result.json`, as a full export of Telegram Desktop looks.

Deterministic: the same transcripts give the same bytes. Knows FORMAT.md and Telegram's names and order of fields, not
how an export is read. Run `python -m training.sample.build` after a transcript changed.
"""

import json
import random
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
OWNER_ID = 70001
OWNER_NAME = ("Tilda", "Varnholt")
# Port Ansel is invented: it keeps one offset all year, so that the build needs no time zone database.
LOCAL = timezone(timedelta(hours=1))
_NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
_URL = re.compile(r"https?://\S+?(?=[.,!?)]*(?:\s|$))")
_MEDIA = re.compile(r"\[(photo|video|voice|sticker|call)(?: ([^\]]*))?\](?: (.*))?")
_HEADER = re.compile(r"# chat: (?P<name>.+?) \| (?P<type>[a-z]+) \| user(?P<id>\d+)\s*$")
_PAUSE = re.compile(r"\+(\d+)(m|h|d)$")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}

Side = Literal["owner", "contact"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a transcript at its second (local time)."""

    at: datetime
    side: Side
    body: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """One contact's file."""

    name: str
    contact_type: str
    contact_id: int
    entries: tuple[Entry, ...]


def parse(text: str, origin: str) -> Transcript:
    """A transcript file by FORMAT.md, its times given by a rhythm seeded by the contact. ValueError names the line."""
    lines = text.splitlines()
    header = _HEADER.match(lines[0]) if lines else None
    if header is None:
        raise ValueError(f"{origin}:1: expected `# chat: NAME | TYPE | userID`")
    clock = _Clock(random.Random(header["name"]))  # noqa: S311  # a rhythm, not a secret
    entries: list[Entry] = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            if line.startswith("@ "):
                clock.open(line[2:].split())
            elif line.startswith(("> ", "< ")):
                side: Side = "owner" if line[0] == ">" else "contact"
                entries.append(Entry(clock.next(side, line[2:]), side, line[2:].strip()))
            elif line.strip() and not line.startswith("# "):
                raise ValueError(f"unknown line {line[:30]!r}")
        except ValueError as error:
            raise ValueError(f"{origin}:{number}: {error}") from None
    return Transcript(header["name"], header["type"], int(header["id"]), tuple(entries))


class _Clock:
    """When each line was sent: seconds inside a burst, minutes before an answer."""

    def __init__(self, rhythm: random.Random) -> None:
        self._rhythm = rhythm
        self._now: datetime | None = None
        self._side: Side | None = None

    def open(self, words: list[str]) -> None:
        if words[-1] == "me-first":
            words = words[:-1]
        if pause := _PAUSE.match(words[0]):
            if self._now is None:
                raise ValueError("a pause before the first conversation")
            self._now += timedelta(minutes=int(pause[1]) * _MINUTES[pause[2]])
        else:
            opened = datetime.strptime(" ".join(words), "%Y-%m-%d %H:%M").replace(tzinfo=LOCAL)
            if self._now is not None and opened <= self._now:
                raise ValueError(f"time goes backwards: the conversation before it lasts until {self._now:%F %H:%M}")
            self._now = opened
        self._side = None

    def next(self, side: Side, body: str) -> datetime:
        if self._now is None:
            raise ValueError("a line before the first `@`")
        typing_s = 1.5 + len(body) / 9
        if self._side is None:
            gap_s = self._rhythm.uniform(1, 50)
        elif side == self._side:
            gap_s = typing_s + self._rhythm.uniform(0, 6)
        else:
            gap_s = typing_s + min(self._rhythm.lognormvariate(4.2, 0.9), 600)
        self._now += timedelta(seconds=round(gap_s) or 1)
        self._side = side
        return self._now


def export(transcripts: Iterable[Transcript]) -> dict[str, Any]:
    """The whole `result.json`: message ids ascend over all private chats together, as the account's do."""
    ordered = sorted(transcripts, key=lambda transcript: transcript.contact_id)
    stream = sorted(
        (entry.at, transcript.contact_id, index, transcript, entry)
        for transcript in ordered
        for index, entry in enumerate(transcript.entries)
    )
    chance = random.Random("ids and edits")  # noqa: S311
    messages: dict[int, list[dict[str, Any]]] = {transcript.contact_id: [] for transcript in ordered}
    message_id = 1200
    for at, contact_id, _, transcript, entry in stream:
        message_id += 1 if chance.random() < 0.8 else chance.randint(2, 9)  # groups and deleted lines lie between
        edited = at + timedelta(seconds=chance.randint(9, 80)) if chance.random() < 0.015 else None
        messages[contact_id].append(_message(message_id, entry, transcript, edited))
    first, last = OWNER_NAME
    return {
        "about": "Here is the data you requested. Remember: Telegram is ad free, it doesn't use your data for ad "
        "targeting and doesn't sell it to others. Telegram only keeps the information it needs to function as a "
        "secure and feature-rich cloud service.\n\nCheck out Settings > Privacy & Security on Telegram's mobile apps "
        "for relevant settings.",
        "personal_information": {
            "user_id": OWNER_ID,
            "first_name": first,
            "last_name": last,
            "phone_number": "+00 000 0070001",
            "bio": "paper, paste, bass. the councillor is unwell",
        },
        "chats": {
            "about": "This page lists all chats from this export.",
            "list": [
                {
                    "name": transcript.name,
                    "type": "personal_chat",
                    "id": transcript.contact_id,
                    "messages": messages[transcript.contact_id],
                }
                for transcript in ordered
            ],
        },
    }


def _message(message_id: int, entry: Entry, transcript: Transcript, edited: datetime | None) -> dict[str, Any]:
    """One message in Telegram's order of keys."""
    media = _MEDIA.fullmatch(entry.body)
    kind, detail, caption = media.groups() if media else (None, None, None)
    who = "actor" if kind == "call" else "from"
    message: dict[str, Any] = {"id": message_id, "type": "service" if kind == "call" else "message", **_date(entry.at)}
    if edited and not media:
        message |= {f"edited{key.removeprefix('date')}": value for key, value in _date(edited).items()}
    if entry.side == "owner":
        message |= {who: " ".join(OWNER_NAME), f"{who}_id": f"user{OWNER_ID}"}
    else:
        message |= {who: transcript.name, f"{who}_id": f"user{transcript.contact_id}"}
    message |= _media_fields(kind, detail or "")
    parts = list(_parts((caption or "") if media else entry.body))
    message["text"] = parts if any(isinstance(part, dict) for part in parts) else "".join(map(str, parts))
    message["text_entities"] = [
        part if isinstance(part, dict) else {"type": "plain", "text": part} for part in parts if part
    ]
    return message


def _date(at: datetime) -> dict[str, str]:
    return {
        "date": at.replace(tzinfo=None).isoformat(timespec="seconds"),
        "date_unixtime": str(int(at.astimezone(UTC).timestamp())),
    }


def _media_fields(kind: str | None, detail: str) -> dict[str, Any]:
    match kind:
        case "photo":
            return {"photo": _NOT_INCLUDED, "width": 1280, "height": 960}
        case "video":
            film = {"file": _NOT_INCLUDED, "thumbnail": _NOT_INCLUDED, "media_type": "video_file"}
            return {**film, "mime_type": "video/mp4", "duration_seconds": 14, "width": 1280, "height": 720}
        case "voice":
            voice = {"file": _NOT_INCLUDED, "media_type": "voice_message", "mime_type": "audio/ogg"}
            return {**voice, "duration_seconds": int(detail)}
        case "sticker":
            sticker = {"file": _NOT_INCLUDED, "thumbnail": _NOT_INCLUDED, "media_type": "sticker"}
            return {**sticker, "sticker_emoji": detail, "width": 512, "height": 512}
        case "call":
            return {"action": "phone_call", "duration_seconds": int(detail), "discard_reason": "hangup"}
        case _:
            return {}


def _parts(text: str) -> Iterator[str | dict[str, str]]:
    """Plain strings and link entities, as Telegram cuts a text."""
    end = 0
    for link in _URL.finditer(text):
        if link.start() > end:
            yield text[end : link.start()]
        yield {"type": "link", "text": link[0]}
        end = link.end()
    if end < len(text) or not text:
        yield text[end:]


def read_transcripts(directory: Path) -> list[Transcript]:
    """Every transcript, by file name. ValueError on a contact that two files claim."""
    found = [parse(path.read_text(encoding="utf-8"), path.name) for path in sorted(directory.glob("*.txt"))]
    ids = [transcript.contact_id for transcript in found]
    if twice := {one for one in ids if ids.count(one) > 1}:
        raise ValueError(f"user{min(twice)} is in two transcripts")
    return found


def build(directory: Path = HERE) -> dict[str, str]:
    """File name -> content of everything that is built: the export, and who is of which contact type."""
    transcripts = read_transcripts(directory / "transcripts")
    types = {transcript.name: transcript.contact_type for transcript in transcripts}
    return {
        "result.json": json.dumps(export(transcripts), ensure_ascii=False, indent=1) + "\n",
        "contacts.json": json.dumps(types, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
    }


if __name__ == "__main__":
    try:
        built = build()
    except ValueError as error:
        sys.exit(str(error))
    for file_name, content in built.items():
        (HERE / file_name).write_text(content, encoding="utf-8")
