"""The small world behind the test server: people, rooms, messages, business connections, one clock.

Knows no HTTP, no method and no rule: what may be done is decided in rules.py, what bots are told in levers.py.
"""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Literal

JSON = dict[str, Any]
RoomKind = Literal["private", "group", "supergroup", "channel", "business"]
RIGHTS = (
    "can_reply",
    "can_read_messages",
    "can_delete_sent_messages",
    "can_delete_all_messages",
    "can_edit_name",
    "can_edit_bio",
    "can_edit_profile_photo",
    "can_edit_username",
)


@dataclass(slots=True, eq=False)
class Person:
    """A user or a bot. `blocked`: has blocked our bot."""

    id: int
    first_name: str
    username: str | None = None
    is_bot: bool = False
    blocked: bool = False


@dataclass(slots=True, eq=False)
class Connection:
    """A business connection: `owner` lets the bot act in his private chats, as far as `rights` go."""

    id: str
    owner: Person
    date_s: int
    rights: frozenset[str]
    enabled: bool = True


@dataclass(slots=True, eq=False)
class Message:
    """One bubble. `fields` are raw Message fields beyond text (photo, forward_origin, via_bot, ...)."""

    id: int
    sender: Person
    date_s: int
    text: str
    by_bot: bool
    markup: JSON | None = None
    reply_to: int | None = None
    thread: int | None = None
    edited_s: int | None = None
    deleted: bool = False
    fields: JSON = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Room:
    """One conversation. A business room is the owner's private chat with `peer`; its chat id is the peer's id."""

    kind: RoomKind
    chat_id: int
    id_space: str
    title: str = ""
    peer: Person | None = None
    owner: Person | None = None
    forum: bool = False
    started: bool = False
    """The peer of a private chat has written to the bot: only then may it write to him."""
    bot_status: Literal["member", "administrator", "left", "kicked"] = "member"
    migrated_to: int | None = None
    excluded: bool = False
    """The owner left this chat out of the connection's recipients."""
    heard_s: float | None = None
    """When the peer last wrote here (server clock)."""
    read_ids: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Query:
    """A press on an inline button, waiting for its answer."""

    id: str
    room: Room
    message_id: int
    data: str
    by: Person
    at_s: float
    answered: bool = False
    toast: str = ""
    alert: bool = False


class World:
    """Everything the server remembers."""

    def __init__(self, bot_name: str) -> None:
        self._ids = itertools.count(7_000_001)
        self._message_ids: dict[str, int] = {}
        self._shift_s = 0.0
        self.bot = Person(6_543_210, "Selfsame", bot_name, is_bot=True)
        self.people: dict[int, Person] = {self.bot.id: self.bot}
        self.rooms: dict[int, Room] = {}
        self.business_rooms: dict[tuple[int, int], Room] = {}
        self.connections: dict[str, Connection] = {}
        self.queries: dict[str, Query] = {}
        self.menus: dict[tuple[str, str], list[JSON]] = {}

    def now_s(self) -> float:
        """The server's clock, Unix seconds."""
        return time.time() + self._shift_s

    def advance(self, seconds: float) -> None:
        """Move the server's clock; nobody sleeps."""
        self._shift_s += seconds

    def person(
        self, first_name: str, username: str | None = None, *, number: int | None = None, is_bot: bool = False
    ) -> Person:
        """A new user, with an id of the world's choice or with `number`."""
        person = Person(number or next(self._ids), first_name, username, is_bot)
        self.people[person.id] = person
        return person

    def private(self, peer: Person) -> Room:
        """The plain chat between the bot and a person."""
        room = self.rooms.get(peer.id)
        if room is None:
            room = Room("private", peer.id, f"account {self.bot.id}", peer=peer)
            self.rooms[peer.id] = room
        return room

    def business(self, connection: Connection, peer: Person) -> Room:
        """The owner's own chat with a peer: it outlives any connection."""
        room = self.business_rooms.get((connection.owner.id, peer.id))
        if room is None:
            room = Room("business", peer.id, f"account {connection.owner.id}", peer=peer, owner=connection.owner)
            self.business_rooms[connection.owner.id, peer.id] = room
        return room

    def group(self, title: str, kind: RoomKind, *, forum: bool = False) -> Room:
        """A group, supergroup or channel with the bot in it; a basic group shares the bot's own message ids."""
        number = next(self._ids)
        chat_id = -number if kind == "group" else -1_000_000_000_000 - number
        space = f"account {self.bot.id}" if kind == "group" else f"chat {chat_id}"
        room = Room(kind, chat_id, space, title=title, forum=forum)
        self.rooms[chat_id] = room
        return room

    def connect(self, owner: Person, rights: frozenset[str]) -> Connection:
        """A new connection; an older one of the same owner is over."""
        for old in self.connections.values():
            if old.owner is owner:
                old.enabled = False
        connection = Connection(f"bc{next(self._ids)}", owner, int(self.now_s()), rights)
        self.connections[connection.id] = connection
        return connection

    def connection_of(self, room: Room) -> Connection | None:
        """The owner's newest connection, in force or not."""
        mine = [found for found in self.connections.values() if found.owner is room.owner]
        return mine[-1] if mine else None

    def say(
        self,
        room: Room,
        sender: Person,
        text: str,
        *,
        by_bot: bool = False,
        markup: JSON | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
        fields: JSON | None = None,
    ) -> Message:
        """Put a new message into a room."""
        number = self._message_ids.get(room.id_space, 100) + 1
        self._message_ids[room.id_space] = number
        message = Message(
            number, sender, int(self.now_s()), text, by_bot, markup, reply_to, thread, fields=dict(fields or {})
        )
        room.messages[number] = message
        if sender is room.peer:
            room.started = True
            room.heard_s = self.now_s()
        return message

    def press(self, room: Room, message_id: int, data: str, by: Person) -> Query:
        """A new callback query."""
        query = Query(str(next(self._ids)), room, message_id, data, by, self.now_s())
        self.queries[query.id] = query
        return query
