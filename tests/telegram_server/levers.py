"""What people do, for tests to pull: write, edit, delete, press, connect, block. Knows no HTTP.

Each lever changes the world as Telegram would and tells the bot what Telegram would tell it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.telegram_server.mail import Mail
from tests.telegram_server.shapes import chat_json, connection_json, member_json, message_json, query_json, user_json
from tests.telegram_server.state import JSON, RIGHTS, Connection, Message, Person, Query, Room, World

SENT = {
    "private": ("message", "edited_message"),
    "group": ("message", "edited_message"),
    "supergroup": ("message", "edited_message"),
    "channel": ("channel_post", "edited_channel_post"),
    "business": ("business_message", "edited_business_message"),
}
DEFAULT_RIGHTS = ("can_reply", "can_read_messages")


@dataclass(frozen=True, slots=True)
class Bubble:
    """What people see of one message.

    `by_bot`: sent through the Bot API; in a business chat people see the owner as its writer.
    `buttons`: (label, callback data) in reading order.
    """

    id: int
    by: str
    by_bot: bool
    text: str
    edited: bool
    deleted: bool
    buttons: tuple[tuple[str, str], ...]


class Levers:
    """The people's side of the server."""

    def __init__(self, bot_name: str) -> None:
        self.world = World(bot_name)
        self.mail = Mail(self.world.now_s)

    def person(
        self, first_name: str, username: str | None = None, *, number: int | None = None, is_bot: bool = False
    ) -> Person:
        """Somebody new; with the id `number` where it matters (1087968824 writes for anonymous administrators)."""
        return self.world.person(first_name, username, number=number, is_bot=is_bot)

    def private(self, peer: Person) -> Room:
        """His plain chat with the bot; the bot may write there once he did."""
        return self.world.private(peer)

    def business(self, connection: Connection, peer: Person) -> Room:
        """The owner's own chat with `peer`."""
        return self.world.business(connection, peer)

    def group(self, title: str, *, basic: bool = False, forum: bool = False) -> Room:
        """A group with the bot in it (a supergroup unless `basic`)."""
        return self.world.group(title, "group" if basic else "supergroup", forum=forum)

    def channel(self, title: str) -> Room:
        """A channel with the bot in it."""
        return self.world.group(title, "channel")

    async def contact_writes(
        self,
        peer: Person,
        text: str = "",
        *,
        room: Room | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
        **fields: Any,
    ) -> int:
        """`peer` writes into `room` (his plain chat with the bot when left out); the message's id.

        `fields` are raw Message fields: `photo=[...]`, `caption=`, `via_bot=`, `forward_origin=`, `sender_chat=`.
        """
        return self._write(room or self.private(peer), peer, text, reply_to=reply_to, thread=thread, fields=fields)

    async def owner_writes(
        self, room: Room, text: str = "", *, offline: bool = False, reply_to: int | None = None, **fields: Any
    ) -> int:
        """The owner types in a business chat himself; `offline`: Telegram sends it for him (away, scheduled)."""
        assert room.owner is not None, "only a business chat has an owner"
        automatic = {"is_from_offline": True} if offline else {}
        return self._write(room, room.owner, text, reply_to=reply_to, fields=fields | automatic)

    async def reply_to(self, who: Person, room: Room, message_id: int, text: str) -> int:
        """`who` answers one message."""
        return self._write(room, who, text, reply_to=message_id, thread=room.messages[message_id].thread)

    async def edit(self, room: Room, message_id: int, text: str) -> None:
        """The writer changes a line (a caption where it has no text)."""
        message = room.messages[message_id]
        message.edited_s = int(self.world.now_s())
        if message.text:
            message.text = text
        else:
            message.fields["caption"] = text
        self._tell(room, SENT[room.kind][1], message_json(self.world, room, message))

    async def delete(self, room: Room, *message_ids: int) -> None:
        """People take lines back. Only in business chats does a bot hear of it."""
        for number in message_ids:
            room.messages[number].deleted = True
        connection = self.world.connection_of(room) if room.kind == "business" else None
        if connection is not None:
            gone = {
                "business_connection_id": connection.id,
                "chat": chat_json(room),
                "message_ids": list(message_ids),
            }
            self._tell(room, "deleted_business_messages", gone)

    async def press(
        self, room: Room, message_id: int, label_or_data: str, *, by: Person | None = None, forged: bool = False
    ) -> Query:
        """`by` (the peer when left out) presses a button; `.answered`, `.toast` and `.alert` tell the answer.

        `forged`: a changed app sends data that no button has.
        """
        who = by or room.peer
        assert who is not None, "in a group say who presses"
        known = dict(_buttons(room.messages[message_id]))
        data = known.get(label_or_data, label_or_data)
        assert forged or data in known.values(), f"no such button: {label_or_data}"
        query = self.world.press(room, message_id, data, who)
        self.mail.put("callback_query", query_json(self.world, query))
        return query

    async def connect_business(self, owner: Person, *, rights: Iterable[str] = DEFAULT_RIGHTS) -> Connection:
        """The owner connects the bot to his account; an older connection of his is over."""
        given = frozenset(rights)
        assert given <= set(RIGHTS), f"unknown rights: {given - set(RIGHTS)}"
        connection = self.world.connect(owner, given)
        room = self.world.private(owner)
        room.started = True  # connecting opens the owner's chat with the bot
        self.mail.put("business_connection", connection_json(connection))
        return connection

    async def set_rights(self, connection: Connection, *rights: str) -> None:
        """The owner changes what the bot may do."""
        connection.rights = frozenset(rights)
        self.mail.put("business_connection", connection_json(connection))

    async def disconnect(self, connection: Connection) -> None:
        """The owner takes the bot off his account."""
        connection.enabled = False
        self.mail.put("business_connection", connection_json(connection))

    async def block(self, person: Person, *, blocked: bool = True) -> None:
        """He blocks the bot, or lets it in again."""
        person.blocked = blocked
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        self.mail.put("my_chat_member", member_json(self.world, self.private(person), person, old, new))

    async def invite(self, room: Room, by: Person) -> None:
        """The bot is added to a group (again)."""
        old, room.bot_status = room.bot_status, "member"
        self.mail.put("my_chat_member", member_json(self.world, room, by, old, "member"))
        self._write(room, by, "", fields={"new_chat_members": [user_json(self.world.bot)]})

    async def kick(self, room: Room, by: Person) -> None:
        """The bot is thrown out of a group."""
        room.bot_status = "kicked"
        self.mail.put("my_chat_member", member_json(self.world, room, by, "member", "kicked"))

    async def migrate(self, room: Room, by: Person) -> Room:
        """A basic group becomes a supergroup."""
        new = self.world.group(room.title, "supergroup")
        room.migrated_to = new.chat_id
        self._write(room, by, "", fields={"migrate_to_chat_id": new.chat_id})
        self._write(new, by, "", fields={"migrate_from_chat_id": room.chat_id})
        return new

    async def push(self, update: JSON) -> int:
        """Any JSON object as an update, sound or not; its update id."""
        return self.mail.put_raw(update)

    def shown(self, room: Room) -> list[Bubble]:
        """Everything in a room, oldest first, deleted ones marked."""
        return [
            Bubble(
                message.id,
                message.sender.first_name,
                message.by_bot,
                message.text,
                message.edited_s is not None,
                message.deleted,
                _buttons(message),
            )
            for message in room.messages.values()
        ]

    def sent(self, room: Room) -> list[str]:
        """The texts of the bot's bubbles that people still see there."""
        return [bubble.text for bubble in self.shown(room) if bubble.by_bot and not bubble.deleted]

    def _write(
        self,
        room: Room,
        who: Person,
        text: str,
        *,
        reply_to: int | None = None,
        thread: int | None = None,
        fields: JSON | None = None,
    ) -> int:
        message = self.world.say(room, who, text, reply_to=reply_to, thread=thread, fields=fields)
        self._tell(room, SENT[room.kind][0], message_json(self.world, room, message))
        return message.id

    def _tell(self, room: Room, kind: str, body: JSON) -> None:
        if room.kind == "business":
            connection = self.world.connection_of(room)
            if room.excluded or connection is None or not connection.enabled:
                return
        if room.bot_status in ("member", "administrator"):
            self.mail.put(kind, body)


def _buttons(message: Message) -> tuple[tuple[str, str], ...]:
    rows = (message.markup or {}).get("inline_keyboard", [])
    return tuple((button["text"], button.get("callback_data", "")) for row in rows for button in row)
