"""A friend writes on Telegram, the owner decides on Telegram: all of it, with the real model and the real library."""

import json
from dataclasses import dataclass

import msgspec
import pytest
import pytest_asyncio

from bot import keys
from bot.order_store import ORDERS
from bot.orders import ModeRule
from model_server.corrections import read_corrections
from tests.platforms.instance import NOTICE, REPLY_S, Instance, TelegramOwner
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Connection, Person, Room
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="package")


@dataclass
class Phone:
    """The owner's phone, paired, her account connected, and somebody new who writes to her."""

    instance: Instance
    owner: TelegramOwner
    connection: Connection

    @property
    def server(self) -> TelegramServer:
        return self.owner.server

    def newcomer(self, name: str) -> tuple[Person, Room]:
        peer = self.server.person(name)
        return peer, self.server.business(self.connection, peer)


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def phone(instance: Instance) -> Phone:
    owner = TelegramOwner(instance.telegram)
    rights = ("can_reply", "can_read_messages", "can_delete_sent_messages")
    connection = await instance.telegram.connect_business(owner.person, rights=rights)
    answer = await owner.says(f"/pair {await instance.pairing_code()}")
    assert answer.startswith("You are the owner here now")
    return Phone(instance, owner, connection)


async def test_a_new_install_should_hold_a_strangers_line_for_the_owner_and_send_what_she_approves(
    phone: Phone,
) -> None:
    peer, room = phone.newcomer("Nadia")
    await phone.server.contact_writes(peer, "hello, is the archive open on monday?", room=room)
    card = await phone.owner.card("archive open on monday")
    assert phone.server.sent(room) == []
    assert "stranger" in phone.owner.text_of(card)
    assert phone.owner.buttons_of(card) == ["Send", "Edit", "Discard", "Regenerate", "Take over"]
    await phone.owner.press(card, "Send")
    await until(lambda: len(phone.server.sent(room)) >= 2, REPLY_S)
    assert phone.server.sent(room)[0].startswith(NOTICE)
    await until(lambda: phone.owner.buttons_of(card) == [], REPLY_S)
    reply = "\n".join(phone.server.sent(room)[1:])
    assert reply
    assert reply.split("\n")[0] in phone.owner.text_of(card)
    calls = [call for call in phone.server.calls_of("sendMessage") if call.params["chat_id"] == peer.id]
    assert all(call.params["business_connection_id"] == phone.connection.id for call in calls)


async def test_the_owners_own_words_should_go_out_and_be_kept_as_a_correction(phone: Phone) -> None:
    peer, room = phone.newcomer("Oscar")
    await phone.server.contact_writes(peer, "what does a chart cost?", room=room)
    card = await phone.owner.card("what does a chart cost")
    await phone.owner.press(card, "Edit")
    await until(lambda: phone.server.shown(phone.owner.desk)[-1].id > card, REPLY_S)
    question = phone.server.shown(phone.owner.desk)[-1].id
    await phone.server.reply_to(
        phone.owner.person, phone.owner.desk, question, "Nothing at all, they are not for sale."
    )
    await until(lambda: "Nothing at all, they are not for sale." in phone.server.sent(room), REPLY_S)
    async with phone.instance.redis() as client:
        found = [correction for _, correction in await read_corrections(client)]
    (edited,) = [one for one in found if one.chat_key == f"telegram:b{peer.id}"]
    assert edited.outcome == "edited"
    assert edited.final == "Nothing at all, they are not for sale."
    assert edited.proposed
    assert edited.proposed != edited.final
    assert [line.text for line in edited.lines if line.author == "contact"] == ["what does a chart cost?"]


async def test_a_discarded_draft_should_leave_the_contact_in_silence(phone: Phone) -> None:
    peer, room = phone.newcomer("Pia")
    await phone.server.contact_writes(peer, "buy my cheap ink", room=room)
    card = await phone.owner.card("cheap ink")
    await phone.owner.press(card, "Discard")
    await until(lambda: phone.owner.buttons_of(card) == [], REPLY_S)
    assert phone.server.sent(room) == []
    assert "discarded" in phone.owner.text_of(card).lower()


async def test_a_draft_should_go_stale_visibly_when_a_newer_line_comes(phone: Phone) -> None:
    peer, room = phone.newcomer("Quentin")
    await phone.server.contact_writes(peer, "are you at the harbour?", room=room)
    card = await phone.owner.card("at the harbour")
    await phone.server.contact_writes(peer, "never mind, found you", room=room)
    await until(lambda: phone.owner.buttons_of(card) == [], REPLY_S)
    assert "stale" in phone.owner.text_of(card).lower()
    newer = await phone.owner.card("never mind, found you")
    assert newer != card
    assert phone.server.sent(room) == []


async def test_the_owner_typing_should_silence_the_clone_while_it_writes(phone: Phone) -> None:
    peer, room = phone.newcomer("Rosa")
    await phone.instance.owner("autoreply auto for stranger")
    await phone.server.contact_writes(peer, "tell me everything about the sea charts", room=room)
    await until(
        lambda: any(c.params.get("chat_id") == peer.id for c in phone.server.calls_of("sendChatAction")), REPLY_S
    )
    await phone.server.owner_writes(room, "It is me now, one moment.")

    async def ended() -> bool:
        async with phone.instance.redis() as client:
            last = await client.hget(keys.of_chat(f"telegram:b{peer.id}").chat, "last_request")
            return last is not None

    await until(ended, REPLY_S)
    await phone.server.contact_writes(peer, "oh, hello!", room=room)
    await phone.instance.owner("autoreply clear for stranger")
    assert [bubble.text for bubble in phone.server.shown(room) if bubble.by_bot] == []
    async with phone.instance.redis() as client:
        kept = [one for _, one in await read_corrections(client) if one.chat_key == f"telegram:b{peer.id}"]
    assert [(one.outcome, one.final) for one in kept] == [("answered", "It is me now, one moment.")]


async def test_an_edited_line_should_be_answered_as_it_reads_now(phone: Phone) -> None:
    peer, room = phone.newcomer("Sven")
    line = await phone.server.contact_writes(peer, "do you like herring?", room=room)
    card = await phone.owner.card("do you like herring")
    await phone.server.edit(room, line, "do you like coffee?")
    assert await phone.owner.card("do you like coffee") != card
    await until(lambda: phone.owner.buttons_of(card) == [], REPLY_S)


async def test_a_line_taken_back_should_not_be_answered(phone: Phone) -> None:
    peer, room = phone.newcomer("Tove")
    line = await phone.server.contact_writes(peer, "my secret is a heron", room=room)
    card = await phone.owner.card("my secret is a heron")
    await phone.server.delete(room, line)
    await until(lambda: phone.owner.buttons_of(card) == [], REPLY_S)
    assert "heron" not in phone.owner.text_of(card)
    async with phone.instance.redis() as client:
        of = keys.of_chat(f"telegram:b{peer.id}")
        assert await client.llen(of.history) == await client.llen(of.mailbox) == 0


async def test_the_owner_should_be_able_to_take_the_last_reply_back(phone: Phone) -> None:
    peer, room = phone.newcomer("Ulla")
    await phone.server.contact_writes(peer, "see you on sunday?", room=room)
    await phone.owner.press(await phone.owner.card("see you on sunday"), "Send")
    await until(lambda: len(phone.server.sent(room)) >= 2, REPLY_S)
    await phone.owner.says(f"/undo telegram:b{peer.id}")
    await until(lambda: len(phone.server.sent(room)) == 1, REPLY_S)
    assert phone.server.sent(room)[0].startswith(NOTICE), "that a machine answered stays said"


async def test_a_group_should_be_answered_when_it_addresses_us_only(phone: Phone) -> None:
    group = phone.server.group("Late Ferries")
    bram = phone.server.person("Bram")
    await phone.server.contact_writes(bram, "who has the van?", room=group)
    name = phone.server.world.bot.username
    assert name is not None
    text = f"@{name} do you know?"
    mention = {"type": "mention", "offset": 0, "length": len(name) + 1}
    await phone.server.contact_writes(bram, text, room=group, entities=[mention])
    card = await phone.owner.card("do you know?")
    assert "who has the van" not in phone.owner.text_of(card)
    await phone.owner.press(card, "Discard")


async def test_nobody_but_the_owner_should_be_obeyed(phone: Phone) -> None:
    mallory = phone.server.person("Tilda", "tilda_v_")
    room = phone.server.private(mallory)
    before = await phone.instance.owner("autoreply draft")
    await phone.server.contact_writes(mallory, "/autoreply auto")
    await phone.server.contact_writes(mallory, "/pair AAAA-AAAA")
    await phone.owner.card("/autoreply auto")  # a line like any other, held for the owner
    assert phone.server.sent(room) == []
    async with phone.instance.redis() as client:
        raw = await client.hget(ORDERS, "rule:global")
    assert raw is not None, before
    assert msgspec.json.decode(raw, type=ModeRule).mode == "draft"


async def test_panic_should_stop_every_send_at_once(phone: Phone) -> None:
    await phone.instance.owner("autoreply auto for stranger")
    people = [phone.newcomer(f"Guest {n}") for n in range(10)]
    for peer, room in people:
        await phone.server.contact_writes(peer, f"hello from {peer.first_name}", room=room)
    peers = {peer.id for peer, _ in people}

    def to_guests() -> int:
        return sum(call.params.get("chat_id") in peers for call in phone.server.calls_of("sendMessage"))

    await until(lambda: to_guests() >= 2, REPLY_S)
    await phone.owner.says("/panic")
    when_told = to_guests()
    async with phone.instance.redis() as client:  # what was ready is called back, and everybody waits
        await until(lambda: client.zcard(keys.DUE), REPLY_S)
    status = await phone.instance.status()
    assert status["halted"]
    card_answer = await phone.owner.says("/status")
    assert "panic" in card_answer.lower()
    assert to_guests() == when_told
    await phone.owner.says("/resume")
    await until(lambda: all(len(phone.server.sent(room)) >= 2 for _, room in people), REPLY_S)
    assert all(phone.server.sent(room)[0].startswith(NOTICE) for _, room in people)
    await phone.instance.owner("autoreply clear for stranger")


async def test_why_should_tell_how_the_last_reply_came_about(phone: Phone) -> None:
    told = await phone.owner.says("/why")
    assert "stranger" in told
    assert "auto" in told


async def test_logs_should_hold_no_words_and_no_token(phone: Phone) -> None:
    said = phone.instance.said_in_the_logs()
    assert "answered" in said
    for word in ("herring", "heron", "cheap ink", phone.server.token, json.dumps(phone.server.token)):
        assert word not in said
