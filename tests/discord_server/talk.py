"""Messages come, change and go: kept in the world, told on the gateway. The one place where a message is made.

Knows who is notified and what a body becomes; permissions are asked by its callers.
"""

import re
from itertools import count

from tests.discord_server import rules
from tests.discord_server.gateway import Gateway
from tests.discord_server.state import Channel, Interaction, Json, Message, User, Webhook, World, ms_of
from tests.discord_server.wire import event_json

REPLY, SLASH = 19, 20


def numbered(rows: list[Json]) -> list[Json]:
    """Components as Discord keeps them: each with an id, counted through in reading order."""
    ids = count(1)
    made = []
    for row in rows:
        numbers = {"id": next(ids)}
        made.append(row | numbers | {"components": [part | {"id": next(ids)} for part in row.get("components", [])]})
    return made


class Talk:
    """What is said on the platform."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def post(
        self,
        channel: Channel,
        author: User,
        body: Json,
        *,
        webhook: Webhook | None = None,
        interaction: Interaction | None = None,
        only_for: User | None = None,
    ) -> Message:
        """Check a body and show it. The same nonce of the same author within minutes is the same message."""
        rules.check_content(body)
        rules.check_allowed_mentions(body.get("allowed_mentions"))
        nonce = str(body["nonce"]) if body.get("nonce") is not None and not webhook else None
        now_ms = self._world.clock.now_ms()
        if nonce and body.get("enforce_nonce"):
            said = self._world.nonces.get((author.id, nonce))
            if said and now_ms - said[0] <= rules.NONCE_SPAN_MS:
                return said[1]
        reply_to, replied = (None, False) if webhook else self._reference(channel, body)
        message = Message(
            self._world.clock.snowflake(),
            channel,
            author,
            body.get("content") or "",
            kind=SLASH if interaction and interaction.kind == 2 else REPLY if replied else 0,
            reply_to=reply_to,
            replied=replied,
            flags=body.get("flags", 0) & rules.SETTABLE_FLAGS | (rules.EPHEMERAL if only_for else 0),
            embeds=body.get("embeds") or [],
            components=numbered(body.get("components") or []),
            nonce=nonce,
            webhook=webhook,
            avatar_url=body.get("avatar_url"),
            only_for=only_for,
            interaction=interaction,
            allowed_mentions=body.get("allowed_mentions"),
        )
        self._ping(message)
        self._preview_links(message)
        if nonce:
            self._world.nonces[(author.id, nonce)] = (now_ms, message)
        self._world.messages[message.id] = message
        self._tell("MESSAGE_CREATE", message)
        message.nonce = None  # Discord tells it once and does not keep it
        return message

    def _reference(self, channel: Channel, body: Json) -> tuple[Message | None, bool]:
        reference = body.get("message_reference")
        if not reference:
            return None, False
        found = self._world.messages.get(str(reference["message_id"]))
        if found and (found.channel is not channel or found.only_for):
            found = None
        if found is None and reference.get("fail_if_not_exists", True):
            raise rules.invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return found, found is not None

    def _ping(self, message: Message) -> None:
        channel, author = message.channel, message.author
        everyone = bool(rules.permissions_in(channel, author) & rules.MENTION_EVERYONE) or message.webhook is not None
        everyone = everyone and channel.guild is not None
        replied = message.reply_to.author if message.reply_to else None
        pinged = rules.pinged_by(message.text, message.allowed_mentions, replied, everyone=everyone)
        known = {channel.recipient.id} if channel.recipient else set(channel.guild.members if channel.guild else ())
        known |= set(channel.guild.roles) if channel.guild else set()
        message.pinged = frozenset(pinged & (known | {"everyone", self._world.bot.id}))
        message.mentions = [self._world.users[who] for who in sorted(message.pinged) if who in self._world.users]

    def _preview_links(self, message: Message) -> None:
        """What people see below a link, unless the sender suppressed it."""
        if message.flags & rules.SUPPRESS_EMBEDS:
            message.embeds = []
        elif not message.embeds:
            message.embeds = [{"type": "link", "url": url} for url in re.findall(r"https?://\S+", message.text)]

    def edit(self, message: Message, body: Json) -> None:
        """Change what is given, leave what is not."""
        rules.check_content(body, already=message)
        if "content" in body:
            message.text = body["content"] or ""
            message.edited_ms = self._world.clock.now_ms()
        message.components = numbered(body.get("components", message.components) or [])
        message.embeds = body.get("embeds", message.embeds) or []
        if "flags" in body:
            message.flags = message.flags & ~rules.SUPPRESS_EMBEDS | body["flags"] & rules.SUPPRESS_EMBEDS
        self._preview_links(message)
        self._tell("MESSAGE_UPDATE", message)

    def repeat(self, message: Message) -> None:
        """Tell of it once more, as after a RESUME that reached too far back."""
        self._tell("MESSAGE_CREATE", message)

    def touch(self, message: Message) -> None:
        """An update that is no edit: the platform itself added something (a link preview)."""
        self._tell("MESSAGE_UPDATE", message)

    def delete(self, message: Message) -> None:
        """Take it away for everybody."""
        del self._world.messages[message.id]
        self._tell_gone("MESSAGE_DELETE", message.channel, {"id": message.id}, message.only_for)

    def delete_many(self, channel: Channel, ids: list[str]) -> None:
        """Bulk deletion: one event for all; 2 to 100 messages, none older than 14 days."""
        if not 2 <= len(set(ids)) <= 100:
            words = "Provided too few or too many messages to delete. Must provide at least 2 and at most 100 messages."
            raise rules.ApiError(400, 50016, words)
        if any(self._world.clock.now_ms() - ms_of(one) > rules.BULK_DELETE_SPAN_MS for one in ids):
            raise rules.ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
        here = [one for one in ids if one in self._world.messages and self._world.messages[one].channel is channel]
        for one in here:
            del self._world.messages[one]
        self._tell_gone("MESSAGE_DELETE_BULK", channel, {"ids": here}, None)

    def _tell(self, event: str, message: Message) -> None:
        if message.only_for is None:
            me = self._world.bot
            self._gateway.tell(
                event,
                message.channel,
                lambda intents: event_json(message, me, content_intent=bool(intents & rules.MESSAGE_CONTENT)),
                bool(rules.permissions_in(message.channel, me) & rules.VIEW),
            )

    def _tell_gone(self, event: str, channel: Channel, data: Json, only_for: User | None) -> None:
        told = data | {"channel_id": channel.id} | ({"guild_id": channel.guild.id} if channel.guild else {})
        if only_for is None:
            self._gateway.tell(
                event,
                channel,
                lambda _: told,
                bool(rules.permissions_in(channel, self._world.bot) & rules.VIEW),
            )
