"""What stands behind the Telegram adapter in its tests: a desk, a memory and an inbox that remember what came."""

import asyncio
from dataclasses import dataclass, field

from adapters.base import Accepted, ChatRef, DeletedMessages, EditedMessage, Inbound, InboundMessage
from adapters.owner_port import Card, Press, Screen, Shown, Word


@dataclass
class DeskDouble:
    """`owners` are paired. A word of theirs is answered with `answers[text]`; `/pair GOOD` pairs anybody."""

    owners: set[str] = field(default_factory=set)
    answers: dict[str, Shown] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    questions: list[tuple[str, str, str]] = field(default_factory=list)
    pressed: Shown = field(default_factory=lambda: Shown(toast="done"))
    trouble: list[Exception] = field(default_factory=list)
    """Raised by the next calls, one each."""

    async def is_owner(self, platform: str, user_id: str) -> bool:
        assert platform == "telegram"
        if self.trouble:
            raise self.trouble.pop(0)
        return user_id in self.owners

    async def word(self, word: Word) -> Shown | None:
        self.words.append(word)
        if word.text.startswith("/pair"):
            if word.text != "/pair GOOD":
                return Shown()
            self.owners.add(word.user_id)
            return Shown(Screen("You are the owner."))
        if word.text == "/unpair" and word.user_id in self.owners:
            self.owners.discard(word.user_id)
            return Shown(Screen("Unpaired."))
        if word.user_id not in self.owners:
            return None
        if word.text == "/broken":
            raise RuntimeError("a flaw of the desk")
        return self.answers.get(word.text, Shown(Screen(f"heard: {word.text}")))

    async def press(self, press: Press) -> Shown | None:
        if press.user_id not in self.owners:
            return None
        self.presses.append(press)
        return self.pressed

    async def shown_as(self, platform: str, message_id: str, token: str) -> None:
        self.questions.append((platform, message_id, token))

    async def contact_word(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str | None:
        return None

    def owner_commands(self) -> tuple[tuple[str, str], ...]:
        return (("autoreply", "Who is answered"), ("panic", "Stop everything"))

    def contact_commands(self) -> tuple[tuple[str, str], ...]:
        return (("start", "What this is"), ("privacy", "What is kept"))

    async def told(self) -> tuple[Card, ...]:
        return ()

    async def board(self) -> tuple[Card, ...]:
        return ()


@dataclass
class MemoryDouble:
    """Facts in a dict; hand the same dict to the next adapter and it is a restart."""

    facts: dict[str, str] = field(default_factory=dict)

    async def get(self, name: str) -> str | None:
        return self.facts.get(name)

    async def put(self, name: str, value: str) -> None:
        self.facts[name] = value

    async def names(self, prefix: str) -> tuple[str, ...]:
        return tuple(name for name in self.facts if name.startswith(prefix))

    async def drop(self, name: str) -> None:
        self.facts.pop(name, None)


@dataclass
class InboxDouble:
    """Everything that was taken, in order. Chats in `full` take nothing."""

    taken: list[Inbound] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    offered: int = 0

    async def __call__(self, what: Inbound) -> Accepted:
        self.offered += 1
        chat = what.message.chat if isinstance(what, EditedMessage) else what.chat
        if chat.key in self.full:
            return "full"
        if what in self.taken:
            return "duplicate"
        self.taken.append(what)
        return "taken"

    @property
    def lines(self) -> list[InboundMessage]:
        return [what for what in self.taken if isinstance(what, InboundMessage)]

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    @property
    def edits(self) -> list[EditedMessage]:
        return [what for what in self.taken if isinstance(what, EditedMessage)]

    @property
    def deletions(self) -> list[DeletedMessages]:
        return [what for what in self.taken if isinstance(what, DeletedMessages)]


class SlowInbox(InboxDouble):
    """Takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()

    async def __call__(self, what: Inbound) -> Accepted:
        self.offered += 1
        await self.released.wait()
        return await super().__call__(what)
