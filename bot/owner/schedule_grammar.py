"""Reads `/schedule ...` and `/digest ...`: weekly windows, the zone, the daily digest. Pure."""

import re
from collections.abc import Sequence
from typing import Literal

from bot.owner import commands
from bot.owner.clauses import Now, read_where
from bot.owner.commands import Autoreplies, Command
from bot.owner.moments import clock_min, days_of, exact_ms, span_ms
from bot.owner.phrases import Token, Unclear, joined, likeliest, number_of, short
from bot.windows import zone_named
from model_server.errors import ConfigError

_ADD_HINT = "e.g. /schedule add mon-fri 09:00-17:00 auto, or /schedule add daily 22:00-07:00 quiet"
_DIGEST_HINT = "/digest, /digest 24h, /digest daily 08:00 or /digest off"
_MODES: dict[str, Autoreplies | Literal["quiet"]] = {"off": "off", "draft": "draft", "auto": "auto", "quiet": "quiet"}
_VERBS = ("show", "add", "remove", "zone")
_AROUND_DASH = re.compile(r"\s*([-–,])\s*")
_DAY_MIN = 1440


def read_schedule(tokens: Sequence[Token], now: Now) -> Command:
    """Raises Unclear."""
    verb, words = (tokens[0].word if tokens else "show"), tokens[1:]
    match verb:
        case "show" if not words:
            return commands.ScheduleShow()
        case "add":
            return _add(words, now)
        case "remove":
            if len(words) != 1:
                raise Unclear("which line of the schedule?", "/schedule remove 2; /schedule shows the numbers")
            return commands.ScheduleRemove(number_of(words[0], "/schedule remove 2; /schedule shows the numbers"))
        case "zone":
            return commands.ScheduleZone(_zone(words))
        case _:
            meant = likeliest(verb, _VERBS)
            raise Unclear(
                f"`{joined(tokens)}` is nothing to do with the schedule",
                f"did you mean /schedule {meant}?"
                if meant
                else "/schedule, /schedule add, remove or zone; /help schedule",
            )


def read_digest(tokens: Sequence[Token], now: Now) -> Command:
    """Raises Unclear."""
    words = [token.word for token in tokens]
    match words:
        case []:
            return commands.Digest()
        case ["off"]:
            return commands.DigestDaily(None)
        case ["daily", time]:
            return commands.DigestDaily(clock_min(time) % _DAY_MIN)
        case ["since", moment] if (since := exact_ms(moment)) is not None and since <= now.at_ms:
            return commands.Digest(since)
    if (span := span_ms(tokens)) is None:
        raise Unclear(f"`{short(joined(tokens))}` is no digest", _DIGEST_HINT)
    return commands.Digest(now.at_ms - span)


def _add(words: Sequence[Token], now: Now) -> Command:
    at = next((at for at, token in enumerate(words) if token.word in _MODES), None)
    when = _AROUND_DASH.sub(r"\1", " ".join(token.word for token in words[:at])).split()
    if at is None or not 1 <= len(when) <= 2:
        raise Unclear("a window is days, times and what applies", _ADD_HINT)
    start, _, end = when[-1].replace("–", "-").partition("-")
    if not start or not end:
        raise Unclear("a window has two times", _ADD_HINT)
    start_min, end_min = _bound(start), _bound(end)
    if start_min == _DAY_MIN:
        raise Unclear("a day begins at 00:00", _ADD_HINT)
    days = days_of(when[0]) if len(when) == 2 else tuple(range(7))
    where = read_where(words[at + 1 :], now)
    return commands.ScheduleAdd(days, start_min, end_min % _DAY_MIN, _MODES[words[at].word], where)


def _bound(text: str) -> int:
    """A time of day; among two, full hours may stand alone: `9-17`."""
    return clock_min(f"{text}:00" if text.isdecimal() else text)


def _zone(words: Sequence[Token]) -> str:
    name = "_".join(token.text for token in words).replace(" ", "_")
    try:
        return zone_named(name).key
    except ConfigError as error:
        raise Unclear(error.what, error.hint) from error
