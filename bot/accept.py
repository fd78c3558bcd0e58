"""Makes an inbound line durable before the platform is told that we took it.

Knows no platform and decides nothing about answers. The work is one script (`lua/accept.lua`): dedupe, mailbox,
history, quiet time, takeover, and a full mailbox that refuses.
"""

import msgspec
import structlog

from adapters.base import Accepted, InboundMessage, Inbox
from bot.loops import Stopping, persist
from bot.scripts import Scripts
from model_server.contract import Line

log = structlog.get_logger()


class Mail(msgspec.Struct, frozen=True):
    """A line in a mailbox: what was written and by whom."""

    line: Line
    sender_id: str
    sender_name: str
    declared_type: str | None = None


def to_mail(message: InboundMessage) -> Mail:
    """The stored form. Lone surrogates, which no JSON may hold, become `?`."""
    line = Line(
        line_id=_storable(message.message_id),
        author="owner" if message.from_owner else "contact",
        text=_storable(message.text),
        at_ms=message.at_ms,
    )
    return Mail(line, _storable(message.sender_id), _storable(message.sender_name), message.declared_type)


async def accept(scripts: Scripts, message: InboundMessage) -> Accepted:
    """Take one line. Raises redis.exceptions.RedisError; then it may or may not be stored, and is to be repeated."""
    mail = to_mail(message)
    answer = await scripts.say(
        "accept",
        message.chat.key,
        line_id=mail.line.line_id,
        line=msgspec.json.encode(mail.line),
        mail=msgspec.json.encode(mail),
        from_owner=int(message.from_owner),
    )
    match answer:
        case "taken" | "duplicate":
            return answer
        case "full":
            log.error("line.full", chat=message.chat.key, line=mail.line.line_id)
            return answer
        case _:
            raise AssertionError(answer)


def make_inbox(scripts: Scripts, stopping: Stopping) -> Inbox:
    """What adapters await. While Redis is gone it waits and tries again: no adapter ever sees that, or loses a line."""

    async def inbox(message: InboundMessage) -> Accepted:
        return await persist("accept", lambda: accept(scripts, message), stopping)

    return inbox


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
