"""`TelegramServer`: the Bot API over HTTP on a free port of this machine, inside the test's event loop.

Knows tokens, HTTP and the faults a test ordered; what a method means is in methods.py and rules.py.

    async with TelegramServer() as server:
        mara, jonas = server.person("Mara"), server.person("Jonas")
        chat = server.business(await server.connect_business(mara), jonas)
        await server.contact_writes(jonas, "are you around?", room=chat)
        ...  # telegram.Bot(server.token, base_url=server.base_url) answers
        assert server.sent(chat) == ["in an hour"]
"""

import asyncio
import inspect
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.telegram_server.api_error import ApiError, too_many
from tests.telegram_server.faults import Fault, Faults, Kind
from tests.telegram_server.flood import Flood, FloodLimits
from tests.telegram_server.levers import Levers
from tests.telegram_server.methods import METHODS, Counter
from tests.telegram_server.params import Params, read_params
from tests.telegram_server.serving import Cut, Served
from tests.telegram_server.settings_methods import SETTINGS_METHODS, menu_shown
from tests.telegram_server.state import JSON, Person, Room

TOKEN = "6543210:AAH-test-token-of-nobody_0123456789"


@dataclass(slots=True)
class Call:
    """One call of the bot. `status`: the HTTP status it was given; 0: none (cut), or not yet."""

    method: str
    params: Params
    at_s: float
    status: int = 0


class TelegramServer(Levers):
    """An async context manager; see Levers for what people can do. `base_url` is for `telegram.Bot`."""

    def __init__(self, *, token: str = TOKEN, bot_name: str = "selfsame_test_bot") -> None:
        super().__init__(bot_name)
        self.token = token
        self.faults = Faults()
        self.flood = Flood()
        self.calls: list[Call] = []
        self._counter = Counter(self.world, self.mail, self.flood)
        self._served = Served(Starlette(routes=[Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"])]))

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT/bot`, to which the token is appended."""
        return f"{self._served.address}/bot"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        """Listen (again, on the same port, after `stop`)."""
        await self._served.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self.mail.close()
        await self.stop()

    async def stop(self) -> None:
        """The network is gone: nothing listens, and what is open is cut. What the server knows stays."""
        self.faults.release_all()
        await self._served.stop()

    # what a test orders

    def refuse(self, method: str, error: ApiError, *, times: int = 1, room: Room | None = None) -> Fault:
        """The next calls are refused; nothing happens."""
        return self._order("refuse", method, times, room, error=error)

    def flood_next(self, method: str, retry_after_s: int, *, times: int = 1, room: Room | None = None) -> Fault:
        """The next calls get 429."""
        return self._order("refuse", method, times, room, error=too_many(retry_after_s))

    def break_down(
        self, method: str, status: int = 502, *, done: bool = False, times: int = 1, room: Room | None = None
    ) -> Fault:
        """The next calls get a proxy's error page, not JSON; nothing happens, or (`done`) it happened all the same."""
        return self._order("page_after" if done else "page", method, times, room, status=status)

    def cut_before(self, method: str, *, times: int = 1, room: Room | None = None) -> Fault:
        """The connection dies before anything happened."""
        return self._order("cut_before", method, times, room)

    def cut_after(self, method: str, *, times: int = 1, room: Room | None = None) -> Fault:
        """It is done, and the connection dies without an answer."""
        return self._order("cut_after", method, times, room)

    def answer_late(self, method: str, *, times: int = 1, room: Room | None = None) -> Fault:
        """It is done, and the answer waits for `.release()`: longer than any timeout."""
        return self._order("late", method, times, room)

    def limits_on(self, limits: FloodLimits | None = None) -> None:
        """Enforce flood limits from now on."""
        self.flood.limits = limits or FloodLimits()

    def advance(self, seconds: float) -> None:
        """Move the server's clock."""
        self.world.advance(seconds)

    # what a test looks at

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, oldest first, refused ones too."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    def menu(self, room: Room, who: Person, language: str = "") -> list[str]:
        """The commands `who` is offered in `room`."""
        return [one["command"] for one in menu_shown(self.world.menus, room.chat_id, who.id, language)]

    # HTTP

    def _order(
        self,
        kind: Kind,
        method: str,
        times: int,
        room: Room | None,
        *,
        error: ApiError | None = None,
        status: int = 502,
    ) -> Fault:
        chat_id = None if room is None else room.chat_id
        return self.faults.order(Fault(kind, method, times, chat_id, error, status))

    async def _answer(self, request: Request) -> Response:
        token, name = request.path_params["token"], request.path_params["method"]
        number, _, secret = token.partition(":")
        if not (number.isdigit() and secret):
            return _refusal(ApiError(404, "Not Found"))
        if token != self.token:
            return _refusal(ApiError(401, "Unauthorized"))
        try:
            params = read_params(
                request.url.query.encode(), request.headers.get("content-type", ""), await request.body()
            )
        except ApiError as error:
            return _refusal(error)
        call = Call(name, params, self.world.now_s())
        self.calls.append(call)
        response = await self._perform(name.lower(), params, request)
        call.status = 0 if isinstance(response, Cut) else response.status_code
        return response

    async def _perform(self, method: str, params: Params, request: Request) -> Response:
        fault = self.faults.meet(method, params.get("chat_id"))
        try:
            spoilt = self._instead(fault, before=True)
            if spoilt is None:
                result = await self._result(method, params, request)
                spoilt = self._instead(fault, before=False)
        except ApiError as error:
            return _refusal(error)
        if spoilt is not None:
            return spoilt
        if fault is not None and fault.kind == "late":
            await fault.released.wait()
        return JSONResponse({"ok": True, "result": result})

    def _instead(self, fault: Fault | None, *, before: bool) -> Response | None:
        """What goes out instead of the answer, before or after the call was carried out. Raises an ordered refusal."""
        if fault is None:
            return None
        if before and fault.error is not None:
            raise fault.error
        if fault.kind == ("page" if before else "page_after"):
            page = f"<html><body><center><h1>{fault.status} out of order</h1></center></body></html>"
            return HTMLResponse(page, fault.status)
        return self._served.cut() if fault.kind == ("cut_before" if before else "cut_after") else None

    async def _result(self, method: str, params: Params, request: Request) -> Any:
        act = METHODS.get(method) or SETTINGS_METHODS.get(method)
        if act is None:
            raise ApiError(404, "Not Found")
        result = act(self._counter, params)
        if not inspect.isawaitable(result):
            return result
        if method != "getupdates":
            return await result
        return await _unless_gone(result, request)


async def _unless_gone(result: Any, request: Request) -> Any:
    """A poll whose client went away takes nothing from the next one."""
    working = asyncio.ensure_future(result)
    watching = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else []
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refusal(error: ApiError) -> JSONResponse:
    body: JSON = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return JSONResponse(body, error.code)
