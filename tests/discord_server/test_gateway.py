"""What the pretended gateway enforces, seen by a real discord.py client."""

from contextlib import suppress

import discord
import pytest
from aiohttp import ClientSession, WSMsgType

from tests.discord_server.bot import Bot, quiet_intents
from tests.discord_server.conftest import Connect
from tests.discord_server.gateway import compressor
from tests.discord_server.server import DiscordServer, discord_at
from tests.discord_server.state import Channel, Guild, User
from tests.waiting import until


async def test_privileged_intents_should_need_the_portals_switch(server: DiscordServer, connect: Connect) -> None:
    server.switch_intents(0)
    for intents in (quiet_intents(content=True), quiet_intents(members=True)):
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await connect(intents)
    assert (await connect(quiet_intents())).is_ready()


async def test_a_token_that_the_gateway_does_not_know_should_end_the_client(server: DiscordServer) -> None:
    async with Bot() as bot:
        await bot.login(server.token)
        bot.http.token = "wrong"
        with pytest.raises(discord.ConnectionClosed) as closed:
            await bot.connect()
        assert closed.value.code == 4004


async def test_events_should_come_only_for_the_intents_asked_for(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, connect: Connect
) -> None:
    only_direct = discord.Intents.none()
    only_direct.dm_messages = True
    bot = await connect(only_direct)
    server.writes(robin, channel, "in the server")
    server.add_channel(guild, "another")
    server.writes(robin, server.dm(robin), "in private")
    await until(lambda: bot.heard)
    assert [message.content for message in bot.heard] == ["in private"]
    assert [known.name for known in bot.guilds] == [""], "without the guilds intent no more than its id"


async def test_members_should_be_listed_only_with_their_intent(
    server: DiscordServer, guild: Guild, channel: Channel, connect: Connect
) -> None:
    role = server.add_role(guild, "Close friends")
    robin = server.add_user("Robin", guild, roles=(role,))
    bot = await connect()
    assert [member.id for member in bot.guilds[0].members] == [int(server.bot.id)]
    server.writes(robin, channel, "hello")
    await until(lambda: bot.heard)
    author = bot.heard[0].author
    assert isinstance(author, discord.Member), "yet a message brings its author's membership along"
    assert [role.name for role in author.roles] == ["@everyone", "Close friends"]


@pytest.mark.parametrize("code", [4000, 1001, None])
async def test_what_was_missed_in_a_gap_should_be_replayed_in_order(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot, code: int | None
) -> None:
    server.writes(robin, channel, "before")
    await until(lambda: bot.heard)
    async with server.gateway.gap(code):
        missed = server.writes(robin, channel, "missed")
        server.edits(missed, "missed, changed")
    server.writes(robin, channel, "after")
    await until(lambda: bot.resumed == 1 and len(bot.heard) == 3)
    assert [message.content for message in bot.heard] == ["before", "missed", "after"]
    assert [event.message.content for event in bot.edited] == ["missed, changed"]
    assert (len(server.gateway.identifies), server.gateway.resumes) == (1, 1)


async def test_a_forgotten_session_should_start_anew_without_what_was_missed(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    async with server.gateway.gap():
        server.writes(robin, channel, "missed")
        server.gateway.forget_sessions()
    await until(lambda: len(server.gateway.identifies) == 2 and server.gateway.connected)
    server.writes(robin, channel, "after")
    await until(lambda: bot.heard)
    assert [message.content for message in bot.heard] == ["after"]
    assert bot.resumed == 0
    assert [m.content async for m in bot.place(channel.id).history()] == ["after", "missed"]


async def test_a_client_asked_to_reconnect_should_resume(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    server.gateway.ask_to_reconnect()
    await until(lambda: bot.resumed == 1)
    server.writes(robin, channel, "hello")
    await until(lambda: bot.heard)


async def test_heartbeats_should_be_answered(server: DiscordServer, connect: Connect) -> None:
    server.gateway.heartbeat_ms = 20
    bot = await connect()
    await until(lambda: server.gateway.heartbeats >= 3)
    assert bot.latency < 1


async def test_sessions_should_be_counted_and_the_token_taken_from_who_goes_on(
    server: DiscordServer, connect: Connect
) -> None:
    server.gateway.starts = 2
    bot = await connect()
    _, _, starts = await bot.http.get_bot_gateway()
    assert starts["remaining"] == 1
    await connect()
    with pytest.raises(discord.ConnectionClosed):
        await connect()


async def test_leaving_a_server_should_be_told(server: DiscordServer, guild: Guild, bot: Bot) -> None:
    assert [known.name for known in bot.guilds] == ["Harbour"]
    server.leave(server.bot, guild)
    await until(lambda: not bot.guilds)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"op": 3, "d": {}}, 4003),
        ({"op": 6, "d": {"token": "pretended.discord.token", "session_id": "session-1", "seq": 999}}, 4007),
        ({"op": 2, "d": {"token": "pretended.discord.token", "intents": 1 << 40}}, 4013),
    ],
)
async def test_what_no_client_may_say_should_close_the_connection(
    server: DiscordServer, bot: Bot, said: dict[str, object], code: int
) -> None:
    async with ClientSession() as session, session.ws_connect(f"{server.gateway_url}?v=10&encoding=json") as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json(said)
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == code


async def test_every_compression_that_discord_py_asks_for_should_be_readable() -> None:
    context = discord.utils._ActiveDecompressionContext()
    compress = compressor(context.COMPRESSION_TYPE)
    assert compress is not None
    for text in ('{"op": 10}', '{"op": 11}' * 50):
        assert context.decompress(compress(text.encode())) == text


async def test_the_addresses_of_discord_py_should_be_put_back(connect: Connect, server: DiscordServer) -> None:
    before = discord.http.Route.BASE
    with suppress(ZeroDivisionError):
        async with DiscordServer() as second:
            with discord_at(second):
                assert second.api_base == discord.http.Route.BASE
                raise ZeroDivisionError
    assert before == server.api_base == discord.http.Route.BASE
