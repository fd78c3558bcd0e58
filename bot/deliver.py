"""Bubbles leave through one adapter: in order within a chat, independent between chats, with a ledger around each send.

Knows no platform's ways and no words. What is written down of a bubble: it was handed over (`sent`), it certainly was
not (`pending` again, or `failed`), or nobody can say (`unknown`: shown to the owner, never sent again blindly; where
sending again is safe, only after many tries or once that time is over). After an `unknown` the rest of the reply still
goes out: a hidden send has mostly happened, and half a reply reads worse.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from adapters.base import ChatRef, OutboundMessage, OutcomeHidden, PlatformAdapter, Refused, RetryLater, SendFailed
from bot import keys
from bot.loops import REDIS_TROUBLE, Stopping, persist
from bot.pacing import Bubble
from bot.scripts import Scripts
from model_server.log import flaw_of

log = structlog.get_logger()

_SENDS_AT_ONCE = 16
_HALTED_MS = 1_000
_AGAIN_MS, _LONGEST_AGAIN_MS = 500, 60_000
_SEND_TRIES = 20
_NOTICE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to write into the ledger, and for `pending` when to try again; for `again` the pause after the first try."""

    state: str
    after_ms: int = 0


class Courier:
    """One adapter's deliveries in one process."""

    def __init__(
        self, scripts: Scripts, adapter: PlatformAdapter, notice: str, lease_ms: int, stopping: Stopping
    ) -> None:
        self._scripts = scripts
        self._adapter = adapter
        self._notice = notice
        self._lease_ms = lease_ms
        self._stopping = stopping
        self._outboxes = keys.outboxes(adapter.platform)
        self._sending: dict[str, asyncio.Task[None]] = {}

    async def step(self) -> None:
        """Start the sends that are due and have a free place. They go on while we look again."""
        free = _SENDS_AT_ONCE - len(self._sending)
        if free <= 0:
            await asyncio.wait(self._sending.values(), return_when=asyncio.FIRST_COMPLETED)
            return
        for chat_key in await self._scripts.due(self._outboxes, free):
            if chat_key not in self._sending:
                task = asyncio.create_task(self._guarded(chat_key))
                self._sending[chat_key] = task
                task.add_done_callback(lambda _, chat_key=chat_key: self._sending.pop(chat_key))  # type: ignore[misc]

    async def drain(self) -> None:
        """Wait for the sends that have begun: each ends within its lease."""
        if self._sending:
            await asyncio.wait(self._sending.values())

    async def _guarded(self, chat_key: str) -> None:
        try:
            await self.send_next(chat_key)
        except REDIS_TROUBLE as error:
            log.warning("redis.trouble", what="deliver", error=type(error).__name__)
        except Exception as error:
            log.error("deliver.flaw", chat=chat_key, flaw=flaw_of(error))

    async def send_next(self, chat_key: str) -> str:
        """Send the first bubble of a due outbox and write down what became of it. What the ledger script answered."""
        claimed: list[Any] | None = await self._scripts.run("claim_send", chat_key, notice=self._notice)
        if claimed is None:
            return "lost"
        fence, bubble = int(claimed[0]), msgspec.json.decode(claimed[1], type=Bubble)
        leave, asked = await persist(
            f"begin {bubble.bubble_id}", lambda: self._begin(chat_key, fence, bubble), self._stopping
        )
        match leave:
            case "go" if (time.monotonic() - asked) * 1_000 > self._lease_ms / 2:
                verdict = Verdict("pending")  # we were stopped in between; the next owner may be at work already
            case "go":
                verdict = await self._send(OutboundMessage(ChatRef.parse(chat_key), bubble.bubble_id, bubble.text))
            case "hidden":  # an earlier send may have arrived, and it is too late to repeat it safely
                verdict = Verdict("unknown")
            case "closed":
                verdict = Verdict("failed window closed")
            case "withdrawn":
                verdict = Verdict("withdrawn")
            case _:  # lost or halted: nothing of ours to write down
                return leave
        done = await persist(
            f"finish {bubble.bubble_id}", lambda: self._finish(chat_key, fence, bubble, verdict), self._stopping
        )
        self._tell(bubble, verdict, done)
        return done

    async def _begin(self, chat_key: str, fence: int, bubble: Bubble) -> tuple[str, float]:
        """The last look, and a moment (monotonic, s) before the lease it renewed."""
        asked = time.monotonic()
        leave = await self._scripts.say(
            "begin",
            chat_key,
            fence=fence,
            request_id=bubble.request_id,
            bubble_id=bubble.bubble_id,
            resend_safe_ms=self._adapter.resend_safe_ms(ChatRef.parse(chat_key)),
            halted_ms=_HALTED_MS,
        )
        return leave, asked

    async def _send(self, message: OutboundMessage) -> Verdict:
        try:
            # Shorter than the lease: while we wait for the platform, nobody else takes the chat.
            async with asyncio.timeout(self._lease_ms / 2_000):
                receipt = await self._adapter.send(message)
        except RetryLater as error:
            return Verdict("pending", after_ms=round(error.after_s * 1_000))
        except Refused as error:  # the adapter's own words: what the platform minds, and what the owner can do
            return Verdict(f"failed {str(error) or 'refused by the platform'}")
        except SendFailed as error:
            return Verdict(f"failed {type(error).__name__}")
        except (OutcomeHidden, TimeoutError):
            return self._hidden(message.chat)
        except Exception as error:
            log.error("send.flaw", bubble=message.bubble_id, flaw=flaw_of(error))
            return self._hidden(message.chat)
        return Verdict(f"sent {receipt.message_id}")

    def _hidden(self, chat: ChatRef) -> Verdict:
        safe = self._adapter.resend_safe_ms(chat) > 0  # for how much longer, the next last look will tell
        return Verdict("again", after_ms=_AGAIN_MS) if safe else Verdict("unknown")

    async def _finish(self, chat_key: str, fence: int, bubble: Bubble, verdict: Verdict) -> str:
        return await self._scripts.say(
            "finish",
            chat_key,
            fence=fence,
            request_id=bubble.request_id,
            bubble_id=bubble.bubble_id,
            verdict=verdict.state,
            after_ms=verdict.after_ms,
            notice_tries=_NOTICE_TRIES,
            send_tries=_SEND_TRIES,
            longest_ms=_LONGEST_AGAIN_MS,
        )

    def _tell(self, bubble: Bubble, verdict: Verdict, done: str) -> None:
        state = verdict.state.partition(" ")[0]
        if state == "again" and done in ("next", "ended"):
            state = "unknown"  # that was the last try
        alarming = state in ("unknown", "failed") and done != "lost"
        (log.error if alarming else log.info)("bubble." + state, bubble=bubble.bubble_id, done=done)
