"""What the owner has ordered, and which of it applies to one chat at one moment. Pure.

Knows no Redis (`order_store` keeps the facts), no command and no name of a person. The narrowest scope wins: chat,
contact, type, everywhere. At one scope an order with an end goes before a window of the schedule, and that before a
lasting order. Pauses and quiet hours only put off; a blocked contact is blocked in every chat, whatever else was said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from adapters.base import FOREVER_MS
from bot.contacts import STRANGER
from bot.windows import ends_ms, in_words, next_boundary_ms

Mode = Literal["off", "draft", "auto", "block"]
"""`off` and `block` leave lines unanswered, `draft` holds replies for the owner, `auto` sends them."""

Autoreply = Literal["off", "draft", "auto"]
Scope = tuple[Literal["global", "type", "contact", "chat"], str]
"""Where an order holds: ("global", ""), ("type", "family"), ("contact", "telegram:user42"), ("chat", "telegram:42")."""

EVERYWHERE: Scope = ("global", "")

_SAID: dict[Mode, str] = {"off": "off", "draft": "draft", "auto": "auto", "block": "blocked"}
_STRICTNESS: dict[Mode, int] = {"block": 0, "off": 1, "draft": 2, "auto": 3}


class ModeRule(msgspec.Struct, frozen=True):
    """One order: this mode, until then (Unix ms; None: until further notice), given at `set_ms`."""

    mode: Mode
    until_ms: int | None
    set_ms: int


class Window(msgspec.Struct, frozen=True):
    """One line of the weekly schedule. `days`: those it begins on, 0 is Monday.

    Minutes count from midnight; an end at or before the start is on the next day. `quiet` puts answers off to its end.
    """

    no: int
    days: tuple[int, ...]
    start_min: int
    end_min: int
    mode: Literal["off", "draft", "auto", "quiet"]
    scope: Scope = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose turn is decided, and where."""

    chat_key: str
    contact_id: str
    contact_type: str

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Every scope that covers it, narrowest first."""
        return ("chat", self.chat_key), ("contact", self.contact_id), ("type", self.contact_type), EVERYWHERE


@dataclass(frozen=True, slots=True)
class Ruling:
    """What applies. `why` is for the owner's eyes. `defer_until_ms`: look again then (Unix ms); 0: act now."""

    mode: Mode
    why: str
    defer_until_ms: int = 0


class Orders(msgspec.Struct, frozen=True):
    """Every order there is. `rules` and `timed` are keyed by `key_of` a scope."""

    zone: str
    """IANA name of the clock that windows and words mean."""
    default: Autoreply = "draft"
    strangers: Autoreply = "draft"
    rules: dict[str, ModeRule] = {}
    """The lasting orders."""
    timed: dict[str, ModeRule] = {}
    """Those with an end, past ones included: they cover a lasting order for a while and do not replace it."""
    windows: tuple[Window, ...] = ()
    paused_until_ms: int = 0
    """Everything waits until then; 0: no pause; FOREVER_MS: until resumed."""
    digest_at: int | None = None
    """Minute of the day at which the owner wants his digest; None: not by itself."""

    def rule(self, subject: Subject, now_ms: int) -> Ruling:
        """What applies to this subject now."""
        ruling = self._mode(subject, now_ms)
        if ruling.mode in ("off", "block"):
            return ruling
        if now_ms < self.paused_until_ms:
            until = until_words(self.paused_until_ms, now_ms, self._clock)
            return Ruling(ruling.mode, f"paused {until}", self.paused_until_ms)
        return self._quiet(subject, ruling.mode, now_ms) or ruling

    def ordered(self, scope: Scope, now_ms: int) -> Ruling | None:
        """What was ordered for exactly this scope and is in force; None: a wider scope decides. Quiet hours aside."""
        return next(iter(self._standing(scope, now_ms)), None)

    def blocked(self, contact_id: str) -> bool:
        """Whether the owner has blocked this contact."""
        rule = self.rules.get(key_of(("contact", contact_id)))
        return rule is not None and rule.mode == "block"

    def default_for(self, contact_type: str) -> Ruling:
        """What the configuration says where nothing was ordered."""
        if contact_type == STRANGER:
            return Ruling(self.strangers, f"{self.strangers}: strangers start in {self.strangers}")
        return Ruling(self.default, f"{self.default}: as configured, nothing was ordered")

    def scopes(self, now_ms: int) -> tuple[Scope, ...]:
        """The scopes with an order in force, or a lasting one under it: everywhere, types, contacts, chats."""
        keys = self.rules.keys() | {key for key, rule in self.timed.items() if _running(rule, now_ms)}
        order = ("global", "type", "contact", "chat")
        return tuple(sorted(map(scope_of, keys), key=lambda scope: (order.index(scope[0]), scope[1])))

    def next_boundary_ms(self, now_ms: int) -> int | None:
        """The next moment after now at which something else applies by itself; None: nothing will."""
        ends = [rule.until_ms for rule in self.timed.values() if rule.until_ms is not None]
        moments = [*ends, self.paused_until_ms, next_boundary_ms(self.windows, now_ms, self._clock)]
        return min((at for at in moments if at is not None and now_ms < at < FOREVER_MS), default=None)

    @property
    def _clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def _standing(self, scope: Scope, now_ms: int) -> Iterator[Ruling]:
        """The orders in force at exactly this scope, each before those it covers; nothing covers a block."""
        lasting = self.rules.get(key_of(scope))
        if lasting is None or lasting.mode != "block":
            yield from self._covering(scope, now_ms)
        if lasting is not None:
            since = in_words(lasting.set_ms, now_ms, self._clock)
            yield Ruling(lasting.mode, f"{_SAID[lasting.mode]}{_place(scope)} since {since}")

    def _covering(self, scope: Scope, now_ms: int) -> Iterator[Ruling]:
        """The order with an end, then the lines of the schedule, the last first, that hold at this scope now."""
        if (rule := self._timed(scope, now_ms)) is not None and rule.until_ms is not None:
            yield Ruling(rule.mode, f"{rule.mode}{_place(scope)} {until_words(rule.until_ms, now_ms, self._clock)}")
        for window in sorted(self.windows, key=lambda window: -window.no):
            if window.mode == "quiet" or window.scope != scope:
                continue
            if (end_ms := ends_ms(window, now_ms, self._clock)) is not None:
                until = until_words(end_ms, now_ms, self._clock)
                yield Ruling(window.mode, f"{window.mode}{_place(scope)} {until} (schedule {window.no})")

    def _mode(self, subject: Subject, now_ms: int) -> Ruling:
        blocked = self.ordered(("contact", subject.contact_id), now_ms)
        if blocked is not None and blocked.mode == "block":
            return blocked
        stranger = subject.contact_type == STRANGER
        for scope in subject.scopes:
            for ruling in self._standing(scope, now_ms):
                # An order for everybody means those the owner knows: for strangers it can only hold back further.
                # One that does not reach them uncovers for them what it covers for others.
                reaches = _STRICTNESS[ruling.mode] < _STRICTNESS[self.strangers]
                if scope != EVERYWHERE or not stranger or reaches:
                    return ruling
        return self.default_for(subject.contact_type)

    def _quiet(self, subject: Subject, mode: Mode, now_ms: int) -> Ruling | None:
        """The quiet hours in force. An order with an end is given in sight of the clock: it goes before quiet hours of
        its own scope or a wider one; no other order does, and none for everybody does so for strangers."""
        scopes = subject.scopes
        reaching = scopes[:-1] if subject.contact_type == STRANGER else scopes
        timed = next((at for at, scope in enumerate(reaching) if self._timed(scope, now_ms) is not None), len(scopes))
        last: tuple[int, Scope] = (0, EVERYWHERE)
        for window in self.windows:
            if window.mode == "quiet" and window.scope in scopes[:timed]:
                last = max(last, (ends_ms(window, now_ms, self._clock) or 0, window.scope))
        end_ms, scope = last
        if not end_ms:
            return None
        return Ruling(mode, f"quiet hours{_place(scope)} {until_words(end_ms, now_ms, self._clock)}", end_ms)

    def _timed(self, scope: Scope, now_ms: int) -> ModeRule | None:
        rule = self.timed.get(key_of(scope))
        return rule if rule is not None and _running(rule, now_ms) else None


def key_of(scope: Scope) -> str:
    """The name of a scope in `Orders.rules`: `global`, `type:family`, `contact:<id>`, `chat:<key>`."""
    kind, name = scope
    return kind if kind == "global" else f"{kind}:{name}"


def scope_of(key: str) -> Scope:
    """The inverse of `key_of`. ValueError on any other text."""
    kind, _, name = key.partition(":")
    match kind:
        case "global" if not name:
            return EVERYWHERE
        case "type" | "contact" | "chat" if name:
            return kind, name
        case _:
            raise ValueError(f"`{key}` names no scope")


def until_words(until_ms: int, now_ms: int, zone: ZoneInfo) -> str:
    """`until 18:00`, or that it has no end."""
    return "until you resume" if until_ms >= FOREVER_MS else f"until {in_words(until_ms, now_ms, zone)}"


def _running(rule: ModeRule, now_ms: int) -> bool:
    return rule.until_ms is None or now_ms < rule.until_ms


def _place(scope: Scope) -> str:
    match scope:
        case ("type", name):
            return f" for {name}"
        case ("contact", _):
            return " for this contact"
        case ("chat", _):
            return " in this chat"
        case _:
            return ""
