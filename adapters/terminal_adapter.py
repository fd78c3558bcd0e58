"""The terminal as a platform: a unix socket inside the bot's home, one JSON object a line (`terminal_wire`).

Knows no Redis, no model and no screen. Whoever can open the socket (mode 0600, in a directory of mode 0700) is the
owner: trying what contacts will hear, in the chat `<contact type>` or `<contact type>-<session>`, or at the desk.
"""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from adapters.audience import Audience, Event, Listener
from adapters.base import FOREVER_MS, ChatRef, InboundMessage, Inbox, OutboundMessage, Outcome, SentReceipt
from adapters.local_contract import LINE_ID, TEXT_LIMIT_CHARS, History, Seat, machine_notice
from adapters.owner_port import Desk, Shown, Word
from adapters.terminal_socket import listen_privately
from adapters.terminal_wire import (
    LINE_LIMIT_BYTES,
    Accepted,
    Bubble,
    Ended,
    FromServer,
    Full,
    Hello,
    NotAllowed,
    Opening,
    OwnerHears,
    OwnerSays,
    Say,
    Typing,
    Welcome,
    to_line,
)

HISTORY_LINES = 30
_MOST_CARDS = 20
_HEARTBEAT_S = 3600.0
_SESSION = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LOCAL = "local"
"""The one user id there is here: the owner of the home."""
_Sent = TypeVar("_Sent")
_OPENING: msgspec.json.Decoder[Opening] = msgspec.json.Decoder(Opening)
_OWNER_SAYS = msgspec.json.Decoder(OwnerSays)
_SAY = msgspec.json.Decoder(Say)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Guest:
    """Who sits at one terminal, in which chat."""

    chat: ChatRef
    name: str
    contact_type: str


class TerminalAdapter:
    """A `PlatformAdapter`. Call `bind` before anything else starts: a second bot on this home is found out then."""

    platform = "terminal"

    def __init__(
        self, socket_path: Path, owner_name: str, seats: tuple[Seat, ...], history: History, desk: Desk | None = None
    ) -> None:
        self._path = socket_path
        self._owner_name = owner_name
        self._seats = seats
        self._history = history
        self._desk = desk
        self._audience = Audience()
        self._socket: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def bind(self) -> Path:
        """Take the socket path. Raises AddressUnusable. Replaces a stale socket. Safe to repeat."""
        if self._socket is None:
            self._socket = listen_privately(self._path)
        return self._path

    async def run(self, inbox: Inbox) -> None:
        """Serve until cancelled."""
        self.bind()
        bound, self._socket = self._socket, None
        assert bound is not None
        self._audience.open()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            # a cancelled connection would be an error in the log (asyncio of Python 3.11)
            with contextlib.suppress(asyncio.CancelledError):
                await self._serve(inbox, reader, writer)
            self._connections.discard(task)

        server = None
        try:
            server = await asyncio.start_unix_server(serve, sock=bound, limit=LINE_LIMIT_BYTES, start_serving=False)
            await server.start_serving()
            _log.info("terminal.serving")
            await asyncio.Event().wait()
        finally:
            self._path.unlink(missing_ok=True)
            (server or bound).close()
            self._audience.close()
            leaving = [*self._connections]
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving)

    def resend_safe_ms(self, chat: ChatRef) -> int:
        """Always: the client knows a bubble by its id and shows it once."""
        return FOREVER_MS

    async def send(self, message: OutboundMessage) -> SentReceipt:
        """Show one bubble in every terminal of its chat."""
        bubble = Bubble(message.bubble_id, message.text)
        self._audience.tell(message.chat.chat_id, _event(bubble), keep=True)
        return SentReceipt(message.bubble_id)

    async def show_typing(self, chat: ChatRef) -> None:
        """Show that a reply is on its way."""
        self._audience.tell(chat.chat_id, _event(Typing()))

    async def observe(self, outcome: Outcome) -> None:
        """Pass on how a turn ended; the interactive client keeps it to itself, `once` returns it."""
        if outcome.chat.platform == self.platform:
            fields = {name: getattr(outcome, name) for name in Ended.__struct_fields__ if name != "chat_key"}
            if outcome.state not in ("answered", "unknown"):
                fields["reply"] = ""  # what was not said is the owner's to see, on this end of the socket too
            ended = Ended(chat_key=outcome.chat.key, **fields)
            self._audience.tell(outcome.chat.chat_id, _event(ended), keep=True)

    async def _serve(self, inbox: Inbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from hello to the end of either side."""
        try:
            match await _read(reader, _OPENING):
                case None:
                    return
                case OwnerSays() as says:
                    await self._hear_owner(says, reader, writer)
                    return
                case hello:
                    guest = self._seat(hello)
            if guest is None:
                known = ", ".join(seat.contact_type for seat in self._seats)
                writer.write(to_line(NotAllowed(f"--as is one of: {known}; a session is letters, digits, . _ -")))
                return
            with self._audience.listen(guest.chat.chat_id) as listener:
                lines = tuple(await self._history(guest.chat, HISTORY_LINES))
                notice = machine_notice(self._owner_name)
                writer.write(to_line(Welcome(self._owner_name, notice, guest.contact_type, guest.name, lines)))
                await _until_first(_take_lines(inbox, guest, reader, writer), _tell(listener, writer))
        except (ConnectionError, msgspec.DecodeError, ValueError):
            return  # the other side went away, or does not speak our language
        except Exception as error:
            _log.warning("terminal.connection_failed", kind=type(error).__name__)  # the store, most likely: come again
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _hear_owner(self, says: OwnerSays, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Words of the owner's, one answer each, until he leaves. Safe to say again: the desk is."""
        heard: OwnerSays | None = says
        while heard is not None:
            writer.write(to_line(await self._answer_owner(heard)))
            await writer.drain()
            heard = await _read(reader, _OWNER_SAYS)

    async def _answer_owner(self, says: OwnerSays) -> OwnerHears:
        if self._desk is None:
            return OwnerHears(ok=False, text="this bot has no desk")
        word = Word(self.platform, _LOCAL, self._owner_name, ChatRef(self.platform, _LOCAL), says.text)
        shown = await self._desk.word(word) or Shown(ok=False)
        text = shown.screen.text if shown.screen else shown.toast
        board = await self._desk.board() if says.cards else ()
        # an answer is one line of a bounded length, however much waits
        return OwnerHears(shown.ok, text, board[-_MOST_CARDS:], max(0, len(board) - _MOST_CARDS))

    def _seat(self, hello: Hello) -> _Guest | None:
        seat = next((seat for seat in self._seats if seat.contact_type == hello.contact_type), None)
        if seat is None or not _SESSION.fullmatch(hello.session or "standing"):
            return None
        chat_id = f"{seat.contact_type}-{hello.session}" if hello.session else seat.contact_type
        return _Guest(ChatRef(self.platform, chat_id), (hello.name or seat.name)[:64], seat.contact_type)


async def _until_first(*sides: Coroutine[None, None, None]) -> None:
    """Run both directions until one ends; raises what that one raised."""
    tasks = [asyncio.create_task(side) for side in sides]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _take_lines(inbox: Inbox, guest: _Guest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await _read(reader, _SAY):
        if not said.text.strip() or len(said.text) > TEXT_LIMIT_CHARS or not re.match(LINE_ID, said.line_id):
            writer.write(to_line(NotAllowed(f"a line has a text of at most {TEXT_LIMIT_CHARS} characters and an id")))
            return
        line = InboundMessage(
            chat=guest.chat,
            message_id=said.line_id,
            text=said.text,
            sender_id=guest.chat.chat_id,
            sender_name=guest.name,
            at_ms=time.time_ns() // 1_000_000,
            declared_type=guest.contact_type,
        )
        writer.write(to_line(await _offer(inbox, line)))
        await writer.drain()


async def _offer(inbox: Inbox, line: InboundMessage) -> Accepted | Full:
    """The store behind us may be gone for a while: then the line was not taken, and the client offers it again."""
    try:
        accepted = await inbox(line)
    except Exception as error:
        _log.warning("terminal.store_failed", kind=type(error).__name__)
        return Full(line.message_id)
    return Full(line.message_id) if accepted == "full" else Accepted(line.message_id)


async def _tell(listener: Listener, writer: asyncio.StreamWriter) -> None:
    async for event in listener.events(_HEARTBEAT_S):
        if event is not None:
            writer.write(msgspec.json.encode(event.data) + b"\n")
            await writer.drain()


async def _read(reader: asyncio.StreamReader, decoder: msgspec.json.Decoder[_Sent]) -> _Sent | None:
    """The next line, decoded; None at the end. Raises msgspec.DecodeError; ValueError for a line that is too long."""
    line = await reader.readline()
    return decoder.decode(line) if line else None


def _event(message: FromServer) -> Event:
    data = msgspec.to_builtins(message)
    return Event(data["event"], data)
