"""Every Redis key of the bot, on one page; streams others read stand in `model_server.contract` and `.corrections`.

Knows names only, no command. All keys carry the hash tag `{s0}`, so a cluster keeps them in one slot and a script may
touch any of them. A chat's names are the fields of `ChatKeys`; the scripts see them under the same names (`key.due`).
"""

from dataclasses import dataclass

from adapters.base import ChatRef
from model_server.contract import REQUESTS, RESULTS
from model_server.corrections import CORRECTIONS

_PREFIX = "ss:{s0}:"

OUTCOME_CHANNEL = f"{_PREFIX}rings"
"""Pub/sub: the request id of every turn that has ended; a hint to read its outcome, nothing more."""
ENDED = f"{_PREFIX}ended"
"""Sorted set request id -> ms: every turn that ended in the last week, and when."""
CHATS = f"{_PREFIX}chats"
"""Sorted set chat -> ms: every chat that has had a line in the last months, and when its newest one was taken."""
DUE = f"{_PREFIX}due"
"""Sorted set chat -> ms: the moment to look at the chat. Schedule and lease in one: a claim moves the moment on."""
DEAD = f"{_PREFIX}dead"
"""Stream for the owner: what was dead-lettered or is unknown, ids and reasons only; the oldest give way."""
DRAFTS = f"{_PREFIX}open_drafts"
"""Sorted set draft number -> ms: the drafts that wait for the owner, and since when."""
DRAFT_COUNTER = f"{_PREFIX}draft_no"
"""The number of the newest draft."""
DRAFT_PREFIX = f"{_PREFIX}draft:"
"""+ number: hash of a draft (`bot.drafts`); kept for days after its end."""
RECENT = f"{_PREFIX}recent"
"""List of `<state> <request id>`, newest first: the last turns that ended. A held one stands there again once it has
moved on."""
COUNTS = f"{_PREFIX}counts"
"""Hash: how many lines were full or duplicate, how many turns stand in each ending state."""
HALT = f"{_PREFIX}halt"
"""The kill switch: while this key exists nothing is sent, and nothing new is decided on."""
RESUMED = f"{_PREFIX}resumed"
"""When the kill switch was last taken off (Unix ms): no reply that nobody asked for leaves from before that moment."""
OUTCOME_PREFIX = f"{_PREFIX}outcome:"
"""+ request id: hash of how a turn ended, kept for days from that moment; a held one as long as its draft is open."""
LEDGER_PREFIX = f"{_PREFIX}ledger:"
"""+ request id: hash bubble id -> pending | sending <fence> <first try, ms> [again] | sent <id> | unknown |
failed <reason> | withdrawn | deleted <id>."""


def outboxes(platform: str) -> str:
    """Sorted set chat -> ms: when its next bubble may leave; schedule and lease in one, as `DUE`."""
    return f"{_PREFIX}outboxes:{platform}"


def composing(platform: str) -> str:
    """Set of the chats whose contact may see that a reply is on its way."""
    return f"{_PREFIX}composing:{platform}"


def outcome(request_id: str) -> str:
    """How the turn of this request ended."""
    return OUTCOME_PREFIX + request_id


def ledger(request_id: str) -> str:
    """What became of each bubble of this request."""
    return LEDGER_PREFIX + request_id


def draft(no: int) -> str:
    """The draft of this number."""
    return f"{DRAFT_PREFIX}{no}"


def memory(platform: str) -> str:
    """Hash: what this platform's adapter keeps over restarts."""
    return f"{_PREFIX}memory:{platform}"


@dataclass(frozen=True, slots=True)
class ChatKeys:
    """The keys a script on one chat may touch; the field names are the names in Lua."""

    chat: str
    """Hash: fence, send_fence, send_tries, the open turn (request_id, n, request, deadline_ms, mode, attempt, decision,
    opened_ms), takeover, stand-down, deferred_until_ms, notice, edits (how often waiting lines changed), draft (its
    number while open), answer_until_ms, contact (JSON of who wrote last), last_request, last_sent,
    recalled_ms, taken_over (the draft he said he would answer himself, until he has). As `history` and
    `shown` it is forgotten when the chat has been silent for months."""
    mailbox: str
    """List of unanswered lines, oldest first: `<accepted_ms> <Mail as JSON>`."""
    history: str
    """List of lines (JSON), oldest first, capped: what the persona reads. A reply stands in it once it is committed."""
    shown: str
    """The same as people see it: a bubble, the notice too, stands in it once it was sent or may have been."""
    outbox: str
    """List of bubbles (JSON) still to be sent, FIFO."""
    seen: str
    """+ line id: the line was accepted before; expires after a week."""
    outboxes: str
    composing: str
    due: str = DUE
    requests: str = REQUESTS
    results: str = RESULTS
    dead: str = DEAD
    drafts: str = DRAFTS
    draft_counter: str = DRAFT_COUNTER
    draft: str = DRAFT_PREFIX
    corrections: str = CORRECTIONS
    chats: str = CHATS
    recent: str = RECENT
    counts: str = COUNTS
    halt: str = HALT
    resumed: str = RESUMED
    outcome: str = OUTCOME_PREFIX
    ledger: str = LEDGER_PREFIX
    ended: str = ENDED
    channel: str = OUTCOME_CHANNEL


def of_chat(chat_key: str) -> ChatKeys:
    """The keys of this chat."""
    platform = ChatRef.parse(chat_key).platform
    return ChatKeys(
        chat=f"{_PREFIX}chat:{chat_key}",
        mailbox=f"{_PREFIX}mailbox:{chat_key}",
        history=f"{_PREFIX}history:{chat_key}",
        shown=f"{_PREFIX}shown:{chat_key}",
        outbox=f"{_PREFIX}outbox:{chat_key}",
        seen=f"{_PREFIX}seen:{chat_key}:",
        outboxes=outboxes(platform),
        composing=composing(platform),
    )
