"""Somebody else's Telegram server: the npm package telegram-test-api, as a child process behind a small relay.

It keeps us from testing our adapter only against our own idea of Telegram. The relay passes everything on and mends
four things no typed client can read, each a deviation from the published Bot API: see `_mended`. Knows no adapter.
"""

import asyncio
import contextlib
import shutil
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.telegram_server.serving import Served

PACKAGE = Path(__file__).parents[2] / ".cache" / "peers" / "telegram" / "node_modules" / "telegram-test-api"
TOKEN = "6543210:AAH-test-token-of-nobody_0123456789"
IDLE_S = 0.05
"""The peer answers a poll at once; without a pause the bot would ask thousands of times a second."""
_SENT = ("message_id", "chat", "text", "reply_markup")
_START = """
const Server = require(process.argv[1]);
new Server({host: "127.0.0.1", port: Number(process.argv[2])}).start().then(() => console.log("up"));
"""


def missing() -> str | None:
    """What is not installed, and how to get it; None: all there."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not PACKAGE.is_dir():
        return "the peer telegram-test-api is not installed → make peers"
    return None


class TelegramPeer:
    """An async context manager. `address` is the Bot API for `telegram.Bot`, without `/bot`."""

    def __init__(self) -> None:
        self._relay = Served(Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["GET", "POST"])]))
        self._child: asyncio.subprocess.Process | None = None
        self._http = httpx.AsyncClient(trust_env=False)
        self._peer = ""

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return self._relay.address

    async def __aenter__(self) -> Self:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        node = shutil.which("node")
        assert node is not None
        self._child = await asyncio.create_subprocess_exec(
            node, "-e", _START, str(PACKAGE), str(port), stdout=asyncio.subprocess.PIPE
        )
        assert self._child.stdout is not None
        assert (await asyncio.wait_for(self._child.stdout.readline(), 20)).strip() == b"up"
        self._peer = f"http://127.0.0.1:{port}"
        await self._relay.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._relay.stop()
        await self._http.aclose()
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.communicate()

    async def contact_writes(self, user_id: int, text: str) -> None:
        """A person writes to the bot in private."""
        await self._post("/sendMessage", _common(user_id) | {"text": text})

    async def presses(self, user_id: int, message_id: int, data: str) -> None:
        """A person presses a button of that message."""
        common = _common(user_id)
        message = {"chat": common["chat"], "date": common["date"], "message_id": message_id, "text": "card"}
        await self._post("/sendCallback", common | {"message": message, "data": data})

    async def shown(self, user_id: int) -> list[str]:
        """The texts of the bot's messages to that person, as they read now."""
        history = (await self._post("/getUpdatesHistory", {"token": TOKEN}))["result"]
        messages = [one["message"] for one in history if "message" in one]
        return [message["text"] for message in messages if str(message.get("chat_id")) == str(user_id)]

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = (await self._http.post(f"{self._peer}{path}", json=body)).json()
        assert answer["ok"], answer
        return answer

    async def _pass_on(self, request: Request) -> Response:
        headers = {"content-type": request.headers.get("content-type", "application/json")}
        answer = await self._http.request(
            request.method, f"{self._peer}{request.url.path}", content=await request.body(), headers=headers
        )
        if answer.status_code != 200:
            return Response(answer.content, answer.status_code, media_type="application/json")
        method = request.url.path.rpartition("/")[2]
        mended = _mended(method, answer.json())
        if method == "getUpdates" and not mended["result"]:
            await asyncio.sleep(IDLE_S)
        return Response(httpx.Response(200, json=mended).content, media_type="application/json")


def _mended(method: str, answer: dict[str, Any]) -> dict[str, Any]:
    """What the peer says otherwise than Telegram: `getMe` lacks `is_bot`, a press lacks its `chat_instance`, "done" is
    null, and a sent message has its date in ms and the call's raw parameters beside it.
    """
    result: Any = answer.get("result")
    if method == "getMe":
        result |= {"is_bot": True}
    elif method == "sendMessage":
        result = {name: result[name] for name in _SENT if name in result} | {"date": result["date"] // 1000}
    elif method == "getUpdates":
        for press in (update["callback_query"] for update in result if "callback_query" in update):
            press.setdefault("chat_instance", "1")
    elif result is None:
        result = True
    return answer | {"result": result}


def _common(user_id: int) -> dict[str, Any]:
    return {
        "botToken": TOKEN,
        "date": int(time.time()),
        "from": {"id": user_id, "is_bot": False, "first_name": "Jonas"},
        "chat": {"id": user_id, "first_name": "Jonas", "type": "private"},
    }
