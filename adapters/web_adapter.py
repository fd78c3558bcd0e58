"""The web page as a platform: starlette and uvicorn inside the bot's event loop.

Knows no Redis and no model. The chat id is `<visitor>` or, in the demo, `<visitor>-<contact type>`. A bubble goes to
every page that is open on its chat; a page that was not finds it in the history.
"""

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict

import structlog
import uvicorn

from adapters.audience import Audience, Event
from adapters.base import FOREVER_MS, ChatRef, Inbox, OutboundMessage, Outcome, SentReceipt
from adapters.local_contract import AddressUnusable, History
from adapters.owner_port import Desk
from adapters.web_guard import LOOPBACK_HOSTS
from adapters.web_routes import Routes
from adapters.web_settings import WebSettings

STATUS_EVERY_S = 2.0
_log = structlog.get_logger()


class _Server(uvicorn.Server):
    """uvicorn as a guest: the signals belong to the bot."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebAdapter:
    """A `PlatformAdapter`. Call `bind` before anything else starts: a taken port is found out then."""

    platform = "web"

    def __init__(self, settings: WebSettings, history: History, desk: Desk | None = None) -> None:
        self._settings = settings
        self._history = history
        self._desk = desk
        self._audience = Audience()
        self._socket: socket.socket | None = None

    def bind(self) -> str:
        """Take the port and return the page's address. Raises AddressUnusable. Safe to repeat."""
        if self._socket is None:
            self._socket = _listen(self._settings)
        host = self._settings.host
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self._socket.getsockname()[1]}"

    async def run(self, inbox: Inbox) -> None:
        """Serve until cancelled."""
        address = self.bind()
        bound, self._socket = self._socket, None  # uvicorn closes it; a next run binds anew
        assert bound is not None
        self._audience.open()
        app = Routes(self._settings, self._history, self._audience, inbox, self._desk).app()
        server = _Server(
            uvicorn.Config(
                app,
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
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        watching = asyncio.create_task(self._watch_status())
        _log.info("web.serving", address=address)
        try:
            await asyncio.shield(serving)
        finally:
            watching.cancel()
            self._audience.close()
            server.should_exit = True
            await serving

    def resend_safe_ms(self, chat: ChatRef) -> int:
        """Always: the page knows a bubble by its id and shows it once."""
        return FOREVER_MS

    async def send(self, message: OutboundMessage) -> SentReceipt:
        """Show one bubble on every open page of its chat."""
        shown = {"bubble_id": message.bubble_id, "text": message.text, "at_ms": time.time_ns() // 1_000_000}
        self._audience.tell(message.chat.chat_id, Event("bubble", shown), keep=True)
        return SentReceipt(message.bubble_id)

    async def show_typing(self, chat: ChatRef) -> None:
        """Show three dots for a few seconds."""
        self._audience.tell(chat.chat_id, Event("typing"))

    async def observe(self, outcome: Outcome) -> None:
        """How a turn ended: shown under the reply in the demo, to nobody else."""
        if not self._settings.demo or outcome.chat.platform != self.platform:
            return
        shown = {
            "request_id": outcome.request_id,
            "line_ids": outcome.line_ids,
            "state": outcome.state,
            "reason": outcome.reason,
            "contact_type": outcome.contact_type,
            "blend": outcome.blend,
            "total_ms": outcome.total_ms,
            "at_ms": time.time_ns() // 1_000_000,
        }
        self._audience.tell(outcome.chat.chat_id, Event("outcome", shown), keep=True)

    async def _watch_status(self) -> None:
        """Tell open pages of the demo how training goes. A status that fails is asked again, the page goes on."""
        while self._settings.demo and self._settings.status is not None:
            if self._audience:
                try:
                    facets = [asdict(facet) for facet in await self._settings.status()]
                    self._audience.tell_all(Event("facets", {"facets": facets}))
                except Exception as error:
                    _log.warning("web.status_failed", kind=type(error).__name__)
            await asyncio.sleep(STATUS_EVERY_S)


def _listen(settings: WebSettings) -> socket.socket:
    host, port = settings.host, settings.port
    if host not in LOOPBACK_HOSTS and not settings.public_hosts:
        raise AddressUnusable(
            f"{host} is open to other machines, but no name is allowed to reach it",
            "set [web] host to 127.0.0.1, or list the names it is reached by under [web] public_hosts",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=128)
        # What accept() gives inherits it; without, Nagle and delayed acknowledgements add 40 ms to an answer.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressUnusable(
                f"port {port} on {host} is taken", "stop the program that holds it, or set another [web] port"
            ) from None
        raise AddressUnusable(
            f"cannot listen on port {port} of {host}: {error.strerror or error}",
            "set [web] host to 127.0.0.1 and [web] port to a free port above 1023",
        ) from None
