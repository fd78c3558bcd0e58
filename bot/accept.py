"""Makes an inbound line durable before the platform is told that we took it.

Knows no platform and decides nothing about answers. The work is one script each: a new line (`lua/accept.lua`: dedupe,
mailbox, history, quiet time, takeover, a full mailbox that refuses), an edited one, lines taken back.
"""

from collections.abc import Awaitable, Callable
from typing import assert_never, cast

import msgspec
import structlog

from adapters.base import Accepted, DeletedMessages, EditedMessage, Inbound, InboundMessage, Inbox
from bot.loops import REDIS_TROUBLE, Stopping, persist
from bot.scripts import Scripts
from model_server.contract import Line
from model_server.log import flaw_of

log = structlog.get_logger()


class Mail(msgspec.Struct, frozen=True):
    """A line in a mailbox: what was written and by whom."""

    line: Line
    sender_id: str
    sender_name: str
    declared_type: str | None = None
    suggested_type: str | None = None


def to_mail(message: InboundMessage) -> Mail:
    """The stored form. Lone surrogates, which no JSON may hold, become `?`."""
    line = Line(
        line_id=_storable(message.message_id),
        author="owner" if message.from_owner else "contact",
        text=_storable(message.text),
        at_ms=message.at_ms,
    )
    return Mail(
        line,
        _storable(message.sender_id),
        _storable(message.sender_name),
        message.declared_type,
        message.suggested_type,
    )


async def accept(scripts: Scripts, inbound: Inbound) -> Accepted:
    """Take what arrived. Raises redis.exceptions.RedisError; then it may or may not be stored, and is to be repeated.

    An edit or a deletion that changes nothing any more is a `duplicate`.
    """
    match inbound:
        case InboundMessage():
            return await _accept_line(scripts, inbound)
        case EditedMessage(message):
            return await _accept_edit(scripts, message)
        case DeletedMessages(chat, message_ids):
            line_ids = [_storable(message_id) for message_id in message_ids]
            done = await scripts.say("delete", chat.key, line_ids=msgspec.json.encode(line_ids))
            log.info("lines.taken_back", chat=chat.key, lines=len(line_ids), done=done)
            return cast(Accepted, done)
        case impossible:
            assert_never(impossible)


async def _accept_line(scripts: Scripts, message: InboundMessage) -> Accepted:
    mail = to_mail(message)
    answer = await scripts.say(
        "accept",
        message.chat.key,
        line_id=mail.line.line_id,
        line=msgspec.json.encode(mail.line),
        mail=msgspec.json.encode(mail),
        text=mail.line.text,
        from_owner=int(message.from_owner),
        answer_until_ms="" if message.answer_until_ms is None else message.answer_until_ms,
    )
    if answer == "full":
        log.error("line.full", chat=message.chat.key, line=mail.line.line_id)
    return cast(Accepted, answer)


async def _accept_edit(scripts: Scripts, message: InboundMessage) -> Accepted:
    mail = to_mail(message)
    done = await scripts.say(
        "edit",
        message.chat.key,
        line_id=mail.line.line_id,
        line=msgspec.json.encode(mail.line),
        mail=msgspec.json.encode(mail),
        at_ms=message.at_ms,
    )
    if done == "unseen":  # the edit overtook its line
        return await _accept_line(scripts, message)
    log.info("line.edited", chat=message.chat.key, line=mail.line.line_id, done=done)
    return cast(Accepted, done)


ContactWord = Callable[[InboundMessage], Awaitable[bool]]
"""Whether a line was a contact's own command (`/privacy`), answered as such: then it is no turn's."""


def make_inbox(scripts: Scripts, stopping: Stopping, contact_word: ContactWord) -> Inbox:
    """What adapters await. While Redis is gone it waits and tries again: no adapter ever sees that, or loses a line."""

    async def take(inbound: Inbound) -> Accepted:
        if isinstance(inbound, InboundMessage) and await _is_word(inbound, contact_word):
            return "taken"
        return await accept(scripts, inbound)

    async def inbox(inbound: Inbound) -> Accepted:
        return await persist("accept", lambda: take(inbound), stopping)

    return inbox


async def _is_word(message: InboundMessage, contact_word: ContactWord) -> bool:
    """A command that we fail to carry out is a line like any other: the owner sees it."""
    try:
        return await contact_word(message)
    except REDIS_TROUBLE:
        raise
    except Exception as error:
        log.error("contact.word", chat=message.chat.key, line=message.message_id, flaw=flaw_of(error))
        return False


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
