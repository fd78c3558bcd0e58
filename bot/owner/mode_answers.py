"""What the desk does and says when the owner orders: modes, pauses and panic.

Knows the stores, no platform. Whatever changes a mode has every waiting chat decided anew, also one whose reply is
being written: a reply decided on under the old order must not leave under the new.
"""

from adapters.base import FOREVER_MS
from bot import sending
from bot.chat_control import recall, resume_chat, rouse, stand_down
from bot.contacts import STRANGER
from bot.order_store import clear_rule, set_pause, set_rule
from bot.orders import EVERYWHERE, Mode, ModeRule, Orders, Ruling, Scope, Subject, until_words
from bot.owner.answers import Answer, addressed, counted, not_meant, placed, quoted, refused
from bot.owner.commands import Autoreply, ForWhom, InChat, Pause, Resume, Where
from bot.owner.names import NotOne, People, find_chat, find_whom
from bot.owner.office import Office, zone_of

_MEANS = {
    "auto": "Replies go out by themselves.",
    "draft": "Replies wait for your word.",
    "off": "Nothing is answered or drafted there.",
    "block": "Nothing of theirs is answered or drafted.",
}


async def autoreply(office: Office, order: Autoreply, now_ms: int) -> Answer:
    """`/autoreply`: set the mode of a scope, or clear it so that the wider one decides again."""
    people = await office.people()
    scope = find_scope(people, order.where)
    if isinstance(scope, NotOne):
        return refused(scope)
    if isinstance(order.where, ForWhom) and scope[0] == "contact" and (await office.orders()).blocked(scope[1]):
        person = people.by_id(scope[1])
        called = person.contact.name if person else scope[1]
        return refused(f"{called} is blocked: /contact unblock {quoted(order.where.words)}", "Then say it again.")
    if order.mode == "clear":
        await clear_rule(office.client, scope)
    else:
        await set_rule(office.client, scope, ModeRule(order.mode, order.until_ms, now_ms))
    called_back = await decide_anew(office, now_ms)
    return await now_applies(office, scope, people, order, now_ms, called_back=called_back)


async def now_applies(
    office: Office, scope: Scope, people: People, order: Autoreply, now_ms: int, *, called_back: list[str]
) -> Answer:
    """What holds in a scope after an order, until when, what still stands above it, and how to undo it."""
    orders = await office.orders()
    place, zone = placed(scope, people), zone_of(orders)
    ruling = orders.rule(subject_of(scope, people), now_ms)
    if order.mode == "clear":
        lines = [f"No order {place} any more. Now {ruling.mode}: {_MEANS[ruling.mode]}"]
    elif order.until_ms is None:
        lines = [f"{order.mode.capitalize()} {place}. {_MEANS[order.mode]}"]
    else:
        after = orders.rule(subject_of(scope, people), order.until_ms).mode
        until = until_words(order.until_ms, now_ms, zone)
        lines = [f"{order.mode.capitalize()} {place} {until}, then {after}. {_MEANS[order.mode]}"]
    lines += not_meant(scope, people)
    lines += await holding_back(office, orders, now_ms)
    lines += called_back
    if order.mode not in ("clear", ruling.mode) or (ruling.defer_until_ms and now_ms >= orders.paused_until_ms):
        lines.append(f"But for now: {applied(ruling)}.")
    if scope == EVERYWHERE:
        lines += _not_reached(orders, people, ruling.mode, now_ms)
    if order.mode != "clear":
        lines.append(f"Take it back: /autoreply clear{addressed(scope)}")
    return Answer("\n".join(lines))


def _not_reached(orders: Orders, people: People, mode: Mode, now_ms: int) -> list[str]:
    """Whom an order for everywhere does not reach: strangers held back further, and narrower orders."""
    lines, strangers = [], ("type", STRANGER)
    if (theirs := orders.rule(subject_of(("type", STRANGER), people), now_ms).mode) != mode:
        lines.append(f"Strangers: {theirs}. To change that: /autoreply {mode} for stranger")
    if narrower := [one for one in orders.scopes(now_ms) if one not in (EVERYWHERE, strangers)]:
        lines.append(f"{counted(len(narrower), 'narrower order')} still first: /status")
    return lines


async def decide_anew(office: Office, now_ms: int) -> list[str]:
    """Orders have changed: waiting chats are looked at again, replies on their way that may not go now come back."""
    await rouse(office.scripts)
    called_back = await recall(office.scripts, office.contacts, await office.orders(), office.adapters(), now_ms)
    return [f"Called back on its way: {counted(called_back, 'reply', 'replies')}."] if called_back else []


def applied(ruling: Ruling) -> str:
    """The mode and why, in words: `auto for family since 12:03`, `auto, but quiet hours until 07:00`."""
    return f"{ruling.mode}, but {ruling.why}" if ruling.defer_until_ms else ruling.why


async def holding_back(office: Office, orders: Orders, now_ms: int) -> list[str]:
    """The panic or pause that stands above every mode, one line each."""
    lines = []
    if await office.halted():
        lines.append("PANIC is on: nothing is sent. /resume ends it.")
    if now_ms < orders.paused_until_ms:
        lines.append(f"Paused {until_words(orders.paused_until_ms, now_ms, zone_of(orders))}. /resume ends it.")
    return lines


async def pause(office: Office, order: Pause, now_ms: int) -> Answer:
    """`/pause`: everything waits, or we keep out of one chat."""
    until_ms = order.until_ms or FOREVER_MS
    until = until_words(until_ms, now_ms, zone_of(await office.orders()))
    if order.where is None:
        await set_pause(office.client, until_ms)
        called_back = await decide_anew(office, now_ms)
        lines = [f"Paused everywhere {until}. Lines are kept and decided on then.", *called_back]
        return Answer("\n".join((*lines, "Take it back: /resume")))
    people = await office.people()
    chat = find_chat(people, order.where.words)
    if isinstance(chat, NotOne):
        return refused(chat)
    await stand_down(office.scripts, chat, until_ms)
    return Answer(f"I keep out of {people.title(chat)} {until}.\nTake it back: /resume{addressed(('chat', chat))}")


async def resume(office: Office, order: Resume) -> Answer:
    """`/resume`: no pause and no panic any more, or one chat is ours again."""
    if order.where is not None:
        people = await office.people()
        chat = find_chat(people, order.where.words)
        if isinstance(chat, NotOne):
            return refused(chat)
        await resume_chat(office.scripts, chat)
        return Answer(f"Back in {people.title(chat)}; what waits there is decided on now.")
    await set_pause(office.client, 0)
    panicked = await office.halted()
    await sending.resume(office.client)
    await rouse(office.scripts)
    ended = (
        "The panic is over: what you approved, and the fixed answers to contacts' commands, leave now. Every other line"
        " that waits is decided anew."
        if panicked
        else "No pause: what waits is decided on now."
    )
    return Answer(f"{ended}\nChats where you typed yourself still have you alone: /resume in CHAT.")


async def panic(office: Office) -> Answer:
    """`/panic`: the kill switch, before anything else is looked at."""
    await sending.halt(office.client)
    return Answer(
        "PANIC: nothing is sent any more, on no platform. Replies on their way are called back; on /resume their lines"
        " are decided anew, and what you approved leaves.\nTake it back: /resume"
    )


def find_scope(people: People, where: Where | None) -> Scope | NotOne:
    """What the words after `in` or `for` name; everywhere without any."""
    match where:
        case None:
            return EVERYWHERE
        case InChat(words):
            chat = find_chat(people, words)
            return chat if isinstance(chat, NotOne) else ("chat", chat)
        case ForWhom(words):
            return find_whom(people, words)


def subject_of(scope: Scope, people: People) -> Subject:
    """Somebody whom this scope covers, for asking what applies there; nobody in particular for everywhere."""
    kind, name = scope
    person = people.of_chat(name) if kind == "chat" else people.by_id(name) if kind == "contact" else None
    contact_id = person.contact.contact_id if person else ""
    contact_type = person.contact.contact_type if person else name if kind == "type" else ""
    return Subject(name if kind == "chat" else "", contact_id, contact_type)
