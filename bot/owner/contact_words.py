"""The few words a contact may say to the machine itself: /start /help /privacy /human /forgetme, and what they do.

Knows no platform beyond which chats are one person's. Every text is fixed and the owner's policy; nothing here is
generated. An act comes before its answer, so that who reads "deleted" is not told too early.
"""

import time
from pathlib import Path
from typing import cast

import msgspec
import structlog
from redis.exceptions import RedisError

from adapters.base import ChatRef, InboundMessage
from bot import keys
from bot.chat_control import forget, say, stand_down
from bot.config import BotConfig
from bot.contacts import ContactBook
from bot.order_store import forget_scope, is_blocked
from bot.outbox import named
from bot.owner.notices import forget_notices, forgot, notify, wants_human
from bot.private_file import replace_file
from bot.scripts import Scripts
from model_server.blend_store import clear_blend
from model_server.errors import ConfigError
from model_server.fitted import remove_contact
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
_HUMAN_UNTIL = "human_until_ms"
"""Field of the chat's hash: until when /human stood it down. Is the stand-down another now, the owner has moved it."""
_SAID = "ss:{s0}:said:"
"""+ chat key:word: this word was answered there a moment ago."""
_SAID_AGAIN_MS = 10_000
SAID_BEFORE = "said just before"
"""Why a line ends skipped that is the same word again."""
BLOCKED = "blocked"
OWN_CHAT = "done in silence: this is your own chat"
_SILENT = ("human", FORGET_NOW)
"""Why a blocked contact's wish to be forgotten ends skipped: it is carried out, and nothing is said."""


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
            f" write from now on is new to it. What {owner} keeps of you elsewhere, such as an address book, is"
            f" {owner}'s own.",
        ),
    }
    return said.get(command, ())


class ContactWords:
    """Answers them. Every method may raise redis.exceptions.RedisError, and is safe to repeat.

    A blocked contact hears nothing; being forgotten is theirs all the same.
    A word said again at once is taken silently.
    """

    def __init__(self, scripts: Scripts, config: BotConfig, home: Home) -> None:
        self._scripts = scripts
        self._config = config
        self._home = home
        self._contacts = ContactBook(home.contacts_file)

    async def answer(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str | None:
        """Act, and the text to show in place. `command` with or without slash. None: halted, or no such command."""
        known = command_in(f"/{command.strip().removeprefix('/')}")
        if known is None or await self._scripts.client.exists(keys.HALT) or await self._said_just_before(chat, known):
            return None
        blocked = await self._is_blocked(chat, sender_id)
        if blocked and known != FORGET_NOW:
            return None
        failure = await self._carry_out(chat, sender_id, sender_name, known)
        await self._mark_said(chat, known)
        if failure:
            await notify(self._scripts.client, failure, about=chat.key)
        if failure or blocked:
            return None
        return "\n".join(self._texts(known))

    async def as_line(self, message: InboundMessage) -> bool:
        """Whether the line was such a command, and is answered as a line of its own: then it is no turn's.

        Never the owner's own line, and never where several people talk: one of them may not decide for the others.
        What a blocked contact says is a line like any other of theirs, and left unanswered as such. In a chat of the
        owner's own no fixed text is ever said in his name: a wish is carried out in silence, the rest are plain lines.
        """
        command = command_in(message.text)
        if command is None or message.from_owner:
            return False
        request_id = f"{message.chat.key}:{message.message_id}"
        if await self._scripts.client.exists(keys.outcome(request_id)):
            return True  # delivered to us before
        blocked = await self._is_blocked(message.chat, message.sender_id)
        if blocked and command != FORGET_NOW:
            return False
        if await self._said_just_before(message.chat, command):  # there, or in place
            await say(self._scripts, message.chat.key, message.message_id, (), skipped=SAID_BEFORE)
            return True
        if _is_shared(message.chat) or (_is_owners_own(message.chat) and command not in _SILENT):
            return False
        silent = BLOCKED if blocked else OWN_CHAT if _is_owners_own(message.chat) else ""
        failed = await self._carry_out(message.chat, message.sender_id, message.sender_name, command)
        await say(
            self._scripts,
            message.chat.key,
            message.message_id,
            () if failed or silent else self._texts(command),
            discloses=command == "start",
            failed=failed,
            skipped="" if failed else silent,
        )
        await self._mark_said(message.chat, command)
        return True

    async def _said_just_before(self, chat: ChatRef, command: str) -> bool:
        return bool(await self._scripts.client.exists(f"{_SAID}{chat.key}:{command}"))

    async def _mark_said(self, chat: ChatRef, command: str) -> None:
        await self._scripts.client.set(f"{_SAID}{chat.key}:{command}", 1, px=_SAID_AGAIN_MS)

    async def _is_blocked(self, chat: ChatRef, sender_id: str) -> bool:
        """Where that cannot be read, nothing may be said either."""
        try:
            return await is_blocked(self._scripts.client, self._contact_id(chat, sender_id))
        except ConfigError:
            return True

    def _contact_id(self, chat: ChatRef, sender_id: str) -> str:
        return self._ids(chat, sender_id)[0]

    def _ids(self, chat: ChatRef, sender_id: str) -> tuple[str, ...]:
        """Every id of who writes; the first one names him."""
        sender = f"{chat.platform}:{sender_id}"
        return next((entry.ids for entry in self._contacts.entries() if sender in entry.ids), (sender,))

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
            await self._ask_for_owner(chat, sender_name)
        elif command == FORGET_NOW:
            exclude(self._home.excluded_file, f"{chat.platform}:{sender_id}")
            ids, client = self._ids(chat, sender_id), self._scripts.client
            contact_id = ids[0]
            await forget(self._scripts, chat.key)
            await forget_scope(client, ("chat", chat.key))
            await forget_scope(client, ("contact", contact_id))
            await clear_blend(client, ("contact", contact_id))
            remove_contact(self._home, ids)
            await forget_notices(client, chat.key, sender_name)
            await notify(client, forgot(chat.platform))

    async def _ask_for_owner(self, chat: ChatRef, sender_name: str) -> None:
        """Keep out of the chat and tell the owner; nothing while that still stands from the last time."""
        of_chat, client = keys.of_chat(chat.key).chat, self._scripts.client
        fields = ["stand_down_until_ms", _HUMAN_UNTIL]
        until, asked = cast(list[bytes | None], await client.hmget(of_chat, fields))
        now_ms = time.time_ns() // 1_000_000
        if until is not None and until == asked and int(until) > now_ms:
            return
        until_ms = max(int(until or 0), now_ms + HUMAN_MS)  # never shorter than the owner wants it himself
        await notify(client, wants_human(sender_name, chat.key), about=chat.key)
        await stand_down(self._scripts, chat.key, until_ms)
        await client.hset(of_chat, _HUMAN_UNTIL, str(until_ms))


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
        kept = _ExcludedFile((*senders, sender))
        replace_file(path, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    except OSError as error:
        raise ConfigError(
            f"{path.name} cannot be written ({error.strerror})", f"make room, then add {sender} to it yourself"
        ) from None


def _is_owners_own(chat: ChatRef) -> bool:
    """The owner's own private chat with somebody (Telegram's business chats, `b<peer>`)."""
    return chat.platform == "telegram" and chat.chat_id.startswith("b")


def _is_shared(chat: ChatRef) -> bool:
    """Groups of Telegram have negative ids. Discord's ids do not tell; there these words are answered in place."""
    return chat.platform == "discord" or (chat.platform == "telegram" and chat.chat_id.startswith("-"))
