"""Small Telegram exports, as Telegram Desktop writes them."""

import json
from pathlib import Path
from typing import Any

OWNER = 500
FIRST_UNIX_S = 1_720_000_000


def message(number: int, sender: int, text: Any, name: str | None = "Somebody", **more: Any) -> dict[str, Any]:
    at_s = FIRST_UNIX_S + 60 * number
    sent = {"id": number, "type": "message", "date": "2024-07-03T11:46:40", "date_unixtime": str(at_s)}
    return {**sent, "from": name, "from_id": f"user{sender}", "text": text, "text_entities": [], **more}


def chat(contact: int, messages: list[Any], name: str | None = "Mum", kind: str = "personal_chat") -> dict[str, Any]:
    return {"name": name, "type": kind, "id": contact, "messages": messages}


def talk(contact: int, lines: int, start: int = 1, name: str = "Mum") -> dict[str, Any]:
    """A chat in which contact and owner take turns."""
    spoken = [
        message(start + at, OWNER if at % 2 else contact, f"line {at}", "Me" if at % 2 else name) for at in range(lines)
    ]
    return chat(contact, spoken, name)


def full(*chats: dict[str, Any], owner: int | None = OWNER) -> dict[str, Any]:
    whole: dict[str, Any] = {"about": "Here is the data you requested."}
    if owner is not None:
        whole["personal_information"] = {"user_id": owner, "first_name": "Me"}
    return {**whole, "chats": {"about": "This page lists all chats.", "list": list(chats)}}


def write(path: Path, export: dict[str, Any]) -> Path:
    path.write_text(json.dumps(export, ensure_ascii=False, indent=1), encoding="utf-8")
    return path
