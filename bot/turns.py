"""Due chats become requests: claim, look, decide, open. The only place where a turn begins.

Knows no platform and no model. A flaw of ours costs the turn it happens in, never the other chats. A chat claimed by a
process that died comes due again by itself; a chat that changed after the claim refuses everything based on it
(`fence`).
"""

from dataclasses import dataclass
from typing import Any, assert_never

import msgspec
import structlog

from adapters.base import ChatRef
from bot import keys
from bot.accept import Mail
from bot.compose import build_request, request_id_of
from bot.config import TurnsConfig
from bot.contacts import ContactBook
from bot.gate import Answer, Decision, Defer, Draft, Facts, Skip, decide
from bot.loops import REDIS_TROUBLE
from bot.scripts import Scripts
from model_server.contract import Line, encode
from model_server.log import flaw_of

log = structlog.get_logger()

_CHATS_AT_ONCE = 64
# The worker says "expired" itself at the deadline; we only speak for workers that are gone.
_GRACE_MS = 1_000


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
    fence, now_ms, mailbox, history, request_id, covered, deadline_ms, stand_down_until_ms = taken.answer
    return Claim(
        chat_key=taken.chat_key,
        fence=fence,
        now_ms=now_ms,
        mailbox=tuple(msgspec.json.decode(entry.partition(b" ")[2], type=Mail) for entry in mailbox),
        first_accepted_ms=int(mailbox[0].partition(b" ")[0]),
        history=tuple(msgspec.json.decode(line, type=Line) for line in history),
        open_turn=OpenTurn(request_id.decode(), int(covered), int(deadline_ms)) if request_id else None,
        stand_down_until_ms=int(stand_down_until_ms),
    )


@dataclass(frozen=True, slots=True)
class Expire:
    """The open turn's deadline has passed."""

    request_id: str


def look(claim: Claim, config: TurnsConfig) -> Decision | Expire:
    """What to do with a claimed chat. Pure.

    With a request in flight: give up at its deadline; wait for it when nothing newer is here, or when the first line
    has waited long enough (the newer lines are the next turn); else decide anew over all lines, which supersedes it.
    """
    if (turn := claim.open_turn) is not None:
        if claim.now_ms >= turn.deadline_ms:
            return Expire(turn.request_id)
        nothing_newer = len(claim.mailbox) <= turn.lines
        if nothing_newer or claim.now_ms - claim.first_accepted_ms >= config.longest_wait_ms:
            return Defer(turn.deadline_ms + _GRACE_MS)
    return decide(
        Facts(
            now_ms=claim.now_ms,
            newest_line_ms=claim.mailbox[-1].line.at_ms,
            stand_down_until_ms=claim.stand_down_until_ms,
            autoreply=config.autoreply,
            expiry_ms=config.expiry_ms,
        )
    )


class Turns:
    """One process's share of the due chats."""

    def __init__(self, scripts: Scripts, contacts: ContactBook, config: TurnsConfig) -> None:
        self._scripts = scripts
        self._contacts = contacts
        self._config = config

    async def step(self) -> None:
        """Look once at every chat that is due now."""
        for chat_key in await self._scripts.due(keys.DUE, _CHATS_AT_ONCE):
            if (taken := await take(self._scripts, chat_key)) is not None:
                await self.handle(taken)

    async def handle(self, taken: Taken) -> str:
        """Read and act. A flaw of ours ends this chat's turn, in the owner's sight: repeated, it would come back."""
        try:
            return await self.act(read_claim(taken))
        except REDIS_TROUBLE:
            raise
        except Exception as error:
            log.error("turn.flaw", chat=taken.chat_key, flaw=flaw_of(error))
            return await self._scripts.say(
                "skip", taken.chat_key, fence=taken.fence, state="dead", reason=f"flaw: {type(error).__name__}"
            )

    async def act(self, claimed: Claim) -> str:
        """Carry out the decision on one claimed chat; `lost` when the chat has changed meanwhile (it is due again)."""
        match look(claimed, self._config):
            case Answer():
                return await self._open(claimed, "send")
            case Draft():
                return await self._open(claimed, "hold")
            case Defer(until_ms):
                return await self._say("wait", claimed, until_ms=until_ms)
            case Skip(reason):
                request_id = request_id_of(claimed.chat_key, claimed.mailbox)
                done = await self._say("skip", claimed, state="skipped", reason=reason)
                log.info("turn.skipped", request_id=request_id, reason=reason, done=done)
                return done
            case Expire(request_id):
                done = await self._say("fail", claimed, request_id=request_id, reason="expired", entry_id="")
                log.error("turn.dead", request_id=request_id, reason="expired", done=done)
                return done
            case impossible:
                assert_never(impossible)

    async def _open(self, claimed: Claim, mode: str) -> str:
        last = claimed.mailbox[-1]
        platform = ChatRef.parse(claimed.chat_key).platform
        contact = self._contacts.resolve(platform, last.sender_id, last.sender_name, last.declared_type)
        deadline_ms = claimed.now_ms + self._config.deadline_ms
        request = build_request(
            claimed.chat_key,
            contact,
            claimed.history,
            claimed.mailbox,
            now_ms=claimed.now_ms,
            deadline_ms=deadline_ms,
        )
        done = await self._say(
            "open",
            claimed,
            request_id=request.request_id,
            n=len(claimed.mailbox),
            request=encode(request),
            deadline_ms=deadline_ms,
            look_again_ms=deadline_ms + _GRACE_MS,
            mode=mode,
        )
        log.info("turn.opened", request_id=request.request_id, mode=mode, lines=len(claimed.mailbox), done=done)
        return done

    async def _say(self, script: Any, claimed: Claim, **arguments: str | int | bytes) -> str:
        return await self._scripts.say(script, claimed.chat_key, fence=claimed.fence, **arguments)
