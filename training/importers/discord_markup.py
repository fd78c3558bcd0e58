"""Discord's markup as words, and its time stamps as instants: shared by the two exports of Discord.

Knows no file. Mentions become `@name`, custom emoji `:name:`, as the bot's own Discord adapter shows them.
"""

import contextlib
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo

from training.importers.text import tidy

PLATFORM = "discord"
_MENTION = re.compile(r"<(@!?|@&|#)(\d{1,20})>")
_PERSON = re.compile(r"<@!?(\d{1,20})>")
_EMOJI = re.compile(r"<a?(:\w+:)\d{1,20}>")


def number_of(written: object) -> str:
    """An id of Discord's as its digits, "" when it is none."""
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written) if 0 <= written < 1 << 64 else ""
    return (
        written if isinstance(written, str) and len(written) <= 20 and written.isascii() and written.isdecimal() else ""
    )


def person_id(number: object) -> str:
    """`discord:8123`."""
    return f"{PLATFORM}:{number}"


def plain(content: str, names: Mapping[str, str]) -> str:
    """What was typed, as words. `names`: id -> name of those who are mentioned."""

    def named(found: re.Match[str]) -> str:
        kind, number = found[1], found[2]
        if kind == "#":
            return "#channel"
        return "@role" if kind == "@&" else f"@{names.get(number, 'somebody')}"

    if "<" in content:
        content = _EMOJI.sub(r"\1", _MENTION.sub(named, content))
    return tidy(content)


def mentioned(content: str) -> set[str]:
    """The ids of the people whom raw markup mentions."""
    return set(_PERSON.findall(content))


def instant_ms(written: object, zone: tzinfo) -> int | None:
    """Unix ms of an ISO time, of `zone` where it names none; None when it is no time."""
    if isinstance(written, str):
        with contextlib.suppress(ValueError, OverflowError, OSError):
            moment = datetime.fromisoformat(written.strip().replace(" UTC", "+00:00"))
            at_ms = int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
            return at_ms if at_ms > 0 else None
    return None
