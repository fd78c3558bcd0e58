"""Telegram's updates as lines of people: pure functions over the library's frozen types.

Knows no owner, no desk and no Redis. Who may command is `telegram_authority`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from telegram import Message, MessageEntity, User
from telegram.constants import ChatID, ChatType

from adapters.base import InboundMessage
from adapters.telegram_places import Place

BUSINESS_WINDOW_MS = 24 * 3_600_000
"""A business chat takes replies for this long after a line of the contact."""

# Telegram itself (login codes, service notices), and the accounts that stand for anonymous admins and channels.
_NOBODY = frozenset((int(ChatID.SERVICE_CHAT), int(ChatID.ANONYMOUS_ADMIN), int(ChatID.FAKE_CHANNEL), 42_777))

_MEDIA = (
    *(("animation", "gif"), ("photo", "photo"), ("voice", "voice message"), ("video_note", "video message")),
    *(("video", "video"), ("audio", "audio"), ("document", "file"), ("venue", "place"), ("location", "location")),
    *(("contact", "contact"), ("poll", "poll"), ("story", "story"), ("game", "game"), ("checklist", "checklist")),
    *(("paid_media", "paid media"), ("invoice", "invoice"), ("giveaway", "giveaway"), ("gift", "gift")),
)


@dataclass(frozen=True, slots=True)
class BotSelf:
    """Who the bot is."""

    user_id: int
    username: str


def is_person(user: User | None) -> bool:
    """A person with a name of their own: no bot, no channel, no anonymous admin, not Telegram itself."""
    return user is not None and not user.is_bot and user.id not in _NOBODY


def text_of(message: Message) -> str | None:
    """What was said; of media the caption or a word for it. None: nothing was said (a service message)."""
    if said := message.text or message.caption:
        return said
    if message.sticker is not None:
        return f"[sticker {message.sticker.emoji}]" if message.sticker.emoji else "[sticker]"
    if message.dice is not None:
        return f"[{message.dice.emoji} {message.dice.value}]"
    return next((f"[{word}]" for field, word in _MEDIA if getattr(message, field)), None)


def line_of(message: Message, place: Place, text: str, from_owner: bool) -> InboundMessage:
    """The line of a person in this place."""
    sender = message.from_user
    assert sender is not None
    at_ms = milliseconds(message.date)
    return InboundMessage(
        chat=place.chat,
        message_id=str(message.message_id),
        text=text,
        sender_id=f"user{sender.id}",
        sender_name=sender.full_name,
        at_ms=at_ms,
        from_owner=from_owner,
        answer_until_ms=at_ms + BUSINESS_WINDOW_MS if place.business and not from_owner else None,
    )


def group_place(message: Message) -> Place:
    """A group, or the topic of it that the line stands in."""
    return Place(message.chat.id, message.message_thread_id if message.is_topic_message else None)


def in_group(message: Message) -> bool:
    """A group of people; channels and private chats are none."""
    return message.chat.type in (ChatType.GROUP, ChatType.SUPERGROUP)


def addressed(message: Message, me: BotSelf) -> bool:
    """Whether a group's line speaks to the bot: a mention, a command with its name, or a reply to it."""
    if next(_namings(message, me), None) is not None:
        return True
    answered = message.reply_to_message
    # the first message of a topic is "replied to" by all others in it
    return (
        answered is not None
        and answered.forum_topic_created is None
        and answered.from_user is not None
        and answered.from_user.id == me.user_id
    )


def without_name(message: Message, me: BotSelf) -> str | None:
    """`text_of` without the bot's name: `@us how are you` is `how are you`, `/help@us` is `/help`."""
    said = text_of(message)
    if said is None or not (message.text or message.caption):
        return said
    units = said.encode("utf-16-le")  # entities count UTF-16 units
    for start, end in sorted(_namings(message, me), reverse=True):
        units = units[: 2 * start] + units[2 * end :]
    rest = re.sub(r" {2,}", " ", units.decode("utf-16-le", "replace")).strip(" ,:\n")
    return rest or said  # a bare mention says "you there": better than an empty line


def command_of(message: Message, me: BotSelf) -> str | None:
    """`text_of`, its first word without the bot's name: `/start@us` is `/start`. For private chats."""
    said = text_of(message)
    if said is None or not said.startswith("/"):
        return said
    verb, space, rest = said.partition(" ")
    name = f"@{me.username}"
    return (verb[: -len(name)] if verb.lower().endswith(name.lower()) else verb) + space + rest


def _namings(message: Message, me: BotSelf) -> Iterator[tuple[int, int]]:
    """Where the bot is named, in UTF-16 units."""
    said = (message.text or message.caption or "").encode("utf-16-le")
    name = f"@{me.username}".lower()
    for entity in message.entities or message.caption_entities:
        start, end = entity.offset, entity.offset + entity.length
        part = said[2 * start : 2 * end].decode("utf-16-le", "replace").lower()
        by_id = entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.user_id
        if by_id or (entity.type == MessageEntity.MENTION and part == name):
            yield start, end
        elif entity.type == MessageEntity.BOT_COMMAND and part.endswith(name):
            yield end - len(name), end


def milliseconds(moment: datetime) -> int:
    """Unix milliseconds."""
    return round(moment.timestamp() * 1_000)
