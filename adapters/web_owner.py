"""The owner's page: from HTTP to the desk and back, for browsers that were paired with a code.

Knows no command, no Redis and who is the owner only by asking the desk. A session is a secret cookie of this page; the
guard around the application keeps foreign pages and names away (`web_guard`). Nothing that is typed here is logged.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from adapters.base import ChatRef
from adapters.local_contract import TEXT_LIMIT_CHARS
from adapters.owner_port import Desk, Press, Shown, Word

PLATFORM = "web"
WRONG_PAUSE_S = 1.0
"""A wrong code is answered after exactly this long, whatever was wrong with it."""
_BODY_LIMIT_BYTES = 32 * 1024
_PAGE = Path(__file__).parent / "web" / "owner.html"
_COOKIE = "selfsame_owner"
_COOKIE_S = 30 * 24 * 3600
_CHAT = ChatRef(PLATFORM, "owner")
_log = structlog.get_logger()


class _PostedCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class _PostedWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT_CHARS, pattern=r"\S")]


class _PostedPress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    text: Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT_CHARS, pattern=r"\S")] | None = None


_Posted = TypeVar("_Posted", _PostedCode, _PostedWord, _PostedPress)


def routes(desk: Desk, owner_name: str) -> list[Route]:
    """`/owner` and what it asks for, to be mounted inside the guard beside `/static`, `/theme.css`, `/avatar.svg`."""
    page = _OwnerPage(desk, owner_name)
    return [
        Route("/owner", page.page),
        Route("/api/owner/pair", page.pair, methods=["POST"]),
        Route("/api/owner/me", page.me),
        Route("/api/owner/board", page.board),
        Route("/api/owner/word", page.word, methods=["POST"]),
        Route("/api/owner/press", page.press, methods=["POST"]),
    ]


class _OwnerPage:
    """The endpoints. 401: this browser is not paired (any more); 503: ask again in a moment."""

    def __init__(self, desk: Desk, owner_name: str) -> None:
        self._desk = desk
        self._owner_name = owner_name

    async def page(self, _: Request) -> Response:
        """The page itself holds no secret: it asks for a code, or for the board, when it runs."""
        html = _PAGE.read_text(encoding="utf-8").replace("{owner_name}", escape(self._owner_name or "Your desk"))
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    async def pair(self, request: Request) -> Response:
        """204 and the session's cookie for the right code; 403 after a pause for any other."""
        posted = await _read(request, _PostedCode)
        session, began_s = secrets.token_urlsafe(32), asyncio.get_running_loop().time()
        with _store_away():
            await self._desk.word(Word(PLATFORM, session, "A browser", _CHAT, f"/pair {posted.code}"))
            paired = await self._desk.is_owner(PLATFORM, session)
        if not paired:
            await asyncio.sleep(began_s + WRONG_PAUSE_S - asyncio.get_running_loop().time())
            raise HTTPException(403, "that code is not valid")
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            _COOKIE,
            session,
            max_age=_COOKIE_S,
            path="/api/owner",
            secure=request.headers.get("origin", "").startswith("https://"),  # the guard has checked that it is ours
            httponly=True,
            samesite="strict",
        )
        return response

    async def me(self, request: Request) -> Response:
        """What the command line suggests."""
        await self._session(request)
        return _json({"commands": self._desk.owner_commands()})

    async def board(self, request: Request) -> Response:
        """Every card that waits. 304 while it is what the page has already (`If-None-Match`)."""
        await self._session(request)
        with _store_away():
            cards = (*await self._desk.board(), *await self._desk.told())
        response = _json({"cards": [asdict(card) for card in cards]})
        tag = f'"{hashlib.blake2b(bytes(response.body), digest_size=12).hexdigest()}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"Cache-Control": "no-store", "ETag": tag})
        response.headers["ETag"] = tag
        return response

    async def word(self, request: Request) -> Response:
        """A command of the owner's; what to show for it."""
        session = await self._session(request)
        posted = await _read(request, _PostedWord)
        with _store_away():
            shown = await self._desk.word(Word(PLATFORM, session, "The page", _CHAT, posted.text))
        return _shown(shown)

    async def press(self, request: Request) -> Response:
        """A button of a card, or the text that a button asked for."""
        session = await self._session(request)
        posted = await _read(request, _PostedPress)
        with _store_away():
            shown = await self._desk.press(Press(PLATFORM, session, posted.token, posted.text))
        return _shown(shown)

    async def _session(self, request: Request) -> str:
        """The paired session behind a request, or 401."""
        session = request.cookies.get(_COOKIE, "")
        with _store_away():
            if not session or not await self._desk.is_owner(PLATFORM, session):
                raise HTTPException(401, "pair this browser first")
        return session


def _shown(shown: Shown | None) -> Response:
    if shown is None:  # unpaired between our look and the desk's
        raise HTTPException(401, "pair this browser first")
    return _json(asdict(shown))


async def _read(request: Request, kind: type[_Posted]) -> _Posted:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send JSON")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT_BYTES:
            raise HTTPException(413, f"at most {_BODY_LIMIT_BYTES} bytes", headers={"Connection": "close"})
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the latter for bytes that are not UTF-8
        raise HTTPException(422, f"that is empty, or longer than {TEXT_LIMIT_CHARS} characters") from None


@contextmanager
def _store_away() -> Iterator[None]:
    """The store behind the desk may be gone for a while: the page is told to come again, the log what it was."""
    try:
        yield
    except HTTPException:
        raise
    except Exception as error:
        _log.warning("web.desk_failed", kind=type(error).__name__)
        raise HTTPException(503, "not done; try again in a moment", headers={"Retry-After": "2"}) from None


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json", headers={"Cache-Control": "no-store"})
