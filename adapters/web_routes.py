"""The page's endpoints: from HTTP to the inbox, the history and the live events, and back.

Knows no socket, no Redis and no other platform. A visitor is a random cookie; in the demo each seat of a visitor is a
chat of its own, so that two visitors, or two seats, never share one. Nothing that people write is logged here.
"""

import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from adapters import web_owner
from adapters.audience import Audience, Event
from adapters.avatar import avatar_svg, hue_degrees
from adapters.base import ChatRef, InboundMessage, Inbox
from adapters.local_contract import LINE_ID, TEXT_LIMIT_CHARS, History, machine_notice
from adapters.owner_port import Desk
from adapters.web_guard import Guard
from adapters.web_settings import WebSettings

HISTORY_LINES = 200
BODY_LIMIT_BYTES = 32 * 1024
HEARTBEAT_S = 15.0
_PAGE_DIR = Path(__file__).parent / "web"
_COOKIE = "selfsame_visitor"
_VISITOR = re.compile(r"[0-9a-f]{32}")
_YEAR_S = 365 * 24 * 3600
_log = structlog.get_logger()


class _PostedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page posts; `line_id` is made by the page, so that a re-post is the same line."""

    text: Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT_CHARS, pattern=r"\S")]
    line_id: Annotated[str, msgspec.Meta(pattern=LINE_ID)]
    seat: str | None = msgspec.field(name="as", default=None)


@dataclass(frozen=True, slots=True)
class _Visit:
    """One visitor in one chat."""

    chat: ChatRef
    name: str
    declared_type: str | None


class Routes:
    """The endpoints of one adapter run."""

    def __init__(
        self, settings: WebSettings, history: History, audience: Audience, inbox: Inbox, desk: Desk | None = None
    ) -> None:
        self._settings = settings
        self._history = history
        self._audience = audience
        self._inbox = inbox
        self._desk = desk

    def app(self) -> ASGIApp:
        """The whole web application, guarded."""
        routes = [
            Route("/", self.page),
            Route("/avatar.svg", self.avatar),
            Route("/theme.css", self.theme),
            Route("/livez", self.livez),
            Route("/api/me", self.me),
            Route("/api/history", self.history),
            Route("/api/lines", self.take_line, methods=["POST"]),
            Route("/api/events", self.events),
            Mount("/static", StaticFiles(directory=_PAGE_DIR)),
            *(web_owner.routes(self._desk, self._settings.owner_name) if self._desk else ()),
        ]
        starlette = Starlette(routes=routes, exception_handlers={HTTPException: _as_json})
        return Guard(starlette, self._settings.hosts)

    async def page(self, request: Request) -> Response:
        """The page, with the owner's name and the notice written in: they show even without scripts."""
        owner = self._settings.owner_name
        html = (_PAGE_DIR / "index.html").read_text(encoding="utf-8")
        html = html.replace("{owner_name}", escape(owner)).replace("{notice}", escape(machine_notice(owner)))
        response = HTMLResponse(html, headers={"Cache-Control": "no-store"})
        if _visitor(request) is None:
            fresh = secrets.token_hex(16)
            response.set_cookie(_COOKIE, fresh, max_age=_YEAR_S, httponly=True, samesite="lax")
        return response

    async def avatar(self, _: Request) -> Response:
        """The owner's portrait."""
        return Response(avatar_svg(self._settings.owner_name), media_type="image/svg+xml")

    async def theme(self, _: Request) -> Response:
        """The owner's colour, the same as in the portrait."""
        css = f":root {{ --hue: {hue_degrees(self._settings.owner_name)}; }}\n"
        return Response(css, media_type="text/css")

    async def livez(self, _: Request) -> Response:
        """Says that the event loop turns."""
        return PlainTextResponse("ok")

    async def me(self, _: Request) -> Response:
        """Whose page this is and who a visitor can be."""
        settings = self._settings
        return _json(
            {
                "owner_name": settings.owner_name,
                "notice": machine_notice(settings.owner_name),
                "demo": settings.demo,
                "seats": [asdict(seat) for seat in settings.seats] if settings.demo else [],
                "text_limit": TEXT_LIMIT_CHARS,
            }
        )

    async def history(self, request: Request) -> Response:
        """The newest lines of this visitor's chat, oldest first."""
        visit = self._visit(request, request.query_params.get("as"))
        with _store_away():
            lines = await self._history(visit.chat, HISTORY_LINES)
        return _json({"lines": [asdict(line) for line in lines]})

    async def take_line(self, request: Request) -> Response:
        """202 once the line is on disk (or was before), 429 when the chat's mailbox is full."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise HTTPException(415, "send JSON")
        try:
            posted = msgspec.json.decode(await _body(request), type=_PostedLine)
        except (msgspec.DecodeError, UnicodeDecodeError):  # the latter for bytes that are not UTF-8
            raise HTTPException(422, f"a line has a text of at most {TEXT_LIMIT_CHARS} characters and an id") from None
        visit = self._visit(request, posted.seat)
        line = InboundMessage(
            chat=visit.chat,
            message_id=posted.line_id,
            text=posted.text,
            sender_id=visit.chat.chat_id,
            sender_name=visit.name,
            at_ms=time.time_ns() // 1_000_000,
            declared_type=visit.declared_type,
        )
        with _store_away():
            accepted = await self._inbox(line)
        if accepted == "full":
            raise HTTPException(429, "too many unanswered lines; try again in a moment", headers={"Retry-After": "5"})
        return _json({"line_id": line.message_id, "at_ms": line.at_ms, "accepted": accepted}, status=202)

    async def events(self, request: Request) -> Response:
        """Live events of this visitor's chat (text/event-stream): `hello` first, then the newest bubbles again."""
        visit = self._visit(request, request.query_params.get("as"))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(visit.chat), media_type="text/event-stream", headers=headers)

    async def _stream(self, chat: ChatRef) -> AsyncIterator[bytes]:
        with self._audience.listen(chat.chat_id) as listener:
            # told first: the page reads the history only now, when nothing can slip in between unseen
            yield b"retry: 1500\n" + _sse(Event("hello"))
            async for event in listener.events(HEARTBEAT_S):
                yield _sse(event) if event else b": still here\n\n"

    def _visit(self, request: Request, contact_type: str | None) -> _Visit:
        visitor = _visitor(request)
        if visitor is None:
            raise HTTPException(401, "no visitor cookie; load the page again")
        if not self._settings.demo:
            return _Visit(ChatRef("web", visitor), "", None)
        seat = self._settings.seat(contact_type)
        if seat is None:
            raise HTTPException(422, "choose who you are")
        return _Visit(ChatRef("web", f"{visitor}-{seat.contact_type}"), seat.name, seat.contact_type)


def _visitor(request: Request) -> str | None:
    cookie = request.cookies.get(_COOKIE, "")
    return cookie if _VISITOR.fullmatch(cookie) else None


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise HTTPException(413, f"at most {BODY_LIMIT_BYTES} bytes", headers={"Connection": "close"})
    return body


@contextmanager
def _store_away() -> Iterator[None]:
    """The store behind us may be gone for a while: the page is told to come again, the log what it was."""
    try:
        yield
    except Exception as error:
        _log.warning("web.store_failed", kind=type(error).__name__)
        raise HTTPException(503, "not stored; try again in a moment", headers={"Retry-After": "2"}) from None


def _sse(event: Event) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event.name.encode(), msgspec.json.encode(event.data))


def _json(content: object, status: int = 200) -> Response:
    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})


async def _as_json(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)
