"""A due chat taken for one lease, and all that a decision needs read with it in one step.

Knows the script and the shape of its answer; decides nothing.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from bot.accept import Mail
from bot.scripts import Scripts
from model_server.contract import Line


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A request in flight and how many lines it covers."""

    request_id: str
    lines: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A chat as it was when it became ours. `fence` proves that nothing has changed since."""

    chat_key: str
    fence: int
    now_ms: int
    mailbox: tuple[Mail, ...]
    first_accepted_ms: int
    history: tuple[Line, ...]
    open_turn: OpenTurn | None
    stand_down_until_ms: int
    edits: int
    answer_until_ms: int
    halted: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A chat that became ours, not yet read."""

    chat_key: str
    fence: int
    answer: list[Any]


async def take(scripts: Scripts, chat_key: str) -> Taken | None:
    """Take a due chat for one lease. None: somebody else was first, or nothing waits there."""
    answer: list[Any] | None = await scripts.run("claim", chat_key)
    return None if answer is None else Taken(chat_key, int(answer[0]), answer)


def read_claim(taken: Taken) -> Claim:
    """Raises msgspec.DecodeError on lines that this version cannot read."""
    fence, now_ms, mailbox, history, request_id, covered, deadline_ms, *moments = taken.answer
    stand_down_until_ms, edits, answer_until_ms, halted = map(int, moments)
    return Claim(
        chat_key=taken.chat_key,
        fence=fence,
        now_ms=now_ms,
        mailbox=tuple(msgspec.json.decode(entry.partition(b" ")[2], type=Mail) for entry in mailbox),
        first_accepted_ms=int(mailbox[0].partition(b" ")[0]),
        history=tuple(msgspec.json.decode(line, type=Line) for line in history),
        open_turn=OpenTurn(request_id.decode(), int(covered), int(deadline_ms)) if request_id else None,
        stand_down_until_ms=stand_down_until_ms,
        edits=edits,
        answer_until_ms=answer_until_ms,
        halted=bool(halted),
    )
