"""Discord's messages as lines and words: what was said, by whom, and whether it was said to us. Pure.

Knows no connection and no desk. Nothing is silently lost: what is not text is named in brackets.
"""

import re
from collections.abc import Sequence
from typing import Literal

import discord

from adapters.base import ChatRef, InboundMessage
from adapters.discord_settings import DiscordSettings
from adapters.owner_port import Word

PLATFORM = "discord"
_ACTIVE_MS = 24 * 3_600_000
_SPOKEN = (discord.MessageType.default, discord.MessageType.reply)
_MENTION = re.compile(r"<(@!?|@&|#)(\d{1,20})>")
_EMOJI = re.compile(r"<a?(:\w+:)\d{1,20}>")
_SPACES = re.compile(r"[ \t]{2,}")

Place = Literal["dm", "chosen", "elsewhere"]


def chat_of(channel_id: int) -> ChatRef:
    """The chat of a channel, a thread or a DM."""
    return ChatRef(PLATFORM, str(channel_id))


def place_of(message: discord.Message, settings: DiscordSettings) -> Place:
    """Where it was said. A guild that has not arrived yet is no DM: the kind of channel decides."""
    if isinstance(message.channel, discord.DMChannel):
        return "dm"
    parent = getattr(message.channel, "parent_id", None)
    return "chosen" if settings.channels & {message.channel.id, parent} else "elsewhere"


def is_speech(message: discord.Message) -> bool:
    """Somebody said something: no join, pin or boost, and no webhook, which anybody may name as they like."""
    return message.type in _SPOKEN and message.webhook_id is None


def is_to_us(message: discord.Message, me: int, our_webhooks: frozenset[int]) -> bool:
    """It mentions us (or the role that carries our name), or replies to something that we said."""
    if any(user.id == me for user in message.mentions):
        return True
    if message.guild is not None and message.guild.self_role in message.role_mentions:
        return True
    replied = message.reference.resolved if message.reference else None
    return isinstance(replied, discord.Message) and (replied.author.id == me or replied.webhook_id in our_webhooks)


def is_active(watermark: int | None, now_ms: int) -> bool:
    """Whether we took a line of a channel within the last day: then the owner's own line there is a takeover."""
    return watermark is not None and now_ms - at_ms(watermark) < _ACTIVE_MS


def at_ms(snowflake: int) -> int:
    """When a thing was made (Unix ms): its id says so."""
    return (snowflake >> 22) + discord.utils.DISCORD_EPOCH


def type_from_roles(roles: Sequence[tuple[str, int]], wanted: Sequence[tuple[str, str]]) -> str | None:
    """The contact type of the first wanted role (by name or id) among a member's (name, id) roles."""
    held = {name for name, _ in roles} | {str(role_id) for _, role_id in roles}
    return next((contact_type for role, contact_type in wanted if role in held), None)


def roles_of(author: discord.Member | discord.User) -> list[tuple[str, int]]:
    """(name, id) of each role of a member; a user outside a server has none."""
    return [(role.name, role.id) for role in author.roles] if isinstance(author, discord.Member) else []


def line_of(
    message: discord.Message, me: int, suggested_type: str | None = None, from_owner: bool = False
) -> InboundMessage:
    """The line. Empty only where the owner's own words are not shown to us: that he spoke is all that we know."""
    return InboundMessage(
        chat=chat_of(message.channel.id),
        message_id=str(message.id),
        text=text_of(message, me) or ("" if from_owner else "[message]"),
        sender_id=str(message.author.id),
        sender_name=message.author.display_name,
        at_ms=at_ms(message.id),
        from_owner=from_owner,
        suggested_type=suggested_type,
    )


def word_of(message: discord.Message, me: int) -> Word:
    """What somebody typed to us in private, for the desk."""
    answered = message.reference.message_id if message.reference else None
    return Word(
        platform=PLATFORM,
        user_id=str(message.author.id),
        user_name=message.author.display_name,
        chat=chat_of(message.channel.id),
        text=message.content or text_of(message, me),  # as typed: it may be his reply to a contact
        answers_message_id=str(answered) if answered else None,
    )


def text_of(message: discord.Message, me: int) -> str:
    """What was said as plain text: our own mention taken out, others as `@name`, then what is not text in brackets."""
    parts = [_plain(message.content, message, me)]
    for forwarded in message.message_snapshots:
        parts.append("[forwarded] " + _plain(forwarded.content, message, me))
        parts.extend(_attached(forwarded.attachments))
    parts.extend(_attached(message.attachments))
    parts.extend(f"[sticker: {sticker.name}]" for sticker in message.stickers)
    if message.poll is not None:
        parts.append(f"[poll: {message.poll.question}]")
    return "\n".join(part.strip() for part in parts if part.strip())


def _plain(content: str, message: discord.Message, me: int) -> str:
    people = {user.id: user.display_name for user in message.mentions}
    own_role = message.guild.self_role if message.guild is not None else None

    def named(found: re.Match[str]) -> str:
        kind, number = found[1], int(found[2])
        if kind == "#":
            channel = message.guild.get_channel_or_thread(number) if message.guild is not None else None
            return f"#{channel.name}" if channel is not None else "#channel"
        if kind == "@&":
            if own_role is not None and own_role.id == number:
                return ""
            role = message.guild.get_role(number) if message.guild is not None else None
            return f"@{role.name}" if role is not None else "@role"
        return "" if number == me else f"@{people.get(number, 'somebody')}"

    return _SPACES.sub(" ", _EMOJI.sub(r"\1", _MENTION.sub(named, content))).strip()


def _attached(attachments: Sequence[discord.Attachment]) -> list[str]:
    return [f"[{_kind(attachment)}]" for attachment in attachments]


def _kind(attachment: discord.Attachment) -> str:
    if attachment.is_voice_message():
        return "voice message"
    kind = (attachment.content_type or "").partition("/")[0]
    return kind if kind in ("image", "video", "audio") else f"file: {attachment.filename}"
