"""The Bot API's JSON for what is in the world. Pure: knows no HTTP and no rule."""

import re

from tests.telegram_server.state import JSON, RIGHTS, Connection, Message, Person, Query, Room, World

_ENTITY = re.compile(r"(?<![\w/])/\w+(?:@\w+)?|(?<!\w)@\w+")


def user_json(person: Person) -> JSON:
    """A User."""
    shape: JSON = {"id": person.id, "is_bot": person.is_bot, "first_name": person.first_name}
    if person.username:
        shape["username"] = person.username
    return shape


def chat_json(room: Room) -> JSON:
    """A Chat."""
    if room.peer is not None:
        shape: JSON = {"id": room.chat_id, "type": "private", "first_name": room.peer.first_name}
        if room.peer.username:
            shape["username"] = room.peer.username
        return shape
    shape = {"id": room.chat_id, "type": room.kind, "title": room.title}
    if room.forum:
        shape["is_forum"] = True
    return shape


def connection_json(connection: Connection) -> JSON:
    """A BusinessConnection; rights that are not given are absent."""
    shape: JSON = {
        "id": connection.id,
        "user": user_json(connection.owner),
        "user_chat_id": connection.owner.id,
        "date": connection.date_s,
        "is_enabled": connection.enabled,
    }
    if connection.enabled:
        shape["rights"] = {right: True for right in RIGHTS if right in connection.rights}
    return shape


def entities_of(text: str) -> list[JSON]:
    """`bot_command` and `mention` entities; offsets in UTF-16 units."""
    found: list[JSON] = []
    for match in _ENTITY.finditer(text):
        kind = "mention" if match[0].startswith("@") else "bot_command"
        found.append({"type": kind, "offset": _utf16(text[: match.start()]), "length": _utf16(match[0])})
    return found


def message_json(world: World, room: Room, message: Message, *, nested: bool = False) -> JSON:
    """A Message as the bot sees it; `nested`: without the message it replies to."""
    shape: JSON = {"message_id": message.id, "chat": chat_json(room), "date": message.date_s}
    if room.kind == "channel":
        shape["sender_chat"] = chat_json(room)
    else:
        shape["from"] = user_json(message.sender)
    connection = world.connection_of(room) if room.kind == "business" else None
    if connection is not None:
        shape["business_connection_id"] = connection.id
        if message.by_bot:
            shape["sender_business_bot"] = user_json(world.bot)
    if message.text:
        shape["text"] = message.text
        if entities := entities_of(message.text):
            shape["entities"] = entities
    if message.thread is not None:
        shape |= {"message_thread_id": message.thread, "is_topic_message": True}
    if message.edited_s is not None:
        shape["edit_date"] = message.edited_s
    if message.markup is not None and "inline_keyboard" in message.markup:
        shape["reply_markup"] = message.markup
    if message.reply_to is not None and not nested:
        replied = room.messages.get(message.reply_to)
        if replied is not None and not replied.deleted:
            shape["reply_to_message"] = message_json(world, room, replied, nested=True)
    return shape | message.fields


def query_json(world: World, query: Query) -> JSON:
    """A CallbackQuery."""
    return {
        "id": query.id,
        "from": user_json(query.by),
        "message": message_json(world, query.room, query.room.messages[query.message_id]),
        "chat_instance": str(query.room.chat_id),
        "data": query.data,
    }


def member_json(world: World, room: Room, by: Person, old: str, new: str) -> JSON:
    """A ChatMemberUpdated about the bot itself."""
    bot = user_json(world.bot)
    return {
        "chat": chat_json(room),
        "from": user_json(by),
        "date": int(world.now_s()),
        "old_chat_member": _member(bot, old),
        "new_chat_member": _member(bot, new),
    }


def _member(bot: JSON, status: str) -> JSON:
    shape: JSON = {"user": bot, "status": status}
    return shape | {"until_date": 0} if status == "kicked" else shape


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
