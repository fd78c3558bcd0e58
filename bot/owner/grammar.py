"""Reads what the owner typed: a text becomes a command, or a word on what is unclear and what to say instead. Pure.

Knows no chat, contact or draft: names stay words. A leading slash is optional, keywords are read in any case, and
quotes keep a name with spaces or keywords together.
"""

from collections.abc import Callable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from bot.owner import commands
from bot.owner.clauses import MODES, Now, only_chat, read_ending
from bot.owner.commands import Command, DraftVerbs, Misunderstood
from bot.owner.people_grammar import read_blend, read_contact
from bot.owner.phrases import Token, Unclear, joined, likeliest, number_of, short, tokens_of
from bot.owner.schedule_grammar import read_digest, read_schedule

_AUTOREPLY_HINT = "/autoreply off, draft, auto or clear, e.g. /autoreply draft for 2h"
_PAUSE_HINT = "/pause, /pause for 2h or /pause in CHAT; for one person: /autoreply off for WHO"
_RESUME_HINT = "/resume or /resume in CHAT"


def parse(text: str, now_ms: int, zone: ZoneInfo) -> Command | Misunderstood:
    """The command this text is. `2h` counts from now (Unix ms), `18:00` is the clock of this zone. Never raises."""
    head, rest = [*text.strip().split(maxsplit=1), "", ""][:2]
    verb = head.removeprefix("/").partition("@")[0].casefold()
    reader = _READERS.get(verb)
    if reader is None:
        if not verb:
            return Misunderstood("nothing was said", "/help names what you can say")
        meant = likeliest(verb, _READERS)
        hint = f"did you mean /{meant}?" if meant else "/help names them all"
        return Misunderstood(f"`{short(head)}` is no command", hint)
    try:
        return reader(rest, Now(now_ms, zone))
    except Unclear as unclear:
        return Misunderstood(unclear.what, unclear.hint)


def _autoreply(tokens: Sequence[Token], now: Now) -> Command:
    if not tokens:
        raise Unclear("which mode?", _AUTOREPLY_HINT)
    mode = MODES.get(tokens[0].word)
    if mode is None:
        raise Unclear(f"`{short(tokens[0].text)}` is no mode", _AUTOREPLY_HINT)
    ending = read_ending(tokens[1:], now)
    if mode == "clear" and ending.until_ms is not None:
        raise Unclear("an order is taken back at once or not at all", "/autoreply clear [in CHAT | for WHO]")
    return commands.Autoreply(mode, ending.until_ms, ending.where)


def _pause(tokens: Sequence[Token], now: Now) -> Command:
    ending = read_ending(tokens, now)
    return commands.Pause(ending.until_ms, only_chat(ending.where, _PAUSE_HINT))


def _resume(tokens: Sequence[Token], now: Now) -> Command:
    ending = read_ending(tokens, now)
    if ending.until_ms is not None:
        raise Unclear("resuming has no end", _RESUME_HINT)
    return commands.Resume(only_chat(ending.where, _RESUME_HINT))


def _draft(verb: DraftVerbs, rest: str, _now: Now) -> Command:
    """The new words of an edit are taken as they stand, quotes and line breaks too."""
    hint = f"/{verb} 17{' NEW WORDS' if verb == 'edit' else ''}; /drafts shows the numbers"
    number, text = [*rest.split(maxsplit=1), "", ""][:2]
    if not number:
        raise Unclear("which draft?", hint)
    if text and verb != "edit":
        raise Unclear(f"/{verb} takes a number and nothing else", hint)
    return commands.DraftVerb(verb, number_of(Token(number), hint), text.strip())


def _pair(rest: str, _now: Now) -> Command:
    if not rest:
        raise Unclear("the code is missing", "/pair CODE; `selfsame owner pair` prints one on the console")
    return commands.Pair(" ".join(rest.split()))


def _panic(_rest: str, _now: Now) -> Command:
    """Whatever else was said: who calls panic means it."""
    return commands.Panic()


def _help(tokens: Sequence[Token], _now: Now) -> Command:
    return commands.Help(joined(tokens).lstrip("/ ").casefold() or None)


def _why(tokens: Sequence[Token], _now: Now) -> Command:
    return commands.Why(_chat(tokens))


def _undo(tokens: Sequence[Token], _now: Now) -> Command:
    return commands.Undo(_chat(tokens))


def _chat(tokens: Sequence[Token]) -> str | None:
    """`in Mum` or `Mum`."""
    return joined(tokens[1:] if len(tokens) > 1 and tokens[0].word == "in" else tokens) or None


def _alone(command: Command, rest: str, _now: Now) -> Command:
    if rest:
        raise Unclear(f"`{short(rest)}` is too much here", "say that word alone")
    return command


def _words(read: Callable[[Sequence[Token], Now], Command], rest: str, now: Now) -> Command:
    return read(tokens_of(rest), now)


_READERS: dict[str, Callable[[str, Now], Command]] = {
    "help": partial(_words, _help),
    "start": partial(_words, _help),
    "status": partial(_alone, commands.Status()),
    "autoreply": partial(_words, _autoreply),
    "pause": partial(_words, _pause),
    "resume": partial(_words, _resume),
    "panic": _panic,
    "drafts": partial(_alone, commands.Drafts()),
    "send": partial(_draft, "send"),
    "edit": partial(_draft, "edit"),
    "discard": partial(_draft, "discard"),
    "regenerate": partial(_draft, "regenerate"),
    "takeover": partial(_draft, "takeover"),
    "contact": partial(_words, read_contact),
    "contacts": partial(_words, read_contact),
    "blend": partial(_words, read_blend),
    "why": partial(_words, _why),
    "undo": partial(_words, _undo),
    "schedule": partial(_words, read_schedule),
    "digest": partial(_words, read_digest),
    "chats": partial(_alone, commands.Chats()),
    "pair": _pair,
    "unpair": partial(_alone, commands.Unpair()),
}
