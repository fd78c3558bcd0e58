"""Parameters of one call, however they were sent: query string, form, or JSON. Knows no method."""

import json
from typing import Any
from urllib.parse import parse_qsl

from tests.telegram_server.api_error import bad_request
from tests.telegram_server.state import JSON

STRUCTURED = frozenset(
    {
        *("allowed_updates", "commands", "entities", "link_preview_options"),
        *("message_ids", "reply_markup", "reply_parameters", "scope"),
    }
)
NUMBERS = frozenset(
    {
        *("chat_id", "limit", "max_connections", "message_id"),
        *("message_thread_id", "offset", "reply_to_message_id", "user_id"),
    }
)
FLAGS = frozenset(
    {
        *("allow_sending_without_reply", "disable_notification", "drop_pending_updates"),
        *("protect_content", "show_alert"),
    }
)


class Params(dict[str, Any]):
    """Name -> value; structured ones, whole numbers and flags already decoded, the rest text."""

    def text(self, name: str, default: str = "") -> str:
        """A text parameter."""
        return str(self.get(name, default))

    def number(self, name: str, default: int = 0) -> int:
        """A whole number."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise bad_request(f"{name} is not a number")
        return value


def read_params(query: bytes, content_type: str, body: bytes) -> Params:
    """Decode. Raises ApiError for JSON that is none."""
    params = Params(parse_qsl(query.decode()))
    if content_type.startswith("application/json"):
        params.update(_json("request body", body.decode() or "{}"))
    elif content_type.startswith("application/x-www-form-urlencoded"):
        params.update(parse_qsl(body.decode(), keep_blank_values=True))
    elif body:
        raise bad_request("this server reads forms and JSON only")
    for name, value in params.items():
        if isinstance(value, str):
            params[name] = _decode(name, value)
    return params


def _decode(name: str, value: str) -> Any:
    if name in STRUCTURED:
        return _json(name, value)
    if name == "timeout":
        return float(value)
    if name in NUMBERS and value.lstrip("-").isdigit():
        return int(value)
    if name in FLAGS:
        return value.lower() in ("true", "1")
    return value


def _json(name: str, text: str) -> JSON | list[Any]:
    try:
        value: JSON | list[Any] = json.loads(text)
    except ValueError:
        raise bad_request(f"can't parse {name}: JSON expected") from None
    return value
