"""The pretended Discord, whole: REST API and gateway on a free port of this machine.

    async with running_discord() as server:
        guild = server.add_guild()
        channel = server.add_channel(guild)
        robin = server.add_user("Robin", guild)
        ...                                    # a real discord.py client logs in with server.token
        server.writes(robin, channel, "are you there?", mentions=(server.bot,))
        await until(lambda: server.said(channel))

It answers as the platform would to a bot that breaks its rules; levers make it slow, deaf or broken.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self

import discord.gateway
import discord.http
import yarl
from aiohttp import web

from tests.discord_server import rules, wire
from tests.discord_server.front import Fault, Front, Limit, limited_headers
from tests.discord_server.gateway import Gateway, Session
from tests.discord_server.levers import People
from tests.discord_server.rest import Rest
from tests.discord_server.rest_interactions import Interactions
from tests.discord_server.rest_webhooks import Webhooks
from tests.discord_server.state import Call, Channel, Clock, Json, World
from tests.discord_server.talk import Talk

API = "/api/v10"
SENDS = "POST /channels/*/messages"


class DiscordServer(People):
    """One platform with one application. What people do and see is in `People`."""

    def __init__(self) -> None:
        self.token = "pretended.discord.token"
        self.clock = Clock()
        self.front = Front(self.token, API)
        self.gateway = Gateway(self.token, self._welcome)
        world = World(self.clock)
        talk = Talk(world, self.gateway)
        super().__init__(world, talk, self.gateway)
        self._rest = Rest(world, talk, self.gateway, lambda: self.gateway_url)
        webhooks = Webhooks(world, talk, self._rest)
        self._interactions = Interactions(world, talk, self._rest, webhooks)
        self._app = web.Application(middlewares=[self.front.middleware()])
        for part in (self._rest, webhooks, self._interactions):
            self._app.add_routes([web.route(r.method, API + r.path, r.handler) for r in part.routes()])
        self._app.add_routes([web.get("/gateway/", self.gateway.serve), web.get("/gateway", self.gateway.serve)])
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.5)
        self._port = 0

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.front.release()
        self.gateway.release()
        await self.gateway.close_links(1001)
        await self._runner.cleanup()
        if error is None:
            assert not self.front.flaws, f"calls this server does not know, or failed at: {self.front.flaws}"

    @property
    def api_base(self) -> str:
        """The value for `discord.http.Route.BASE`."""
        return f"http://127.0.0.1:{self._port}{API}"

    @property
    def gateway_url(self) -> str:
        """The value for `DiscordWebSocket.DEFAULT_GATEWAY` (as a `yarl.URL`)."""
        return f"ws://127.0.0.1:{self._port}/gateway"

    def _welcome(self, session: Session) -> list[tuple[str, Json]]:
        """READY, then every guild of the bot if it asked for guilds."""
        mine = [guild for guild in self.world.guilds.values() if self.bot.id in guild.members]
        ready: Json = {
            "v": 10,
            "user": wire.user_json(self.bot) | {"verified": True, "mfa_enabled": False, "flags": 0},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in mine],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.gateway_url,
            "application": {"id": self.bot.id, "flags": (1 << 19) if self._rest.content_switch else 0},
            "private_channels": [],
            "_trace": [],
        }
        events = [("READY", ready)]
        if session.intents & rules.GUILDS:
            for guild in mine:
                seen = [
                    channel
                    for channel in self.world.channels.values()
                    if channel.guild is guild and rules.permissions_in(channel, self.bot) & rules.VIEW
                ]
                everybody = bool(session.intents & rules.MEMBERS)
                members = [self.world.users[one] for one in guild.members if everybody or one == self.bot.id]
                events.append(("GUILD_CREATE", wire.guild_json(guild, seen, members, self.bot)))
        return events

    # -- the portal, time and trouble

    def switch_intents(self, privileged: int) -> None:
        """The developer portal's switches (`rules.MESSAGE_CONTENT | rules.MEMBERS | rules.PRESENCES`)."""
        self.gateway.allowed_privileged = privileged
        self._rest.content_switch = bool(privileged & rules.MESSAGE_CONTENT)

    def plays(self, event: str, data: Json) -> None:
        """Dispatch a recorded event as it is, to every session."""
        self.gateway.tell(event, None, lambda _: data)

    def pass_time(self, seconds: float) -> None:
        """The platform's clock goes on at once; nobody waits."""
        self.clock.pass_time(seconds)

    @property
    def calls(self) -> list[Call]:
        """Every request that reached the API, in order."""
        return self.front.calls

    def called(self, which: str) -> list[Call]:
        """The calls like `which`, e.g. "POST /channels/*/messages"."""
        return [call for call in self.front.calls if fnmatchcase(f"{call.method} {call.path}", which)]

    @property
    def command_writes(self) -> int:
        """How often a list of commands was written."""
        return self._interactions.command_writes

    @property
    def typing(self) -> list[Channel]:
        """Where the bot showed that it types, in order."""
        return self.world.typing

    def limits(self, which: str = SENDS, *, most: int, per_s: float) -> None:
        """A rate limit with Discord's headers, for each path: more than `most` calls within `per_s` get a 429."""
        self.front.limits.append(Limit(which, most, per_s))

    def too_many(self, which: str = SENDS, *, retry_after_s: float, times: int = 1, everywhere: bool = False) -> None:
        """Answer 429 without counting; `everywhere`: the global limit."""
        body: Json = {"message": "You are being rate limited.", "retry_after": retry_after_s, "global": everywhere}
        headers = limited_headers(retry_after_s, everywhere=everywhere)
        self.front.faults.append(Fault(which, times, 429, body, headers))

    def bans(self, which: str = "*", *, times: int = 1) -> None:
        """429 from the edge: a page without JSON and without `Via`."""
        self.front.faults.append(Fault(which, times, 429, "error code: 1015", {"Retry-After": "3600"}))

    def breaks_down(self, which: str = SENDS, *, status: int = 503, times: int = 1, after: bool = False) -> None:
        """Answer 5xx; `after`: although it was done."""
        self.front.faults.append(Fault(which, times, status, "<html>upstream error</html>", after=after))

    def refuses(self, which: str, status: int, code: int, message: str, *, times: int = 1) -> None:
        """Answer any refusal."""
        self.front.faults.append(Fault(which, times, status, {"code": code, "message": message}))

    def hangs_up(self, which: str = SENDS, *, times: int = 1, after: bool = True) -> None:
        """The connection dies instead of an answer; `after`: although the call was done."""
        self.front.faults.append(Fault(which, times, after=after))

    def held(self, which: str = SENDS) -> AbstractAsyncContextManager[Callable[[], int]]:
        """While this lasts such calls wait at the door, not done yet; gives a function: how many wait."""
        return self.front.held(which)


@contextmanager
def discord_at(server: DiscordServer) -> Iterator[None]:
    """Point discord.py at this server and back: its addresses are attributes of classes, for the whole process."""
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = server.api_base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)
    try:
        yield
    finally:
        discord.http.Route.BASE = base
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway


@asynccontextmanager
async def running_discord() -> AsyncIterator[DiscordServer]:
    """Both at once."""
    async with DiscordServer() as server:
        with discord_at(server):
            yield server
