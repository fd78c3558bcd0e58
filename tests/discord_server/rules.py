"""The platform's rules as pure checks: what a body must look like, who may do what, which event reaches whom.

The rules are Discord's documented ones for API v10 (codes from its table of JSON errors). Knows no HTTP.
"""

import re
from collections.abc import Iterable

from tests.discord_server.state import DM, Channel, Json, Message, User, parts_of

VIEW, SEND, MANAGE_MESSAGES, EMBED_LINKS = 1 << 10, 1 << 11, 1 << 13, 1 << 14
READ_HISTORY, MENTION_EVERYONE, MANAGE_WEBHOOKS, SEND_IN_THREADS = 1 << 16, 1 << 17, 1 << 29, 1 << 38
ADMINISTRATOR = 1 << 3
ORDINARY = VIEW | SEND | EMBED_LINKS | READ_HISTORY | SEND_IN_THREADS
ALL_PERMISSIONS = (1 << 53) - 1

GUILDS, MEMBERS, PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, GUILD_TYPING, DIRECT_MESSAGES, DM_TYPING, MESSAGE_CONTENT = 1 << 9, 1 << 11, 1 << 12, 1 << 14, 1 << 15
PRIVILEGED = MEMBERS | PRESENCES | MESSAGE_CONTENT
KNOWN_INTENTS = (1 << 26) - 1

EPHEMERAL, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 6, 1 << 2, 1 << 12, 1 << 15
SETTABLE_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2

INTERACTION_SPAN_MS = 3_000
FOLLOWUP_SPAN_MS = 15 * 60_000
NONCE_SPAN_MS = 5 * 60_000
BULK_DELETE_SPAN_MS = 14 * 86_400_000
WEBHOOKS_PER_CHANNEL = 15

Fields = dict[str, tuple[str, str]]


class ApiError(Exception):
    """A refusal as the API words it: HTTP status, JSON code, message, and which fields were wrong."""

    def __init__(self, status: int, code: int, message: str, fields: Fields | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if fields:
            self.body["errors"] = {
                name: {"_errors": [{"code": kind, "message": words}]} for name, (kind, words) in fields.items()
            }


def invalid(field: str, kind: str, words: str) -> ApiError:
    """50035, with one wrong field."""
    return ApiError(400, 50035, "Invalid Form Body", {field: (kind, words)})


def unknown(what: str) -> ApiError:
    """404 for a thing that is not there."""
    codes = {"Channel": 10003, "Guild": 10004, "Member": 10007, "Message": 10008, "User": 10013, "Webhook": 10015}
    return ApiError(404, codes.get(what, 10062), f"Unknown {what}")


def missing_access() -> ApiError:
    """The channel is hidden from the bot."""
    return ApiError(403, 50001, "Missing Access")


def missing_permission() -> ApiError:
    """The bot sees the channel, but may not do this in it."""
    return ApiError(403, 50013, "Missing Permissions")


def permissions_in(channel: Channel, user: User) -> int:
    """The permission bits of a user in a channel: guild roles, then the overwrites (everyone, roles, member)."""
    guild = channel.guild
    if guild is None:
        return ALL_PERMISSIONS if channel.recipient is user or user.bot else 0
    if user.id not in guild.members:
        return 0
    if guild.owner is user:
        return ALL_PERMISSIONS
    held = guild.members[user.id]
    bits = guild.everyone.permissions
    for role_id in held:
        bits |= guild.roles[role_id].permissions
    if bits & ADMINISTRATOR:
        return ALL_PERMISSIONS
    overwrites = (channel.parent or channel).overwrites
    for group in ([guild.everyone.id], held, [user.id]):
        found = [overwrites[who] for who in group if who in overwrites]
        for _, deny in found:
            bits &= ~deny
        for allow, _ in found:
            bits |= allow
    return bits if bits & VIEW else 0


def require(channel: Channel, user: User, *needed: int) -> None:
    """Raises 50001 for a hidden channel and 50013 for a missing permission."""
    bits = permissions_in(channel, user)
    if not bits & VIEW:
        raise missing_access()
    if any(not bits & bit for bit in needed):
        raise missing_permission()


def wanted(event: str, channel: Channel | None, intents: int) -> bool:
    """Whether an event reaches a session that asked for these intents."""
    private = channel is not None and channel.kind == DM
    if event.startswith("MESSAGE_") and channel is not None:
        return bool(intents & (DIRECT_MESSAGES if private else GUILD_MESSAGES))
    if event == "TYPING_START":
        return bool(intents & (DM_TYPING if private else GUILD_TYPING))
    if event.startswith("GUILD_MEMBER_"):
        return bool(intents & MEMBERS)
    if event.startswith(("GUILD_", "CHANNEL_", "THREAD_")):
        return bool(intents & GUILDS)
    return True  # interactions, READY and RESUMED reach everybody


def check_content(body: Json, *, already: Message | None = None) -> None:
    """2,000 characters at most, and not nothing at all."""
    content = body.get("content", already.text if already else "") or ""
    if not isinstance(content, str):
        raise invalid("content", "STRING_TYPE_CONVERT", "Must be a string.")
    if len(content) > 2000:
        raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    kept = already.embeds + already.components if already else []
    if not content.strip() and not (body.get("embeds") or body.get("components") or kept):
        raise ApiError(400, 50006, "Cannot send an empty message")
    if len(str(body.get("nonce") or "")) > 25:
        raise invalid("nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.")
    check_components(body.get("components") or [])


def check_components(rows: list[Json]) -> None:
    """At most 5 rows of 5 buttons; ids within 100 characters and unique; labels within 80."""
    parts = [part for row in rows for part in parts_of(row)]
    if len(rows) > 5 or any(not 1 <= len(parts_of(row)) <= 5 for row in rows):
        raise invalid("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    ids = [part["custom_id"] for part in parts if "custom_id" in part]
    if any(not 1 <= len(custom_id) <= 100 for custom_id in ids):
        raise invalid("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if len(set(ids)) < len(ids):
        raise invalid("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    if any(len(part.get("label") or "") > 80 for part in parts):
        raise invalid("components", "BASE_TYPE_MAX_LENGTH", "Must be 80 or fewer in length.")


def check_modal(modal: Json) -> None:
    """Title within 45 characters, 1 to 5 fields, prefill within 4,000 and within the field's own limit."""
    if not 1 <= len(modal.get("title", "")) <= 45 or not 1 <= len(modal.get("custom_id", "")) <= 100:
        raise invalid("title", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 45 in length.")
    check_components(modal.get("components", []))
    if not modal.get("components"):
        raise invalid("components", "BASE_TYPE_REQUIRED", "This field is required")
    for part in (part for row in modal["components"] for part in parts_of(row)):
        if len(part.get("value") or "") > min(part.get("max_length") or 4000, 4000):
            raise invalid("value", "BASE_TYPE_MAX_LENGTH", "Must be 4000 or fewer in length.")


def check_webhook_name(name: object, field: str) -> None:
    """1 to 80 characters, without "discord" or "clyde"."""
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 80:
        raise invalid(field, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.")
    for word in ("clyde", "discord"):
        if word in name.lower():
            raise invalid(field, "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')


def check_commands(commands: list[Json]) -> None:
    """Names are lower case and unique, at most 32 characters; descriptions 1 to 100; at most 100 commands."""
    if len(commands) > 100:
        raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
    names = [command.get("name", "") for command in commands]
    if len(set(names)) < len(names):
        raise ApiError(400, 50035, "Application command names must be unique")
    everything: list[Json] = []
    waiting = [command for command in commands if command.get("type", 1) == 1]
    while waiting:
        part = waiting.pop()
        everything.append(part)
        if len(part.get("options") or []) > 25:
            raise invalid("options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        waiting += part.get("options") or []
    for part in everything:
        if not re.fullmatch(r"[-_\w]{1,32}", part.get("name", "")) or part["name"] != part["name"].lower():
            raise invalid("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if not 1 <= len(part.get("description", "")) <= 100:
            raise invalid("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")


def check_allowed_mentions(allowed: Json | None) -> None:
    """`parse` and a list of the same kind exclude each other."""
    for kind in ("users", "roles"):
        if allowed and allowed.get(kind) and kind in allowed.get("parse", []):
            raise invalid("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", f"parse:{kind} is exclusive")


def pinged_by(text: str, allowed: Json | None, replied: User | None, *, everyone: bool) -> set[str]:
    """Whom a message notifies: user ids, role ids, and `everyone`. Without `allowed_mentions` everything counts."""
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse", []))
    named = {"users": set(re.findall(r"<@!?(\d+)>", text)), "roles": set(re.findall(r"<@&(\d+)>", text))}
    pinged: set[str] = set()
    for kind, ids in named.items():
        pinged |= ids if kind in parse else ids & set((allowed or {}).get(kind, []))
    if everyone and "everyone" in parse and re.search(r"@(everyone|here)\b", text):
        pinged.add("everyone")
    if replied and (allowed is None or allowed.get("replied_user")):
        pinged.add(replied.id)
    return pinged


def in_order(messages: Iterable[Message], query: dict[str, str]) -> list[Message]:
    """A page of history, newest first: `limit` 1 to 100 (50), and one of `after`, `before`, `around`."""
    try:
        limit = int(query.get("limit", 50))
    except ValueError:
        limit = 0
    if not 1 <= limit <= 100:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    oldest_first = sorted(messages, key=lambda message: int(message.id))
    if "after" in query:  # the oldest ones after it, though the page itself is newest first
        found = [m for m in oldest_first if int(m.id) > int(query["after"])][:limit]
    elif "before" in query:
        found = [m for m in oldest_first if int(m.id) < int(query["before"])][-limit:]
    elif "around" in query:
        nearest = sorted(oldest_first, key=lambda m: abs(int(m.id) - int(query["around"])))[:limit]
        found = sorted(nearest, key=lambda m: int(m.id))
    else:
        found = oldest_first[-limit:]
    return found[::-1]
