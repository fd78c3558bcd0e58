"""What the test server enforces in an owner's own chats: the business connection, through the real library."""

import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden

from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Connection, Person, Room

DAY_S = 24 * 3600


@pytest.fixture
async def jonas(server: TelegramServer) -> Person:
    return server.person("Jonas", "jonas_ok")


@pytest.fixture
async def connection(server: TelegramServer) -> Connection:
    return await server.connect_business(server.person("Mara"))


@pytest.fixture
async def room(server: TelegramServer, connection: Connection, jonas: Person) -> Room:
    """Mara's own chat with Jonas, who just wrote."""
    room = server.business(connection, jonas)
    await server.contact_writes(jonas, "are you around?", room=room)
    return room


async def kinds(bot: Bot) -> list[str]:
    """What is waiting, by kind; everything is confirmed."""
    updates = await bot.get_updates()
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1)
    return [next(iter(set(update.to_dict()) - {"update_id"})) for update in updates]


async def test_a_send_should_reach_the_peer_in_the_owners_name_and_come_back_as_an_echo(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room
) -> None:
    await bot.send_chat_action(room.chat_id, "typing", business_connection_id=connection.id)
    sent = await bot.send_message(room.chat_id, "in an hour", business_connection_id=connection.id)
    assert (server.shown(room)[-1].by, server.sent(room)) == ("Mara", ["in an hour"])
    echo = (await bot.get_updates())[-1].business_message
    assert echo is not None
    assert (echo.message_id, echo.business_connection_id) == (sent.message_id, connection.id)
    assert echo.from_user is not None
    assert echo.from_user.id == connection.owner.id
    assert echo.sender_business_bot is not None
    assert echo.sender_business_bot.id == 6_543_210


@pytest.mark.parametrize("chat_known", [True, False])
async def test_without_the_connection_id_nothing_should_reach_a_peer(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room, chat_known: bool
) -> None:
    if chat_known:
        assert room.peer is not None
        server.private(room.peer)
    sent = await bot.send_message(room.chat_id, "hi", business_connection_id=connection.id)
    refused = "bot can't initiate conversation with a user"
    with pytest.raises(Forbidden, match=refused):
        await bot.send_message(room.chat_id, "hi")
    with pytest.raises(Forbidden, match=refused):
        await bot.edit_message_text("ho", room.chat_id, sent.message_id)
    with pytest.raises(Forbidden, match=refused):
        await bot.send_chat_action(room.chat_id, "typing")
    assert server.sent(room) == ["hi"]


async def test_a_peer_who_knows_the_bot_too_should_have_two_chats(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room, jonas: Person
) -> None:
    await server.contact_writes(jonas, "/start")
    await bot.send_message(jonas.id, "from the bot")
    await bot.send_message(jonas.id, "from Mara", business_connection_id=connection.id)
    assert server.sent(server.private(jonas)) == ["from the bot"]
    assert server.sent(room) == ["from Mara"]


async def test_an_unknown_or_ended_connection_should_be_refused(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room
) -> None:
    with pytest.raises(BadRequest, match="usiness connection not found"):
        await bot.send_message(room.chat_id, "hi", business_connection_id="nobody")
    await server.disconnect(connection)
    with pytest.raises(BadRequest, match=r"(?i)business_connection_invalid"):
        await bot.send_message(room.chat_id, "hi", business_connection_id=connection.id)
    assert (await bot.get_business_connection(connection.id)).is_enabled is False
    await kinds(bot)
    await server.contact_writes(server.world.people[room.chat_id], "still there?", room=room)
    assert await kinds(bot) == []


async def test_a_new_connection_should_end_the_old_one_and_keep_the_chats(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room
) -> None:
    new = await server.connect_business(connection.owner)
    with pytest.raises(BadRequest):
        await bot.send_message(room.chat_id, "hi", business_connection_id=connection.id)
    assert (await bot.send_message(room.chat_id, "hi", business_connection_id=new.id)).business_connection_id == new.id
    assert server.sent(room) == ["hi"]


async def test_replying_should_need_the_right(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room
) -> None:
    await server.set_rights(connection, "can_read_messages")
    with pytest.raises(Forbidden, match=r"(?i)bot_access_forbidden"):
        await bot.send_message(room.chat_id, "hi", business_connection_id=connection.id)
    with pytest.raises(Forbidden, match=r"(?i)bot_access_forbidden"):
        await bot.send_chat_action(room.chat_id, "typing", business_connection_id=connection.id)
    told = (await bot.get_updates())[-1].business_connection
    assert told is not None
    assert told.rights is not None
    assert (told.rights.can_reply, told.rights.can_read_messages) == (None, True)


async def test_the_window_should_close_24_hours_after_the_peers_last_line(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room, jonas: Person
) -> None:
    server.advance(DAY_S - 60)
    await server.owner_writes(room, "I keep no window open")
    await bot.send_message(room.chat_id, "in time", business_connection_id=connection.id)
    server.advance(120)
    with pytest.raises(BadRequest, match=r"(?i)business_peer_usage_missing"):
        await bot.send_message(room.chat_id, "late", business_connection_id=connection.id)
    await server.contact_writes(jonas, "hello?", room=room)
    await bot.send_message(room.chat_id, "again", business_connection_id=connection.id)
    assert server.sent(room) == ["in time", "again"]


async def test_a_chat_the_owner_left_out_or_never_had_should_be_refused(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room
) -> None:
    with pytest.raises(BadRequest, match=r"(?i)business_peer_invalid"):
        await bot.send_message(server.person("Stranger").id, "hi", business_connection_id=connection.id)
    room.excluded = True
    with pytest.raises(BadRequest, match=r"(?i)business_peer_invalid"):
        await bot.send_message(room.chat_id, "hi", business_connection_id=connection.id)


async def test_reading_should_need_the_right(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room
) -> None:
    line = server.shown(room)[0].id
    await bot.read_business_message(connection.id, room.chat_id, line)
    assert room.read_ids == {line}
    await server.set_rights(connection, "can_reply")
    with pytest.raises(Forbidden):
        await bot.read_business_message(connection.id, room.chat_id, line)


async def test_deleting_should_need_the_right_for_whose_message_it_is(
    server: TelegramServer, bot: Bot, connection: Connection, room: Room
) -> None:
    theirs = server.shown(room)[0].id
    ours = (await bot.send_message(room.chat_id, "oops", business_connection_id=connection.id)).message_id
    with pytest.raises(Forbidden):
        await bot.delete_business_messages(connection.id, [ours])
    await server.set_rights(connection, "can_reply", "can_delete_sent_messages")
    await bot.delete_business_messages(connection.id, [ours])
    with pytest.raises(Forbidden):
        await bot.delete_business_messages(connection.id, [theirs])
    await server.set_rights(connection, "can_delete_all_messages")
    await bot.delete_business_messages(connection.id, [theirs])
    assert [bubble.deleted for bubble in server.shown(room)] == [True, True]
    await bot.delete_business_messages(connection.id, [ours, theirs])  # gone is gone


async def test_the_bot_should_hear_who_wrote_edited_and_deleted(
    server: TelegramServer, bot: Bot, room: Room, jonas: Person
) -> None:
    first = server.shown(room)[0].id
    await server.edit(room, first, "are you around on Friday?")
    await server.owner_writes(room, "yes")
    await server.owner_writes(room, "I am away", offline=True)
    await server.reply_to(jonas, room, first, "hm")
    await server.delete(room, first)
    updates = await bot.get_updates()
    assert await kinds(bot) == [
        "business_connection",
        "business_message",
        "edited_business_message",
        "business_message",
        "business_message",
        "business_message",
        "deleted_business_messages",
    ]
    edited = updates[2].edited_business_message
    assert edited is not None
    assert (edited.text, edited.edit_date is not None) == ("are you around on Friday?", True)
    own, away, reply = (update.business_message for update in updates[3:6])
    assert own is not None
    assert away is not None
    assert reply is not None
    assert (own.sender_business_bot, own.is_from_offline, away.is_from_offline) == (None, None, True)
    assert reply.reply_to_message is not None
    gone = updates[6].deleted_business_messages
    assert gone is not None
    assert gone.message_ids == (first,)


async def test_message_ids_should_be_the_owners_own(server: TelegramServer, connection: Connection, room: Room) -> None:
    """Two business chats share one sequence, the bot's private chats another: ids are unique within a chat only."""
    other = server.business(connection, server.person("Ida"))
    assert other.peer is not None
    assert room.peer is not None
    ids = [await server.contact_writes(other.peer, "a", room=other), await server.contact_writes(room.peer, "b")]
    assert ids == [server.shown(room)[0].id + 1, server.shown(room)[0].id]
