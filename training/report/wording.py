"""Numbers and reasons in words, as the page and the terminal say them. Pure. Knows no layout."""

from itertools import pairwise

from training.report.tally import DELAYS_S, IN_GROUPS, UNTYPED

_STAGES = {
    "aside": ("Left at the door", "Messages in your exports that are no words of anybody's to learn from."),
    "chats": ("Chats left out", "Whole chats in which nobody writes to you as a person."),
    "dropped": ("Dropped afterwards", "Lines that say again what was said already, or that many people passed on."),
    "cut": ("Cut by you", "What you left out yourself, until you take the cut back."),
    "scrub": (
        "Scrubbed",
        "Values in lines and articles that were replaced by a placeholder before anything is learned.",
    ),
}
_REASONS = {
    "service": "service messages: joined, renamed, pinned",
    "call": "calls",
    "media": "pictures, voice messages, files and polls without words",
    "sticker": "stickers",
    "forward": "forwarded: somebody else's words",
    "bot": "written by bots",
    "empty": "without words",
    "deleted": "deleted",
    "undated": "without a date",
    "unsupported": "of a kind that is not read",
    "damaged": "damaged records",
    "too_long": "too long to be a message: pasted files and logs",
    "channel": "channels",
    "bot_chat": "chats with bots",
    "saved_messages": "saved messages",
    "official_account": "official accounts",
    "media_file": "media files",
    "unknown_format": "files of no known format",
    "near_duplicate": "nearly the same text again",
    "chain": "chain messages and texts sent to many",
    "line": "lines",
    "article": "articles",
    "email": "e-mail addresses",
    "phone": "phone numbers",
    "address": "postal addresses",
    "card": "bank cards",
    "iban": "bank accounts (IBAN)",
    "id": "national ids",
    "passport": "passports",
    "ip": "IP addresses",
    "mac": "device addresses (MAC)",
    "key": "API keys, and tokens in links",
    "password": "passwords",
    "wallet": "crypto addresses",
    "code": "one-time codes",
    "plate": "number plates",
    "private": "from your own block list",
    "name": "names",
}


def stage_title(stage: str) -> tuple[str, str]:
    """A stage's heading and what it means."""
    return _STAGES[stage]


def reason(what: str) -> str:
    """Why something was set aside, or what was scrubbed; a kind nobody explained is named by its own word."""
    return _REASONS.get(what, what.replace("_", " "))


def type_title(name: str) -> str:
    """A contact type's name, also of those who have none."""
    return {UNTYPED: "no type yet", IN_GROUPS: "in groups"}.get(name, name)


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`, `2 days`."""
    if seconds < 60 or 60 < seconds < 100:
        return f"{round(seconds)} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600, 1):g} h"
    return f"{round(seconds / 86_400)} days"


def delay_titles() -> tuple[str, ...]:
    """The parts of the reply delays: `under 1 min`, `1 min – 5 min`, ..., `over 24 h`."""
    ends = [duration(delay_s) for delay_s in DELAYS_S]
    between = [f"{low} – {high}" for low, high in pairwise(ends)]
    return (f"under {ends[0]}", *between, f"over {ends[-1]}")


def percent(part: int, whole: int) -> str:
    """`7 %`; `< 1 %` for what is not quite nothing."""
    share = 100 * part / whole if whole else 0.0
    return "< 1 %" if 0 < share < 1 else f"{round(share)} %"
