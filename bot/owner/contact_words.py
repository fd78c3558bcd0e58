"""The few words a contact may say to the machine itself: /start /help /privacy /human /forgetme, and what they do.

Knows no platform beyond which chats are one person's. Every text is fixed and the owner's policy; nothing here is
generated. An act comes before its answer, so that who reads "deleted" is not told too early.
"""

import os
import time
from pathlib import Path

import msgspec
import structlog
from redis.exceptions import RedisError

from adapters.base import ChatRef, InboundMessage
from bot import keys
from bot.chat_control import forget, say, stand_down
from bot.config import BotConfig
from bot.order_store import clear_rule
from bot.outbox import named
from bot.owner.notices import forgot, notify, wants_human
from bot.scripts import Scripts
from model_server.errors import ConfigError
from model_server.home import Home
from model_server.log import flaw_of

log = structlog.get_logger()

CONTACT_COMMANDS: tuple[tuple[str, str], ...] = (
    ("start", "Who answers here"),
    ("help", "What you can say to the machine"),
    ("privacy", "What is kept of this chat, and who reads it"),
    ("human", "Ask for the owner in person"),
    ("forgetme", "Delete what is kept of this chat"),
)
FORGET_NOW = "forgetme yes"
_KNOWN = frozenset(name for name, _ in CONTACT_COMMANDS) | {FORGET_NOW}

HUMAN_MS = 30 * 86_400_000
"""For so long the machine keeps out of a chat whose contact asked for the owner."""


def command_in(text: str) -> str | None:
    """The command that a line is, and nothing else beside it: `/Privacy@selfsame_bot` is `privacy`. None: no such.

    `/start` may carry one word, as the links of Telegram do.
    """
    word, *rest = text.lower().split() or [""]
    name = word.removeprefix("/").partition("@")[0] if word.startswith("/") else ""
    if name == "start" and len(rest) <= 1:
        return name
    command = " ".join([name, *rest])
    return command if command in _KNOWN else None


def texts(command: str, owner_name: str, disclosure: str, history_lines: int) -> tuple[str, ...]:
    """What is said to a command, a bubble each; nothing to an unknown one. `/start` begins with the disclosure."""
    owner = owner_name or "the owner"
    said = {
        "start": (disclosure, f"/human asks for {owner} in person, /help shows what else you can say."),
        "help": ("\n".join(f"/{name}: {does.replace('the owner', owner)}" for name, does in CONTACT_COMMANDS),),
        "privacy": (
            f"A machine reads this chat and may answer in {owner}'s name. It runs on hardware of {owner}'s choice;"
            f" besides this app, nobody else is given your lines.\nKept are the newest {history_lines} lines, until the"
            f" chat has been silent for 90 days, and answers that {owner} corrected, to learn from them. {owner} can"
            " read all of it.\n/forgetme deletes it and keeps you out of later training.",
        ),
        "human": (f"{owner} was told. The machine keeps out of this chat until {owner} is back.",),
        "forgetme": (
            "This deletes what the machine keeps of this chat, and keeps your lines out of later training. It deletes"
            f" nothing from this app itself.\nTo do it, send: /{FORGET_NOW}",
        ),
        FORGET_NOW: (
            "Done: what the machine kept of this chat is deleted, and you are left out of later training. What you"
            " write from now on is new to it.",
        ),
    }
    return said.get(command, ())


class ContactWords:
    """Answers them. Every method may raise redis.exceptions.RedisError, and is safe to repeat."""

    def __init__(self, scripts: Scripts, config: BotConfig, home: Home) -> None:
        self._scripts = scripts
        self._config = config
        self._home = home

    async def answer(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str | None:
        """Act, and the text to show in place. `command` with or without slash. None: halted, or no such command."""
        known = command_in(f"/{command.strip().removeprefix('/')}")
        if known is None or await self._scripts.client.exists(keys.HALT):
            return None
        if failure := await self._carry_out(chat, sender_id, sender_name, known):
            await notify(self._scripts.client, failure)
            return None
        return "\n".join(self._texts(known))

    async def as_line(self, message: InboundMessage) -> bool:
        """Whether the line was such a command, and is answered as a line of its own: then it is no turn's.

        Never the owner's own line, and never where several people talk: one of them may not decide for the others.
        """
        command = command_in(message.text)
        if command is None or message.from_owner or _is_shared(message.chat):
            return False
        request_id = f"{message.chat.key}:{message.message_id}"
        if not await self._scripts.client.exists(keys.outcome(request_id)):  # not delivered to us before
            failed = await self._carry_out(message.chat, message.sender_id, message.sender_name, command)
            said = () if failed else self._texts(command)
            discloses = command == "start"
            await say(self._scripts, message.chat.key, message.message_id, said, discloses=discloses, failed=failed)
        return True

    async def _carry_out(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str:
        """Act; empty, or why it failed. A promise that we cannot keep is never made to the contact."""
        try:
            await self._act(chat, sender_id, sender_name, command)
        except RedisError:
            raise
        except Exception as error:
            log.error("contact.word_failed", chat=chat.key, command=command, flaw=flaw_of(error))
            hint = f": {error}" if isinstance(error, ConfigError) else ""
            return f"/{command} of {chat.platform}:{sender_id} failed ({type(error).__name__}){hint}"
        return ""

    def _texts(self, command: str) -> tuple[str, ...]:
        owner, turns = self._config.owner.name, self._config.turns
        return texts(command, owner, named(turns.disclosure, owner), turns.history_lines)

    async def _act(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> None:
        log.info("contact.word", chat=chat.key, command=command)
        if command == "human":
            await stand_down(self._scripts, chat.key, time.time_ns() // 1_000_000 + HUMAN_MS)
            await notify(self._scripts.client, wants_human(sender_name, chat.key))
        elif command == FORGET_NOW:
            exclude(self._home.excluded_file, f"{chat.platform}:{sender_id}")
            await forget(self._scripts, chat.key)
            await clear_rule(self._scripts.client, ("chat", chat.key))
            await notify(self._scripts.client, forgot(sender_name))


class _ExcludedFile(msgspec.Struct, frozen=True):
    senders: tuple[str, ...] = ()


def exclude(path: Path, sender: str) -> None:
    """Put a sender (`telegram:user42`) on the list that training leaves out. ConfigError when it cannot be kept."""
    try:
        senders = msgspec.json.decode(path.read_bytes(), type=_ExcludedFile).senders
    except FileNotFoundError:
        senders = ()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read ({type(error).__name__})", "mend or remove that file") from None
    if sender in senders:
        return
    try:
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(_ExcludedFile((*senders, sender))), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ConfigError(
            f"{path.name} cannot be written ({error.strerror})", f"make room, then add {sender} to it yourself"
        ) from None


def _is_shared(chat: ChatRef) -> bool:
    """Groups of Telegram have negative ids. Discord's ids do not tell; there these words are answered in place."""
    return chat.platform == "discord" or (chat.platform == "telegram" and chat.chat_id.startswith("-"))
