"""The door of the pretended API: notes every call, knows the token, counts limits, and fails when a test asks for it.

Knows no endpoint.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from tests.discord_server.rules import ApiError
from tests.discord_server.state import Call, Json

ORDINARY_MOST, ORDINARY_RESET_S = 50, 1.0
"""What is said of a bucket that no test limits: like Discord, every answer speaks of one."""
OPEN_TO_ALL = ("/interactions/*", "/webhooks/*/*", "/gateway")
"""Paths whose own token is the key."""


@dataclass(eq=False)
class Fault:
    """Something that goes wrong at calls like `which` ("POST /channels/*/messages"), `times` times.

    `status` with `body`: answered instead of done. `after`: done first. No status: the connection dies.
    """

    which: str
    times: int
    status: int | None = None
    body: Json | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False


@dataclass(eq=False)
class Limit:
    """At most `most` calls like `which` within `per_s`, for each concrete path."""

    which: str
    most: int
    per_s: float
    taken: dict[str, list[float]] = field(default_factory=dict)


class Front:
    """Every request passes here."""

    def __init__(self, token: str, prefix: str) -> None:
        self.calls: list[Call] = []
        self.flaws: list[str] = []
        self.faults: list[Fault] = []
        self.limits: list[Limit] = []
        self._held: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, int] = {}
        self._token = token
        self._prefix = prefix

    @asynccontextmanager
    async def held(self, which: str) -> AsyncIterator[Callable[[], int]]:
        """While this lasts, calls like `which` wait at the door; gives how many are waiting."""
        self._held[which] = asyncio.Event()
        self._waiting[which] = 0
        try:
            yield lambda: self._waiting[which]
        finally:
            self._held.pop(which).set()

    def release(self) -> None:
        """Nobody waits at the door any more."""
        for door in self._held.values():
            door.set()

    def middleware(self) -> Middleware:
        """For aiohttp's application."""

        @web.middleware
        async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not request.path.startswith(self._prefix):
                return await handler(request)  # the gateway
            return await self._answer(request, handler)

        return pass_through

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        call = Call(request.method, request.path.removeprefix(self._prefix), await body_of(request))
        self.calls.append(call)
        name = f"{call.method} {call.path}"
        for which, door in list(self._held.items()):
            if fnmatchcase(name, which):
                self._waiting[which] += 1
                await door.wait()
        fault = next((f for f in self.faults if f.times and fnmatchcase(name, f.which)), None)
        if fault:
            fault.times -= 1
        if fault is None or fault.after:
            response = await self._do(request, handler, call)
        else:
            response = web.Response()
        if fault and fault.status is None:
            if request.transport is not None:
                request.transport.abort()
            return response
        if fault:
            response = told(fault.status or 200, fault.body, fault.headers)
        call.status = response.status
        return response

    async def _do(self, request: web.Request, handler: Handler, call: Call) -> web.Response:
        open_to_all = any(fnmatchcase(call.path, path) for path in OPEN_TO_ALL)
        if not open_to_all and request.headers.get("Authorization") != f"Bot {self._token}":
            return told(401, {"message": "401: Unauthorized", "code": 0})
        headers, wait_s = self._count(call)
        if wait_s:
            return too_many(wait_s, headers)
        try:
            response = await handler(request)
        except ApiError as refusal:
            return told(refusal.status, refusal.body, headers)
        except web.HTTPException as missing:
            self.flaws.append(f"{missing.status} {call.method} {call.path}")
            return told(missing.status, {"message": f"{missing.status}: {missing.reason}", "code": 0})
        except Exception as flaw:  # ours, not the bot's: a test must see it
            self.flaws.append(f"{call.method} {call.path}: {flaw!r}")
            return told(500, {"message": "500: Internal Server Error", "code": 0})
        assert isinstance(response, web.Response)
        response.headers.update(headers)
        return response

    def _count(self, call: Call) -> tuple[dict[str, str], float]:
        now = asyncio.get_running_loop().time()
        for limit in self.limits:
            if fnmatchcase(f"{call.method} {call.path}", limit.which):
                taken = [at for at in limit.taken.get(call.path, []) if now - at < limit.per_s]
                wait_s = limit.per_s - (now - taken[0]) if len(taken) >= limit.most else 0.0
                if not wait_s:
                    taken.append(now)
                limit.taken[call.path] = taken
                left = limit.most - len(taken)
                return limit_headers(limit.which, limit.most, left, limit.per_s - (now - taken[0])), wait_s
        bucket = f"{call.method} {call.path.split('/')[1]}"
        return limit_headers(bucket, ORDINARY_MOST, ORDINARY_MOST - 1, ORDINARY_RESET_S), 0.0


async def body_of(request: web.Request) -> Json | list[Json] | None:
    """The JSON of a request; of a form its `payload_json`."""
    if request.content_type == "multipart/form-data":
        payload = (await request.post()).get("payload_json")
        parsed: Json = json.loads(str(payload))
        return parsed
    text = await request.text()
    found: Json | list[Json] | None = json.loads(text) if text else None
    return found


def limit_headers(bucket: str, most: int, left: int, reset_after_s: float) -> dict[str, str]:
    """What Discord says about a bucket at every answer."""
    return {
        "X-RateLimit-Limit": str(most),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset-After": f"{reset_after_s:.3f}",
        "X-RateLimit-Bucket": f"{abs(hash(bucket)):x}",
    }


def too_many(retry_after_s: float, headers: dict[str, str] | None = None, *, everywhere: bool = False) -> web.Response:
    """429 as Discord itself gives it (`Via` tells it from a ban at the edge, which has no JSON)."""
    body = {"message": "You are being rate limited.", "retry_after": round(retry_after_s, 3), "global": everywhere}
    return told(429, body, limited_headers(retry_after_s, everywhere=everywhere) | (headers or {}))


def limited_headers(retry_after_s: float, *, everywhere: bool) -> dict[str, str]:
    """The headers of a 429."""
    scope = (
        {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"} if everywhere else {"X-RateLimit-Scope": "user"}
    )
    return {"Via": "1.1 google", "Retry-After": str(math.ceil(retry_after_s))} | scope


def told(status: int, body: Json | list[Json] | str | None, headers: dict[str, str] | None = None) -> web.Response:
    """An answer; JSON without a charset, which is how discord.py recognises it."""
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type="text/html", headers=headers)
    if body is None:
        return web.Response(status=status, headers=headers)
    raw = json.dumps(body).encode()
    return web.Response(status=status, body=raw, headers={"Content-Type": "application/json"} | (headers or {}))
