"""What people do on the pretended Discord, and what they see: the levers a test pulls.

Refuses (AssertionError) what a person could not do: press a button he does not see, use a command nobody registered.
"""

import secrets
from collections.abc import Mapping

from tests.discord_server import rules, wire
from tests.discord_server.gateway import Gateway
from tests.discord_server.state import (
    DM,
    TEXT,
    THREAD,
    Channel,
    Guild,
    Interaction,
    Json,
    Message,
    Role,
    User,
    Webhook,
    World,
    parts_of,
)
from tests.discord_server.talk import Talk


def fill(field: Json, words: Mapping[str, str]) -> Json:
    """One field of a form as it is sent back; its limits are the form's own."""
    name = field["custom_id"]
    value = words.get(name, field.get("value") or "")
    longest = field.get("max_length") or 4000
    assert (field.get("min_length") or 0) <= len(value) <= longest, f"the form does not take {name}"
    assert value or not field.get("required", True), f"{name} is required"
    return {"type": 4, "id": 2, "custom_id": name, "value": value}


class People:
    """People's side of the platform."""

    def __init__(self, world: World, talk: Talk, gateway: Gateway) -> None:
        self.world = world
        self.bot = world.bot
        self._talk = talk
        self._gateway = gateway

    def add_guild(self, name: str = "Harbour", *, bot_may: int = rules.ORDINARY) -> Guild:
        """A server with the bot in it; `bot_may` is what everybody may, so the bot too."""
        everyone = Role(self.world.clock.snowflake(), "@everyone", bot_may)
        guild = Guild(everyone.id, name, self.world.user("Guild Founder"), everyone, {everyone.id: everyone})
        guild.members = {guild.owner.id: [], self.bot.id: []}
        self.world.guilds[guild.id] = guild
        self._tell("GUILD_CREATE", None, wire.guild_json(guild, [], [self.bot], self.bot))
        return guild

    def add_role(self, guild: Guild, name: str, permissions: int = 0) -> Role:
        """A role of a guild."""
        role = Role(self.world.clock.snowflake(), name, permissions)
        guild.roles[role.id] = role
        told = {"guild_id": guild.id, "role": wire.role_json(role, len(guild.roles) - 1)}
        self._tell("GUILD_ROLE_CREATE", None, told)
        return role

    def add_channel(self, guild: Guild, name: str = "general", *, parent: Channel | None = None) -> Channel:
        """A text channel; with `parent` a thread in it."""
        kind = THREAD if parent else TEXT
        channel = Channel(self.world.clock.snowflake(), name, kind, guild=guild, parent=parent)
        self.world.channels[channel.id] = channel
        event = "THREAD_CREATE" if parent else "CHANNEL_CREATE"
        self._tell(event, channel, wire.channel_json(channel, self.bot))
        return channel

    def add_user(self, name: str, *guilds: Guild, roles: tuple[Role, ...] = (), bot: bool = False) -> User:
        """A person (or a bot of somebody else), member of these guilds with these roles."""
        user = self.world.user(name, bot=bot)
        for guild in guilds:
            self.join(user, guild, *roles)
        return user

    def join(self, user: User, guild: Guild, *roles: Role) -> None:
        """Become a member, or be given other roles."""
        event = "GUILD_MEMBER_UPDATE" if user.id in guild.members else "GUILD_MEMBER_ADD"
        guild.members[user.id] = [role.id for role in roles if role.id in guild.roles]
        self._tell(event, None, wire.member_json(guild, user) | {"guild_id": guild.id})

    def leave(self, user: User, guild: Guild) -> None:
        """Leave a server; the bot itself is told so with GUILD_DELETE."""
        del guild.members[user.id]
        if user is self.bot:
            self._tell("GUILD_DELETE", None, {"id": guild.id})
        else:
            self._tell("GUILD_MEMBER_REMOVE", None, {"guild_id": guild.id, "user": wire.user_json(user)})

    def deny(self, channel: Channel, *permissions: int, who: User | Role | None = None) -> None:
        """Take permissions away in one channel (`rules.SEND`, ...); from the bot if nobody is named."""
        target = (who or self.bot).id
        allow, deny = channel.overwrites.get(target, (0, 0))
        bits = sum(set(permissions))
        channel.overwrites[target] = (allow & ~bits, deny | bits)
        self._tell("CHANNEL_UPDATE", channel, wire.channel_json(channel, self.bot))

    def dm(self, user: User) -> Channel:
        """The private chat of a user with the bot."""
        return self.world.dm_with(user)

    def mention(self, who: User | Role) -> str:
        """How a mention is written in a message."""
        return f"<@&{who.id}>" if isinstance(who, Role) else f"<@{who.id}>"

    def writes(
        self,
        author: User,
        channel: Channel,
        text: str,
        *,
        mentions: tuple[User, ...] = (),
        reply_to: Message | None = None,
        ping: bool = True,
    ) -> Message:
        """Somebody writes. `mentions` come before the text; `ping` False: the reply does not notify whom it answers."""
        if channel.kind != DM:
            rules.require(channel, author)
        assert author is not self.bot, "the bot speaks through the API"
        body: Json = {"content": " ".join([*(self.mention(user) for user in mentions), text])}
        if reply_to:
            body["message_reference"] = {"message_id": reply_to.id}
            body["allowed_mentions"] = {"parse": ["users", "roles", "everyone"], "replied_user": ping}
        return self._talk.post(channel, author, body)

    def system_line(self, author: User, channel: Channel, kind: int = 7) -> Message:
        """A line the platform writes itself (7: somebody joined)."""
        message = Message(self.world.clock.snowflake(), channel, author, "", kind=kind)
        self.world.messages[message.id] = message
        self._tell("MESSAGE_CREATE", channel, wire.event_json(message, self.bot, content_intent=True))
        return message

    def webhook_writes(self, channel: Channel, name: str, text: str) -> Message:
        """Somebody else's webhook writes."""
        owner = self.world.user("Feed Reader", bot=True)
        hook = Webhook(self.world.clock.snowflake(), secrets.token_urlsafe(51), name, channel, owner)
        self.world.webhooks[hook.id] = hook
        return self._talk.post(channel, User(hook.id, name, bot=True), {"content": text}, webhook=hook)

    def edits(self, message: Message, text: str) -> None:
        """The author changes what he wrote."""
        self._talk.edit(message, {"content": text})

    def arrives_again(self, message: Message) -> None:
        """The platform delivers a message twice."""
        self._talk.repeat(message)

    def previews(self, message: Message) -> None:
        """The platform adds a link preview: a MESSAGE_UPDATE that is no edit."""
        self._talk.touch(message)

    def deletes(self, *messages: Message) -> None:
        """Messages are taken away; several at once by a moderator's bulk deletion."""
        if len(messages) == 1:
            self._talk.delete(messages[0])
        else:
            self._talk.delete_many(messages[0].channel, [message.id for message in messages])

    def offered(self, user: User, channel: Channel) -> list[str]:
        """The commands in this user's menu. (An administrator may open others to him: `slash` takes every one.)"""
        bits = rules.permissions_in(channel, user)
        needs = {c["name"]: c["default_member_permissions"] for c in self._registered(channel)}
        return [n for n, need in needs.items() if need is None or bits & (int(need) or rules.ADMINISTRATOR)]

    def _registered(self, channel: Channel) -> list[Json]:
        here, places = (0, (channel.guild.id, None)) if channel.guild else (1, (None,))
        everywhere = [command for place in places for command in self.world.commands.get(place, [])]
        return [command for command in everywhere if command["contexts"] is None or here in command["contexts"]]

    def slash(self, user: User, name: str, channel: Channel, /, **words: str | int | bool) -> Interaction:
        """Use a registered command. The handle shows how it was answered (`answer`, `shown`, `deferred`, `modal`)."""
        found = next((command for command in self._registered(channel) if command["name"] == name), None)
        assert found is not None, f"nobody registered /{name} here"
        offered = {option["name"]: option for option in found.get("options") or []}
        assert set(words) <= set(offered), f"/{name} has no option {set(words) - set(offered)}"
        missing = [option for option in offered.values() if option.get("required") and option["name"] not in words]
        assert not missing, f"/{name} needs {missing}"
        options = [{"name": word, "type": offered[word]["type"], "value": value} for word, value in words.items()]
        data: Json = {"id": found["id"], "name": name, "type": 1, "options": options}
        return self._interact(2, user, channel, data)

    def press(self, user: User, message: Message, custom_id: str) -> Interaction:
        """Press a button that this user sees on a message."""
        assert message.id in self.world.messages, "the message is gone"
        assert message.only_for in (None, user), "he does not see that message"
        button = next((b for b in message.buttons if b.get("custom_id") == custom_id), None)
        assert button is not None, f"no button {custom_id}"
        assert not button.get("disabled"), f"button {custom_id} is disabled"
        data: Json = {"id": button["id"], "custom_id": custom_id, "component_type": 2}
        return self._interact(3, user, message.channel, data, message)

    def submit(self, asked: Interaction, fields: Mapping[str, str] | None = None) -> Interaction:
        """Fill in the form that an interaction was answered with; what is not named keeps its prefill."""
        assert asked.modal is not None, "no form was shown"
        rows: list[Json] = []
        for row in asked.modal["components"]:
            filled = [fill(part, fields or {}) for part in parts_of(row) if part["type"] == 4]
            wrapped: Json = {"component": filled[0]} if row["type"] == 18 else {"components": filled}
            rows.append({"type": row["type"], "id": 1} | wrapped)
        data: Json = {"custom_id": asked.modal["custom_id"], "components": rows}
        return self._interact(5, asked.user, asked.channel, data, asked.message)

    def _interact(self, kind: int, user: User, channel: Channel, data: Json, on: Message | None = None) -> Interaction:
        clock = self.world.clock
        made = Interaction(clock.snowflake(), secrets.token_urlsafe(32), kind, user, channel, data, clock.now_ms(), on)
        self.world.interactions[made.token] = made
        permissions = rules.permissions_in(channel, self.bot)
        self._tell("INTERACTION_CREATE", channel, wire.interaction_json(made, self.bot, permissions))
        return made

    def shown(self, channel: Channel) -> list[Message]:
        """What everybody in the channel sees, oldest first."""
        return list(self.world.in_channel(channel))

    def said(self, channel: Channel) -> list[str]:
        """The texts of the bot (by itself or through its webhooks) that everybody in the channel sees."""
        return [message.text for message in self.shown(channel) if self._is_mine(message)]

    def whispered(self, user: User) -> list[Message]:
        """What this user alone sees, oldest first."""
        return [message for message in self.world.messages.values() if message.only_for is user]

    def pings(self) -> list[Message]:
        """The bot's messages that notified somebody."""
        return [message for message in self.world.messages.values() if self._is_mine(message) and message.pinged]

    def _is_mine(self, message: Message) -> bool:
        return message.author is self.bot or (message.webhook is not None and message.webhook.owner is self.bot)

    def _tell(self, event: str, channel: Channel | None, data: Json) -> None:
        seen = channel is None or event == "INTERACTION_CREATE" or self._sees(channel)
        self._gateway.tell(event, channel, lambda _: data, seen)

    def _sees(self, channel: Channel) -> bool:
        return bool(rules.permissions_in(channel, self.bot) & rules.VIEW)
