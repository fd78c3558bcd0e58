"""The pretended gateway: HELLO, IDENTIFY, READY, events with sequence numbers, RESUME with what was missed.

Compresses as the client asks (`zlib-stream`, `zstd-stream`, or not at all). Knows the rules of intents and sessions,
not what an event means.
"""

import asyncio
import importlib
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_server import rules
from tests.discord_server.state import Channel, Json

HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 1, 2, 6, 7, 9, 10, 11
OTHER_OPCODES = (3, 4, 8, 31)  # presence, voice, member requests: allowed, without effect here

Maker = Callable[[int], Json]
"""Makes the event's data for a session with these intents (whose content it may read differs)."""


@dataclass(eq=False)
class Session:
    """One identified session. It outlives its connection: what happens in between is kept for RESUME."""

    id: str
    intents: int
    log: list[tuple[int, str]] = field(default_factory=list)
    link: "Link | None" = None


class Link:
    """One websocket connection and its compression context."""

    def __init__(self, request: web.Request) -> None:
        self.socket = web.WebSocketResponse()
        self.transport = request.transport
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        self._compress = compressor(request.query.get("compress"))

    async def pump(self) -> None:
        """Write what is queued, in order, until cancelled or the peer is gone."""
        while True:
            text = await self.queue.get()
            try:
                if self._compress is None:
                    await self.socket.send_str(text)
                else:
                    await self.socket.send_bytes(self._compress(text.encode()))
            except ConnectionError:  # it went away; RESUME brings the rest
                return

    def say(self, op: int, data: object) -> None:
        """Queue a payload that is no event."""
        self.queue.put_nowait(json.dumps({"op": op, "d": data, "s": None, "t": None}))


def compressor(name: str | None) -> Callable[[bytes], bytes] | None:
    """One message in, its compressed frame out; the context lasts for the whole connection."""
    if name is None:
        return None
    if name == "zlib-stream":
        deflate = zlib.compressobj()
        return lambda raw: deflate.compress(raw) + deflate.flush(zlib.Z_SYNC_FLUSH)
    if name == "zstd-stream":
        try:
            squeeze: Any = importlib.import_module("zstandard").ZstdCompressor().compressobj()
            block: int = importlib.import_module("zstandard").COMPRESSOBJ_FLUSH_BLOCK
        except ImportError:
            squeeze = importlib.import_module("compression.zstd").ZstdCompressor()
            block = squeeze.FLUSH_BLOCK
        return lambda raw: bytes(squeeze.compress(raw) + squeeze.flush(block))
    raise web.HTTPBadRequest(text=f"unknown compression {name}")


class Gateway:
    """Every session and connection. `welcome(intents)` gives READY's data and the events that follow it."""

    def __init__(self, token: str, welcome: Callable[[Session], list[tuple[str, Json]]]) -> None:
        self.allowed_privileged = rules.PRIVILEGED
        self.heartbeat_ms = 41_250
        self.identifies: list[Json] = []
        self.starts = 1000
        self.resumes = 0
        self.heartbeats = 0
        self._token = token
        self._welcome = welcome
        self._sessions: dict[str, Session] = {}
        self._links: set[Link] = set()
        self._open = asyncio.Event()
        self._open.set()

    @property
    def starts_left(self) -> int:
        """How many sessions may still be started today (`starts` is a lever)."""
        return max(0, self.starts - len(self.identifies))

    @property
    def connected(self) -> bool:
        """Whether a bot listens right now."""
        return any(session.link for session in self._sessions.values())

    def tell(self, event: str, channel: Channel | None, make: Maker, seen: bool = True) -> None:
        """Dispatch an event to every session whose intents ask for it, listening or not; nothing when not `seen`."""
        for session in self._sessions.values():
            if rules.wanted(event, channel, session.intents) and seen:
                self._dispatch(session, event, make(session.intents))

    def _dispatch(self, session: Session, event: str, data: Json) -> None:
        sequence = session.log[-1][0] + 1 if session.log else 1
        text = json.dumps({"op": 0, "t": event, "s": sequence, "d": data})
        session.log.append((sequence, text))
        if session.link:
            session.link.queue.put_nowait(text)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from HELLO to its end. While a gap lasts, nobody gets as far as HELLO."""
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            raise web.HTTPBadRequest(text="v=10 and encoding=json")
        await self._open.wait()
        link = Link(request)
        socket = link.socket
        await socket.prepare(request)
        pump = asyncio.create_task(link.pump())
        self._links.add(link)
        session: Session | None = None
        try:
            link.say(HELLO, {"heartbeat_interval": self.heartbeat_ms, "_trace": []})
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                session = await self._hear(link, session, json.loads(message.data))
        finally:
            self._links.discard(link)
            if session and session.link is link:
                session.link = None
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        return socket

    async def _hear(self, link: Link, session: Session | None, payload: Json) -> Session | None:
        op, data = payload["op"], payload["d"]
        if op == HEARTBEAT:
            self.heartbeats += 1
            link.say(HEARTBEAT_ACK, None)
        elif op in (IDENTIFY, RESUME) and session is not None:
            await link.socket.close(code=4005, message=b"Already authenticated.")
        elif op in (IDENTIFY, RESUME) and data["token"] != self._token:
            await link.socket.close(code=4004, message=b"Authentication failed.")
        elif op == IDENTIFY:
            return await self._identify(link, data)
        elif op == RESUME:
            return await self._resume(link, data)
        elif session is None:
            await link.socket.close(code=4003, message=b"Not authenticated.")
        elif op not in OTHER_OPCODES:
            await link.socket.close(code=4001, message=b"Unknown opcode.")
        return session

    async def _identify(self, link: Link, data: Json) -> Session | None:
        self.identifies.append({name: value for name, value in data.items() if name != "token"})
        if len(self.identifies) > self.starts:  # Discord takes the token of a bot that goes on all the same
            self._token = "taken away"
            await link.socket.close(code=4004, message=b"Authentication failed.")
            return None
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~rules.KNOWN_INTENTS:
            await link.socket.close(code=4013, message=b"Invalid intent(s).")
            return None
        if intents & rules.PRIVILEGED & ~self.allowed_privileged:
            await link.socket.close(code=4014, message=b"Disallowed intent(s).")
            return None
        session = Session(f"session-{len(self.identifies)}", intents, link=link)
        self._sessions = {session.id: session}  # one bot without shards: a new session ends the old one
        for event, told in self._welcome(session):
            self._dispatch(session, event, told)
        return session

    async def _resume(self, link: Link, data: Json) -> Session | None:
        session = self._sessions.get(data["session_id"])
        if session is None:
            link.say(INVALID_SESSION, False)
            return None
        if data["seq"] is None or data["seq"] > session.log[-1][0]:
            await link.socket.close(code=4007, message=b"Invalid seq.")
            return None
        self.resumes += 1
        for sequence, text in session.log:
            if sequence > data["seq"]:
                link.queue.put_nowait(text)
        session.link = link
        self._dispatch(session, "RESUMED", {"_trace": []})
        return session

    async def close_links(self, code: int | None = 4000) -> None:
        """End every connection with this code; None: the line goes dead without a closing word."""
        for link in list(self._links):
            if code is not None:
                await link.socket.close(code=code)
            elif link.transport is not None:
                link.transport.abort()

    @asynccontextmanager
    async def gap(self, code: int | None = 4000) -> AsyncIterator[None]:
        """The bot is cut off while this lasts; what happens meanwhile is replayed when it resumes."""
        self._open.clear()
        await self.close_links(code)
        for session in self._sessions.values():
            session.link = None
        try:
            yield
        finally:
            self._open.set()

    def release(self) -> None:
        """No gap any more."""
        self._open.set()

    def ask_to_reconnect(self) -> None:
        """Opcode 7: come back and resume."""
        for link in self._links:
            link.say(RECONNECT, None)

    def forget_sessions(self) -> None:
        """From now on no old session can be resumed: what happened in a gap is lost to the gateway."""
        self._sessions = {}
