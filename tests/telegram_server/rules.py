"""What the platform allows. Every rule raises ApiError; none changes anything.

Sources: the Bot API reference, the open source Bot API server's messages, and the published list of MTProto errors.
Knows no HTTP. Rules marked *unverified* have no published wording or moment; we took the stricter reading.
"""

from tests.telegram_server.api_error import bad_request, forbidden
from tests.telegram_server.state import JSON, Connection, Message, Query, Room, World

TEXT_MAX = 4096
DATA_MAX_BYTES = 64
DAY_S = 24 * 3600
PRESS_LIFETIME_S = 60.0
"""Unverified: Telegram publishes no figure for how long a callback query can be answered."""


def bot_room(world: World, chat_id: object) -> Room:
    """The room a call without business connection means, which the bot can see."""
    if not isinstance(chat_id, int):
        raise bad_request("chat_id is empty" if chat_id in (None, "") else "chat not found")
    room = world.rooms.get(chat_id)
    if room is None:
        if chat_id in world.people:
            raise forbidden("bot can't initiate conversation with a user")
        raise bad_request("chat not found")
    if room.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=room.migrated_to)
    if room.bot_status == "kicked":
        raise forbidden(f"bot was kicked from the {_kind(room)} chat")
    if room.bot_status == "left":
        raise forbidden(f"bot is not a member of the {_kind(room)} chat")
    return room


def writable_room(world: World, chat_id: object) -> Room:
    """As `bot_room`, and the bot may write there by itself."""
    room = bot_room(world, chat_id)
    if room.peer is not None:
        if room.peer.blocked:
            raise forbidden("bot was blocked by the user")
        if not room.started:
            raise forbidden("bot can't initiate conversation with a user")
    return room


def connection(world: World, connection_id: str) -> Connection:
    """A connection in force. Unverified: the wording for one that was switched off."""
    found = world.connections.get(connection_id)
    if found is None:
        raise bad_request("business connection not found")
    if not found.enabled:
        raise bad_request("BUSINESS_CONNECTION_INVALID")
    return found


def right(found: Connection, *any_of: str) -> None:
    """The owner gave one of these rights. Unverified: the wording."""
    if not found.rights.intersection(any_of):
        raise forbidden("BOT_ACCESS_FORBIDDEN")


def business_room(world: World, found: Connection, chat_id: object) -> Room:
    """The owner's chat with a peer, which the connection covers."""
    room = world.business_rooms.get((found.owner.id, chat_id)) if isinstance(chat_id, int) else None
    if room is None or room.excluded:
        raise bad_request("BUSINESS_PEER_INVALID")
    return room


def window(world: World, room: Room) -> None:
    """The peer wrote in the last 24 hours."""
    if room.heard_s is None or world.now_s() - room.heard_s > DAY_S:
        raise bad_request("BUSINESS_PEER_USAGE_MISSING")


def text(value: str) -> str:
    """The text as people will see it (Telegram trims it): 1-4096 characters."""
    trimmed = value.strip()
    if not trimmed:
        raise bad_request("message text is empty")
    if len(trimmed) > TEXT_MAX:
        raise bad_request("message is too long")
    return trimmed


def markup(value: JSON | None) -> JSON | None:
    """Inline buttons have a label and 1-64 bytes of data (or a link)."""
    for row in (value or {}).get("inline_keyboard", []):
        for button in row:
            if not button.get("text"):
                raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
            data = button.get("callback_data")
            if data is None and not button.get("url"):
                raise bad_request(
                    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
                )
            if data is not None and not 1 <= len(data.encode()) <= DATA_MAX_BYTES:
                raise bad_request("BUTTON_DATA_INVALID")
    return value or None


def replied(room: Room, reply: JSON | None) -> int | None:
    """The message to reply to; a gone one is an error unless `allow_sending_without_reply`."""
    if not reply:
        return None
    number = reply.get("message_id")
    message = room.messages.get(number) if isinstance(number, int) else None
    if message is None or message.deleted:
        if reply.get("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")
    return message.id


def thread(room: Room, number: object) -> int | None:
    """A forum topic that exists."""
    if number is None:
        return None
    if not room.forum or not any(message.thread == number for message in room.messages.values()):
        raise bad_request("message thread not found")
    return number if isinstance(number, int) else None


def editable(room: Room, number: object) -> Message:
    """A message of the bot's own that is still there."""
    message = room.messages.get(number) if isinstance(number, int) else None
    if message is None or message.deleted:
        raise bad_request("message to edit not found")
    if not message.by_bot:
        raise bad_request("message can't be edited")
    return message


def changed(message: Message, new_text: str, new_markup: JSON | None) -> None:
    """An edit has to change something."""
    if (message.text, message.markup) == (new_text, new_markup):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )


def deletable(world: World, room: Room, number: object) -> Message:
    """deleteMessage: younger than 48 hours; others' lines only in private chats or as administrator."""
    message = room.messages.get(number) if isinstance(number, int) else None
    if message is None or message.deleted:
        raise bad_request("message to delete not found")
    if world.now_s() - message.date_s > 2 * DAY_S:
        raise bad_request("message can't be deleted for everyone")
    if not message.by_bot and room.kind != "private" and room.bot_status != "administrator":
        raise bad_request("message can't be deleted")
    return message


def query(world: World, number: str) -> Query:
    """A press that can still be answered."""
    found = world.queries.get(number)
    if found is None or world.now_s() - found.at_s > PRESS_LIFETIME_S:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    return found


def _kind(room: Room) -> str:
    return "group" if room.kind == "group" else room.kind
