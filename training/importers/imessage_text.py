"""The messages of an imessage-exporter text (`--format txt`), read line by line.

The shape is that of github.com/ReagentX/imessage-exporter 1.x to 4.x: a line of time, a line of who, lines of words, an
empty line; a thread stands inside the message it answers, four spaces in. What the exporter says itself (tapbacks, edit
histories, effects, paths of attachments, previews of links) is told apart from what was written.
"""

import re
from collections.abc import Iterator
from contextlib import closing

from training.importers.imessage_spoken import LONGEST_NAME_CHARS, MOST_REPLIES, Spoken
from training.importers.source import Source
from training.importers.text import decode_lines, tidy
from training.importers.us_times import US_TIME

HEAD = re.compile(rf"({US_TIME})(?: \(.*\))?")
_ANNOUNCED = re.compile(rf"({US_TIME}) (\S.*)")
_UNSENT_WHOLE = re.compile(r".* unsent a message!?")
_INDENT = "    "
_ANSWERS = "This message responded to an earlier message."
_DELETED = "This message was deleted from the conversation!"
_TAPBACK_HEADS = frozenset(("Tapbacks:", "Reactions:"))
_TAPBACK = re.compile(
    r"\s+\S.*|(?:Loved|Liked|Disliked|Laughed(?: at)?|Emphasized|Questioned|[^\w\s]{1,8}) by .+|.*Sticker from .+"
)
_UNSENT = re.compile(r"\S.* unsent this message part\b.*")
_EDITED = re.compile(r"Edited .{1,60} later: (.*)")
_STICKER = re.compile(r"(?:\w+ )?Sticker from [^:]+(?:: \S*/.*|not found!)")
_ATTACHMENT = re.compile(
    r"~?/(?:.*/)?(?:Attachments|StickerCache|Library|MobileSync)/.+|attachments/\S.*|[A-Za-z]:\\.+"
    r"|(?:.*/)?[0-9a-f]{2}/[0-9a-f]{40}|Attachment missing!"
)
_NOT_SHOWN = re.compile(r"Unable to format .*|Transcription: .*")
_LINK = re.compile(r"https?://\S+")
_SERVICE = frozenset(("SharePlay Message", "Ended", "Started sharing location!", "Stopped sharing location!"))
_EFFECTS = frozenset(
    f"Sent with {effect}"
    for effect in (
        *("Balloons", "Confetti", "Echo", "Fireworks", "Gentle", "Heart", "Invisible Ink", "Lasers", "Loud", "Love"),
        *("Shooting Star", "Shooting Start", "Slam", "Sparkles", "Spotlight"),
    )
)


def read_text(source: Source) -> Iterator[Spoken]:
    """Every message in its own place, its thread in `nested`; announcements as messages that are set aside."""
    top: Spoken | None = None
    inner: Spoken | None = None
    blanks = 1
    with closing(source.open()) as stream:
        for line in decode_lines(stream):
            if not line.strip():
                blanks += 1
                continue
            before, blanks = blanks, 0
            current = inner or top
            waits = current is not None and not current.sender and current.dropped is None
            if current is not None and waits:
                current.sender = tidy(line)[:LONGEST_NAME_CHARS]
            elif before and (announced := _announced(line)) is not None:
                yield from _done(top)
                top, inner = announced, None
            elif top is not None and line.startswith(_INDENT) and (head := HEAD.fullmatch(line[len(_INDENT) :])):
                inner = Spoken(head[1])
                if len(top.nested) < MOST_REPLIES:
                    top.nested.append(inner)
            elif current is not None:
                if not line.startswith(_INDENT):
                    inner = None  # the thread has ended, the message around it goes on
                speaker = inner or top or current
                if before and speaker.words:
                    speaker.say("\n" * (before - 1))
                speaker.say(line[len(_INDENT) :] if inner is not None else line)
    yield from _done(top)


def _announced(line: str) -> Spoken | None:
    """The beginning of a message, or something that the platform says."""
    if (head := HEAD.fullmatch(line)) is not None:
        return Spoken(head[1])
    if (announced := _ANNOUNCED.fullmatch(line)) is not None:
        return Spoken(announced[1], dropped="deleted" if _UNSENT_WHOLE.fullmatch(announced[2]) else "service")
    return None


def _done(top: Spoken | None) -> Iterator[Spoken]:
    if top is not None:
        for spoken in (top, *top.nested):
            _settle(spoken)
        yield top


def _settle(spoken: Spoken) -> None:
    """Leave in `words` only what was written."""
    said: list[str] = []
    in_tapbacks = link_only = False
    for line in spoken.words:
        in_tapbacks = line in _TAPBACK_HEADS or (in_tapbacks and _TAPBACK.fullmatch(line) is not None)
        if in_tapbacks or line in _EFFECTS or _NOT_SHOWN.fullmatch(line):
            continue
        if line == _ANSWERS:
            spoken.answers = True
        elif line == _DELETED:
            spoken.dropped = "deleted"
        elif (edited := _EDITED.fullmatch(line)) is not None:
            said = [edited[1]]
        elif _UNSENT.fullmatch(line):
            spoken.aside = "deleted"
        elif _STICKER.fullmatch(line):
            spoken.aside = "sticker"
        elif _ATTACHMENT.fullmatch(line):
            spoken.aside = "media"
        elif line in _SERVICE and not said:
            spoken.aside = "service"
        elif not link_only:
            said.append(line)
            link_only = len(said) == 1 and _LINK.fullmatch(line) is not None  # what follows is the page's own words
    spoken.words = said
