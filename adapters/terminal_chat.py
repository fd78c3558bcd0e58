"""The chat in a terminal: bubbles come in above the line one is writing. Errors are the owner's, so none is shown here.

Knows the connection (`terminal_client`) and the screen, not the bot. When the bot goes away it waits for it to come
back, and offers again what was not taken.
"""

import asyncio
import time
import uuid
from collections import deque
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style

from adapters.local_contract import TEXT_LIMIT_CHARS, NoAnswer, NotRunning, printable
from adapters.terminal_client import Connection, connect
from adapters.terminal_wire import Accepted, Bubble, Full, Hello, Say, Typing, Welcome

_TYPING_LASTS_S = 7.0
_COME_BACK_S = 1.0
_STYLE = Style.from_dict(
    {
        "bottom-toolbar": "noreverse #888888",
        "dim": "#888888",
        "owner": "bold ansimagenta",
        "me": "bold",
    }
)


class _Screen:
    """What is on screen: the chat above, one line to write in, a dim foot."""

    def __init__(self, welcome: Welcome) -> None:
        self._owner = welcome.owner_name.split(maxsplit=1)[0] if welcome.owner_name.strip() else "owner"
        self._me = printable(welcome.contact_name)
        self._notice = welcome.notice
        self._typing_until = 0.0
        self._shown: set[str] = set()
        self._away = False
        self.prompt: PromptSession[str] = PromptSession(
            FormattedText([("class:me", f"{self._me} › ")]),
            bottom_toolbar=self._foot,
            style=_STYLE,
            refresh_interval=1,
        )

    def _foot(self) -> str:
        if self._away:
            return f" {self._owner} is away for a moment …"
        if time.monotonic() < self._typing_until:
            return f" {self._owner} is typing …"
        return f" {self._notice} · Ctrl-D leaves"

    def away(self, gone: bool) -> None:
        """Whether the bot is gone for the moment."""
        self._away = gone
        self.prompt.app.invalidate()

    def typing(self) -> None:
        """A reply is on its way."""
        self._typing_until = time.monotonic() + _TYPING_LASTS_S
        self.prompt.app.invalidate()

    def typed(self, line_id: str) -> None:
        """The prompt has left this line on screen already."""
        self._shown.add(line_id)

    def line(self, line_id: str, text: str, *, mine: bool) -> None:
        """One line of the chat, once."""
        if line_id in self._shown:
            return
        self._shown.add(line_id)
        self._typing_until = 0.0
        who = ("class:me", self._me) if mine else ("class:owner", self._owner)
        print_formatted_text(FormattedText([who, ("", f" › {printable(text)}")]), style=_STYLE)

    def history(self, welcome: Welcome) -> None:
        """What was said before, or while we were away."""
        for line in welcome.lines:
            self.line(line.line_id, line.text, mine=line.author == "contact")


async def chat(socket_path: Path, as_type: str, *, name: str | None = None, session: str | None = None) -> None:
    """Talk until Ctrl-D. Raises NotRunning and NoAnswer before the first word only; later it waits for the bot."""
    hello = Hello(as_type, name, session)
    async with connect(socket_path, hello) as connection:
        screen = _Screen(connection.welcome)
        link = _Link(connection)
        with patch_stdout(raw=True):
            screen.history(connection.welcome)
            listening = asyncio.create_task(_listen(socket_path, hello, link, screen))
            try:
                await _write(link, screen)
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening


class _Link:
    """The connection of the moment (None while the bot is away) and the lines it has not taken yet.

    One line is offered at a time: a second must not overtake a first that found the mailbox full.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection: Connection | None = connection
        self._waiting: deque[Say] = deque()

    def add(self, line: Say) -> None:
        """A new line, behind the others."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            self.offer()

    def offer(self) -> None:
        """Offer the oldest line that was not taken."""
        if self.connection and self._waiting:
            self.connection.say(self._waiting[0])

    def taken(self, line_id: str) -> None:
        """The bot has it on disk: the next one's turn."""
        if self._waiting and self._waiting[0].line_id == line_id:
            self._waiting.popleft()
            self.offer()


async def _write(link: _Link, screen: _Screen) -> None:
    while True:
        try:
            text = (await screen.prompt.prompt_async()).strip()[:TEXT_LIMIT_CHARS]
        except (EOFError, KeyboardInterrupt):
            return
        if text:
            line = Say(text, str(uuid.uuid4()))
            screen.typed(line.line_id)
            link.add(line)


async def _listen(socket_path: Path, hello: Hello, link: _Link, screen: _Screen) -> None:
    assert link.connection is not None
    await _hear(link.connection, link, screen)
    while True:
        link.connection = None
        screen.away(True)
        await asyncio.sleep(_COME_BACK_S)
        with suppress(NotRunning, NoAnswer):
            async with connect(socket_path, hello) as connection:
                link.connection = connection
                screen.away(False)
                screen.history(connection.welcome)
                link.offer()
                await _hear(connection, link, screen)


async def _hear(connection: Connection, link: _Link, screen: _Screen) -> None:
    async for told in connection:
        match told:
            case Accepted(line_id):
                link.taken(line_id)
            case Full():
                asyncio.get_running_loop().call_later(_COME_BACK_S, link.offer)
            case Typing():
                screen.typing()
            case Bubble(bubble_id, text):
                screen.line(bubble_id, text, mine=False)
            case _:
                pass  # how a turn ended is no news for a contact
