"""The owner's hand on one chat: stand down, go on, look again, say a fixed text, take the last reply back.

Knows no words but those it is given and no platform's ways. Each act is a script, or a few steps safe to repeat.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterable, Mapping
from typing import Literal, cast

import msgspec
import redis.asyncio
import structlog
from redis.exceptions import ResponseError

from adapters.base import ChatRef, OutcomeHidden, PlatformAdapter, RetryLater, SendFailed, Unsends
from bot import keys
from bot.contacts import ContactBook, read_contact
from bot.orders import Orders, Subject
from bot.outcomes import ENDED
from bot.pacing import Bubble
from bot.scripts import Scripts
from model_server.contract import FIELD, REQUESTS, RESULTS
from model_server.corrections import CORRECTIONS

log = structlog.get_logger()

Entries = list[tuple[bytes, dict[bytes, bytes]]]
_AT_ONCE = 500
_IN_FLIGHT_S, _LOOK_EVERY_S = 3.0, 0.05


class _Addressed(msgspec.Struct, frozen=True):
    chat_key: str


UndoDone = Literal["done", "nothing", "cannot", "refused", "later"]
"""`done`: it is gone everywhere. `nothing`: we have said nothing there that could be taken back, or it was already.
`cannot`: this platform deletes nothing. `refused`: it will not delete this (too old), or nobody knows what arrived.
`later`: it asks for patience, did not say whether it is gone, or a bubble is on its way just now: ask again."""


async def stand_down(scripts: Scripts, chat_key: str, until_ms: int) -> None:
    """Keep out of a chat until this moment (Unix ms). A reply still being written is dropped, its lines wait."""
    await scripts.say("stand_down", chat_key, until_ms=until_ms)


async def resume_chat(scripts: Scripts, chat_key: str) -> None:
    """End a stand-down: what waits in the chat is looked at now."""
    await scripts.say("stand_down", chat_key, until_ms=0)


async def rouse(scripts: Scripts) -> int:
    """Decide anew on every chat where lines wait, also where a reply is being written; how many chats.

    For the moment when orders have changed: a reply decided on under the old ones must not leave under the new.
    """
    waiting = cast(list[bytes], await scripts.client.zrange(keys.DUE, 0, -1))
    for chat_key in waiting:
        await scripts.say("rouse", chat_key.decode())
    return len(waiting)


async def recall(scripts: Scripts, contacts: ContactBook, orders: Orders, platforms: Iterable[str], now_ms: int) -> int:
    """Call back replies on their way that would not be sent by themselves now; in how many chats.

    What has not begun to leave is decided anew. What the owner approved, and a contact's own word, goes on.
    """
    called_back = 0
    for platform in platforms:
        for raw in cast(list[bytes], await scripts.client.zrange(keys.outboxes(platform), 0, -1)):
            chat_key = raw.decode()
            found = cast(bytes | None, await scripts.client.hget(keys.of_chat(chat_key).chat, "contact"))
            who = contacts.anew(read_contact(found or b""))
            ruling = orders.rule(Subject(chat_key, who.contact_id, who.contact_type), now_ms)
            if ruling.mode != "auto" or now_ms < ruling.defer_until_ms:
                called_back += await scripts.say("recall", chat_key) == "done"
    return called_back


async def say(
    scripts: Scripts,
    chat_key: str,
    line_id: str,
    texts: tuple[str, ...],
    *,
    discloses: bool = False,
    failed: str = "",
    skipped: str = "",
) -> Literal["said", "already"]:
    """Answer a contact's own word (`/privacy`) with fixed texts, once a line. The chat's outbox carries them.

    `discloses`: the first text says that a machine answers here, so that it stands for the notice. The line waits for
    no reply, and the persona reads neither it nor the texts. Its outcome ends `answered`, reason "contact word".
    `failed`: the word could not be carried out; nothing is said, and the line ends dead for this reason.
    `skipped`: nothing is to be said, and the line ends skipped for this reason.
    """
    request_id = f"{chat_key}:{line_id}"
    bubbles = [
        Bubble(f"{request_id}#notice-word" if discloses and i == 0 else f"{request_id}#{i}", request_id, text, 0)
        for i, text in enumerate(texts)
    ]
    done = await scripts.say(
        "say",
        chat_key,
        line_id=line_id,
        request_id=request_id,
        bubbles=msgspec.json.encode([msgspec.json.encode(bubble).decode() for bubble in bubbles]),
        failed=failed,
        skipped=skipped,
    )
    return cast(Literal["said", "already"], done)


async def undo(
    scripts: Scripts, client: redis.asyncio.Redis, adapters: Mapping[str, PlatformAdapter], chat_key: str
) -> UndoDone:
    """Take the chat's last reply back: what has not left stays unsaid, what has is deleted where the platform can."""
    request_id, leaving = await _last_reply(client, chat_key)
    if request_id is None:
        return "nothing"
    await scripts.say("undo", chat_key, request_id=request_id, bubble_ids="[]")
    bubbles = await _landed(client, request_id)
    if bubbles is None:
        return "later"
    sent = {
        name.decode(): state.removeprefix(b"sent ").decode()
        for name, state in bubbles.items()
        if state.startswith(b"sent ")
    }
    if not sent and b"unknown" in bubbles.values():  # it may be out, and nobody knows under which name
        return "refused"
    if not sent:
        return "done" if leaving else "nothing"
    done = await _unsend(adapters, ChatRef.parse(chat_key), tuple(sent.values()))
    if done != "done":
        return done
    await scripts.say("undo", chat_key, request_id=request_id, bubble_ids=msgspec.json.encode(list(sent)))
    log.info("reply.undone", request_id=request_id, bubbles=len(sent))
    return "done"


async def _landed(client: redis.asyncio.Redis, request_id: str) -> dict[bytes, bytes] | None:
    """The ledger of a reply without its notice, once no bubble is being sent; None: one still is after a while."""
    deadline = time.monotonic() + _IN_FLIGHT_S
    while True:
        ledger = cast(dict[bytes, bytes], await client.hgetall(keys.ledger(request_id)))
        bubbles = {name: state for name, state in ledger.items() if b"#notice" not in name}
        if not any(state.startswith(b"sending") for state in bubbles.values()):
            return bubbles
        if time.monotonic() >= deadline:
            return None
        await asyncio.sleep(_LOOK_EVERY_S)


async def _unsend(adapters: Mapping[str, PlatformAdapter], chat: ChatRef, message_ids: tuple[str, ...]) -> UndoDone:
    adapter: object = adapters.get(chat.platform)
    if not isinstance(adapter, Unsends):
        return "cannot"
    try:
        await adapter.unsend(chat, message_ids)
    except (RetryLater, OutcomeHidden, TimeoutError):
        return "later"
    except SendFailed:
        return "refused"
    return "done"


async def _last_reply(client: redis.asyncio.Redis, chat_key: str) -> tuple[str | None, bool]:
    """The request whose bubbles leave now, else the one whose bubbles left last; and whether it still leaves."""
    of = keys.of_chat(chat_key)
    head = cast(bytes | None, await client.lindex(of.outbox, 0))
    if head is not None:
        return msgspec.json.decode(head, type=Bubble).request_id, True
    last = cast(bytes | None, await client.hget(of.chat, "last_sent"))
    return (None if last is None else last.decode()), False


async def forget(scripts: Scripts, chat_key: str) -> int:
    """Remove every trace of a chat; the number of keys and entries that went. Repeat it after a RedisError.

    What was being written or sent there finds no taker. Also what stands in shared streams goes: requests, results,
    corrections, dead letters.
    """
    client = scripts.client
    outcomes = await _of_chat(client, keys.OUTCOME_PREFIX, f"{chat_key}:", chat_key)
    drafts = await _of_chat(client, keys.DRAFT_PREFIX, "", chat_key)
    request_ids = [key.removeprefix(keys.OUTCOME_PREFIX) for key in outcomes]
    numbers = [key.removeprefix(keys.DRAFT_PREFIX) for key in drafts]
    of = keys.of_chat(chat_key)
    whole = [of.chat, of.mailbox, of.history, of.shown, of.outbox, *outcomes, *drafts]
    whole += [keys.ledger(request_id) for request_id in request_ids]
    whole += [key.decode() async for key in client.scan_iter(match=_escaped(of.seen) + "*", count=1000)]
    gone = await _forget_entries(client, chat_key)
    async with client.pipeline(transaction=True) as pipe:
        for key in whole:
            pipe.delete(key)
        for schedule in (of.due, of.outboxes, of.chats):
            pipe.zrem(schedule, chat_key)
        pipe.srem(of.composing, chat_key)
        for request_id in request_ids:
            pipe.zrem(of.ended, request_id)
            for state in (*ENDED, "sending"):
                pipe.lrem(of.recent, 0, f"{state} {request_id}")
        for no in numbers:
            pipe.zrem(of.drafts, no)
        gone += sum(int(count) for count in await pipe.execute())
    with contextlib.suppress(ResponseError):  # one is being written already, or a server of somebody's forbids it
        await client.bgrewriteaof()  # the append-only file still holds what was just deleted
    log.info("chat.forgotten", chat=chat_key, gone=gone)
    return gone


async def _of_chat(client: redis.asyncio.Redis, prefix: str, begins: str, chat_key: str) -> list[str]:
    """The hashes under a prefix that belong to this chat."""
    found = [key async for key in client.scan_iter(match=_escaped(prefix + begins) + "*", count=1000)]
    owners = [cast(bytes | None, await client.hget(key, "chat_key")) for key in found]
    return [key.decode() for key, owner in zip(found, owners, strict=True) if owner == chat_key.encode()]


async def _forget_entries(client: redis.asyncio.Redis, chat_key: str) -> int:
    gone = 0
    for stream in (REQUESTS, RESULTS, CORRECTIONS, keys.DEAD):
        start = "-"
        while entries := cast(Entries, await client.xrange(stream, min=start, count=_AT_ONCE)):
            mine = [entry_id for entry_id, fields in entries if _speaks_of(fields, chat_key)]
            gone += int(await client.xdel(stream, *mine)) if mine else 0
            start = f"({entries[-1][0].decode()}"
    return gone


def _speaks_of(fields: dict[bytes, bytes], chat_key: str) -> bool:
    if FIELD not in fields:
        return fields.get(b"chat_key") == chat_key.encode()
    try:
        return msgspec.json.decode(fields[FIELD], type=_Addressed).chat_key == chat_key
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _escaped(text: str) -> str:
    """As a literal in a Redis pattern."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", text)
