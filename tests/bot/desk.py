"""What the tests of the bot share: one chat's life by hand, on the real scripts and the real streams."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import redis.asyncio

from adapters.base import (
    Accepted,
    ChatRef,
    DeletedMessages,
    EditedMessage,
    Gated,
    InboundMessage,
    OutboundMessage,
    SentReceipt,
)
from bot import keys
from bot.accept import accept
from bot.claims import read_claim, take
from bot.config import BotConfig, PacingConfig, TurnsConfig
from bot.contacts import ContactBook
from bot.deliver import Courier
from bot.drafts import Draft, DraftBook, open_drafts
from bot.loops import Stopping
from bot.order_store import load_orders
from bot.orders import Orders
from bot.outbox import Results
from bot.outcomes import read_history
from bot.scripts import Scripts
from bot.turns import Turns
from model_server.contract import FIELD, REQUESTS, RESULTS, Line, Reply, ReplyRequest, Result, decode_request, encode
from model_server.corrections import Correction, read_corrections
from tests.waiting import until

NOW_MS = 4_000_000_000_000
"""Far in the future: no line of these tests is ever stale."""


def config(**turns: Any) -> BotConfig:
    """Answers everybody at once, at any pace; `turns` are keys of [turns]."""
    mode = turns.get("autoreply", "auto")
    return BotConfig(
        turns=TurnsConfig(**{"autoreply": mode, "autoreply_strangers": mode, "quiet_ms": 0, **turns}),
        pacing=PacingConfig(per_character_ms=0),
    )


@dataclass
class Recorder:
    """A platform that takes everything. `script` holds what the next sends raise (None: take it)."""

    platform: str = "test"
    resend_safe: int = 0
    sent: list[OutboundMessage] = field(default_factory=list)
    script: list[Exception | None] = field(default_factory=list)
    typing: list[ChatRef] = field(default_factory=list)

    async def run(self, inbox: object) -> None:
        raise NotImplementedError

    def resend_safe_ms(self, chat: ChatRef) -> int:
        return self.resend_safe

    async def send(self, message: OutboundMessage) -> SentReceipt:
        trouble = self.script.pop(0) if self.script else None
        if trouble is not None:
            raise trouble
        self.sent.append(message)
        return SentReceipt(f"p{len(self.sent)}")

    async def show_typing(self, chat: ChatRef) -> None:
        self.typing.append(chat)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.sent]


class Desk:
    """One bot process without its loops: every step is a call."""

    def __init__(self, client: redis.asyncio.Redis, config: BotConfig, contacts: Path, adapter: Recorder) -> None:
        self.client = client
        self.config = config
        self.adapter = adapter
        self.stopping = Stopping()
        self.scripts = Scripts(client, config.turns)
        self.refusals: dict[str, Gated] = {}
        self.contacts_file = contacts
        self.contacts = ContactBook(contacts)
        self.turns = Turns(self.scripts, self.contacts, config.turns, self.orders, self.refusals)
        self.drafts = DraftBook(self.scripts, config)
        self.results = Results(self.scripts, "desk", config)
        self.courier = Courier(self.scripts, adapter, "notice", config.turns.lease_ms, self.stopping)
        self._ids = itertools.count(1)

    async def orders(self) -> Orders:
        return await load_orders(self.client, self.config.turns, "Europe/Amsterdam")

    async def line(self, chat: str = "1", line_id: str = "", text: str = "hi", **more: Any) -> Accepted:
        return await accept(self.scripts, _message(chat, line_id or str(next(self._ids)), text, **more))

    async def edit(self, line_id: str, text: str, chat: str = "1", **more: Any) -> Accepted:
        return await accept(self.scripts, EditedMessage(_message(chat, line_id, text, **more)))

    async def take_back(self, *line_ids: str, chat: str = "1") -> Accepted:
        return await accept(self.scripts, DeletedMessages(ChatRef("test", chat), line_ids))

    async def drafted(self, text: str = "well", chat: str = "1") -> Draft:
        """What waits in the chat becomes a draft."""
        await self.turns.step()
        await self.answer_all(text)
        await self.collect()
        [draft] = [draft for draft in await open_drafts(self.client) if draft.chat_key == f"test:{chat}"]
        return draft

    async def corrections(self) -> list[Correction]:
        return [correction for _, correction in await read_corrections(self.client)]

    async def requests(self) -> list[ReplyRequest]:
        entries = cast(list[tuple[bytes, dict[bytes, bytes]]], await self.client.xrange(REQUESTS))
        return [decode_request(fields[FIELD]) for _, fields in entries]

    async def publish(self, result: Result | bytes) -> bytes:
        """As a worker would; returns the entry id."""
        raw = result if isinstance(result, bytes) else encode(result)
        return cast(bytes, await self.client.xadd(RESULTS, {FIELD: raw}))

    async def reply(self, request: ReplyRequest, text: str = "well", **more: Any) -> Reply:
        figures = {"prompt_tokens": 9, "reply_tokens": 3, "queue_ms": 5, "generate_ms": 7, "finish": "stop", **more}
        who = request.request_id, request.chat_key, text, request.contact_type
        return Reply(*who, {"core": 1.0}, {"core": "v1"}, **figures)

    async def answer_all(self, text: str = "well") -> None:
        """Every request there is gets this reply, as from a worker that then forgets it."""
        for entry_id, fields in cast(list[tuple[bytes, dict[bytes, bytes]]], await self.client.xrange(REQUESTS)):
            await self.publish(await self.reply(decode_request(fields[FIELD]), text))
            await self.client.xdel(REQUESTS, entry_id)

    async def collect(self) -> None:
        """Handle every result that waits."""
        self.results._sweep_at = float("inf")  # only what is fresh: reading with BLOCK waits when nothing is
        await self.results.step()
        while await self.client.xlen(RESULTS):
            await self.results.step()

    async def collect_pending(self) -> None:
        """Take over what other bots have left."""
        self.results._sweep_at = 0.0
        await until(self._swept)

    async def _swept(self) -> bool:
        self.results._sweep_at = 0.0
        await self.results.step()
        return await self.client.xlen(RESULTS) == 0

    async def deliver(self, chat: str = "test:1") -> list[str]:
        """Send until nothing more is due."""
        done = []
        while (answer := await self.courier.send_next(chat)) != "lost":
            done.append(answer)
            if answer in ("halted", "later"):
                break
        return done

    async def whole_turn(self, text: str = "well") -> None:
        await self.turns.step()
        await self.answer_all(text)
        await self.collect()
        await self.deliver()

    async def state(self, request_id: str) -> str:
        raw = await self.client.hget(keys.outcome(request_id), "state")
        return cast(bytes, raw or b"").decode()

    async def reason(self, request_id: str) -> str:
        raw = await self.client.hget(keys.outcome(request_id), "reason")
        return cast(bytes, raw or b"").decode()

    async def ledger(self, request_id: str) -> dict[str, str]:
        raw = cast(dict[bytes, bytes], await self.client.hgetall(keys.ledger(request_id)))
        return {name.decode(): state.decode() for name, state in raw.items()}

    async def dead_letters(self) -> list[dict[str, str]]:
        found = cast(list[tuple[bytes, dict[bytes, bytes]]], await self.client.xrange(keys.DEAD))
        return [{name.decode(): value.decode() for name, value in letter.items()} for _, letter in found]

    async def all_keys(self) -> set[str]:
        return {key.decode() for key in cast(list[bytes], await self.client.keys())}

    async def mailbox(self, chat: str = "test:1") -> int:
        return await self.client.llen(keys.of_chat(chat).mailbox)

    async def due_in_ms(self, chat: str = "test:1") -> float | None:
        moment = await self.client.zscore(keys.DUE, chat)
        return None if moment is None else moment - await self.now_ms()

    async def now_ms(self) -> float:
        seconds, micros = await self.client.time()
        return seconds * 1000 + micros / 1000

    async def lapse(self, chat: str = "test:1", schedules: Sequence[str] = (keys.DUE, keys.outboxes("test"))) -> None:
        """Whatever lease or pause holds this chat is over."""
        for schedule in schedules:
            await self.client.zadd(schedule, {chat: 0}, xx=True)

    async def remembered(self, chat: str = "test:1") -> list[Line]:
        """What the persona would read."""
        raw = cast(list[bytes], await self.client.lrange(keys.of_chat(chat).history, 0, -1))
        return [msgspec.json.decode(line, type=Line) for line in raw]

    async def history(self) -> list[Line]:
        """What people are shown."""
        return await read_history(self.client, ChatRef("test", "1"), 100)

    async def begin(self, fence: int, request_id: str = "test:1:1") -> str:
        """The last look before the first bubble of a reply."""
        return await self.scripts.say(
            "begin",
            "test:1",
            fence=fence,
            request_id=request_id,
            bubble_id=f"{request_id}#0",
            resend_safe_ms=self.adapter.resend_safe,
            halted_ms=1_000,
        )

    async def claim(self, chat: str = "test:1") -> Any:
        taken = await take(self.scripts, chat)
        return taken and read_claim(taken)


async def committed(desk: Desk, text: str = "one\ntwo", *, disclosed: bool = True) -> None:
    """A reply waits in the outbox."""
    if disclosed:
        await desk.client.hset(keys.of_chat("test:1").chat, "disclosed_ms", "1")
    await desk.line()
    await desk.turns.step()
    await desk.answer_all(text)
    await desk.collect()


def _message(chat: str, line_id: str, text: str, **more: Any) -> InboundMessage:
    who = {"sender_id": "ann", "sender_name": "Ann", "at_ms": NOW_MS, **more}
    return InboundMessage(ChatRef("test", chat), line_id, text, **who)
