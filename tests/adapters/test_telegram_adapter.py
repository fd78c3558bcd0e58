"""The adapter against the test server, through the real library: chats, connections, sending, taking back."""

from collections.abc import AsyncIterator

import pytest

from adapters.base import ChatRef, Gated, OutboundMessage, OutcomeHidden, Refused, RetryLater, Unsends
from adapters.owner_port import OwnerChannel
from tests.adapters.telegram_stage import Stage, adapter_of, running, staged
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Connection
from tests.waiting import until


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        yield stage


async def connected(stage: Stage, *rights: str) -> Connection:
    connection = await stage.server.connect_business(stage.mara, rights=rights or ("can_reply", "can_read_messages"))
    await stage.settled()
    return connection


def of(chat_key: str, text: str = "hi") -> OutboundMessage:
    return OutboundMessage(ChatRef.parse(chat_key), "b1", text)


def test_it_should_be_everything_the_bot_asks_of_it() -> None:
    for port in (Gated, Unsends, OwnerChannel):
        assert issubclass(type(adapter_of(TelegramServer(), *(None, None))), port)  # type: ignore[arg-type]


async def test_a_contacts_line_should_be_answered_in_the_owners_name(stage: Stage) -> None:
    connection = await connected(stage)
    room = stage.server.business(connection, stage.jonas)
    await stage.server.contact_writes(stage.jonas, "https://example.org is yours?", room=room)
    await until(lambda: stage.inbox.lines)
    line = stage.inbox.lines[0]
    assert (line.chat.key, line.sender_id, line.sender_name) == (
        f"telegram:b{stage.jonas.id}",
        f"user{stage.jonas.id}",
        "Jonas",
    )
    assert line.answer_until_ms == line.at_ms + 86_400_000
    receipt = await stage.send(line.chat.key, "yes, https://example.org")
    await stage.settled()  # the echo of it
    [bubble] = [bubble for bubble in stage.server.shown(room) if bubble.by_bot]
    assert (bubble.text, str(bubble.id), bubble.by) == ("yes, https://example.org", receipt.message_id, "Mara")
    call = stage.server.calls_of("sendMessage")[-1]
    assert call.params["business_connection_id"] == connection.id
    assert call.params["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in call.params
    assert stage.inbox.texts == ["https://example.org is yours?"]


async def test_somebody_elses_connection_should_be_ignored(stage: Stage) -> None:
    eve = stage.server.person("Eve", "mara_lq")
    theirs = await stage.server.connect_business(eve)
    await stage.server.contact_writes(stage.jonas, "hello Eve", room=stage.server.business(theirs, stage.jonas))
    await stage.settled()
    assert stage.inbox.taken == []
    assert stage.adapter.refusal(ChatRef("telegram", f"b{stage.jonas.id}")) is not None
    assert not [name for name in stage.memory.facts if name.startswith("connection:")]


async def test_a_connection_made_before_the_pairing_should_be_served_after_it(stage: Stage) -> None:
    stage.desk.owners.clear()
    connection = await connected(stage)
    room = stage.server.business(connection, stage.jonas)
    await stage.server.contact_writes(stage.jonas, "too early", room=room)
    await stage.server.contact_writes(stage.mara, "/pair GOOD")
    await stage.settled()
    await stage.server.contact_writes(stage.jonas, "now", room=room)
    await until(lambda: stage.inbox.texts == ["now"])
    assert stage.adapter.refusal(ChatRef("telegram", f"b{stage.jonas.id}")) is None


async def test_the_owner_who_types_himself_should_take_over(stage: Stage) -> None:
    room = stage.server.business(await connected(stage), stage.jonas)
    await stage.server.owner_writes(room, "automatic", offline=True)
    await stage.server.owner_writes(room, "I will")
    await until(lambda: stage.inbox.lines)
    assert [(line.text, line.from_owner) for line in stage.inbox.lines] == [("I will", True)]


async def test_edited_and_deleted_lines_should_be_told(stage: Stage) -> None:
    room = stage.server.business(await connected(stage), stage.jonas)
    id_ = await stage.server.contact_writes(stage.jonas, "ten", room=room)
    await stage.server.edit(room, id_, "eleven")
    await stage.server.delete(room, id_)
    await until(lambda: stage.inbox.deletions)
    assert [edit.message.text for edit in stage.inbox.edits] == ["eleven"]
    assert (stage.inbox.deletions[0].chat.chat_id, stage.inbox.deletions[0].message_ids) == (
        f"b{stage.jonas.id}",
        (str(id_),),
    )


async def test_a_refusal_should_say_what_the_owner_does_about_it(stage: Stage) -> None:
    chat = ChatRef("telegram", f"b{stage.jonas.id}")
    assert "no Business connection" in (stage.adapter.refusal(chat) or "")
    connection = await connected(stage)
    assert stage.adapter.refusal(chat) is None
    await stage.server.set_rights(connection, "can_read_messages")
    await until(lambda: "right to reply" in (stage.adapter.refusal(chat) or ""))
    with pytest.raises(Refused):
        await stage.adapter.send(of(chat.key))
    await stage.server.disconnect(connection)
    await until(lambda: "switched off" in (stage.adapter.refusal(chat) or ""))
    assert stage.adapter.refusal(ChatRef("telegram", str(stage.jonas.id))) is None
    assert stage.server.calls_of("sendMessage") == []


async def test_an_owner_who_was_unpaired_should_not_be_answered_for(stage: Stage) -> None:
    room = stage.server.business(await connected(stage), stage.jonas)
    await stage.server.contact_writes(stage.jonas, "one", room=room)
    await until(lambda: stage.inbox.lines)
    stage.desk.owners.clear()
    with pytest.raises(Refused):
        await stage.adapter.send(of(f"telegram:b{stage.jonas.id}"))
    assert stage.server.sent(room) == []


async def test_a_line_should_be_read_once_and_only_when_a_reply_begins(stage: Stage) -> None:
    room = stage.server.business(await connected(stage), stage.jonas)
    await stage.server.contact_writes(stage.jonas, "one", room=room)
    last = await stage.server.contact_writes(stage.jonas, "two", room=room)
    await stage.settled()
    assert stage.server.calls_of("readBusinessMessage") == []
    chat = ChatRef("telegram", f"b{stage.jonas.id}")
    await stage.adapter.show_typing(chat)
    await stage.send(chat.key, "there")
    await until(lambda: last in room.read_ids and not stage.adapter._asides)
    assert len(stage.server.calls_of("readBusinessMessage")) == 1
    assert stage.server.calls_of("sendChatAction")[0].params["business_connection_id"]


async def test_nothing_should_be_marked_as_read_without_the_right(stage: Stage) -> None:
    room = stage.server.business(await connected(stage, "can_reply"), stage.jonas)
    await stage.server.contact_writes(stage.jonas, "one", room=room)
    await stage.settled()
    await stage.send(f"telegram:b{stage.jonas.id}", "there")
    assert stage.server.calls_of("readBusinessMessage") == []


async def test_a_closed_window_should_refuse(stage: Stage) -> None:
    room = stage.server.business(await connected(stage), stage.jonas)
    await stage.server.contact_writes(stage.jonas, "one", room=room)
    await stage.settled()
    stage.server.advance(24 * 3600 + 60)
    with pytest.raises(Refused):
        await stage.adapter.send(of(f"telegram:b{stage.jonas.id}"))


async def test_a_reply_should_be_taken_back_where_that_is_allowed(stage: Stage) -> None:
    connection = await connected(stage)
    room, chat = stage.server.business(connection, stage.jonas), ChatRef("telegram", f"b{stage.jonas.id}")
    await stage.server.contact_writes(stage.jonas, "one", room=room)
    await stage.settled()
    sent = await stage.send(chat.key, "oops")
    with pytest.raises(Refused, match="may not delete"):
        await stage.adapter.unsend(chat, (sent.message_id,))
    await stage.server.set_rights(connection, "can_reply", "can_delete_sent_messages")
    await stage.settled()
    await stage.adapter.unsend(chat, (sent.message_id,))
    assert stage.server.sent(room) == []


async def test_a_reply_in_a_chat_of_the_bot_should_be_taken_back(stage: Stage) -> None:
    await stage.server.contact_writes(stage.jonas, "hi")
    await until(lambda: stage.inbox.lines)
    assert stage.inbox.lines[0].answer_until_ms is None
    key = stage.inbox.lines[0].chat.key
    sent = await stage.send(key, "oops")
    await stage.adapter.unsend(ChatRef.parse(key), (sent.message_id,))
    assert stage.server.sent(stage.server.private(stage.jonas)) == []


async def test_the_connection_should_be_known_after_a_restart() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        async with running(stage):
            room = server.business(await connected(stage), stage.jonas)
            await server.contact_writes(stage.jonas, "before", room=room)
            await stage.settled()
        chat = ChatRef("telegram", f"b{stage.jonas.id}")
        stage.adapter = adapter_of(server, stage.desk, stage.memory)
        assert stage.adapter.refusal(chat) is None  # not up: nothing is known against it
        async with running(stage):
            assert stage.adapter.refusal(chat) is None
            await stage.send(chat.key, "after")
        assert server.sent(room) == ["after"]


async def test_a_connection_that_ended_while_we_were_away_should_not_be_trusted() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        async with running(stage):
            connection = await connected(stage)
        connection.enabled = False  # and the update about it was lost
        stage.adapter = adapter_of(stage.server, stage.desk, stage.memory)
        async with running(stage):
            assert "switched off" in (stage.adapter.refusal(ChatRef("telegram", "b1")) or "")
        del server.world.connections[connection.id]
        stage.adapter = adapter_of(stage.server, stage.desk, stage.memory)
        async with running(stage):
            assert "no Business connection" in (stage.adapter.refusal(ChatRef("telegram", "b1")) or "")


async def test_every_failure_of_a_send_should_mean_what_it_is(stage: Stage) -> None:
    server, people = stage.server, [stage.server.person(f"P{number}") for number in range(5)]
    for person in people:
        await server.contact_writes(person, "hi")
    await stage.settled()
    flooded, *cut, blocker = (f"telegram:{person.id}" for person in people)
    server.flood_next("sendMessage", 7)
    with pytest.raises(RetryLater) as told:
        await stage.adapter.send(of(flooded))
    assert told.value.after_s == 7
    with pytest.raises(RetryLater):  # held here, without asking
        await stage.adapter.send(of(flooded))
    assert len(server.calls_of("sendMessage")) == 1
    for order, key in zip((server.cut_before, server.cut_after, server.break_down), cut, strict=True):
        order("sendMessage")
        with pytest.raises(OutcomeHidden):
            await stage.adapter.send(of(key))
    # the one whose answer was lost
    assert [server.sent(server.private(person)) for person in people] == [[], [], ["hi"], [], []]
    await server.block(people[-1])
    with pytest.raises(Refused):
        await stage.adapter.send(of(blocker))


async def test_a_text_that_is_too_long_should_not_be_asked_about(stage: Stage) -> None:
    for text in ("x" * 4097, ""):
        with pytest.raises(Refused):
            await stage.adapter.send(of(f"telegram:{stage.jonas.id}", text))
    assert stage.server.calls_of("sendMessage") == []


async def test_a_server_that_cannot_be_reached_should_be_tried_again(stage: Stage) -> None:
    await stage.server.contact_writes(stage.jonas, "hi")
    await stage.settled()
    await stage.server.stop()
    with pytest.raises(RetryLater):
        await stage.adapter.send(of(f"telegram:{stage.jonas.id}"))
    await stage.adapter.show_typing(ChatRef("telegram", str(stage.jonas.id)))
    await stage.server.start()


async def test_nothing_should_be_sent_before_the_bot_is_up() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        with pytest.raises(RetryLater):
            await stage.adapter.send(of("telegram:42"))
        assert stage.adapter.resend_safe_ms(ChatRef("telegram", "42")) == 0
