"""The endpoints for people, places and messages. Each checks what the bot may do, then does it.

Knows no webhook and no interaction.
"""

from collections.abc import Callable

from aiohttp import web

from tests.discord_server import rules
from tests.discord_server.front import told
from tests.discord_server.gateway import Gateway
from tests.discord_server.rules import ApiError, require, unknown
from tests.discord_server.state import DM, THREAD, Channel, Guild, Json, Message, User, World
from tests.discord_server.talk import Talk
from tests.discord_server.wire import channel_json, guild_json, member_json, message_json, role_json, user_json


class Rest:
    """What a bot may call about people, places and messages."""

    def __init__(self, world: World, talk: Talk, gateway: Gateway, gateway_url: Callable[[], str]) -> None:
        self._world = world
        self._talk = talk
        self._gateway = gateway
        self._gateway_url = gateway_url
        self.content_switch = True
        """The portal's switch for message content: over HTTP it decides alone, whatever the session asked for."""

    def routes(self) -> list[web.RouteDef]:
        """All of them, relative to the API's root."""
        messages = "/channels/{channel}/messages"
        return [
            web.get("/users/@me", self.me),
            web.get("/oauth2/applications/@me", self.application),
            web.get("/applications/@me", self.application),
            web.get("/gateway/bot", self.gateway),
            web.post("/users/@me/channels", self.open_dm),
            web.get("/users/{user}", self.user),
            web.get("/guilds/{guild}", self.guild),
            web.get("/guilds/{guild}/channels", self.guild_channels),
            web.get("/guilds/{guild}/roles", self.guild_roles),
            web.get("/guilds/{guild}/members/{user}", self.member),
            web.get("/channels/{channel}", self.channel),
            web.post("/channels/{channel}/typing", self.type),
            web.get(messages, self.history),
            web.post(messages, self.send),
            web.post(messages + "/bulk-delete", self.delete_many),
            web.get(messages + "/{message}", self.message),
            web.patch(messages + "/{message}", self.edit),
            web.delete(messages + "/{message}", self.delete),
        ]

    def channel_of(self, request: web.Request) -> Channel:
        """The channel in the path, if the bot can see it."""
        channel = self._world.channels.get(request.match_info["channel"])
        if channel is None:
            raise unknown("Channel")
        require(channel, self._world.bot)
        return channel

    def message_of(self, request: web.Request, channel: Channel) -> Message:
        """The message in the path, if it is in that channel."""
        message = self._world.messages.get(request.match_info["message"])
        if message is None or message.channel is not channel or message.only_for:
            raise unknown("Message")
        return message

    def _guild_of(self, request: web.Request) -> Guild:
        guild = self._world.guilds.get(request.match_info["guild"])
        if guild is None:
            raise unknown("Guild")
        if self._world.bot.id not in guild.members:
            raise rules.missing_access()
        return guild

    def _user_of(self, request: web.Request) -> User:
        user = self._world.users.get(request.match_info["user"])
        if user is None:
            raise unknown("User")
        return user

    def json_of(self, message: Message) -> Json:
        """A message as the bot may read it over HTTP."""
        return message_json(message, self._world.bot, content_intent=self.content_switch)

    async def me(self, _: web.Request) -> web.Response:
        return told(200, user_json(self._world.bot) | {"verified": True, "mfa_enabled": False, "flags": 0})

    async def application(self, _: web.Request) -> web.Response:
        bot = self._world.bot
        return told(
            200,
            {
                "id": bot.id,
                "name": bot.name,
                "icon": None,
                "description": "",
                "bot_public": False,
                "bot_require_code_grant": False,
                "owner": user_json(bot) | {"bot": False},
                "team": None,
                "verify_key": "0" * 64,
                "flags": (1 << 19) if self.content_switch else 0,
            },
        )

    async def gateway(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": self._gateway.starts_left, "reset_after": 3_600_000, "max_concurrency": 1}
        return told(200, {"url": self._gateway_url(), "shards": 1, "session_start_limit": limit})

    async def open_dm(self, request: web.Request) -> web.Response:
        user = self._world.users.get(str((await request.json()).get("recipient_id")))
        if user is None:
            raise rules.invalid("recipient_id", "NUMBER_TYPE_COERCE", "Unknown recipient.")
        if user is self._world.bot:
            raise ApiError(400, 50007, "Cannot send messages to this user")
        return told(200, channel_json(self._world.dm_with(user), self._world.bot))

    async def user(self, request: web.Request) -> web.Response:
        return told(200, user_json(self._user_of(request)))

    async def guild(self, request: web.Request) -> web.Response:
        guild = self._guild_of(request)
        whole = guild_json(guild, [], [], self._world.bot)
        for only_on_gateway in ("channels", "threads", "members", "presences", "voice_states"):
            del whole[only_on_gateway]
        return told(200, whole)

    async def guild_channels(self, request: web.Request) -> web.Response:
        guild = self._guild_of(request)
        here = [c for c in self._world.channels.values() if c.guild is guild and c.kind != THREAD]
        return told(200, [channel_json(channel, self._world.bot) for channel in here])

    async def guild_roles(self, request: web.Request) -> web.Response:
        roles = self._guild_of(request).roles.values()
        return told(200, [role_json(role, at) for at, role in enumerate(roles)])

    async def member(self, request: web.Request) -> web.Response:
        guild, user = self._guild_of(request), self._user_of(request)
        if user.id not in guild.members:
            raise unknown("Member")
        return told(200, member_json(guild, user))

    async def channel(self, request: web.Request) -> web.Response:
        return told(200, channel_json(self.channel_of(request), self._world.bot))

    async def type(self, request: web.Request) -> web.Response:
        channel = self.channel_of(request)
        self._may_send(channel)
        self._world.typing.append(channel)
        return told(204, None)

    async def history(self, request: web.Request) -> web.Response:
        channel = self.channel_of(request)
        page = rules.in_order(self._world.in_channel(channel), dict(request.query))
        if not rules.permissions_in(channel, self._world.bot) & rules.READ_HISTORY:
            page = []  # not an error: the history of a channel one may not read back is empty
        return told(200, [self.json_of(message) for message in page])

    async def message(self, request: web.Request) -> web.Response:
        channel = self.channel_of(request)
        require(channel, self._world.bot, rules.READ_HISTORY)
        return told(200, self.json_of(self.message_of(request, channel)))

    async def send(self, request: web.Request) -> web.Response:
        channel = self.channel_of(request)
        self._may_send(channel)
        body = await request.json()
        if body.get("message_reference") and not (rules.permissions_in(channel, self._world.bot) & rules.READ_HISTORY):
            raise ApiError(403, 160002, "Cannot reply without permission to read message history")
        message = self._talk.post(channel, self._world.bot, body)
        return told(200, self.json_of(message) | ({"nonce": body["nonce"]} if body.get("nonce") else {}))

    def _may_send(self, channel: Channel) -> None:
        bot = self._world.bot
        if channel.kind != DM:
            require(channel, bot, rules.SEND_IN_THREADS if channel.kind == THREAD else rules.SEND)
            return
        person = channel.recipient
        assert person is not None
        if person.bot or not person.takes_dms:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        if not any(person.id in g.members and bot.id in g.members for g in self._world.guilds.values()):
            raise ApiError(403, 50278, "Cannot send messages to this user due to having no mutual guilds")

    async def edit(self, request: web.Request) -> web.Response:
        message = self.message_of(request, self.channel_of(request))
        body = await request.json()
        if message.author is not self._world.bot and (
            set(body) - {"flags"} or not rules.permissions_in(message.channel, self._world.bot) & rules.MANAGE_MESSAGES
        ):
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        self._talk.edit(message, body)
        return told(200, self.json_of(message))

    async def delete(self, request: web.Request) -> web.Response:
        message = self.message_of(request, self.channel_of(request))
        if message.author is not self._world.bot:
            if message.channel.kind == DM:
                raise ApiError(403, 50003, "Cannot execute action on a DM channel")
            require(message.channel, self._world.bot, rules.MANAGE_MESSAGES)
        self._talk.delete(message)
        return told(204, None)

    async def delete_many(self, request: web.Request) -> web.Response:
        channel = self.channel_of(request)
        if channel.kind == DM:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        require(channel, self._world.bot, rules.MANAGE_MESSAGES)
        self._talk.delete_many(channel, [str(one) for one in (await request.json())["messages"]])
        return told(204, None)
