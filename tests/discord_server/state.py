"""What the pretended Discord remembers: people, places, messages, webhooks, interactions. Plain data and an id maker.

Knows no HTTP, no websocket and no rule.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

DISCORD_EPOCH_MS = 1420070400000
TEXT, DM, THREAD = 0, 1, 11


class Clock:
    """The platform's own time, which a test may move on: the 3 seconds of an interaction need not be waited for."""

    def __init__(self) -> None:
        self._ahead_ms = 0
        self._last_id = 0

    def now_ms(self) -> int:
        """Unix time in ms, as the platform sees it."""
        return time.time_ns() // 1_000_000 + self._ahead_ms

    def pass_time(self, seconds: float) -> None:
        """Let so much time go by at once."""
        self._ahead_ms += round(seconds * 1000)

    def snowflake(self) -> str:
        """A fresh id: made of the time, always greater than the one before."""
        self._last_id = max(self._last_id + 1, (self.now_ms() - DISCORD_EPOCH_MS) << 22)
        return str(self._last_id)


def ms_of(snowflake: str) -> int:
    """When this id was made, Unix ms."""
    return (int(snowflake) >> 22) + DISCORD_EPOCH_MS


@dataclass(eq=False)
class User:
    """An account. `takes_dms` False: his privacy setting turns direct messages away."""

    id: str
    name: str
    bot: bool = False
    takes_dms: bool = True


@dataclass(eq=False)
class Role:
    """A role of a guild; `permissions` is the bitfield it grants."""

    id: str
    name: str
    permissions: int = 0


@dataclass(eq=False)
class Guild:
    """A server with its members (user id -> role ids; `nicks` beside them)."""

    id: str
    name: str
    owner: User
    everyone: Role
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    nicks: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Channel:
    """A text channel, a thread (`parent`) or a direct message (`recipient`); who may more or less is in `overwrites`.

    `overwrites`: user or role id -> (bits allowed, bits denied).
    """

    id: str
    name: str
    kind: int
    guild: Guild | None = None
    recipient: User | None = None
    parent: "Channel | None" = None
    overwrites: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(eq=False)
class Webhook:
    """A voice of a channel. `owner` made it and alone sees its token."""

    id: str
    token: str
    name: str
    channel: Channel
    owner: User


@dataclass(eq=False)
class Message:
    """A message as people see it. `only_for`: ephemeral, shown to this user alone. `pinged`: who was notified by it."""

    id: str
    channel: Channel
    author: User
    text: str
    kind: int = 0
    reply_to: "Message | None" = None
    replied: bool = False
    mentions: list[User] = field(default_factory=list)
    pinged: frozenset[str] = frozenset()
    allowed_mentions: Json | None = None
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    edited_ms: int | None = None
    webhook: Webhook | None = None
    avatar_url: str | None = None
    only_for: User | None = None
    interaction: "Interaction | None" = None

    @property
    def name(self) -> str:
        """The name it is shown under."""
        return self.author.name

    @property
    def buttons(self) -> list[Json]:
        """Every button it carries, in reading order."""
        return [part for row in self.components for part in parts_of(row) if part["type"] == 2]


def parts_of(row: Json) -> list[Json]:
    """What stands in one row of components (action rows and labels)."""
    if row["type"] == 18:
        return [row["component"]]
    parts: list[Json] = row.get("components", [])
    return parts


@dataclass(eq=False)
class Interaction:
    """A slash command, a press or a filled form, from its start to its answer."""

    id: str
    token: str
    kind: int
    user: User
    channel: Channel
    data: Json
    at_ms: int
    message: Message | None = None
    answer: int | None = None
    ephemeral: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None

    @property
    def deferred(self) -> bool:
        """Told to wait ("is thinking..."), with nothing shown so far."""
        return self.answer == 5 and self.original is None

    @property
    def shown(self) -> list[str]:
        """The texts the person got as the answer, in order."""
        original = [self.original] if self.original else []
        return [message.text for message in original + self.followups]


@dataclass
class Call:
    """One request that reached the API. `status` 0: the connection died before an answer."""

    method: str
    path: str
    body: Json | list[Json] | None
    status: int = 0


class World:
    """Everything the platform remembers."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.interactions: dict[str, Interaction] = {}
        self.commands: dict[str | None, list[Json]] = {None: []}
        self.nonces: dict[tuple[str, str], tuple[int, Message]] = {}
        self.typing: list[Channel] = []
        self.bot = self.user("selfsame", bot=True)

    def user(self, name: str, *, bot: bool = False) -> User:
        """A new account."""
        made = User(self.clock.snowflake(), name, bot)
        self.users[made.id] = made
        return made

    def in_channel(self, channel: Channel) -> Iterator[Message]:
        """Every message of the channel that everybody sees, oldest first."""
        return (m for m in self.messages.values() if m.channel is channel and m.only_for is None)

    def dm_with(self, user: User) -> Channel:
        """The direct channel between the bot and the user; made when it is not there."""
        for channel in self.channels.values():
            if channel.kind == DM and channel.recipient is user:
                return channel
        made = Channel(self.clock.snowflake(), "", DM, recipient=user)
        self.channels[made.id] = made
        return made
