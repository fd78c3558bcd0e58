"""The other end of the terminal socket: one question (`once`), a word to the desk (`say_as_owner`), and the connection
that the screen (`terminal_chat`) uses.

Knows no bot, only the socket. Lines are offered under ids of our own until they are taken, so a repeat does no harm.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from adapters.local_contract import NoAnswer, NotRunning
from adapters.terminal_wire import (
    LINE_LIMIT_BYTES,
    Ended,
    FromServer,
    Full,
    Hello,
    NotAllowed,
    Opening,
    OwnerHears,
    OwnerSays,
    Say,
    Welcome,
    to_line,
)
from adapters.terminal_wire import from_server as decode

_OFFER_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class OnceResult:
    """How one question ended. `state` is `answered`, or says why `reply` may be empty (`reason` in words)."""

    reply: str
    contact_type: str
    blend: dict[str, float]
    request_id: str
    generate_ms: int
    total_ms: int
    state: str
    reason: str


class Connection:
    """An open terminal. Iterating gives what the bot tells, until it goes away."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, welcome: Welcome) -> None:
        self._reader = reader
        self._writer = writer
        self.welcome = welcome

    def say(self, line: Say) -> None:
        """Offer a line; `Accepted` or `Full` comes back among the events."""
        self._writer.write(to_line(line))

    async def __aiter__(self) -> AsyncIterator[FromServer]:
        while (told := await _read(self._reader)) is not None:
            yield told


@asynccontextmanager
async def connect(socket_path: Path, hello: Hello) -> AsyncIterator[Connection]:
    """Knock at the bot. Raises NotRunning when nobody is in, NoAnswer when it refuses the hello."""
    reader, writer = await _knock(socket_path, hello)
    try:
        match await _read(reader):
            case Welcome() as welcome:
                yield Connection(reader, writer, welcome)
            case NotAllowed(reason):
                raise NoAnswer(f"the bot refuses this terminal: {reason}", "choose another with --as")
            case _:
                raise NotRunning(f"the bot on {socket_path} hung up", "its log says why; try again in a moment")
    finally:
        writer.close()


async def say_as_owner(socket_path: Path, text: str, *, cards: bool = False, timeout_s: float = 30) -> OwnerHears:
    """One word of the owner's to the desk, and its answer; with `cards`, also what waits for him.

    Raises NotRunning; NoAnswer after `timeout_s` seconds.
    """
    reader, writer = await _knock(socket_path, OwnerSays(text, cards))
    try:
        async with asyncio.timeout(timeout_s):
            match await _read(reader):
                case OwnerHears() as heard:
                    return heard
                case _:
                    raise NoAnswer(
                        "the bot did not answer", "see what already applies (`selfsame owner status`), repeat it"
                    )
    except TimeoutError:
        raise NoAnswer(f"no answer within {timeout_s:g} s", "`selfsame status` says what runs") from None
    finally:
        writer.close()


async def once(
    socket_path: Path,
    as_type: str,
    text: str,
    *,
    timeout_s: float = 120,
    name: str | None = None,
    session: str | None = None,
) -> OnceResult:
    """Say `text` as a contact of `as_type`; wait until its turn has ended.

    Without `session` the chat is a fresh one: nothing was said before. Raises NotRunning; NoAnswer when nothing came
    within `timeout_s` seconds. A bot that goes away meanwhile is waited for.
    """
    line = Say(text, str(uuid.uuid4()))
    hello = Hello(as_type, name, session or uuid.uuid4().hex[:12])
    try:
        async with asyncio.timeout(timeout_s):
            result = await _ask(socket_path, hello, line)
            while result is None:  # the bot went away; the next one gets the line under the same id
                await asyncio.sleep(_OFFER_AGAIN_S)
                with contextlib.suppress(NotRunning):
                    result = await _ask(socket_path, hello, line)
            return result
    except TimeoutError:
        raise NoAnswer(f"no reply within {timeout_s:g} s", "`selfsame status` says what waits and why") from None


async def _knock(socket_path: Path, first: Opening) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket_path), limit=LINE_LIMIT_BYTES)
    except OSError:
        raise NotRunning(
            f"no bot listens on {socket_path}", "start it (`selfsame demo` or `selfsame up`), or check SELFSAME_HOME"
        ) from None
    writer.write(to_line(first))
    return reader, writer


async def _ask(socket_path: Path, hello: Hello, line: Say) -> OnceResult | None:
    """Offer the line over one connection and wait for the end of its turn. None: the bot went away before that."""
    async with connect(socket_path, hello) as connection:
        connection.say(line)
        async for told in connection:
            match told:
                case Ended(line_ids=line_ids) if line.line_id in line_ids:
                    return _result(told)
                case Full():
                    await asyncio.sleep(_OFFER_AGAIN_S)
                    connection.say(line)
                case NotAllowed(reason):
                    raise NoAnswer(f"the bot refuses this line: {reason}", "say something else, or say it shorter")
    return None


def _result(ended: Ended) -> OnceResult:
    return OnceResult(**{name: getattr(ended, name) for name in OnceResult.__dataclass_fields__})


async def _read(reader: asyncio.StreamReader) -> FromServer | None:
    """The next event; None when the bot has gone, or talks nonsense."""
    try:
        line = await reader.readline()
        return decode(line) if line.endswith(b"\n") else None
    except (ConnectionError, ValueError, msgspec.DecodeError):
        return None
