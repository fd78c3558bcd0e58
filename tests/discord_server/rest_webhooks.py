"""The endpoints of webhooks: made by a bot that may, spoken through by whoever holds the token."""

import secrets

from aiohttp import web

from tests.discord_server import rules
from tests.discord_server.front import told
from tests.discord_server.rest import Rest
from tests.discord_server.rules import ApiError, require, unknown
from tests.discord_server.state import DM, Message, User, Webhook, World
from tests.discord_server.talk import Talk
from tests.discord_server.wire import webhook_json


class Webhooks:
    """Webhooks and what is said through them."""

    def __init__(self, world: World, talk: Talk, rest: Rest) -> None:
        self._world = world
        self._talk = talk
        self._rest = rest

    def routes(self) -> list[web.RouteDef]:
        """Those with a webhook's own token are mounted by the interactions, which share their paths."""
        return [
            web.post("/channels/{channel}/webhooks", self.create),
            web.get("/channels/{channel}/webhooks", self.of_channel),
            web.get("/guilds/{guild}/webhooks", self.of_guild),
            web.get("/webhooks/{webhook}", self.fetch),
            web.delete("/webhooks/{webhook}", self.remove),
        ]

    async def create(self, request: web.Request) -> web.Response:
        channel = self._rest.channel_of(request)
        if channel.kind == DM:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        require(channel, self._world.bot, rules.MANAGE_WEBHOOKS)
        name = (await request.json()).get("name")
        rules.check_webhook_name(name, "name")
        here = [hook for hook in self._world.webhooks.values() if hook.channel is channel]
        if len(here) >= rules.WEBHOOKS_PER_CHANNEL:
            raise ApiError(400, 30007, "Maximum number of webhooks reached (15)")
        made = Webhook(self._world.clock.snowflake(), secrets.token_urlsafe(51), name.strip(), channel, self._world.bot)
        self._world.webhooks[made.id] = made
        return told(200, webhook_json(made, self._world.bot))

    async def of_channel(self, request: web.Request) -> web.Response:
        channel = self._rest.channel_of(request)
        require(channel, self._world.bot, rules.MANAGE_WEBHOOKS)
        hooks = [hook for hook in self._world.webhooks.values() if hook.channel is channel]
        return told(200, [webhook_json(hook, self._world.bot) for hook in hooks])

    async def of_guild(self, request: web.Request) -> web.Response:
        guild = self._world.guilds.get(request.match_info["guild"])
        hooks = [hook for hook in self._world.webhooks.values() if hook.channel.guild is guild]
        for hook in hooks:
            require(hook.channel, self._world.bot, rules.MANAGE_WEBHOOKS)
        return told(200, [webhook_json(hook, self._world.bot) for hook in hooks])

    def _mine(self, request: web.Request) -> Webhook:
        hook = self._world.webhooks.get(request.match_info["webhook"])
        if hook is None:
            raise unknown("Webhook")
        require(hook.channel, self._world.bot, rules.MANAGE_WEBHOOKS)
        return hook

    async def fetch(self, request: web.Request) -> web.Response:
        return told(200, webhook_json(self._mine(request), self._world.bot))

    async def remove(self, request: web.Request) -> web.Response:
        del self._world.webhooks[self._mine(request).id]
        return told(204, None)

    async def fetch_by_token(self, request: web.Request) -> web.Response:
        """GET with the webhook's own token."""
        told_of_it = webhook_json(self.by_token(request), self._world.bot)
        return told(200, {name: value for name, value in told_of_it.items() if name != "user"})

    def by_token(self, request: web.Request) -> Webhook:
        """The webhook whose id and token are in the path."""
        hook = self._world.webhooks.get(request.match_info["webhook"])
        if hook is None:
            raise unknown("Webhook")
        if not secrets.compare_digest(hook.token, request.match_info["token"]):
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return hook

    async def execute(self, request: web.Request) -> web.Response:
        """Say something through it: no nonce, no reply; the id comes back only with `wait`."""
        hook = self.by_token(request)
        body = await request.json()
        name = body.get("username") or hook.name
        rules.check_webhook_name(name, "username")
        channel = hook.channel
        thread = request.query.get("thread_id")
        if thread:
            found = self._world.channels.get(thread)
            if found is None or found.parent is not channel:
                raise unknown("Channel")
            channel = found
        message = self._talk.post(channel, User(hook.id, name, bot=True), body, webhook=hook)
        if request.query.get("wait") in ("1", "true"):
            return told(200, self._rest.json_of(message) | {"content": message.text})
        return told(204, None)

    def said(self, request: web.Request) -> Message:
        """A message said through this webhook."""
        hook = self.by_token(request)
        message = self._world.messages.get(request.match_info["message"])
        if message is None or message.webhook is not hook:
            raise unknown("Message")
        return message
