"""Says a command in words that read back as the same command: the other half of the grammar, for its proof."""

import re
from typing import assert_never
from zoneinfo import ZoneInfo

from bot.owner import commands
from bot.owner.commands import Command, ForWhom, InChat, Where
from bot.owner.moments import said_clock, said_days
from bot.windows import local

_PLAIN = re.compile(r"[^\W\d_][\w:@.+-]*")
_KEYWORDS = frozenset(("for", "until", "in", "into", "to", "clear"))


def canonical(command: Command, zone: ZoneInfo) -> str:  # noqa: PLR0911, PLR0912  # one arm for each kind
    """With a leading slash; moments are written out in full, by the clock of this zone."""
    match command:
        case commands.Help(about):
            return _with("/help", quoted(about) if about else "")
        case commands.Autoreply(mode, until_ms, where):
            return _with(f"/autoreply {mode}", _until(until_ms, zone), _where(where))
        case commands.Pause(until_ms, where):
            return _with("/pause", _until(until_ms, zone), _where(where))
        case commands.Resume(where):
            return _with("/resume", _where(where))
        case commands.DraftVerb(verb, no, text):
            return _with(f"/{verb} {no}", text)
        case commands.Why(chat):
            return _with("/why", quoted(chat) if chat else "")
        case commands.Undo(chat):
            return _with("/undo", quoted(chat) if chat else "")
        case commands.Digest(since_ms):
            return _with("/digest", "" if since_ms is None else f"since {said_moment(since_ms, zone)}")
        case commands.DigestDaily(at_min):
            return "/digest off" if at_min is None else f"/digest daily {said_clock(at_min)}"
        case commands.Pair(code):
            return f"/pair {code}"
        case commands.Status() | commands.Panic() | commands.Drafts() | commands.Chats() | commands.Unpair():
            return f"/{type(command).__name__.casefold()}"
        case (
            commands.Contacts() | commands.ContactShow() | commands.ContactType() | commands.ContactName()
            | commands.ContactMerge() | commands.ContactBlock()
        ):  # fmt: skip
            return f"/contact {_contact(command)}"
        case commands.BlendShow() | commands.BlendSet() | commands.BlendClear():
            return _with("/blend", _blend(command))
        case (
            commands.ScheduleShow() | commands.ScheduleAdd() | commands.ScheduleRemove() | commands.ScheduleZone()
        ):  # fmt: skip
            return _with("/schedule", _schedule(command))
        case impossible:
            assert_never(impossible)


def said_moment(at_ms: int, zone: ZoneInfo) -> str:
    """A moment without doubt, to the millisecond: `2026-11-22T18:00+01:00`."""
    at = local(at_ms, zone)
    fine = "milliseconds" if at_ms % 1000 else "seconds" if at_ms % 60_000 else "minutes"
    return at.isoformat(timespec=fine)


def quoted(name: str) -> str:
    """The name as it must be typed: in quotes when it would read as something else without them."""
    return name if _PLAIN.fullmatch(name) and name.casefold() not in _KEYWORDS else f'"{name}"'


_Contact = (
    commands.Contacts | commands.ContactShow | commands.ContactType | commands.ContactName
    | commands.ContactMerge | commands.ContactBlock
)  # fmt: skip


def _contact(command: _Contact) -> str:
    match command:
        case commands.Contacts():
            return "list"
        case commands.ContactShow(who):
            return f"show {quoted(who)}"
        case commands.ContactType(who, kind):
            return f"type {quoted(who)} {kind}"
        case commands.ContactName(who, name):
            return f"name {quoted(who)} to {quoted(name)}"
        case commands.ContactMerge(who, into):
            return f"merge {quoted(who)} into {quoted(into)}"
        case commands.ContactBlock(who, blocked):
            return f"{'block' if blocked else 'unblock'} {quoted(who)}"
        case impossible:
            assert_never(impossible)


def _blend(command: commands.BlendShow | commands.BlendSet | commands.BlendClear) -> str:
    match command:
        case commands.BlendShow(of):
            return quoted(of) if of else ""
        case commands.BlendSet(of, weights):
            return _with(quoted(of), *(f"{name}={weight!r}" for name, weight in weights.items()))
        case commands.BlendClear(of):
            return f"clear {quoted(of)}"
        case impossible:
            assert_never(impossible)


_Schedule = commands.ScheduleShow | commands.ScheduleAdd | commands.ScheduleRemove | commands.ScheduleZone


def _schedule(command: _Schedule) -> str:
    match command:
        case commands.ScheduleShow():
            return ""
        case commands.ScheduleAdd(days, start_min, end_min, mode, where):
            times = f"{said_clock(start_min)}-{said_clock(end_min)}"
            return _with(f"add {said_days(days)} {times} {mode}", _where(where))
        case commands.ScheduleRemove(no):
            return f"remove {no}"
        case commands.ScheduleZone(name):
            return f"zone {name}"
        case impossible:
            assert_never(impossible)


def _until(until_ms: int | None, zone: ZoneInfo) -> str:
    return "" if until_ms is None else f"until {said_moment(until_ms, zone)}"


def _where(where: Where | None) -> str:
    match where:
        case None:
            return ""
        case InChat(words):
            return f"in {quoted(words)}"
        case ForWhom(words):
            return f"for {quoted(words)}"
        case impossible:
            assert_never(impossible)


def _with(*parts: str) -> str:
    return " ".join(part for part in parts if part)
