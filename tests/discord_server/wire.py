"""How the pretended Discord writes its things as JSON (API v10). Pure: no rule but whose content a bot may read."""

from datetime import UTC, datetime

from tests.discord_server.state import (
    DM,
    THREAD,
    Channel,
    Guild,
    Interaction,
    Json,
    Message,
    Role,
    User,
    Webhook,
    ms_of,
)


def timestamp(at_ms: int) -> str:
    """ISO 8601 with microseconds and a zone, as Discord writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="microseconds")


def user_json(user: User) -> Json:
    """A user object."""
    return {
        "id": user.id,
        "username": user.name.lower().replace(" ", "."),
        "global_name": None if user.bot else user.name,
        "discriminator": "0",
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_json(guild: Guild, user: User, *, with_user: bool = True) -> Json:
    """A member object; inside a message it goes without its user."""
    member: Json = {
        "roles": list(guild.members[user.id]),
        "nick": guild.nicks.get(user.id),
        "avatar": None,
        "joined_at": "2026-01-05T10:00:00.000000+00:00",
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
    }
    return member | {"user": user_json(user)} if with_user else member


def role_json(role: Role, position: int) -> Json:
    """A role object."""
    return {
        "id": role.id,
        "name": role.name,
        "permissions": str(role.permissions),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def channel_json(channel: Channel, me: User) -> Json:
    """A channel object of any of the three kinds."""
    if channel.kind == DM:
        assert channel.recipient is not None
        return {
            "id": channel.id,
            "type": DM,
            "last_message_id": None,
            "flags": 0,
            "recipients": [user_json(channel.recipient)],
        }
    assert channel.guild is not None
    common: Json = {
        "id": channel.id,
        "type": channel.kind,
        "guild_id": channel.guild.id,
        "name": channel.name,
        "parent_id": channel.parent.id if channel.parent else None,
        "last_message_id": None,
        "rate_limit_per_user": 0,
        "flags": 0,
    }
    if channel.kind == THREAD:
        started = timestamp(ms_of(channel.id))
        return common | {
            "owner_id": me.id,
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": 1440,
                "archive_timestamp": started,
                "locked": False,
                "create_timestamp": started,
            },
        }
    overwrites = [
        {"id": who, "type": 0 if who in channel.guild.roles else 1, "allow": str(allow), "deny": str(deny)}
        for who, (allow, deny) in channel.overwrites.items()
    ]
    return common | {"position": 0, "topic": None, "nsfw": False, "permission_overwrites": overwrites}


def guild_json(guild: Guild, channels: list[Channel], members: list[User], me: User) -> Json:
    """A whole guild, as GUILD_CREATE carries it."""
    return {
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.owner.id,
        "icon": None,
        "unavailable": False,
        "large": False,
        "member_count": len(guild.members),
        "joined_at": "2026-01-05T10:00:00.000000+00:00",
        "roles": [role_json(role, at) for at, role in enumerate(guild.roles.values())],
        "channels": [channel_json(c, me) for c in channels if c.kind != THREAD],
        "threads": [channel_json(c, me) for c in channels if c.kind == THREAD],
        "members": [member_json(guild, user) for user in members],
        "emojis": [],
        "stickers": [],
        "features": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "preferred_locale": "en-US",
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "afk_channel_id": None,
        "afk_timeout": 300,
    }


def may_read(message: Message, me: User, *, content_intent: bool) -> bool:
    """Whether an app may read the words: granted, its own, a direct message, or it is mentioned."""
    return content_intent or message.author is me or message.channel.kind == DM or me in message.mentions


def message_json(message: Message, me: User, *, content_intent: bool, nested: bool = False) -> Json:
    """A message object as this app may see it; the message it replies to comes inside, one level deep."""
    readable = may_read(message, me, content_intent=content_intent)
    told: Json = {
        "id": message.id,
        "channel_id": message.channel.id,
        "type": message.kind,
        "author": author_json(message),
        "content": message.text if readable else "",
        "timestamp": timestamp(ms_of(message.id)),
        "edited_timestamp": timestamp(message.edited_ms) if message.edited_ms else None,
        "tts": False,
        "mention_everyone": "everyone" in message.pinged,
        "mentions": [user_json(user) for user in message.mentions],
        "mention_roles": [],
        "attachments": [],
        "embeds": message.embeds if readable else [],
        "components": message.components if readable else [],
        "pinned": False,
        "flags": message.flags,
    }
    if message.nonce is not None:
        told["nonce"] = message.nonce
    if message.webhook:
        told["webhook_id"] = message.webhook.id
        told["application_id"] = message.webhook.owner.id if message.webhook.owner.bot else None
    if message.interaction:
        told["interaction_metadata"] = {
            "id": message.interaction.id,
            "type": message.interaction.kind,
            "user": user_json(message.interaction.user),
            "authorizing_integration_owners": {},
        }
        told["application_id"] = me.id
        told["webhook_id"] = me.id
    if message.replied:
        told["message_reference"] = {
            "type": 0,
            "channel_id": message.channel.id,
            "message_id": message.reply_to.id if message.reply_to else "1",
        }
        if message.channel.guild:
            told["message_reference"]["guild_id"] = message.channel.guild.id
        if not nested:
            told["referenced_message"] = message.reply_to and message_json(
                message.reply_to, me, content_intent=content_intent, nested=True
            )
    return told


def author_json(message: Message) -> Json:
    """Who it is shown to be from: a webhook's message carries the webhook's id and its own avatar."""
    if not message.webhook:
        return user_json(message.author)
    return {
        "id": message.webhook.id,
        "username": message.author.name,
        "global_name": None,
        "discriminator": "0000",
        "avatar": None,
        "bot": True,
        "public_flags": 0,
    }


def event_json(message: Message, me: User, *, content_intent: bool) -> Json:
    """The same on the gateway: with the guild and the author's membership beside it."""
    told = message_json(message, me, content_intent=content_intent) | {"channel_type": message.channel.kind}
    guild = message.channel.guild
    if guild:
        told["guild_id"] = guild.id
        if message.author.id in guild.members and not message.webhook:
            told["member"] = member_json(guild, message.author, with_user=False)
        told["mentions"] = [
            user_json(user) | {"member": member_json(guild, user, with_user=False)}
            for user in message.mentions
            if user.id in guild.members
        ]
    return told


def webhook_json(webhook: Webhook, me: User) -> Json:
    """A webhook; the token only for the app that made it."""
    assert webhook.channel.guild is not None
    told: Json = {
        "id": webhook.id,
        "type": 1,
        "name": webhook.name,
        "avatar": None,
        "channel_id": webhook.channel.id,
        "guild_id": webhook.channel.guild.id,
        "application_id": webhook.owner.id if webhook.owner.bot else None,
        "user": user_json(webhook.owner),
    }
    return told | {"token": webhook.token} if webhook.owner is me else told


def interaction_json(interaction: Interaction, me: User, permissions: int) -> Json:
    """What INTERACTION_CREATE carries: a member in a guild, a user in a direct message."""
    channel = interaction.channel
    told: Json = {
        "id": interaction.id,
        "application_id": me.id,
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": channel.id,
        "channel": channel_json(channel, me) | {"permissions": str(permissions)},
        "app_permissions": str(permissions),
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10485760,
        "authorizing_integration_owners": {"0": channel.guild.id if channel.guild else "0"},
        "context": 0 if channel.guild else 1,
    }
    if interaction.message:
        told["message"] = message_json(interaction.message, me, content_intent=True)
    if channel.guild:
        told["guild_id"] = channel.guild.id
        told["guild"] = {"id": channel.guild.id, "locale": "en-US", "features": []}
        told["guild_locale"] = "en-US"
        told["member"] = member_json(channel.guild, interaction.user) | {"permissions": "0"}
    else:
        told["user"] = user_json(interaction.user)
    return told
