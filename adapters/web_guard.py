"""Who may talk to the web page, and the headers that fence it in: an ASGI wrapper around the routes.

Knows no chat and no route but the prefix /api/. Browsers are the threat: a foreign page that posts for its visitor
(CSRF), a foreign name that resolves to this machine (DNS rebinding), a frame, an injected script.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

FENCE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def refusal(method: str, path: str, headers: Mapping[str, str], hosts: frozenset[str]) -> str | None:
    """Why this request is not served, or None. `headers` by lower-case name, `hosts` the names we answer to."""
    host = headers.get("host", "")
    if _hostname(f"//{host}") not in hosts:
        return "unknown host"
    if not path.startswith("/api/"):
        return None
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return "foreign site"
    origin = headers.get("origin")
    if origin is None:
        return "no origin" if method not in {"GET", "HEAD"} else None
    # the scheme may differ: a proxy in front may speak TLS
    return None if origin.lower().removeprefix("https://").removeprefix("http://") == host.lower() else "foreign origin"


class Guard:
    """Refuses what `refusal` refuses with 403, and puts the fence on every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return

        async def fenced(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(FENCE)
            await send(message)

        why = refusal(scope["method"], scope["path"], Headers(scope=scope), self._hosts)
        served = self._app if why is None else JSONResponse({"error": why}, status_code=403)
        await served(scope, receive, fenced)


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
