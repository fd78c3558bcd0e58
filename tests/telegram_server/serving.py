"""An ASGI app on a free port of this machine, inside the running event loop, whose connections can be cut.

uvicorn's HTTP without its server loop, which wakes up ten times a second and would make every test wait for it.
"""

import asyncio
from types import TracebackType
from typing import Self

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Connections = dict[tuple[str, int], asyncio.Transport]
"""Open connections by the client's address."""


class Served:
    """An async context manager; `start` and `stop` again as often as a test likes, the port stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
        self._connections: Connections = {}
        self._state = ServerState()
        self._listening: asyncio.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        if not self._config.loaded:
            self._config.load()
        self._listening = await asyncio.get_running_loop().create_server(
            lambda: _Listed(self._connections, self._config, self._state), "127.0.0.1", self._port
        )
        self._port = self._listening.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nothing listens any more, and what is open is cut; requests that were read are carried out."""
        assert self._listening is not None
        self._listening.close()
        working = list(self._state.tasks)
        for transport in list(self._connections.values()):
            transport.abort()
        await asyncio.gather(*working, return_exceptions=True)
        await self._listening.wait_closed()

    def cut(self) -> Response:
        """The response that is none: the connection is reset."""
        return Cut(self._connections)


class Cut(Response):
    """No answer at all."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._connections[tuple(scope["client"])].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class _Listed(H11Protocol):
    """An HTTP connection that is entered in `connections`, so that it can be cut."""

    def __init__(self, connections: Connections, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self._all = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        assert self.client is not None
        self._all[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        assert self.client is not None
        self._all.pop(self.client, None)
        super().connection_lost(exc)
