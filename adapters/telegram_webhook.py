"""Telegram calls us: one route behind the owner's proxy, guarded by a random path and a secret header.

Knows no update's meaning. Says 200 only when the update is durable; Telegram keeps and repeats everything else.
"""

import asyncio
import contextlib
import hmac
import json
import secrets
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot

from adapters.telegram_intake import ALLOWED_UPDATES
from adapters.telegram_poll import Take, until_done
from adapters.telegram_settings import WebhookSettings

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # a header's name
BODY_LIMIT_BYTES = 1024 * 1024
_CONNECTIONS = 8
_LOOK_EVERY_S = 180.0
"""How often we look whether Telegram still calls us."""

log = structlog.get_logger()


class _Server(uvicorn.Server):
    """uvicorn as a guest: the signals belong to the bot."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def webhook_app(take: Take, path: str, secret: str) -> Starlette:
    """The one route. Whoever does not know the path and the secret learns nothing but 403."""

    async def receive(request: Request) -> Response:
        # the last part only: a proxy may put something before it, or take it away
        right_path = hmac.compare_digest(request.url.path.rpartition("/")[2].encode(), path.encode())
        right_secret = hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret.encode())
        if not (right_path and right_secret):
            return Response(status_code=403)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > BODY_LIMIT_BYTES:
                return Response(status_code=413)
        try:
            raw = json.loads(body)
        except ValueError:
            raw = None
        if isinstance(raw, dict):
            await take([raw])
        else:  # repeated it would be no better
            log.error("telegram.update_unreadable", update=0, error="no JSON object", lost="this update")
        return Response(status_code=200)

    return Starlette(routes=[Route("/{path:path}", receive, methods=["POST"])])


async def serve_webhook(bot: Bot, take: Take, settings: WebhookSettings, bound: socket.socket) -> None:
    """Listen, tell Telegram where, and serve until cancelled. What waits at Telegram is never dropped."""
    path, secret = secrets.token_urlsafe(32), settings.secret or secrets.token_urlsafe(32)
    server = _Server(
        uvicorn.Config(
            webhook_app(take, path, secret),
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
    )
    address = f"{settings.url.rstrip('/')}/{path}"

    async def tell() -> None:
        await until_done(
            lambda: bot.set_webhook(
                address,
                secret_token=secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=_CONNECTIONS,
                drop_pending_updates=False,
            )
        )

    async def watch() -> None:
        """Somebody else with the token may take the webhook away: then nobody calls us, and nothing fails."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if (await until_done(bot.get_webhook_info)).url != address:
                log.error(
                    "telegram.webhook_taken_away",
                    next_step="it is set again; stop the other program that uses this bot's token, or revoke the token",
                )
                await tell()

    serving = asyncio.create_task(server.serve(sockets=[bound]))
    watching: asyncio.Task[None] | None = None
    try:
        await tell()
        log.info("telegram.webhook", port=bound.getsockname()[1])
        watching = asyncio.create_task(watch())
        for ended in (await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED))[0]:
            ended.result()
    finally:
        if watching is not None:
            watching.cancel()
        server.should_exit = True
        await serving
