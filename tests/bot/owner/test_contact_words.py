"""What a contact may say to the machine itself: fixed texts, through the outbox, and acts that are really done."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.asyncio

from adapters.base import FOREVER_MS, ChatRef, InboundMessage, OutboundMessage, SentReceipt
from bot import keys
from bot.accept import accept
from bot.chat_control import resume_chat, stand_down
from bot.config import BotConfig, TurnsConfig
from bot.contacts import ContactEntry, ContactsFile
from bot.deliver import Courier
from bot.loops import Stopping
from bot.order_store import ORDERS, add_window, is_blocked, load_orders, set_rule
from bot.orders import ModeRule, Scope, Window
from bot.outcomes import read_outcome
from bot.owner.contact_words import (
    BLOCKED,
    CONTACT_COMMANDS,
    FORGET_NOW,
    HUMAN_MS,
    OWN_CHAT,
    SAID_BEFORE,
    ContactWords,
    command_in,
    exclude,
    texts,
)
from bot.owner.notices import DIGEST, notify, read_notices
from bot.scripts import Scripts
from bot.sending import halt, resume
from model_server.blend_store import load_book, set_blend
from model_server.config import OwnerConfig
from model_server.errors import ConfigError
from model_server.fitted import NO_FIGURES, fitted_path, put_contact, read_fitted
from model_server.home import Home
from tests.bot.desk import NOW_MS
from tests.bot.owner.stored import everything
from tests.waiting import until

CHAT = ChatRef("telegram", "7")
NOTICE = "the notice"
CONFIG = BotConfig(owner=OwnerConfig(name="Tilda"), turns=TurnsConfig(quiet_ms=0))


class Platform:
    """Takes everything that is sent."""

    platform = "telegram"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def resend_safe_ms(self, chat: ChatRef) -> int:
        return 0

    async def run(self, inbox: object) -> None:
        raise NotImplementedError

    async def send(self, message: OutboundMessage) -> SentReceipt:
        self.texts.append(message.text)
        return SentReceipt(f"p{len(self.texts)}")

    async def show_typing(self, chat: ChatRef) -> None:
        raise AssertionError


class Counter:
    """A chat with these words in it, and a courier that delivers."""

    def __init__(self, client: redis.asyncio.Redis, home: Home) -> None:
        self.client = client
        self.home = home
        self.scripts = Scripts(client, CONFIG.turns)
        self.words = ContactWords(self.scripts, CONFIG, home)
        self.platform = Platform()
        self.courier = Courier(self.scripts, self.platform, NOTICE, CONFIG.turns.lease_ms, Stopping())

    def line(self, text: str, line_id: str = "1", chat: ChatRef = CHAT, **more: Any) -> InboundMessage:
        fields = {"sender_id": "user7", "sender_name": "Noor", "at_ms": NOW_MS, **more}
        return InboundMessage(chat, line_id, text, **fields)

    async def delivered(self, count: int) -> list[str]:
        """What was said, but the notice that went ahead of it."""

        async def enough() -> bool:
            await self.courier.step()
            return len(self.said) >= count

        await until(enough)
        await self.courier.drain()
        return self.said

    @property
    def said(self) -> list[str]:
        return [text for text in self.platform.texts if text != NOTICE]

    async def notices(self) -> list[str]:
        return [notice.text for _, notice in await read_notices(self.client)]


@pytest.fixture
def counter(redis_client: redis.asyncio.Redis, tmp_path: Path) -> Counter:
    return Counter(redis_client, Home(tmp_path / "home").create())


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/privacy", "privacy"),
        ("  /Privacy \n", "privacy"),
        ("/help@selfsame_bot", "help"),
        ("/forgetme", "forgetme"),
        ("/ForgetMe  YES", FORGET_NOW),
        ("/forgetme@selfsame_bot yes", FORGET_NOW),
        ("/start", "start"),
        ("/start x7Fq", "start"),
        ("/start the car please", None),
        ("/forgetme no", None),
        ("/privacy please", None),
        ("privacy", None),
        ("/", None),
        ("", None),
        ("//help", None),
        ("/autoreply off", None),
        ("/pair K7QM-2VXD", None),
        ("see /help", None),
    ],
)
def test_should_know_a_line_that_is_a_command_and_nothing_else(text: str, command: str | None) -> None:
    assert command_in(text) == command


def test_should_have_a_text_for_every_command_and_for_nothing_else() -> None:
    for command in [name for name, _ in CONTACT_COMMANDS] + [FORGET_NOW]:
        said = texts(command, "Tilda", "A machine answers.", 40)
        assert said
        assert all(text.strip() and len(text) < 1000 for text in said)
    assert texts("start", "Tilda", "A machine answers.", 40)[0] == "A machine answers."
    assert "40 lines" in texts("privacy", "Tilda", "", 40)[0]
    assert all(f"/{name}" in texts("help", "Tilda", "", 40)[0] for name, _ in CONTACT_COMMANDS)
    assert "Tilda" in texts("human", "Tilda", "", 40)[0]
    assert "the owner" in texts("human", "", "", 40)[0]
    assert texts("panic", "Tilda", "", 40) == ()


async def test_should_answer_a_line_once_however_often_it_is_delivered(counter: Counter) -> None:
    assert await counter.words.as_line(counter.line("/privacy"))
    assert await counter.words.as_line(counter.line("/privacy"))
    (said,) = await counter.delivered(1)
    assert said == texts("privacy", "Tilda", "", 40)[0]
    outcome = await read_outcome(counter.client, "telegram:7:1")
    assert outcome is not None
    assert (outcome.state, outcome.line_ids) == ("answered", ("1",))
    assert await accept(counter.scripts, counter.line("/privacy")) == "duplicate"  # no turn waits for it
    assert await counter.client.zcard(keys.DUE) == 0


async def test_should_disclose_on_start_so_that_no_notice_follows(counter: Counter) -> None:
    await counter.words.as_line(counter.line("/start"))
    first, second = await counter.delivered(2)
    assert first.startswith("Automatic reply: a machine answers here in Tilda's name")
    assert second.startswith("/human asks for Tilda")
    await counter.words.as_line(counter.line("/help", "2"))
    await counter.delivered(3)
    assert NOTICE not in counter.platform.texts


async def test_should_let_the_notice_go_ahead_of_the_first_other_text(counter: Counter) -> None:
    await counter.words.as_line(counter.line("/help", "1"))
    await counter.words.as_line(counter.line("/start", "2"))
    await counter.delivered(3)
    assert counter.platform.texts[0] == NOTICE
    assert counter.platform.texts.count(NOTICE) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"text": "hello"},
        {"text": "/autoreply off"},
        {"text": "/privacy", "from_owner": True},
        {"text": "/forgetme yes", "chat": ChatRef("telegram", "-1001234")},
        {"text": "/forgetme yes", "chat": ChatRef("telegram", "-1001234_55")},
        {"text": "/forgetme yes", "chat": ChatRef("discord", "1234")},
    ],
)
async def test_should_leave_other_lines_to_the_turns(counter: Counter, message: dict[str, Any]) -> None:
    assert not await counter.words.as_line(counter.line(**message))
    assert await counter.client.keys("*") == []
    assert not counter.home.excluded_file.exists()


async def test_should_tell_the_owner_and_stand_down_for_a_human(counter: Counter) -> None:
    assert await accept(counter.scripts, counter.line("are you there?", "1")) == "taken"
    await counter.words.as_line(counter.line("/human", "2"))
    assert await counter.delivered(1) == ["Tilda was told. The machine keeps out of this chat until Tilda is back."]
    (told,) = await counter.notices()
    assert told.startswith("Noor asked for you in person")
    until_ms = int(await counter.client.hget(keys.of_chat(CHAT.key).chat, "stand_down_until_ms") or 0)
    seconds, _ = await counter.client.time()
    assert abs(until_ms - seconds * 1000 - HUMAN_MS) < 60_000


async def test_should_ask_before_it_forgets(counter: Counter) -> None:
    await accept(counter.scripts, counter.line("my secret", "1"))
    await counter.words.as_line(counter.line("/forgetme", "2"))
    assert (await counter.delivered(1))[0].endswith("/forgetme yes")
    assert await counter.client.lrange(keys.of_chat(CHAT.key).history, 0, -1)
    assert not counter.home.excluded_file.exists()
    assert await counter.notices() == []


async def test_should_forget_all_but_the_sentence_that_says_so(counter: Counter) -> None:
    other = ChatRef("telegram", "8")
    await accept(counter.scripts, counter.line("my secret", "1"))
    await accept(counter.scripts, counter.line("not mine", "1", chat=other))
    await counter.words.as_line(counter.line("/privacy", "2"))
    await counter.delivered(1)
    assert "my secret" in await everything(counter.client)
    await counter.words.as_line(counter.line("/forgetme yes", "3"))
    assert (await counter.delivered(2))[1].startswith("Done: what the machine kept of this chat is deleted")
    kept = await everything(counter.client)
    for gone in ("my secret", "telegram:7:1", "telegram:7:2"):
        assert gone not in kept
    assert "not mine" in kept
    assert json.loads(counter.home.excluded_file.read_bytes()) == {"senders": ["telegram:user7"]}
    (told,) = await counter.notices()
    assert told.startswith("A contact on Telegram asked to be forgotten")


async def test_should_forget_the_orders_and_what_the_owner_was_told_but_no_block(counter: Counter) -> None:
    noor: Scope = ("contact", "telegram:user7")
    client = counter.client
    for scope in (noor, ("contact", "telegram:user8")):
        await set_rule(client, scope, ModeRule("auto", None, 1))
        await set_rule(client, scope, ModeRule("off", 2, 1))
        await set_blend(client, ("contact", scope[1]), {"core": 1.0})
        await add_window(client, Window(0, (0,), 0, 60, "off", scope))
    await notify(client, "Since Tue: 1 answered: Noor (friend)", about=DIGEST)
    await notify(client, "Since Wed: 1 answered: Mum (family)", about=DIGEST)
    await counter.words.as_line(counter.line("/human", "1"))
    await counter.words.as_line(counter.line("/forgetme yes", "2"))
    kept = await everything(client)
    assert "user7" not in kept
    assert "Noor" not in kept
    assert "contact:telegram:user8" in kept
    assert [notice[:9] for notice in await counter.notices()] == ["Since Wed", "A contact"]
    orders = await load_orders(client, CONFIG.turns, "UTC")
    assert [window.scope[1] for window in orders.windows] == ["telegram:user8"]
    await set_rule(client, noor, ModeRule("block", None, 1))
    await client.delete(*await client.keys("*said*"))
    said = len(await counter.delivered(1))
    assert await counter.words.as_line(counter.line("/forgetme yes", "3"))
    assert await is_blocked(client, "telegram:user7")
    await counter.courier.step()
    await counter.courier.drain()
    assert len(counter.said) == said


async def test_should_forget_the_weights_that_were_fitted_to_him(counter: Counter) -> None:
    """Under every id of his, and nobody else's; a file that cannot be read keeps nothing else from going."""
    noor = ContactEntry("Noor", "friend", ("telegram:user7", "signal:noor"))
    counter.home.contacts_file.write_bytes(msgspec.json.encode(ContactsFile((noor,))))
    for ids in (noor.ids, ("telegram:user8",)):
        put_contact(counter.home, ids, {"core": 1.0}, NO_FIGURES)
    await counter.words.as_line(counter.line("/forgetme yes", "1"))
    fitted = read_fitted(counter.home)
    assert {*fitted.contacts, *fitted.figures} == {"telegram:user8"}
    fitted_path(counter.home).write_text("not JSON")
    await set_blend(counter.client, ("contact", noor.ids[0]), {"core": 1.0})
    await counter.client.delete(*await counter.client.keys("*said*"))
    await counter.words.as_line(counter.line("/forgetme yes", "2"))
    outcome = await read_outcome(counter.client, "telegram:7:2")
    assert outcome is not None
    assert "fitted.json cannot be read" in outcome.reason, "the owner is told"
    assert (await load_book(counter.client)).contacts == {}, "all else went before"


async def test_should_say_nothing_to_a_blocked_contact_but_forget(counter: Counter) -> None:
    await set_rule(counter.client, ("contact", "telegram:user7"), ModeRule("block", None, 1))
    for command in ("/start", "/help", "/privacy", "/human", "/forgetme"):
        assert not await counter.words.as_line(counter.line(command)), "a turn skips it, as every line of theirs"
        assert await counter.words.answer(CHAT, "user7", "Noor", command) is None
    assert await counter.notices() == []
    await accept(counter.scripts, counter.line("my secret", "1"))
    assert await counter.words.as_line(counter.line("/forgetme yes", "2"))
    assert "my secret" not in await everything(counter.client)
    outcome = await read_outcome(counter.client, "telegram:7:2")
    assert outcome is not None
    assert (outcome.state, outcome.reason) == ("skipped", BLOCKED)
    assert await counter.words.answer(CHAT, "user7", "Noor", "/forgetme yes") is None
    await counter.courier.step()
    await counter.courier.drain()
    assert counter.platform.texts == []


async def test_should_know_a_blocked_contact_by_any_of_their_ids(counter: Counter) -> None:
    book = ContactsFile((ContactEntry("Noor", ids=("discord:9", "telegram:user7")),))
    counter.home.contacts_file.write_bytes(msgspec.json.encode(book))
    await set_rule(counter.client, ("contact", "discord:9"), ModeRule("block", None, 1))
    assert not await counter.words.as_line(counter.line("/help"))


async def test_should_say_nothing_where_the_block_cannot_be_read(counter: Counter) -> None:
    await counter.client.hset(ORDERS, "rule:contact:telegram:user7", "?")
    assert not await counter.words.as_line(counter.line("/help"))


async def test_should_answer_the_same_word_once_in_a_while(counter: Counter) -> None:
    for line_id in "12345":
        assert await counter.words.as_line(counter.line("/human", line_id))
    assert await counter.words.as_line(counter.line("/help", "6"))
    assert len(await counter.delivered(2)) == 2
    assert len(await counter.notices()) == 1
    outcomes = [await read_outcome(counter.client, f"telegram:7:{line_id}") for line_id in "12345"]
    assert [outcome and outcome.state for outcome in outcomes] == ["answered", *["skipped"] * 4]
    assert [outcome and outcome.reason for outcome in outcomes[1:]] == [SAID_BEFORE] * 4
    assert await counter.client.xlen(keys.DEAD) == 0
    assert await counter.words.answer(CHAT, "user7", "Noor", "human") is None


async def test_should_leave_no_repeated_word_to_the_persona_where_words_are_answered_in_place(counter: Counter) -> None:
    chat = ChatRef("discord", "1234")
    assert await counter.words.answer(chat, "9", "Noor", "help")
    assert await counter.words.answer(chat, "9", "Noor", "help") is None
    assert await counter.words.as_line(counter.line("/help", "2", chat=chat))
    outcome = await read_outcome(counter.client, "discord:1234:2")
    assert outcome is not None
    assert (outcome.state, outcome.reason) == ("skipped", SAID_BEFORE)


async def test_should_tell_of_a_human_again_only_once_the_owner_was_back(counter: Counter) -> None:
    async def asked(line_id: str) -> int:
        await counter.client.delete(*await counter.client.keys("*said*"))
        assert await counter.words.as_line(counter.line("/human", line_id))
        return len(await counter.notices())

    assert await counter.words.as_line(counter.line("/human", "0"))
    assert await asked("1") == 1
    await resume_chat(counter.scripts, CHAT.key)
    assert await asked("2") == 2
    assert len(await counter.delivered(3)) == 3


async def test_should_not_shorten_the_owners_own_stand_down(counter: Counter) -> None:
    await stand_down(counter.scripts, CHAT.key, FOREVER_MS)
    assert await counter.words.as_line(counter.line("/human"))
    until_ms = await counter.client.hget(keys.of_chat(CHAT.key).chat, "stand_down_until_ms")
    assert int(until_ms or 0) == FOREVER_MS
    assert len(await counter.notices()) == 1


async def test_should_forget_once_when_the_platform_repeats_the_line(counter: Counter) -> None:
    await counter.words.as_line(counter.line("/forgetme yes", "3"))
    await counter.delivered(1)
    await accept(counter.scripts, counter.line("a new start", "4"))
    await counter.words.as_line(counter.line("/forgetme yes", "3"))
    assert len(await counter.client.lrange(keys.of_chat(CHAT.key).history, 0, -1)) == 1
    assert len(await counter.notices()) == 1
    assert len(await counter.delivered(1)) == 1


async def test_should_send_nothing_while_halted_and_all_of_it_afterwards(counter: Counter) -> None:
    await halt(counter.client)
    assert await counter.words.answer(CHAT, "user7", "Noor", "privacy") is None
    assert await counter.words.answer(CHAT, "user7", "Noor", "forgetme yes") is None
    assert await counter.words.as_line(counter.line("/privacy"))
    for _ in range(5):
        await counter.courier.step()
        await asyncio.sleep(0)
    await counter.courier.drain()
    assert counter.platform.texts == []
    assert not counter.home.excluded_file.exists()
    await resume(counter.client)
    assert len(await counter.delivered(1)) == 1


async def test_should_answer_in_place_for_a_platform_that_does(counter: Counter) -> None:
    answer = counter.words.answer
    assert await answer(CHAT, "user7", "Noor", "/privacy") == texts("privacy", "Tilda", "", 40)[0]
    assert "machine answers here in Tilda's name" in str(await answer(CHAT, "user7", "Noor", "start"))
    assert await answer(CHAT, "user7", "Noor", "panic") is None
    assert await answer(CHAT, "user7", "Noor", "") is None
    await accept(counter.scripts, counter.line("my secret"))
    assert str(await answer(CHAT, "user7", "Noor", "forgetme yes")).startswith("Done")
    assert await counter.client.exists(keys.of_chat(CHAT.key).history) == 0
    await answer(CHAT, "user7", "Noor", "human")
    assert len(await counter.notices()) == 2


def test_should_keep_the_list_of_who_is_left_out_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "excluded.json"
    for sender in ("telegram:user7", "discord:9", "telegram:user7"):
        exclude(path, sender)
    assert json.loads(path.read_bytes()) == {"senders": ["telegram:user7", "discord:9"]}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["excluded.json"]
    path.write_text("{broken")
    with pytest.raises(ConfigError):
        exclude(path, "discord:10")
    assert path.read_text() == "{broken"


async def test_should_say_nothing_in_the_owners_own_chat_and_carry_wishes_out_all_the_same(counter: Counter) -> None:
    """In his own chats every fixed text would be in his name."""
    own = ChatRef("telegram", "b7")
    for n, text in enumerate(("/start", "/help", "/privacy", "/forgetme")):
        assert not await counter.words.as_line(counter.line(text, f"{n}", own)), "a line like any other"
    assert await counter.words.as_line(counter.line("/human", "7", own))
    assert "asked for you in person" in (await counter.notices())[-1]
    assert await counter.words.as_line(counter.line("/forgetme yes", "8", own))
    assert json.loads(counter.home.excluded_file.read_text()) == {"senders": ["telegram:user7"]}
    assert await counter.client.llen(keys.of_chat(own.key).outbox) == 0
    outcome = await read_outcome(counter.client, f"{own.key}:8")
    assert outcome is not None
    assert (outcome.state, outcome.reason) == ("skipped", OWN_CHAT)
