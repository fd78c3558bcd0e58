"""Builds the request for a turn, and the second one after a reply that may not be sent. Pure.

Knows no Redis and no model. Request ids are derived from the chat and its last line: a replay is the same request.
"""

import msgspec

from bot.accept import Mail
from bot.contacts import Contact
from model_server.contract import Line, ReplyRequest


def request_id_of(chat_key: str, mailbox: tuple[Mail, ...], edits: int) -> str:
    """The name of the turn that answers these lines; as in `lua/prelude.lua`.

    `edits`: how often lines were changed in this chat while they waited. Other words make another turn.
    """
    return f"{chat_key}:{mailbox[-1].line.line_id}" + (f"~{edits}" if edits else "")


def build_request(
    chat_key: str,
    contact: Contact,
    history: tuple[Line, ...],
    mailbox: tuple[Mail, ...],
    edits: int = 0,
    *,
    now_ms: int,
    deadline_ms: int,
) -> ReplyRequest:
    """History without the waiting lines, then the waiting lines: a reply that was slower than a line comes before it.

    `deadline_ms` is a moment (Unix ms).
    """
    waiting = {mail.line.line_id for mail in mailbox}
    before = tuple(line for line in history if line.line_id not in waiting)
    return ReplyRequest(
        request_id=request_id_of(chat_key, mailbox, edits),
        chat_key=chat_key,
        contact_id=contact.contact_id,
        contact_name=contact.name,
        contact_type=contact.contact_type,
        lines=before + tuple(mail.line for mail in mailbox),
        created_ms=now_ms,
        deadline_ms=deadline_ms,
    )


def second_try(request: ReplyRequest) -> ReplyRequest:
    """The same request under a derived id, for the one regeneration a turn may have."""
    return msgspec.structs.replace(request, request_id=f"{request.request_id}:r1")


def turn_lines(request: ReplyRequest) -> tuple[Line, ...]:
    """The contact's lines at the end of a request."""
    turn: list[Line] = []
    for line in reversed(request.lines):
        if line.author != "contact":
            break
        turn.append(line)
    return tuple(reversed(turn))
