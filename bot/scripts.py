"""Runs the scripts of `bot/lua/`: the only writes to the state of a chat, each atomic and safe to repeat.

Knows how a script gets its names, not what any of them means. `key.<name>` are the fields of `ChatKeys`; `arg.<name>`
are the keyword arguments of `run` and the limits of the configuration. EVALSHA with a reload when the server has
forgotten the script; never a hidden repeat.
"""

from dataclasses import astuple, fields
from importlib import resources
from typing import Any, Literal

import redis.asyncio
from redis.commands.core import AsyncScript

from bot.config import TurnsConfig
from bot.keys import ChatKeys, of_chat
from model_server.contract import BOTS, FIELD

ScriptName = Literal[
    "accept",
    "claim",
    "open",
    "wait",
    "skip",
    "fail",
    "regenerate",
    "commit",
    "bury",
    "claim_send",
    "begin",
    "finish",
    "edit",
    "delete",
    "draft_send",
    "draft_discard",
    "draft_take_over",
    "draft_regenerate",
    "draft_expire",
    "redraft",
    "stand_down",
    "rouse",
    "recall",
    "say",
    "undo",
]
_NAMES: tuple[ScriptName, ...] = ScriptName.__args__  # type: ignore[attr-defined]

_KEEP_S = 7 * 86_400
"""How long an accepted line is known, and how a turn ended: longer than any platform delivers again."""
_RECENT_TURNS = 200
_YOUNG_MS = 60_000
"""An edit of a line never seen, younger than this, overtook the line itself."""
_SHARED = ("prelude", "ends", "drafts", "call_back")


class Scripts:
    """The scripts on one client, with the limits of one configuration."""

    def __init__(self, client: redis.asyncio.Redis, turns: TurnsConfig) -> None:
        self.client = client
        self._scripts = {name: client.register_script(_source(name)) for name in _NAMES}
        self._look: AsyncScript = client.register_script(_lua("prelude") + _lua("look"))
        self._limits: dict[str, str | int] = {
            "quiet_ms": turns.quiet_ms,
            "longest_wait_ms": turns.longest_wait_ms,
            "takeover_ms": turns.takeover_ms,
            "lease_ms": turns.lease_ms,
            "mailbox_lines": turns.mailbox_lines,
            "history_lines": turns.history_lines,
            "keep_s": _KEEP_S,
            "recent_turns": _RECENT_TURNS,
            "young_ms": _YOUNG_MS,
            "group": BOTS,
            "field": FIELD.decode(),
        }

    async def run(self, name: ScriptName, chat_key: str, **arguments: str | int | bytes) -> Any:
        """Run one script on one chat; its answer as redis-py decodes it. Raises redis.exceptions.RedisError."""
        named = {**self._limits, "chat_key": chat_key, **arguments}
        pairs = [part for pair in named.items() for part in pair]
        return await self._scripts[name](keys=list(astuple(of_chat(chat_key))), args=pairs)

    async def say(self, name: ScriptName, chat_key: str, **arguments: str | int | bytes) -> str:
        """`run` for the scripts that answer with one word."""
        answer = await self.run(name, chat_key, **arguments)
        assert isinstance(answer, bytes), name
        return answer.decode()

    async def due(self, schedule: str, most: int) -> list[str]:
        """The chats of a schedule whose moment has come, at most this many, the longest overdue first."""
        members: list[bytes] = await self._look(keys=[schedule], args=[most])
        return [member.decode() for member in members]


def _source(name: ScriptName) -> str:
    keys = "".join(f"{field.name}=KEYS[{i}]," for i, field in enumerate(fields(ChatKeys), start=1))
    tables = f"local key={{{keys}}} local arg={{}} for i=1,#ARGV,2 do arg[ARGV[i]]=ARGV[i+1] end\n"
    return tables + "".join(map(_lua, _SHARED)) + _lua(name)


def _lua(name: str) -> str:
    return resources.files("bot").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
