"""What the desk does and says about drafts: the list, and the five verbs, typed or pressed.

Knows the drafts, no platform. Every act is safe to repeat; whoever comes second hears what became of the draft.
"""

import unicodedata
from itertools import accumulate

from bot.drafts import Done, Draft, open_drafts, read_draft
from bot.owner.answers import SCREEN_LIMIT_CHARS, Answer, clipped, refused
from bot.owner.cards import DraftToken, called, ended_words, mark_of, time_left
from bot.owner.commands import DraftVerb, DraftVerbs
from bot.owner.office import Office, zone_of
from bot.pacing import MOST_BUBBLES, split
from bot.windows import in_words

_CHARS = 120
_VERBS = "/send N, /edit N TEXT, /discard N, /regenerate N, /takeover N"
_LIST_CHARS = SCREEN_LIMIT_CHARS - len(_VERBS) - 80
LONGEST_BUBBLE_CHARS = 2_000
"""What every platform takes as one message (Discord the least)."""
_CHANGED = "This draft has changed; look at its card again."


async def drafts(office: Office, now_ms: int) -> Answer:
    """`/drafts`: what waits for the owner, oldest first, as many as a screen holds beside what may be done with it."""
    found = await open_drafts(office.client)
    if not found:
        return Answer("No draft waits for you.")
    lines = [_line(draft, now_ms) for draft in found]
    fit = max(1, sum(chars <= _LIST_CHARS for chars in accumulate(len(line) + 1 for line in lines)))
    more = [f"… and {len(lines) - fit} more, once you have seen to these"] if fit < len(lines) else []
    return Answer("\n".join((f"{len(found)} waiting:", *lines[:fit], *more, _VERBS)))


async def draft_verb(office: Office, order: DraftVerb, now_ms: int) -> Answer:
    """`/send 17` and the others, typed: what stands in the draft now is what is meant."""
    draft = await read_draft(office.client, order.no)
    if draft is None:
        return refused(f"There is no draft {order.no}.", "/drafts lists them.")
    if order.verb == "edit" and (flaw := _flaw_of(order.text)):
        return refused(
            f"Edit draft {order.no} to what? {flaw}", f"/edit {order.no} YOUR WORDS. Now: {clipped(draft.text, _CHARS)}"
        )
    return await carry_out(office, order.verb, draft, order.text, now_ms)


async def pressed(office: Office, token: DraftToken, text: str | None, now_ms: int) -> Answer:
    """A button, or the answer to the question that Edit asks. An old button acts only on the text beside it."""
    draft = await read_draft(office.client, token.no)
    if draft is None:
        return refused(f"There is no draft {token.no} any more.")
    own_words = token.verb == "edit" and text is not None
    if draft.state == "open" and token.verb != "takeover" and not own_words and token.mark != mark_of(draft.text):
        return refused(_CHANGED)
    if own_words and (flaw := _flaw_of(text or "")):
        return refused(f"Nothing was sent: {flaw}")
    return await carry_out(office, token.verb, draft, text or "", now_ms)


async def carry_out(office: Office, verb: DraftVerbs, draft: Draft, text: str, now_ms: int) -> Answer:
    """Do it, and say what happened."""
    done = await _act(office, verb, draft, text)
    if done != "done":
        return await _not_done(office, done, draft, now_ms)
    who = called(draft)
    match verb:
        case "send" | "edit":
            said = clipped(text if verb == "edit" else draft.text, _CHARS)
            held = " once you /resume: PANIC is on" if await office.halted() else ""
            return Answer(f"On its way to {who}{held}: {said}")
        case "discard":
            return Answer(f"Draft {draft.no} discarded; {who} gets no answer to that.")
        case "regenerate":
            return Answer(f"Draft {draft.no} is being written anew; the old text can be sent until then.")
        case "takeover":
            until = in_words(now_ms + office.config.turns.takeover_ms, now_ms, zone_of(await office.orders()))
            return Answer(f"The chat with {who} is yours until {until}.\nGive it back: /resume in {draft.chat_key}")


def _flaw_of(text: str) -> str:
    """Why these words of the owner's cannot be sent; empty when they can."""
    if all(unicodedata.category(letter)[0] in "ZC" for letter in text):  # also those of no width
        return "no words."
    longest = max(map(len, split(text)))
    if longest > LONGEST_BUBBLE_CHARS:
        return (
            f"one message would be of {longest:,} characters, and a platform takes at most {LONGEST_BUBBLE_CHARS:,}."
            f" Each of the first {MOST_BUBBLES - 1} lines becomes a message, the rest one more."
        )
    return ""


async def _act(office: Office, verb: DraftVerbs, draft: Draft, text: str) -> Done:
    book = office.drafts
    match verb:
        case "send":
            return await book.send(draft.no, draft.text)
        case "edit" if text.strip() == draft.text.strip():
            return await book.send(draft.no, draft.text)
        case "edit":
            return await book.edit(draft.no, text)
        case "discard":
            return await book.discard(draft.no)
        case "regenerate":
            return await book.regenerate(draft.no)
        case "takeover":
            return await book.take_over(draft.no)


async def _not_done(office: Office, done: Done, before: Draft, now_ms: int) -> Answer:
    draft = await read_draft(office.client, before.no) or before
    words = ended_words(draft, now_ms, zone_of(await office.orders()))
    match done:
        case "already" if draft.state == "open":
            return Answer(f"Draft {draft.no} is already being written anew.")
        case "already":
            return Answer(
                f"already {words}" if draft.state in ("sent", "edited", "discarded") else f"It is over: {words}"
            )
        case "stale":
            return refused(f"Draft {draft.no} is over: {words}")
        case "changed":
            return refused(_CHANGED)
        case "closed":
            return refused("Too late: the platform takes no reply in that chat any more.")
        case _:
            return refused(f"There is no draft {draft.no} any more.")


def _line(draft: Draft, now_ms: int) -> str:
    asked = clipped(" / ".join(line.text for line in draft.lines), _CHARS)
    left = f" ({time_left(draft.deadline_ms, now_ms)})" if draft.deadline_ms else ""
    again = " (being written anew)" if draft.regenerating else ""
    return f"{draft.no} · {called(draft)} ({draft.contact_type}){left}{again}\n  > {asked}\n  {draft.text}"
