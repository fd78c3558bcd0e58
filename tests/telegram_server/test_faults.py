"""What the test server does wrong when a test orders it: refusals, broken answers, and answers that never come."""

import asyncio

import pytest
from telegram import Bot
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TimedOut

from tests.telegram_server.api_error import bad_request
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.state import Room
from tests.waiting import until


@pytest.fixture
async def room(server: TelegramServer) -> Room:
    jonas = server.person("Jonas")
    await server.contact_writes(jonas, "hello")
    return server.private(jonas)


async def test_a_refusal_should_hit_as_often_as_ordered_and_only_there(
    server: TelegramServer, bot: Bot, room: Room
) -> None:
    other = server.person("Ida")
    await server.contact_writes(other, "hello")
    server.flood_next("sendMessage", 7, times=2, room=room)
    for _ in range(2):
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(room.chat_id, "hi")
        assert refused.value._retry_after.total_seconds() == 7
        await bot.send_message(other.id, "hi")
    await bot.send_message(room.chat_id, "hi")
    assert server.sent(room) == ["hi"]
    assert [call.status for call in server.calls_of("sendMessage")] == [429, 200, 429, 200, 200]

    server.refuse("sendMessage", bad_request("TOPIC_CLOSED"))
    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        await bot.send_message(room.chat_id, "hi")


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_break_down_should_do_nothing(server: TelegramServer, bot: Bot, room: Room, status: int) -> None:
    server.break_down("sendMessage", status)
    with pytest.raises(NetworkError) as broken:
        await bot.send_message(room.chat_id, "hi")
    assert not isinstance(broken.value, BadRequest)
    assert server.sent(room) == []
    assert server.calls[-1].status == status


async def test_a_break_down_should_hide_what_was_done_where_ordered(
    server: TelegramServer, bot: Bot, room: Room
) -> None:
    server.break_down("sendMessage", 504, done=True)
    with pytest.raises(NetworkError):
        await bot.send_message(room.chat_id, "hi")
    assert server.sent(room) == ["hi"]


async def test_a_cut_should_hide_whether_it_happened(server: TelegramServer, bot: Bot, room: Room) -> None:
    server.cut_before("sendMessage")
    server.cut_after("sendMessage")
    for _ in range(2):
        with pytest.raises(NetworkError, match=r"RemoteProtocolError|ReadError"):
            await bot.send_message(room.chat_id, "hi")
    assert server.sent(room) == ["hi"], "the first was cut before, the second after it was done"
    assert [call.status for call in server.calls] == [0, 0]


async def test_a_late_answer_should_time_out_although_it_is_done(server: TelegramServer, bot: Bot, room: Room) -> None:
    late = server.answer_late("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(room.chat_id, "hi", read_timeout=0.1)
    assert server.sent(room) == ["hi"]
    late = server.answer_late("sendMessage")
    sending = asyncio.create_task(bot.send_message(room.chat_id, "ho"))
    await until(lambda: server.sent(room) == ["hi", "ho"])
    assert not sending.done()
    late.release()
    assert (await sending).text == "ho"


async def test_a_lost_answer_to_a_poll_should_lose_no_update(server: TelegramServer, bot: Bot, room: Room) -> None:
    server.cut_after("getUpdates")
    with pytest.raises(NetworkError):
        await bot.get_updates()
    assert len(await bot.get_updates()) == 1


async def test_any_method_should_mean_all_but_the_poll(server: TelegramServer, bot: Bot, room: Room) -> None:
    server.cut_before("*", times=2)
    await bot.get_updates()
    with pytest.raises(NetworkError):
        await bot.get_me()
    with pytest.raises(NetworkError):
        await bot.send_message(room.chat_id, "hi")
    await bot.get_me()


async def test_the_network_should_go_and_come_back(server: TelegramServer, bot: Bot, room: Room) -> None:
    poll = asyncio.create_task(bot.get_updates(offset=server.mail.pending_ids[-1] + 1, timeout=30))
    await until(lambda: server.mail.polled)
    await server.stop()
    with pytest.raises(NetworkError):
        await poll
    with pytest.raises(NetworkError):
        await bot.send_message(room.chat_id, "hi")
    assert room.peer is not None
    await server.contact_writes(room.peer, "while you were away")
    await server.start()
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "while you were away"


async def test_an_unknown_method_should_be_no_method(bot: Bot) -> None:
    with pytest.raises(InvalidToken, match="does not exist"):
        await bot.do_api_request("sendTelepathy")
