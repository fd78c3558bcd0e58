"""Updates in the shape Telegram sends them, kept as JSON; every name in them is invented. Knows no server.

The people: the owner is Mara (OWNER_ID), who connected the bot; Jonas (PEER_ID) writes to her. `broken/*` are updates
that the library cannot parse; `odd_no_chat` is one that it parses into a message without a chat.
"""

import json
from pathlib import Path

from tests.telegram_server.state import JSON

FOLDER = Path(__file__).parent.parent / "fixtures" / "telegram"
BOT_ID = 6_543_210
BOT_NAME = "selfsame_test_bot"
OWNER_ID = 501_000_001
PEER_ID = 501_000_002
CONNECTION_ID = "Xk3mQ9_hAEcBAAADvR0T2sdLx9c"
BROKEN = tuple(sorted(f"broken/{path.stem}" for path in (FOLDER / "broken").glob("*.json")))
SOUND = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def recorded(name: str) -> JSON:
    """The update `name`, e.g. `business_message_in`; a fresh copy each time."""
    update: JSON = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return update
