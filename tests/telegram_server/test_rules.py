"""What the test server refuses when the bot writes, edits, deletes and answers: each rule through the real library."""

import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram import BotCommandScopeAllPrivateChats as PrivateChats
from telegram import BotCommandScopeChat as OneChat
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

from tests.telegram_server.rules import DAY_S, PRESS_LIFETIME_S
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Person, Room

HOUR_S = 3600


@pytest.fixture
async def mara(server: TelegramServer) -> Person:
    return server.person("Mara")


@pytest.fixture
async def room(server: TelegramServer) -> Room:
    """A plain chat in which somebody wrote to the bot."""
    jonas = server.person("Jonas")
    await server.contact_writes(jonas, "hello")
    return server.private(jonas)


def keyboard(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Send", callback_data=data)]])


@pytest.mark.parametrize("token", ["6543210:wrong", "nonsense", "nonsense:too"])
async def test_a_wrong_token_should_open_nothing(server: TelegramServer, token: str) -> None:
    with pytest.raises(InvalidToken):
        async with Bot(token, base_url=server.base_url):
            pass


async def test_the_bot_should_know_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.username, me.can_connect_to_business) == (6_543_210, "selfsame_test_bot", True)


async def test_people_should_see_what_was_sent_edited_and_deleted(server: TelegramServer, bot: Bot, room: Room) -> None:
    sent = await bot.send_message(
        room.chat_id, " hi ", reply_markup=keyboard("d:1"), link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    assert sent.text == "hi"
    assert server.shown(room)[-1].buttons == (("Send", "d:1"),)
    assert server.calls_of("sendMessage")[0].params["link_preview_options"] == {"is_disabled": True}

    await bot.edit_message_text("done", room.chat_id, sent.message_id)
    bubble = server.shown(room)[-1]
    assert (bubble.id, bubble.text, bubble.edited, bubble.buttons) == (sent.message_id, "done", True, ())

    await bot.delete_message(room.chat_id, sent.message_id)
    assert server.shown(room)[-1].deleted
    assert server.sent(room) == []


async def test_the_bot_should_write_first_to_nobody(server: TelegramServer, bot: Bot) -> None:
    stranger = server.person("Stranger")
    with pytest.raises(Forbidden, match="can't initiate conversation with a user"):
        await bot.send_message(stranger.id, "hi")
    server.private(stranger)
    with pytest.raises(Forbidden, match="can't initiate conversation with a user"):
        await bot.send_chat_action(stranger.id, "typing")
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        await bot.send_message(12345, "hi")


async def test_who_blocked_the_bot_should_not_be_reached(server: TelegramServer, bot: Bot, room: Room) -> None:
    assert room.peer is not None
    await server.block(room.peer)
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(room.chat_id, "hi")
    await server.block(room.peer, blocked=False)
    await bot.send_message(room.chat_id, "hi")


@pytest.mark.parametrize(("text", "what"), [("", "text is empty"), (" \n ", "text is empty"), ("x" * 4097, "too long")])
async def test_a_text_should_have_1_to_4096_characters(bot: Bot, room: Room, text: str, what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        await bot.send_message(room.chat_id, text)
    await bot.send_message(room.chat_id, "x" * 4096)


async def test_callback_data_should_have_at_most_64_bytes(bot: Bot, room: Room) -> None:
    await bot.send_message(room.chat_id, "card", reply_markup=keyboard("x" * 64))
    with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
        await bot.send_message(room.chat_id, "card", reply_markup=keyboard("é" * 33))


async def test_an_edit_should_change_something_of_the_bots_own(server: TelegramServer, bot: Bot, room: Room) -> None:
    sent = await bot.send_message(room.chat_id, "card", reply_markup=keyboard("a"))
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("card", room.chat_id, sent.message_id, reply_markup=keyboard("a"))
    await bot.edit_message_reply_markup(room.chat_id, sent.message_id, reply_markup=keyboard("b"))
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("mine", room.chat_id, server.shown(room)[0].id)
    with pytest.raises(BadRequest, match="to edit not found"):
        await bot.edit_message_text("gone", room.chat_id, 9999)


async def test_a_message_should_be_deletable_for_48_hours(server: TelegramServer, bot: Bot, room: Room) -> None:
    young, old = await bot.send_message(room.chat_id, "1"), await bot.send_message(room.chat_id, "2")
    server.advance(2 * DAY_S - 60)
    await bot.delete_message(room.chat_id, young.message_id)
    server.advance(120)
    with pytest.raises(BadRequest, match="can't be deleted for everyone"):
        await bot.delete_message(room.chat_id, old.message_id)
    with pytest.raises(BadRequest, match="to delete not found"):
        await bot.delete_message(room.chat_id, young.message_id)


async def test_a_reply_should_name_a_message_that_is_there(server: TelegramServer, bot: Bot, room: Room) -> None:
    first = server.shown(room)[0].id
    sent = await bot.send_message(room.chat_id, "yes", reply_parameters=ReplyParameters(first))
    assert sent.reply_to_message is not None
    await server.delete(room, first)
    with pytest.raises(BadRequest, match="to be replied not found"):
        await bot.send_message(room.chat_id, "yes", reply_parameters=ReplyParameters(first))
    loose = ReplyParameters(first, allow_sending_without_reply=True)
    assert (await bot.send_message(room.chat_id, "yes", reply_parameters=loose)).reply_to_message is None


async def test_a_topic_should_exist(server: TelegramServer, bot: Bot, mara: Person) -> None:
    forum = server.group("Allotment", forum=True)
    await server.contact_writes(mara, "tomatoes", room=forum, thread=55)
    assert (await bot.send_message(forum.chat_id, "water", message_thread_id=55)).message_thread_id == 55
    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(forum.chat_id, "water", message_thread_id=56)


async def test_a_group_should_be_left_alone_after_a_kick_or_an_upgrade(
    server: TelegramServer, bot: Bot, mara: Person
) -> None:
    basic = server.group("Flat", basic=True)
    grown = await server.migrate(basic, mara)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(basic.chat_id, "hi")
    assert moved.value.new_chat_id == grown.chat_id
    await server.kick(grown, mara)
    with pytest.raises(Forbidden, match="kicked from the supergroup"):
        await bot.send_message(grown.chat_id, "hi")
    await server.invite(grown, mara)
    await bot.send_message(grown.chat_id, "hi")
    kicked, added = (update.my_chat_member for update in (await bot.get_updates())[-3:-1])
    assert kicked is not None
    assert added is not None
    assert (kicked.new_chat_member.status, added.new_chat_member.status) == ("kicked", "member")


async def test_a_press_should_be_answered_in_time(server: TelegramServer, bot: Bot, room: Room) -> None:
    sent = await bot.send_message(room.chat_id, "card", reply_markup=keyboard("d:send:1:1"))
    press = await server.press(room, sent.message_id, "Send")
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    assert query.data == "d:send:1:1"
    await bot.answer_callback_query(query.id, "sent")
    assert (press.answered, press.toast) == (True, "sent")
    late = await server.press(room, sent.message_id, "d:send:1:1")
    server.advance(PRESS_LIFETIME_S + 1)
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await bot.answer_callback_query(late.id)


async def test_a_press_may_be_forged_by_whoever_sees_the_message(
    server: TelegramServer, bot: Bot, mara: Person
) -> None:
    group = server.group("Rowing")
    sent = await bot.send_message(group.chat_id, "card", reply_markup=keyboard("a"))
    with pytest.raises(AssertionError, match="no such button"):
        await server.press(group, sent.message_id, "b", by=mara)
    await server.press(group, sent.message_id, "b", by=mara, forged=True)
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    assert (query.data, query.from_user.id) == ("b", mara.id)


async def test_menus_should_be_found_by_scope(server: TelegramServer, bot: Bot, room: Room, mara: Person) -> None:
    await server.contact_writes(mara, "/start")
    await bot.set_my_commands([BotCommand("help", "What this is")], scope=PrivateChats())
    await bot.set_my_commands([BotCommand("panic", "Stop everything")], scope=OneChat(mara.id))
    assert server.menu(server.private(mara), mara) == ["panic"]
    assert room.peer is not None
    assert server.menu(room, room.peer) == ["help"]
    await bot.delete_my_commands(scope=OneChat(mara.id))
    assert server.menu(server.private(mara), mara) == ["help"]
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Help me", "no")])
    with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
        await bot.set_my_commands([BotCommand("help", "no")], scope=OneChat(999))


async def test_floods_should_be_refused_with_the_seconds_to_wait(server: TelegramServer, bot: Bot, room: Room) -> None:
    server.limits_on()
    await bot.send_message(room.chat_id, "1")
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(room.chat_id, "2")
    assert refused.value._retry_after.total_seconds() == 1
    server.advance(1)
    await bot.send_message(room.chat_id, "2")

    group = server.group("Rowing")
    for _ in range(20):
        server.advance(1.01)
        await bot.send_message(group.chat_id, "row")
    server.advance(1.01)
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(group.chat_id, "row")
    assert 30 < refused.value._retry_after.total_seconds() <= 60


async def test_thirty_messages_a_second_should_be_all(server: TelegramServer, bot: Bot) -> None:
    server.limits_on()
    people = [server.person(f"P{number}") for number in range(31)]
    for person in people:
        await server.contact_writes(person, "hi")
    frozen = server.world.now_s()
    server.world.now_s = lambda: frozen  # type: ignore[method-assign]
    for person in people[:30]:
        await bot.send_message(person.id, "hello")
    with pytest.raises(RetryAfter):
        await bot.send_message(people[30].id, "hello")
