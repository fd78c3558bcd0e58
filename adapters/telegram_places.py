"""The chat ids of this platform: what stands behind `telegram:` in a chat key.

`42` a private chat with the bot, `-100123` a group, `-100123_55` a topic of it, `b42` the owner's own chat with 42.
"""

import re
from dataclasses import dataclass

from adapters.base import ChatRef

PLATFORM = "telegram"
_FORM = re.compile(r"(b?)(-?\d+)(?:_(\d+))?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes in the Bot API's terms."""

    chat_id: int
    """The person or the group."""
    thread_id: int | None = None
    business: bool = False
    """The owner's own chat with this person: every call names the connection."""

    @property
    def chat(self) -> ChatRef:
        """The name beyond this adapter."""
        topic = "" if self.thread_id is None else f"_{self.thread_id}"
        return ChatRef(PLATFORM, f"{'b' if self.business else ''}{self.chat_id}{topic}")


def place_of(chat: ChatRef) -> Place | None:
    """The inverse of `Place.chat`; None: no chat of this platform."""
    form = _FORM.fullmatch(chat.chat_id)
    if chat.platform != PLATFORM or form is None:
        return None
    return Place(int(form[2]), int(form[3]) if form[3] else None, form[1] == "b")
