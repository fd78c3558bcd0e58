"""What an adapter and the owner's desk say to each other: words and presses in, screens out.

Knows no platform, no Redis and no command: an adapter hands over what somebody said to the bot itself, and shows what
it is given back. Authority is decided behind this port, by the platform's numeric id and nothing else; an adapter only
vouches that the id in `user_id` typed or pressed this itself, in private (never forwarded, anonymous or by a bot).
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from adapters.base import ChatRef


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to press. `token` comes back in `Press`; at most 64 bytes (Telegram's `callback_data`)."""

    label: str
    token: str


@dataclass(frozen=True, slots=True)
class Screen:
    """What the owner is shown: plain text, and rows of buttons. The same text and buttons: the same screen."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A screen that stands for something that changes: pushed once, then changed in place when `version` moves on."""

    card_id: str
    version: int
    screen: Screen


@dataclass(frozen=True, slots=True)
class Word:
    """Something typed to the bot itself in private, e.g. `/autoreply draft for 2h`, without the bot's name.

    `chat` is the private chat with the bot. `answers_message_id`: the message of ours that it replies to.
    """

    platform: str
    user_id: str
    user_name: str
    chat: ChatRef
    text: str
    answers_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """A button was pressed. `text` is what the person typed where the platform asks at once (Discord's modal)."""

    platform: str
    user_id: str
    token: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What to show for a word or a press. `screen` None: nothing more than the toast.

    `toast` is one short line shown at the button where the platform can (Telegram's callback answer).
    `ask`: ask the owner for a text; his reply comes back as `Press(token=ask_token, text=...)` where the platform has
    a form (Discord, web), or as a `Word` that answers the message which showed this (Telegram's ForceReply).
    """

    screen: Screen | None = None
    toast: str = ""
    ask_token: str | None = None
    ask_prefill: str = ""
    ok: bool = True
    """False: not understood, or refused; nothing was changed. For a command line's exit code."""


class Desk(Protocol):
    """The owner's desk, as adapters see it. Everything here is safe to repeat."""

    async def is_owner(self, platform: str, user_id: str) -> bool:
        """Whether this id was paired. Cheap: adapters ask it for every line."""
        ...

    async def word(self, word: Word) -> Shown | None:
        """None: not for the desk (not the owner, no pairing word): treat it as a contact's line, show nothing.

        A `/pair CODE` of anybody is for the desk; a wrong code is answered with an empty `Shown`: silence.
        """
        ...

    async def press(self, press: Press) -> Shown | None:
        """None: not the owner: show nothing."""
        ...

    async def shown_as(self, platform: str, message_id: str, token: str) -> None:
        """Remember that our question for `token` (`Shown.ask_token`) is this message, so that its reply finds back."""
        ...

    async def contact_word(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str | None:
        """The answer to a contact's own command (`privacy`, `human`, ...), for a platform that answers in place.

        None: nothing may be said now, or no such command.
        """
        ...

    def owner_commands(self) -> tuple[tuple[str, str], ...]:
        """(name without slash, one-line description) for the owner's menu."""
        ...

    def contact_commands(self) -> tuple[tuple[str, str], ...]:
        """The same for contacts."""
        ...

    async def board(self) -> tuple[Card, ...]:
        """Every card that waits for the owner, oldest first, for a platform that is looked at (the page)."""
        ...

    async def told(self) -> tuple[Card, ...]:
        """What the owner was told lately, the newest last, for the same kind of platform. Cards without buttons."""
        ...


@runtime_checkable
class OwnerChannel(Protocol):
    """An adapter that can reach the owner by itself. Raises as `PlatformAdapter.send` does."""

    async def show_owner(self, user_id: str, screen: Screen) -> str:
        """Send a screen to the owner's private chat; the platform's message id."""
        ...

    async def change_shown(self, user_id: str, message_id: str, screen: Screen) -> None:
        """Replace what that message shows. A message that is gone, or the same already, is no failure."""
        ...
