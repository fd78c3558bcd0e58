"""Due chats become requests: claim, look, decide, open. The only place where a turn begins.

Knows no platform and no model. A flaw of ours costs the turn it happens in, never the other chats. A chat claimed by a
process that died comes due again by itself; a chat that changed after the claim refuses everything based on it
(`fence`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import msgspec
import structlog

from adapters.base import ChatRef, Gated
from bot import keys
from bot.claims import Claim, Taken, read_claim, take
from bot.compose import build_request, request_id_of
from bot.config import TurnsConfig
from bot.contacts import Contact, ContactBook
from bot.gate import Answer, Decision, Defer, Draft, Facts, Skip, decide
from bot.loops import REDIS_TROUBLE
from bot.orders import Orders, Ruling, Subject
from bot.scripts import Scripts
from model_server.contract import encode
from model_server.log import flaw_of

log = structlog.get_logger()

_CHATS_AT_ONCE = 64
# The worker says "expired" itself at the deadline; we only speak for workers that are gone.
_GRACE_MS = 1_000
# How soon to look again under the kill switch, should nobody rouse the chat when it is off.
_HALTED_MS = 10_000


@dataclass(frozen=True, slots=True)
class Expire:
    """The open turn's deadline has passed."""

    request_id: str


def look_at_open(claim: Claim, config: TurnsConfig) -> Defer | Expire | None:
    """What to do while a request is in flight. Pure. None: nothing is, or what waits is to be decided anew.

    Give up at its deadline; wait for it when nothing newer is here, or when the first line has waited long enough (the
    newer lines are the next turn); else decide anew over all lines, which supersedes it.
    """
    if (turn := claim.open_turn) is None:
        return None
    if claim.now_ms >= turn.deadline_ms:
        return Expire(turn.request_id)
    nothing_newer = len(claim.mailbox) <= turn.lines
    if nothing_newer or claim.now_ms - claim.first_accepted_ms >= config.longest_wait_ms:
        return Defer(turn.deadline_ms + _GRACE_MS)
    return None


def look(claim: Claim, config: TurnsConfig, ruling: Ruling, refusal: str | None) -> Decision:
    """What to do with a claimed chat in which no request is to be waited for. Pure.

    Under the kill switch everything that would need a reply waits.
    """
    halted_until_ms = claim.now_ms + _HALTED_MS if claim.halted else 0
    return decide(
        Facts(
            now_ms=claim.now_ms,
            newest_line_ms=claim.mailbox[-1].line.at_ms,
            stand_down_until_ms=claim.stand_down_until_ms,
            expiry_ms=config.expiry_ms,
            mode=ruling.mode,
            why=ruling.why,
            defer_until_ms=max(ruling.defer_until_ms, halted_until_ms),
            refusal=refusal,
            answer_until_ms=claim.answer_until_ms,
        )
    )


class Turns:
    """One process's share of the due chats.

    `orders` reads what the owner has ordered, before each decision; `refusals`: the platforms that may forbid answers.
    """

    def __init__(
        self,
        scripts: Scripts,
        contacts: ContactBook,
        config: TurnsConfig,
        orders: Callable[[], Awaitable[Orders]],
        refusals: Mapping[str, Gated],
    ) -> None:
        self._scripts = scripts
        self._contacts = contacts
        self._config = config
        self._orders = orders
        self._refusals = refusals

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
            reason = f"flaw: {type(error).__name__}"
            about = {"state": "dead", "reason": reason, "decision": "", "contact": ""}
            return await self._scripts.say("skip", taken.chat_key, fence=taken.fence, **about)

    async def act(self, claimed: Claim) -> str:
        """Carry out the decision on one claimed chat; `lost` when the chat has changed meanwhile (it is due again)."""
        match look_at_open(claimed, self._config):
            case Defer(until_ms):
                return await self._say("wait", claimed, until_ms=until_ms, contact="")
            case Expire(request_id):
                done = await self._say("fail", claimed, request_id=request_id, reason="expired", entry_id="")
                log.error("turn.dead", request_id=request_id, reason="expired", done=done)
                return done
            case None:
                return await self._decide(claimed)
            case impossible:
                assert_never(impossible)

    async def _decide(self, claimed: Claim) -> str:
        last = claimed.mailbox[-1]
        chat = ChatRef.parse(claimed.chat_key)
        contact = self._contacts.resolve(
            chat.platform, last.sender_id, last.sender_name, last.declared_type, last.suggested_type
        )
        subject = Subject(claimed.chat_key, contact.contact_id, contact.contact_type)
        ruling = (await self._orders()).rule(subject, claimed.now_ms)
        gated = self._refusals.get(chat.platform)
        match look(claimed, self._config, ruling, gated.refusal(chat) if gated is not None else None):
            case Answer():
                return await self._open(claimed, contact, "send", ruling.why)
            case Draft():
                return await self._open(claimed, contact, "hold", ruling.why)
            case Defer(until_ms):
                return await self._say("wait", claimed, until_ms=until_ms, contact=msgspec.json.encode(contact))
            case Skip(reason):
                request_id = request_id_of(claimed.chat_key, claimed.mailbox, claimed.edits)
                about = {"state": "skipped", "reason": reason, "decision": ruling.why}
                done = await self._say("skip", claimed, contact=msgspec.json.encode(contact), **about)
                log.info("turn.skipped", request_id=request_id, done=done)
                return done
            case impossible:
                assert_never(impossible)

    async def _open(self, claimed: Claim, contact: Contact, mode: str, why: str) -> str:
        deadline_ms = claimed.now_ms + self._config.deadline_ms
        request = build_request(
            claimed.chat_key,
            contact,
            claimed.history,
            claimed.mailbox,
            claimed.edits,
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
            decision=why,
            contact=msgspec.json.encode(contact),
        )
        log.info("turn.opened", request_id=request.request_id, mode=mode, lines=len(claimed.mailbox), done=done)
        return done

    async def _say(self, script: Any, claimed: Claim, **arguments: str | int | bytes) -> str:
        return await self._scripts.say(script, claimed.chat_key, fence=claimed.fence, **arguments)
