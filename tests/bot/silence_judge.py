"""What may be handed to a platform, by the owner's word alone, and a platform that shows each text to this judge.

The judge keeps its own account of orders, approvals and notices; nothing in it is read from the work that is judged.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace

from adapters.base import FOREVER_MS, ChatRef, OutboundMessage, OutcomeHidden, Refused, RetryLater, SentReceipt
from adapters.owner_port import Screen
from bot.config import BotConfig, PacingConfig, TurnsConfig
from bot.outbox import named

SECRET = "Traceback: the swordfish is in the fridge"
CONFIG = BotConfig(
    turns=TurnsConfig(autoreply="auto", autoreply_strangers="draft", quiet_ms=0),
    pacing=PacingConfig(per_character_ms=0),
)
NOTICE = named(CONFIG.turns.disclosure, CONFIG.owner.name)
TYPES = {"1": "family", "2": "friend", "3": "stranger"}
"""chat -> the contact type of who writes there."""
CONTACTS = b"""{"contacts": [{"name": "Ann", "type": "family", "ids": ["test:s1"]},
                             {"name": "Bob", "type": "friend", "ids": ["test:s2"]}]}"""
OWNER = "7"
"""His id on the platform."""
FAULTS = {
    "later": RetryLater(0),
    "refused": Refused("the adapter's own words"),
    "hidden": OutcomeHidden(SECRET),
    "timeout": TimeoutError(SECRET),
    "flaw": RuntimeError(SECRET),
    "cancelled": asyncio.CancelledError(),
}
HIDDEN = ("hidden", "timeout", "flaw", "cancelled")


@dataclass(frozen=True)
class Allowed:
    """What one request may say, as long as nobody has taken the chat over since."""

    replies: tuple[tuple[str, ...], ...]
    """More than one when its result came more than once: the first bubble handed over tells which it is."""
    age: int
    called_back: int | None = None
    """Of an automatic reply: how often those had been called back. None: it was approved, or is a fixed text."""

    def narrowed(self, number: int, text: str) -> "Allowed":
        """The replies with this bubble at this place."""
        return replace(self, replies=tuple(one for one in self.replies if text in one[number : number + 1]))


@dataclass
class Judge:
    """What may be handed over, by the owner's word alone; nothing here is read from the work that is judged."""

    rules: dict[str, str] = field(default_factory=dict)
    """`global`, a type or a chat -> mode."""
    paused: bool = False
    halted: bool = False
    standing: dict[str, bool] = field(default_factory=lambda: defaultdict(bool))
    closed: dict[str, bool] = field(default_factory=lambda: defaultdict(bool))
    age: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """chat -> how often it was taken over, or forgotten."""
    called_back: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """chat -> how often automatic replies still on their way were no longer wanted there."""
    allowed: dict[str, Allowed] = field(default_factory=dict)
    noticed: set[str] = field(default_factory=set)
    hidden_notices: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    handed: dict[str, str] = field(default_factory=dict)
    """bubble id -> how handing it over went."""
    resend_safe: bool = False

    def mode(self, chat: str) -> str:
        """What the owner wants in this chat now: off, draft, auto, or `wait`."""
        if self.paused or self.halted or self.standing[chat]:
            return "wait"
        everybody = self.rules.get("global")
        if TYPES[chat] == "stranger":  # such an order can only hold back further
            everybody = "off" if everybody == "off" else "draft"
        return self.rules.get(f"in test:{chat}") or self.rules.get(f"for {TYPES[chat]}") or everybody or "auto"

    def allow(self, request_id: str, bubbles: tuple[str, ...]) -> None:
        """The owner approved these words, or they are fixed: they may leave until the chat is taken over."""
        self.allowed[request_id] = Allowed((bubbles,), self.age[request_id.split(":")[1]])

    def allow_by_itself(self, request_id: str, bubbles: tuple[str, ...]) -> None:
        """A good reply is there: it may leave if the owner wants that now, and until he wants something else."""
        chat = request_id.split(":")[1]
        if self.mode(chat) == "auto" and not self.closed[chat]:
            before = self.allowed.get(request_id)
            moment = self.age[chat], self.called_back[chat]
            others = before.replies if before and (before.age, before.called_back) == moment else ()
            self.allowed[request_id] = Allowed((*others, bubbles), *moment)

    def stands_down(self, chat: str) -> None:
        """Only what the owner approves leaves until he lets the machine go on."""
        self.standing[chat] = True
        self.called_back[chat] += 1

    def orders_changed(self) -> None:
        """What may no longer be said by itself is called back."""
        for chat in TYPES:
            self.called_back[chat] += self.mode(chat) != "auto"

    def sees(self, message: OutboundMessage, went: str) -> None:
        """A text reaches the platform; `went`: what the platform makes of it."""
        chat, (request_id, _, number) = message.chat.chat_id, message.bubble_id.rpartition("#")
        assert request_id.startswith(f"test:{chat}:"), "a chat is told what was meant for another"
        assert not self.halted, "nothing leaves under the kill switch"
        assert not self.closed[chat], "nothing leaves when the platform's window is over"
        before = self.handed.get(message.bubble_id, "later")
        assert before == "later" or (before in HIDDEN and self.resend_safe), "no bubble is handed over twice"
        self.handed[message.bubble_id] = went
        allowed = self.allowed.get(request_id)
        assert allowed is not None, f"nobody allowed: {message.text}"
        assert allowed.age == self.age[chat], "the chat is the owner's since"
        assert allowed.called_back in (None, self.called_back[chat]), "the owner has called it back"
        if number.startswith("notice"):
            assert message.text == NOTICE
            self.hidden_notices[chat] += went in HIDDEN
            if went == "taken" or self.hidden_notices[chat] >= 3:
                self.noticed.add(chat)
            return
        assert chat in self.noticed, "the notice comes first"
        self.allowed[request_id] = said = allowed.narrowed(int(number), message.text)
        assert said.replies, f"not what was allowed: {message.text}"

    def forget(self, chat: str) -> None:
        """The contact wanted everything gone."""
        self.age[chat] += 1
        self.noticed.discard(chat)
        self.hidden_notices[chat] = 0
        self.standing[chat] = self.closed[chat] = False
        self.rules.pop(f"in test:{chat}", None)


class Edge:
    """The platform: an adapter that records, and fails as the next entry of `script` says."""

    platform = "test"

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.script: list[str] = []
        self.owner_saw: list[str] = []
        self.owner_script: list[str] = []
        self.broken: list[AssertionError] = []

    async def run(self, inbox: object) -> None:
        raise NotImplementedError

    def resend_safe_ms(self, chat: ChatRef) -> int:
        return FOREVER_MS if self.judge.resend_safe else 0

    async def send(self, message: OutboundMessage) -> SentReceipt:
        went = self.script.pop(0) if self.script else "taken"
        try:
            self.judge.sees(message, went)
        except AssertionError as broken:  # the courier would take it for trouble of the platform
            self.broken.append(broken)
        if went in FAULTS:
            raise FAULTS[went]
        return SentReceipt(f"p-{message.bubble_id}")

    async def show_typing(self, chat: ChatRef) -> None:
        raise NotImplementedError

    async def show_owner(self, user_id: str, screen: Screen) -> str:
        assert user_id == OWNER
        if self.owner_script:
            raise FAULTS[self.owner_script.pop(0)]
        self.owner_saw.append(screen.text)
        return f"o{len(self.owner_saw)}"

    async def change_shown(self, user_id: str, message_id: str, screen: Screen) -> None:
        await self.show_owner(user_id, screen)
