"""The owner's desk: a word or a press comes in, authority is checked, a command is carried out, an answer goes out.

Knows no platform; what each family of commands does stands in the `*_answers` modules. Nobody but the owner gets a word
out of it. Questions of ours (`Shown.ask_token`) are remembered for a day, so that a reply finds back to its draft.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import cast
from zoneinfo import ZoneInfo

import redis.asyncio
import structlog

from adapters.base import ChatRef, PlatformAdapter
from adapters.owner_port import Card, Press, Screen, Shown, Word
from bot.config import BotConfig
from bot.contacts import ContactBook
from bot.drafts import DraftBook, open_drafts, read_draft
from bot.loops import REDIS_TROUBLE
from bot.owner.access_answers import code_shown, welcome
from bot.owner.answers import Answer, clipped, fitted, refused
from bot.owner.cards import DraftToken, called, card_of, mark_of, read_token
from bot.owner.commands import Misunderstood, Panic
from bot.owner.contact_words import CONTACT_COMMANDS, ContactWords
from bot.owner.dispatch import carry_out
from bot.owner.draft_answers import pressed
from bot.owner.grammar import parse
from bot.owner.menu import OWNER_COMMANDS
from bot.owner.mode_answers import panic
from bot.owner.notices import read_notices
from bot.owner.office import Office, zone_of
from bot.owner.pairing import TERMINAL, NoCode, Paired, Pairing, Wrong
from bot.scripts import Scripts
from model_server.blends import DEFAULTS
from model_server.contract import Blend
from model_server.errors import ConfigError, SelfsameError
from model_server.fitted import FittedFile
from model_server.home import Home
from model_server.log import flaw_of

log = structlog.get_logger()

_ASKED = "ss:{s0}:asked:"
"""+ platform:message id: the token of the question that this message of ours asks."""
_ASKED_S = 86_400
_TOAST_CHARS = 180
_LATELY_MS = 86_400_000
_NOTICES_SHOWN, _NOTICES_READ = 5, 1_000
_ANY_ZONE = ZoneInfo("UTC")


def wall_clock_ms() -> int:
    """Now, in Unix ms."""
    return time.time_ns() // 1_000_000


class OwnerDesk:
    """An `adapters.owner_port.Desk`. `office` is its reach, for whoever tells the owner things by himself."""

    def __init__(
        self,
        *,
        client: redis.asyncio.Redis,
        scripts: Scripts,
        config: BotConfig,
        home: Home,
        contacts: ContactBook,
        adapters: Callable[[], Mapping[str, PlatformAdapter]],
        pairing: Pairing,
        contact_words: ContactWords,
        blends: Mapping[str, Blend] = DEFAULTS,
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        drafts = DraftBook(scripts, config)
        fitted_blends = FittedFile(home)
        self.office = Office(client, scripts, config, home, contacts, adapters, pairing, drafts, blends, fitted_blends)
        self._contact_words = contact_words
        self._now_ms = now_ms

    async def is_owner(self, platform: str, user_id: str) -> bool:
        """Whether this id was paired. Raises redis.exceptions.RedisError, as all that comes before authority."""
        return await self.office.pairing.is_owner(platform, user_id)

    async def word(self, word: Word) -> Shown | None:
        """What the owner is shown for what he typed; None for anybody else."""
        if word.platform != TERMINAL:
            match await self.office.pairing.try_code(word.platform, word.user_id, word.user_name, word.text):
                case Paired() as paired:
                    return welcome(paired).shown()
                case Wrong():
                    return Shown()
                case NoCode():
                    pass
        if not await self.is_owner(word.platform, word.user_id):
            return None
        return (await self._safely(lambda: self._heard(word))).shown()

    async def press(self, press: Press) -> Shown | None:
        """The same for a button. Its card is changed by `push`; here is only the short line beside it."""
        if not await self.is_owner(press.platform, press.user_id):
            return None
        token = read_token(press.token)
        if token is None:
            return Shown(toast="This button means nothing any more.", ok=False)
        if token.verb == "edit" and press.text is None and (asked := await self._ask(press.token, token)) is not None:
            return asked
        answer = await self._safely(lambda: pressed(self.office, token, press.text, self._now_ms()))
        return Shown(toast=clipped(answer.text.partition("\n")[0], _TOAST_CHARS), ok=answer.ok)

    async def shown_as(self, platform: str, message_id: str, token: str) -> None:
        """Remember for a day which question that message of ours asks."""
        await self.office.client.set(f"{_ASKED}{platform}:{message_id}", token, ex=_ASKED_S)

    async def contact_word(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str | None:
        """The answer to a contact's own command; None when nothing may be said."""
        return await self._contact_words.answer(chat, sender_id, sender_name, command)

    def owner_commands(self) -> tuple[tuple[str, str], ...]:
        """The owner's menu."""
        return OWNER_COMMANDS

    def contact_commands(self) -> tuple[tuple[str, str], ...]:
        """A contact's menu."""
        return CONTACT_COMMANDS

    async def board(self) -> tuple[Card, ...]:
        """A card for every open draft, oldest first."""
        now_ms, zone = self._now_ms(), await self._clock()
        return tuple(card_of(draft, now_ms, zone) for draft in await open_drafts(self.office.client))

    async def told(self) -> tuple[Card, ...]:
        """What the owner was told within a day, the newest last: for a page that nobody may have been looking at."""
        notices = await read_notices(self.office.client, f"{self._now_ms() - _LATELY_MS}-0", _NOTICES_READ)
        cards = [Card(f"notice-{no}", 1, Screen(fitted(one.text))) for no, one in notices if not one.user_id]
        return tuple(cards[-_NOTICES_SHOWN:])

    async def _clock(self) -> ZoneInfo:
        """The owner's zone; where the orders cannot be read, a draft is still shown."""
        try:
            return zone_of(await self.office.orders())
        except ConfigError:
            return _ANY_ZONE

    async def _ask(self, raw_token: str, token: DraftToken) -> Shown | None:
        """The question for the owner's own words; None when this draft cannot be edited, so that pressing says why."""
        draft = await read_draft(self.office.client, token.no)
        if draft is None or draft.state != "open" or token.mark != mark_of(draft.text):
            return None
        text = fitted(f"Your words to {called(draft)}, instead of (draft {draft.no}):\n{draft.text}")
        return Shown(Screen(text), ask_token=raw_token, ask_prefill=draft.text)

    async def _heard(self, word: Word) -> Answer:
        """The reply to a question of ours, or a command. What begins with a slash is never said to a contact."""
        now_ms, text = self._now_ms(), word.text.strip()
        if word.platform == TERMINAL and text.removeprefix("/").casefold() == "pair":
            return code_shown(await self.office.pairing.new_code())
        if parse(text, now_ms, _ANY_ZONE) == Panic():  # before anything is read that could be unreadable
            return await panic(self.office)
        if word.answers_message_id is not None and not text.startswith("/"):
            asked = cast(
                bytes | None, await self.office.client.get(f"{_ASKED}{word.platform}:{word.answers_message_id}")
            )
            if asked is not None and (token := read_token(asked.decode())) is not None:
                return await pressed(self.office, token, text, now_ms)
        match parse(text, now_ms, zone_of(await self.office.orders())):
            case Misunderstood(what, hint):
                return refused(_ended(what), _ended(hint))
            case command:
                return await carry_out(self.office, command, word.platform, now_ms)

    async def _safely(self, act: Callable[[], Awaitable[Answer]]) -> Answer:
        """The owner gets an answer whatever happens: silence would read as consent."""
        try:
            return await act()
        except SelfsameError as error:
            return refused(f"{error.what}.", f"{error.hint}.")
        except REDIS_TROUBLE as error:
            log.warning("redis.trouble", what="desk", error=type(error).__name__)
            return refused("The store does not answer.", "Say it again in a moment; nothing is done twice.")
        except Exception as error:
            log.error("desk.flaw", flaw=flaw_of(error))
            return refused(f"That failed ({type(error).__name__}); the log says where.", "/status shows what applies.")


def _ended(words: str) -> str:
    """With a full stop, unless it ends already."""
    return words if words.endswith(("?", ".")) else f"{words}."
