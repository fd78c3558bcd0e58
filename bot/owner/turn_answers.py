"""What the desk does and says about replies that were: why, take it back, and the digest. Knows no platform."""

from bot.chat_control import UndoDone, undo
from bot.order_store import set_digest
from bot.outcomes import recent_outcomes
from bot.owner.answers import Answer, refused
from bot.owner.commands import DigestDaily
from bot.owner.digest import digest
from bot.owner.last_reply import last_reply
from bot.owner.moments import said_clock
from bot.owner.names import NotOne, find_chat
from bot.owner.office import Office, zone_of
from bot.owner.why import why

_DAY_MS = 86_400_000
_TURNS_LOOKED_AT = 200
_UNDONE: dict[UndoDone, str] = {
    "done": "The last reply in {chat} is deleted.",
    "nothing": "Nothing of mine is left to take back in {chat}.",
    "cannot": "{platform} has no way to delete a sent message.",
    "refused": "{platform} does not delete that reply any more.",
    "later": "{platform} did not say whether it is deleted; say it again in a moment.",
}


async def explain(office: Office, words: str | None) -> Answer:
    """`/why [CHAT]`: of the last reply anywhere, or of the last turn of a chat."""
    chat = await last_answered(office) if words is None else find_chat(await office.people(), words)
    if chat is None:
        return refused("No reply was sent lately.", "/why CHAT tells of one chat, /chats lists them.")
    if isinstance(chat, NotOne):
        return refused(chat)
    return Answer(f"{await why(office.client, chat)}\nChat: {chat}")


async def undo_reply(office: Office, words: str | None) -> Answer:
    """`/undo [CHAT]`: take the last reply back where the platform can."""
    people = await office.people()
    if words is None:
        last = await last_reply(office.client, office.adapters())
        if last is None:
            return refused("No reply was sent lately.")
        chat: str | NotOne = last.chat_key
        if not last.on_top:  # what left that chat last is older or another thing: never guessed
            return refused(
                f"The last reply, in {people.title(last.chat_key)}, did not leave or is not the last thing said there.",
                "/undo CHAT takes back what left a chat last.",
            )
    else:
        chat = find_chat(people, words)
    if isinstance(chat, NotOne):
        return refused(chat)
    done = await undo(office.scripts, office.client, office.adapters(), chat)
    said = _UNDONE[done].format(chat=people.title(chat), platform=chat.partition(":")[0].capitalize())
    return Answer(said, ok=done == "done")


async def last_answered(office: Office) -> str | None:
    """The chat of the newest reply; None when none is remembered."""
    outcomes = await recent_outcomes(office.client, _TURNS_LOOKED_AT)
    return next((outcome.chat.key for outcome in outcomes if outcome.state == "answered"), None)


async def report(office: Office, since_ms: int | None, now_ms: int) -> Answer:
    """`/digest [24h]`."""
    orders = await office.orders()
    text = await digest(office.client, since_ms or now_ms - _DAY_MS, now_ms, zone_of(orders))
    if orders.digest_at is None:
        return Answer(f"{text}\nEach day by itself: /digest daily 08:00")
    return Answer(f"{text}\nEach day at {said_clock(orders.digest_at)}. Take it back: /digest off")


async def digest_daily(office: Office, order: DigestDaily) -> Answer:
    """`/digest daily 08:00`, `/digest off`."""
    await set_digest(office.client, order.at_min)
    if order.at_min is None:
        return Answer("No digest by itself any more. /digest shows it, /digest daily 08:00 brings it back.")
    zone = (await office.orders()).zone
    return Answer(f"A digest each day at {said_clock(order.at_min)} ({zone}).\nTake it back: /digest off")
