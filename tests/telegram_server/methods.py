"""Bot API methods that write, edit and delete. Each is a function of (desk, params) and returns the API's `result`.

Decides nothing itself: asks rules.py, changes the world, tells the bot what Telegram would echo.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.telegram_server import rules
from tests.telegram_server.api_error import bad_request
from tests.telegram_server.flood import Flood
from tests.telegram_server.mail import Mail
from tests.telegram_server.params import Params
from tests.telegram_server.shapes import chat_json, message_json, user_json
from tests.telegram_server.state import JSON, Message, Room, World

CHAT_ACTIONS = frozenset(
    {
        *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
        *("upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"),
    }
)


@dataclass(slots=True)
class Counter:
    """What methods work on."""

    world: World
    mail: Mail
    flood: Flood


Method = Callable[[Counter, Params], Any]


def send_message(at: Counter, params: Params) -> JSON:
    """sendMessage, into a chat of the bot's or of a business connection."""
    room = _room_to_write(at, params)
    text = rules.text(params.text("text"))
    markup = rules.markup(params.get("reply_markup"))
    thread = rules.thread(room, params.get("message_thread_id"))
    reply = params.get("reply_parameters")
    if reply is None and "reply_to_message_id" in params:
        reply = {"message_id": params["reply_to_message_id"]}
    reply_to = rules.replied(room, reply)
    at.flood.check(room, at.world.now_s())
    sender = room.owner or at.world.bot
    message = at.world.say(
        room, sender, text, by_bot=True, markup=markup, reply_to=reply_to, thread=thread, fields=_kept(params)
    )
    shape = message_json(at.world, room, message)
    if room.kind == "business":
        at.mail.put("business_message", shape)
    return shape


def send_chat_action(at: Counter, params: Params) -> bool:
    """sendChatAction."""
    _room_to_write(at, params)
    if params.text("action") not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


def edit_message_text(at: Counter, params: Params) -> JSON:
    """editMessageText."""
    room, message = _own_message(at, params)
    text = rules.text(params.text("text"))
    return _edited(at, room, message, text, rules.markup(params.get("reply_markup")))


def edit_message_reply_markup(at: Counter, params: Params) -> JSON:
    """editMessageReplyMarkup."""
    room, message = _own_message(at, params)
    return _edited(at, room, message, message.text, rules.markup(params.get("reply_markup")))


def delete_message(at: Counter, params: Params) -> bool:
    """deleteMessage: never in a business chat, which has a method of its own."""
    room = rules.bot_room(at.world, params.get("chat_id"))
    rules.deletable(at.world, room, params.get("message_id")).deleted = True
    return True


def delete_messages(at: Counter, params: Params) -> bool:
    """deleteMessages: 1-100; those not found are skipped."""
    room = rules.bot_room(at.world, params.get("chat_id"))
    for number in _numbers(params):
        message = room.messages.get(number)
        if message is not None and not message.deleted:
            rules.deletable(at.world, room, number).deleted = True
    return True


def delete_business_messages(at: Counter, params: Params) -> bool:
    """deleteBusinessMessages: own ones by `can_delete_sent_messages`, any by `can_delete_all_messages`.

    What is gone already is no failure. Whether the bot hears of its own deletions is not published: it does here.
    """
    found = rules.connection(at.world, params.text("business_connection_id"))
    numbers = set(_numbers(params))
    mine = [room for (owner_id, _), room in at.world.business_rooms.items() if owner_id == found.owner.id]
    room = next((room for room in mine if numbers & room.messages.keys()), None)
    if room is None:
        return True
    messages = [message for message in room.messages.values() if message.id in numbers and not message.deleted]
    for message in messages:
        rules.right(found, "can_delete_all_messages", *(["can_delete_sent_messages"] if message.by_bot else []))
    for message in messages:
        message.deleted = True
    ids = [message.id for message in messages]
    if ids:
        gone = {"business_connection_id": found.id, "chat": chat_json(room), "message_ids": ids}
        at.mail.put("deleted_business_messages", gone)
    return True


def read_business_message(at: Counter, params: Params) -> bool:
    """readBusinessMessage: marks everything up to it as read in the owner's name."""
    found = rules.connection(at.world, params.text("business_connection_id"))
    rules.right(found, "can_read_messages")
    room = rules.business_room(at.world, found, params.get("chat_id"))
    rules.window(at.world, room)
    number = params.number("message_id")
    if number not in room.messages:
        raise bad_request("message not found")
    room.read_ids.update(known for known in room.messages if known <= number)
    return True


def answer_callback_query(at: Counter, params: Params) -> bool:
    """answerCallbackQuery: in time, at most 200 characters."""
    query = rules.query(at.world, params.text("callback_query_id"))
    if len(params.text("text")) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    query.answered, query.toast, query.alert = True, params.text("text"), bool(params.get("show_alert"))
    return True


def get_chat(at: Counter, params: Params) -> JSON:
    """getChat."""
    room = rules.bot_room(at.world, params.get("chat_id"))
    return chat_json(room) | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}


def get_chat_member(at: Counter, params: Params) -> JSON:
    """getChatMember, for the bot itself and for people the server knows."""
    room = rules.bot_room(at.world, params.get("chat_id"))
    number = params.number("user_id")
    person = at.world.people.get(number)
    if person is None:
        raise bad_request("invalid user_id specified")
    status = room.bot_status if person is at.world.bot and room.bot_status == "left" else "member"
    return {"user": user_json(person), "status": status}


def leave_chat(at: Counter, params: Params) -> bool:
    """leaveChat."""
    room = rules.bot_room(at.world, params.get("chat_id"))
    if room.peer is not None:
        raise bad_request("chat not found")
    room.bot_status = "left"
    return True


METHODS: dict[str, Method] = {
    "sendmessage": send_message,
    "sendchataction": send_chat_action,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "deletebusinessmessages": delete_business_messages,
    "readbusinessmessage": read_business_message,
    "answercallbackquery": answer_callback_query,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "leavechat": leave_chat,
}
_NO_GIFTS = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}


def _room_to_write(at: Counter, params: Params) -> Room:
    if "business_connection_id" not in params:
        return rules.writable_room(at.world, params.get("chat_id"))
    found = rules.connection(at.world, params.text("business_connection_id"))
    room = rules.business_room(at.world, found, params.get("chat_id"))
    rules.right(found, "can_reply")
    rules.window(at.world, room)
    return room


def _own_message(at: Counter, params: Params) -> tuple[Room, Message]:
    if "business_connection_id" in params:
        found = rules.connection(at.world, params.text("business_connection_id"))
        room = rules.business_room(at.world, found, params.get("chat_id"))
        rules.right(found, "can_reply")
    else:
        room = rules.writable_room(at.world, params.get("chat_id"))
    return room, rules.editable(room, params.get("message_id"))


def _edited(at: Counter, room: Room, message: Message, text: str, markup: JSON | None) -> JSON:
    """Whether the bot hears of its own business edits is not published: it does here."""
    rules.changed(message, text, markup)
    at.flood.check(room, at.world.now_s())
    message.text, message.markup, message.edited_s = text, markup, int(at.world.now_s())
    shape = message_json(at.world, room, message)
    if room.kind == "business":
        at.mail.put("edited_business_message", shape)
    return shape


def _numbers(params: Params) -> list[int]:
    numbers = params.get("message_ids")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= 100:
        raise bad_request("message identifiers are not specified")
    return numbers


def _kept(params: Params) -> JSON:
    """What a send says about the bubble besides its text and people can see."""
    options = params.get("link_preview_options")
    return {"link_preview_options": options} if options else {}
