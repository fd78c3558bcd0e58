"""`/status` for the owner: what applies where and why, what waits for him, what runs, what went wrong."""

from typing import cast

from bot import keys
from bot.contacts import STRANGER
from bot.drafts import open_drafts
from bot.orders import EVERYWHERE, Orders, until_words
from bot.owner.answers import Answer, counted
from bot.owner.mode_answers import applied, holding_back, subject_of
from bot.owner.names import People
from bot.owner.office import Office, zone_of
from bot.owner.schedule_answers import in_force
from bot.status import Status, read_status
from bot.windows import in_words

_CHATS_LOOKED_AT = 200
_MOST_LISTED = 8
_PROBLEMS = 3
_DAY_MS = 86_400_000


async def status(office: Office, now_ms: int) -> Answer:
    """The whole page, the most urgent first."""
    people, orders = await office.people(), await office.orders()
    running = await read_status(office.client, {})
    drafts = await open_drafts(office.client)
    parts = [
        await holding_back(office, orders, now_ms),
        _modes(orders, people, now_ms),
        [f"schedule {in_force(window, orders, people, now_ms)}" for window in orders.windows],
        _to_come(orders, now_ms),
        await _own_chats(office, people, orders, now_ms),
        [f"{counted(len(drafts), 'draft')} for you: /drafts"] if drafts else [],
        _work(running),
        await _problems(office, people, now_ms),
    ]
    return Answer("\n".join(line for part in parts for line in part))


def _modes(orders: Orders, people: People, now_ms: int) -> list[str]:
    """Everywhere and strangers first; then every type, contact and chat with an order of its own."""
    everywhere = orders.ordered(EVERYWHERE, now_ms) or orders.default_for("")
    lines = [f"everywhere: {everywhere.why}"]
    strangers = orders.rule(subject_of(("type", STRANGER), people), now_ms)
    lines.append(f"strangers: {applied(strangers)}")
    own = [scope for scope in orders.scopes(now_ms) if scope not in (EVERYWHERE, ("type", STRANGER))]
    for scope in own[:_MOST_LISTED]:
        kind, name = scope
        person = people.by_id(name) if kind == "contact" else None
        called = people.title(name) if kind == "chat" else person.contact.name if person else name
        ruling = orders.ordered(scope, now_ms)
        lines.append(f"{called}: {ruling.why if ruling else 'as everywhere'}")
    if len(own) > _MOST_LISTED:
        lines.append(f"and {len(own) - _MOST_LISTED} more orders; /chats and /contact show NAME tell each")
    return lines


def _to_come(orders: Orders, now_ms: int) -> list[str]:
    at_ms = orders.next_boundary_ms(now_ms)
    return [] if at_ms is None else [f"next change by itself: {in_words(at_ms, now_ms, zone_of(orders))}"]


async def _own_chats(office: Office, people: People, orders: Orders, now_ms: int) -> list[str]:
    """The chats that the owner has to himself for now."""
    until = await office.own_chats(people.chats[:_CHATS_LOOKED_AT], now_ms)
    return [
        f"yours alone: {people.title(chat)} {until_words(at_ms, now_ms, zone_of(orders))}"
        for chat, at_ms in [*until.items()][:_MOST_LISTED]
    ]


def _work(running: Status) -> list[str]:
    ready = [worker for worker in running.workers if worker.ready]
    worker = f"{counted(len(ready), 'worker')} ready" if ready else "NO WORKER: no reply can be written. `selfsame up`"
    waiting = (
        f"{counted(running.waiting_chats, 'chat')} waiting, {running.requests} being written, {running.leaving} leaving"
    )
    return [f"{worker} · {waiting}"]


async def _problems(office: Office, people: People, now_ms: int) -> list[str]:
    """The newest dead or unknown turns of the last day."""
    found = cast(
        list[tuple[bytes, dict[bytes, bytes]]],
        await office.client.xrevrange(keys.DEAD, min=now_ms - _DAY_MS, count=_PROBLEMS),
    )
    return [
        f"! {fields[b'state'].decode()}: {people.title(fields[b'chat_key'].decode())}: {fields[b'reason'].decode()}"
        for _, fields in found
    ]
