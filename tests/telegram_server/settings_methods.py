"""Bot API methods about the bot itself: who it is, how it gets updates, its command menus, its connections.

Knows no chat lines.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.telegram_server import rules
from tests.telegram_server.api_error import bad_request
from tests.telegram_server.mail import Webhook
from tests.telegram_server.methods import Counter, Method
from tests.telegram_server.params import Params
from tests.telegram_server.shapes import connection_json, user_json
from tests.telegram_server.state import JSON

WEBHOOK_PORTS = (80, 88, 443, 8443)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")


def get_me(at: Counter, _: Params) -> JSON:
    """getMe."""
    return user_json(at.world.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
        "can_connect_to_business": True,
        "has_main_web_app": False,
    }


async def get_updates(at: Counter, params: Params) -> list[JSON]:
    """getUpdates: a long poll of at most 50 seconds."""
    if "allowed_updates" in params:
        at.mail.allowed = tuple(params["allowed_updates"])
    limit = params.number("limit", 100)
    timeout_s = min(max(float(params.get("timeout", 0)), 0.0), 50.0)
    return await at.mail.poll(params.number("offset"), limit if 1 <= limit <= 100 else 100, timeout_s)


async def set_webhook(at: Counter, params: Params) -> bool:
    """setWebhook; an empty address takes it away. Plain http is let through on this machine only."""
    url = params.text("url")
    if not url:
        return await delete_webhook(at, params)
    secret = params.get("secret_token")
    if secret is not None and len(secret) > 256:
        raise bad_request("secret token is too long")
    if secret is not None and not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
        raise bad_request("secret token contains unallowed characters")
    _check_address(url)
    if params.get("drop_pending_updates"):
        at.mail.forget_all()
    if "allowed_updates" in params:
        at.mail.allowed = tuple(params["allowed_updates"])
    await at.mail.set_webhook(Webhook(url, secret, params.number("max_connections", 40)))
    return True


async def delete_webhook(at: Counter, params: Params) -> bool:
    """deleteWebhook."""
    if params.get("drop_pending_updates"):
        at.mail.forget_all()
    await at.mail.set_webhook(None)
    return True


def get_webhook_info(at: Counter, _: Params) -> JSON:
    """getWebhookInfo."""
    webhook = at.mail.webhook
    shape: JSON = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(at.mail.pending_ids),
    }
    if at.mail.allowed:
        shape["allowed_updates"] = list(at.mail.allowed)
    if webhook is not None:
        shape["max_connections"] = webhook.max_connections
        if webhook.last_error:
            shape |= {"last_error_date": webhook.last_error_s, "last_error_message": webhook.last_error}
    return shape


def set_my_commands(at: Counter, params: Params) -> bool:
    """setMyCommands: 0-100 commands for one scope and language."""
    commands: list[JSON] = params.get("commands") or []
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command.get("command", "")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command.get("description", "").strip()) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    at.world.menus[_scope(at, params), params.text("language_code")] = [
        {"command": one["command"].lstrip("/"), "description": one["description"].strip()} for one in commands
    ]
    return True


def get_my_commands(at: Counter, params: Params) -> list[JSON]:
    """getMyCommands: what was set for exactly this scope and language."""
    return at.world.menus.get((_scope(at, params), params.text("language_code")), [])


def delete_my_commands(at: Counter, params: Params) -> bool:
    """deleteMyCommands."""
    at.world.menus.pop((_scope(at, params), params.text("language_code")), None)
    return True


def get_business_connection(at: Counter, params: Params) -> JSON:
    """getBusinessConnection: also for one that was switched off."""
    found = at.world.connections.get(params.text("business_connection_id"))
    if found is None:
        raise bad_request("business connection not found")
    return connection_json(found)


def close(_: Counter, __: Params) -> bool:
    """close and logOut: the bot is moved to another server."""
    return True


SETTINGS_METHODS: dict[str, Method] = {
    "getme": get_me,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "getbusinessconnection": get_business_connection,
    "close": close,
    "logout": close,
}


def menu_shown(menus: dict[tuple[str, str], list[JSON]], chat_id: int, user_id: int, language: str) -> list[JSON]:
    """The menu a person sees, by the documented order of scopes (non-administrators)."""
    if chat_id > 0:
        scopes = [f"chat:{chat_id}", "all_private_chats", "default"]
    else:
        scopes = [f"chat_member:{chat_id}:{user_id}", f"chat:{chat_id}", "all_group_chats", "default"]
    for scope in scopes:
        for code in (language, ""):
            if found := menus.get((scope, code)):
                return found
    return []


def _scope(at: Counter, params: Params) -> str:
    scope: dict[str, Any] = params.get("scope") or {"type": "default"}
    kind = scope.get("type")
    if kind in SCOPES:
        return str(kind)
    if kind not in CHAT_SCOPES:
        raise bad_request("unsupported bot command scope specified")
    room = rules.bot_room(at.world, scope.get("chat_id"))
    name = f"{kind}:{room.chat_id}"
    return f"{name}:{scope.get('user_id')}" if kind == "chat_member" else name


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in WEBHOOK_PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
