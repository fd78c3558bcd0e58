"""A real headless browser for tests: Chromium driven over its debugging pipe. Knows no page."""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from typing import Any

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
    *("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-first-run", "--disable-extensions", "--window-size=1280,800"),
)


class Page:
    """One tab. Chromium reads NUL-ended JSON from its fd 3 and writes to its fd 4."""

    def __init__(self, reader: asyncio.StreamReader, writer: int) -> None:
        self._reader = reader
        self._writer = writer
        self._calls = 0
        self._session: str | None = None
        self.console: list[str] = []
        """Errors the page reported: exceptions, refused scripts, failed loads."""

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """One command of the DevTools protocol, and its result."""
        self._calls += 1
        command = {"id": self._calls, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._writer, json.dumps(command).encode() + b"\0")
        while True:
            message = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            self._listen(message)
            if message.get("id") == self._calls:
                assert "error" not in message, message
                return dict(message["result"])

    async def attach(self) -> None:
        """Talk to the first tab from here on."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")

    async def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, expression: str, timeout_s: float = 20) -> None:
        """Wait until the expression is true in the page; while it throws (the page still loads) it is not."""
        safe = f"(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"
        async with asyncio.timeout(timeout_s):
            while not await self.js(safe):  # noqa: ASYNC110 - what is awaited lives in the browser
                await asyncio.sleep(0.05)

    async def press(self, text: str) -> None:
        """Type into the focused field."""
        await self.call("Input.insertText", text=text)

    async def enter(self, *, shift: bool = False) -> None:
        """The Enter key."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "modifiers": 8 if shift else 0}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def screenshot(self) -> bytes:
        """What the tab shows, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    def _listen(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.console.append(json.dumps(params["exceptionDetails"].get("exception", params)))
        elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.console.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """A fresh browser with one empty tab; it and its profile are gone afterwards."""
    assert EXECUTABLE
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()

    def as_3_and_4() -> None:
        spare_read, spare_write = os.dup(to_read), os.dup(from_write)
        os.dup2(spare_read, 3)
        os.dup2(spare_write, 4)

    with tempfile.TemporaryDirectory(prefix="selfsame-browser-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            EXECUTABLE,
            *_FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stderr=asyncio.subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=as_3_and_4,
        )
        os.close(to_read)
        os.close(from_write)
        reader = asyncio.StreamReader(limit=2**26)
        pipe = os.fdopen(from_read, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            page = Page(reader, to_write)
            await page.attach()
            yield page
        finally:
            process.terminate()
            await process.wait()
            transport.close()
            os.close(to_write)
