"""The vote over HTTP, on this machine's own address: `/v/<token>` and nothing else.

Knows requests; what a token may see is `invites`'. The address is the secret (W3C, Good Practices for Capability URLs):
it is sent to no other page, kept nowhere and logged by nobody. Whoever has none, a wrong one or an old one is told the
same. Behind a proxy or tunnel that speaks TLS, the names it is reached by must be given.
"""

import errno
import secrets
import socket
from collections.abc import Callable, Collection
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from model_server.errors import ConfigError
from model_server.home import Home
from training.votes.ballots import Choice
from training.votes.invites import THE_OWNER, Voter, cast, digest_token, seat, voter_of
from training.votes.page import policy, render_ballot, render_closed, render_end, render_failed

HOST = "127.0.0.1"
PORT = 8090
_LOOPBACK = frozenset({HOST, "localhost"})
_BODY_LIMIT_BYTES = 4096


def serve(
    home: Home, owner: str, token: str, *, port: int, names: Collection[str], told: Callable[[str], None]
) -> None:
    """Serve until interrupted; `told` the owner's link once the port is ours. `names`: by which a proxy reaches us.

    ConfigError when the port cannot be had.
    """
    with _listen(port) as listening:
        told(link(f"http://{HOST}:{listening.getsockname()[1]}", token))
        config = uvicorn.Config(
            vote_app(home, owner, digest_token(token), names),
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
        uvicorn.Server(config).run(sockets=[listening])


def link(address: str, token: str) -> str:
    """Where a token's ballots are."""
    return f"{address.rstrip('/')}/v/{token}"


def vote_app(home: Home, owner: str, owner_digest: str, names: Collection[str] = ()) -> ASGIApp:
    """The whole application. `owner_digest`: of the token that shows everything."""
    hosts = _LOOPBACK | {name.lower() for name in names}

    def voter(token: str) -> Voter | None:
        own = secrets.compare_digest(digest_token(token), owner_digest)
        return THE_OWNER if own else voter_of(home, token)

    def show(token: str) -> Response:
        who = voter(token)
        if who is None:
            raise HTTPException(404)
        place = seat(home, who)
        if place.ballot is None:
            return _page(render_end(place, who, owner))
        return _page(render_ballot(place.ballot, place, who, owner))

    def take(token: str, ballot_id: str, choice: str) -> Response:
        who = voter(token)
        if who is None:
            raise HTTPException(404)
        picked = _choice(choice)
        if picked is not None:
            cast(home, who, ballot_id, picked)  # of a ballot that is gone by now the next page says enough
        return RedirectResponse(f"/v/{token}", status_code=303, headers=_fence())

    async def vote(request: Request) -> Response:
        if _hostname(request.headers.get("host", "")) not in hosts:
            raise HTTPException(404)
        token = request.path_params["token"]
        if request.method != "POST":
            return await run_in_threadpool(show, token)
        form = parse_qs((await _body(request)).decode("ascii", "replace"))
        return await run_in_threadpool(take, token, form.get("ballot", [""])[0], form.get("choice", [""])[0])

    async def refused(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _page(render_failed() if status in (413, 500) else render_closed(owner), status)

    return Starlette(
        routes=[Route("/v/{token}", vote, methods=["GET", "POST"])],
        exception_handlers={HTTPException: refused, Exception: refused},
    )


def _choice(said: str) -> Choice | None:
    return next((one for one in get_args(Choice) if one == said), None)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status_code=status, headers=_fence())


def _fence() -> dict[str, str]:
    return {
        "Content-Security-Policy": policy(),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT_BYTES:
            raise HTTPException(413)
    return body


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=16)
    except OSError as error:
        what = f"port {port} is taken" if error.errno == errno.EADDRINUSE else f"port {port}: {error.strerror}"
        raise ConfigError(what, "name another: selfsame vote serve --port 8091") from None
