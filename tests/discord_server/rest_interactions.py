"""The endpoints of interactions: the one answer within 3 seconds, what may follow within 15 minutes, and the commands.

An application's follow-ups share their paths with webhooks; which of the two is meant is decided here.
"""

from aiohttp import web

from tests.discord_server import rules
from tests.discord_server.front import told
from tests.discord_server.rest import Rest
from tests.discord_server.rest_webhooks import Webhooks
from tests.discord_server.rules import ApiError, unknown
from tests.discord_server.state import Interaction, Json, Message, World
from tests.discord_server.talk import Talk

PONG, MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9
COMMAND, COMPONENT, AUTOCOMPLETE, FORM = 2, 3, 4, 5
ALLOWED = {
    COMMAND: {MESSAGE, DEFER, MODAL},
    COMPONENT: {MESSAGE, DEFER, DEFER_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    FORM: {MESSAGE, DEFER, DEFER_UPDATE, UPDATE},
}


class Interactions:
    """Answers, follow-ups, and the list of commands."""

    def __init__(self, world: World, talk: Talk, rest: Rest, webhooks: Webhooks) -> None:
        self._world = world
        self._talk = talk
        self._rest = rest
        self._webhooks = webhooks
        self.command_writes = 0

    def routes(self) -> list[web.RouteDef]:
        """Answers by the interaction's token; commands by the bot's own."""
        spoken = "/webhooks/{webhook}/{token}"
        commands = "/applications/{application}/commands"
        in_guild = "/applications/{application}/guilds/{guild}/commands"
        return [
            web.post("/interactions/{interaction}/{token}/callback", self.answer),
            web.get(spoken, self._webhooks.fetch_by_token),
            web.post(spoken, self.follow_up),
            web.get(spoken + "/messages/{message}", self.fetch),
            web.patch(spoken + "/messages/{message}", self.edit),
            web.delete(spoken + "/messages/{message}", self.delete),
            *(web.get(path, self.list_commands) for path in (commands, in_guild)),
            *(web.put(path, self.write_commands) for path in (commands, in_guild)),
        ]

    async def answer(self, request: web.Request) -> web.Response:
        """The first and only answer: a message, "thinking", a form, or a change of the message it came from."""
        interaction = self._world.interactions.get(request.match_info["token"])
        now_ms = self._world.clock.now_ms()
        if interaction is None or interaction.id != request.match_info["interaction"]:
            raise unknown("interaction")
        if interaction.answer is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        if now_ms - interaction.at_ms > rules.INTERACTION_SPAN_MS:
            raise unknown("interaction")
        body = await request.json()
        kind, data = body["type"], body.get("data") or {}
        if kind not in ALLOWED[interaction.kind] or (kind in (DEFER_UPDATE, UPDATE) and interaction.message is None):
            raise rules.invalid("type", "BASE_TYPE_CHOICES", "This type of response is not allowed here")
        if kind == MODAL:
            rules.check_modal(data)
            interaction.modal = data
        elif kind == MESSAGE:
            interaction.ephemeral = bool(data.get("flags", 0) & rules.EPHEMERAL)
            interaction.original = self._post(interaction, data)
        elif kind == DEFER:
            interaction.ephemeral = bool(data.get("flags", 0) & rules.EPHEMERAL)
        elif interaction.message:
            interaction.original = interaction.message
            if kind == UPDATE:
                self._talk.edit(interaction.message, data)
        interaction.answer = kind
        if request.query.get("with_response") not in ("1", "true"):
            return told(204, None)
        told_of_it: Json = {"id": interaction.id, "type": interaction.kind}
        told_of_it["response_message_ephemeral"] = interaction.ephemeral
        answer: Json = {"interaction": told_of_it, "resource": {"type": kind}}
        if interaction.original:
            told_of_it["response_message_id"] = interaction.original.id
            answer["resource"]["message"] = self._rest.json_of(interaction.original)
        return told(200, answer)

    def _post(self, interaction: Interaction, data: Json, *, ephemeral: bool | None = None) -> Message:
        hidden = interaction.ephemeral if ephemeral is None else ephemeral
        return self._talk.post(
            interaction.channel,
            self._world.bot,
            {name: value for name, value in data.items() if name not in ("nonce", "message_reference")},
            interaction=interaction,
            only_for=interaction.user if hidden else None,
        )

    def _open(self, request: web.Request) -> Interaction | None:
        """The interaction whose token is in the path, if the path is the application's and the token still good."""
        if request.match_info["webhook"] != self._world.bot.id:
            return None
        interaction = self._world.interactions.get(request.match_info["token"])
        if interaction is None or self._world.clock.now_ms() - interaction.at_ms > rules.FOLLOWUP_SPAN_MS:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        if interaction.answer is None:
            raise unknown("Webhook")
        return interaction

    async def follow_up(self, request: web.Request) -> web.Response:
        """One more message. After "thinking" the first one takes its place, and is as hidden as that was."""
        interaction = self._open(request)
        if interaction is None:
            return await self._webhooks.execute(request)
        body = await request.json()
        if interaction.deferred:
            message = interaction.original = self._post(interaction, body)
        else:
            message = self._post(interaction, body, ephemeral=bool(body.get("flags", 0) & rules.EPHEMERAL))
            interaction.followups.append(message)
        return told(200, self._rest.json_of(message))

    def _message(self, request: web.Request) -> tuple[Interaction | None, Message]:
        interaction = self._open(request)
        if interaction is None:
            return None, self._webhooks.said(request)
        wanted = request.match_info["message"]
        found = interaction.original if wanted == "@original" else self._world.messages.get(wanted)
        if found is None or found not in [interaction.original, *interaction.followups]:
            raise unknown("Message")
        return interaction, found

    async def fetch(self, request: web.Request) -> web.Response:
        """The answer, or a follow-up."""
        return told(200, self._rest.json_of(self._message(request)[1]))

    async def edit(self, request: web.Request) -> web.Response:
        """Change the answer or a follow-up. Editing "thinking" is how a deferred answer arrives."""
        body = await request.json()
        interaction = self._open(request)
        if interaction and interaction.deferred and request.match_info["message"] == "@original":
            interaction.original = self._post(interaction, body)
            return told(200, self._rest.json_of(interaction.original))
        message = self._message(request)[1]
        self._talk.edit(message, body)
        return told(200, self._rest.json_of(message))

    async def delete(self, request: web.Request) -> web.Response:
        """Take the answer or a follow-up away."""
        interaction, message = self._message(request)
        self._talk.delete(message)
        if interaction and interaction.original is message:
            interaction.original = None
        elif interaction:
            interaction.followups.remove(message)
        return told(204, None)

    def _place(self, request: web.Request) -> str | None:
        if request.match_info["application"] != self._world.bot.id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
        guild = request.match_info.get("guild")
        if guild is not None and guild not in self._world.guilds:
            raise rules.missing_access()
        return guild

    async def list_commands(self, request: web.Request) -> web.Response:
        """What is registered."""
        return told(200, self._world.commands.get(self._place(request), []))

    async def write_commands(self, request: web.Request) -> web.Response:
        """Replace the whole list."""
        place, wanted = self._place(request), await request.json()
        rules.check_commands(wanted)
        self.command_writes += 1
        old = {command["name"]: command["id"] for command in self._world.commands.get(place, [])}
        snowflake = self._world.clock.snowflake
        made = [
            {
                "type": 1,
                "default_member_permissions": None,
                "dm_permission": True,
                "nsfw": False,
                "contexts": None,
                **command,
                "id": old.get(command["name"]) or snowflake(),
                "application_id": self._world.bot.id,
                "version": snowflake(),
            }
            | ({"guild_id": place} if place else {})
            for command in wanted
        ]
        self._world.commands[place] = made
        return told(200, made)
