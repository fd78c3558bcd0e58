"""What the pretended Discord enforces about messages, seen by a real discord.py client."""

import asyncio

import aiohttp
import discord
import pytest

from tests.discord_server import rules
from tests.discord_server.bot import Bot, quiet_intents
from tests.discord_server.conftest import Connect
from tests.discord_server.server import SENDS, DiscordServer
from tests.discord_server.state import Channel, Guild, User
from tests.waiting import until


async def test_a_line_should_come_in_and_a_reply_go_out(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    server.writes(robin, channel, "are you there?", mentions=(server.bot,))
    await until(lambda: bot.heard)
    await bot.heard[0].reply("here")
    assert bot.heard[0].author.display_name == "Robin"
    assert server.said(channel) == ["here"]
    assert server.shown(channel)[1].reply_to is server.shown(channel)[0]
    assert [call.status for call in server.called(SENDS)] == [200]
    await until(lambda: len(bot.heard) == 2)  # its own words come back to it, as from any author
    assert bot.heard[1].author == bot.user


async def test_words_should_be_empty_without_the_content_intent(
    server: DiscordServer, channel: Channel, robin: User, connect: Connect
) -> None:
    server.switch_intents(0)
    bot = await connect(quiet_intents())
    mine = await bot.place(channel.id).send("anybody?")
    server.writes(robin, channel, "not for the bot")
    server.writes(robin, channel, "for the bot", mentions=(server.bot,))
    answer = server.world.messages[str(mine.id)]
    server.writes(robin, channel, "a reply that notifies", reply_to=answer)
    server.writes(robin, channel, "a reply that does not", reply_to=answer, ping=False)
    server.writes(robin, server.dm(robin), "in private")
    expected = ["anybody?", "", f"<@{server.bot.id}> for the bot", "a reply that notifies", "", "in private"]
    await until(lambda: len(bot.heard) == len(expected))
    assert [message.content for message in bot.heard] == expected
    history = [message.content async for message in bot.place(channel.id).history(oldest_first=True)]
    assert history == expected[:-1], "the same over HTTP"


async def test_history_should_be_readable_by_the_portals_switch_alone(
    server: DiscordServer, channel: Channel, robin: User, connect: Connect
) -> None:
    bot = await connect(quiet_intents())
    server.writes(robin, channel, "hello")
    await until(lambda: bot.heard)
    assert bot.heard[0].content == ""
    assert [message.content async for message in bot.place(channel.id).history()] == ["hello"]


async def test_too_long_and_empty_messages_should_be_refused(channel: Channel, bot: Bot) -> None:
    place = bot.place(channel.id)
    await place.send("x" * 2000)
    for text, code in (("x" * 2001, 50035), (" \n", 50006)):
        with pytest.raises(discord.HTTPException) as refused:
            await place.send(text)
        assert (refused.value.status, refused.value.code) == (400, code)


async def test_the_same_nonce_should_be_the_same_message_for_some_minutes(
    server: DiscordServer, channel: Channel, bot: Bot
) -> None:
    place = bot.place(channel.id)
    first = await place.send("once", nonce="b-1")
    assert (await place.send("once", nonce="b-1")).id == first.id
    assert first.nonce == "b-1"
    server.pass_time(rules.NONCE_SPAN_MS / 1000 + 1)
    assert (await place.send("once", nonce="b-1")).id != first.id
    assert server.said(channel) == ["once", "once"]
    with pytest.raises(discord.HTTPException, match="25 or fewer"):
        await place.send("x", nonce="n" * 26)


async def test_nobody_should_be_notified_when_no_mentions_are_allowed(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    helpers = server.add_role(guild, "Helpers")
    guild.everyone.permissions |= rules.MENTION_EVERYONE
    asked = server.writes(robin, channel, "hello")
    text = f"@everyone {server.mention(robin)} {server.mention(helpers)}"
    place = bot.place(channel.id)
    line = place.get_partial_message(int(asked.id))
    await place.send(text, reference=line, allowed_mentions=discord.AllowedMentions.none())
    assert server.pings() == []
    await place.send(text, reference=line)
    assert server.pings()[0].pinged == {"everyone", robin.id, helpers.id}


async def test_links_should_show_a_preview_unless_it_is_suppressed(
    server: DiscordServer, channel: Channel, bot: Bot
) -> None:
    await bot.place(channel.id).send("see https://example.org")
    await bot.place(channel.id).send("see https://example.org", suppress_embeds=True)
    assert [len(message.embeds) for message in server.shown(channel)] == [1, 0]


async def test_missing_rights_should_be_refused(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    hidden = server.add_channel(guild, "private")
    server.deny(hidden, rules.VIEW)
    server.deny(channel, rules.SEND)
    server.writes(robin, hidden, "psst")
    server.writes(robin, channel, "hello")
    await until(lambda: bot.heard)
    assert [message.content for message in bot.heard] == ["hello"], "nothing is told of a hidden channel"
    for place, code in ((hidden, 50001), (channel, 50013)):
        with pytest.raises(discord.Forbidden) as refused:
            await bot.place(place.id).send("x")
        assert refused.value.code == code
    with pytest.raises(discord.NotFound) as unknown:
        await bot.place("42").send("x")
    assert unknown.value.code == 10003
    server.deny(channel, rules.READ_HISTORY)
    assert [message async for message in bot.place(channel.id).history()] == []


async def test_a_wrong_token_should_be_refused(server: DiscordServer) -> None:
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_direct_messages_should_need_consent_and_a_shared_server(
    server: DiscordServer, robin: User, bot: Bot
) -> None:
    person = await bot.fetch_user(int(robin.id))
    await person.send("hello")
    assert server.said(server.dm(robin)) == ["hello"]
    stranger = await bot.fetch_user(int(server.add_user("Stranger").id))
    other = await bot.fetch_user(int(server.add_user("Other Bot", *server.world.guilds.values(), bot=True).id))
    robin.takes_dms = False
    for user, code in ((person, 50007), (stranger, 50278), (other, 50007)):
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("hello")
        assert refused.value.code == code


async def test_history_should_come_in_pages_after_a_message(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    lines = [server.writes(robin, channel, f"line {n}") for n in range(130)]
    mark = discord.Object(int(lines[9].id))
    after = [m.content async for m in bot.place(channel.id).history(after=mark, limit=None, oldest_first=True)]
    assert after == [f"line {n}" for n in range(10, 130)]
    newest = [m.content async for m in bot.place(channel.id).history(limit=2)]
    assert newest == ["line 129", "line 128"]
    with pytest.raises(discord.HTTPException, match="between 1 and 100"):
        await bot.http.logs_from(int(channel.id), limit=101)


async def test_edits_and_deletions_should_be_told(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    lines = [server.writes(robin, channel, f"line {n}") for n in range(4)]
    server.previews(lines[0])
    server.edits(lines[0], "changed")
    server.deletes(lines[1])
    server.deletes(lines[2], lines[3])
    await until(lambda: bot.bulk_deleted)
    assert [event.message.content for event in bot.edited] == ["line 0", "changed"]
    assert [event.message.edited_at is not None for event in bot.edited] == [False, True]
    assert bot.deleted == [int(lines[1].id)]
    assert bot.bulk_deleted == [{int(lines[2].id), int(lines[3].id)}]


async def test_only_own_messages_should_be_changed_or_deleted(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    place, private = bot.place(channel.id), bot.place(server.dm(robin).id)
    mine = await place.send("mine")
    await mine.edit(content="still mine")
    await mine.delete()
    assert server.shown(channel) == []
    theirs = place.get_partial_message(int(server.writes(robin, channel, "theirs").id))
    in_private = private.get_partial_message(int(server.writes(robin, server.dm(robin), "theirs").id))
    for act, code in ((theirs.edit(content="x"), 50005), (theirs.delete(), 50013), (in_private.delete(), 50003)):
        with pytest.raises(discord.Forbidden) as refused:
            await act
        assert refused.value.code == code
    guild.everyone.permissions |= rules.MANAGE_MESSAGES
    await theirs.delete()
    with pytest.raises(discord.NotFound) as gone:
        await theirs.delete()
    assert gone.value.code == 10008


async def test_bulk_deletion_should_spare_old_messages_and_want_two(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    guild.everyone.permissions |= rules.MANAGE_MESSAGES
    ids = [int(server.writes(robin, channel, str(n)).id) for n in range(2)]
    for chosen, days, code in (([ids[0]], 0, 50016), (ids, 15, 50034)):
        server.pass_time(days * 86_400)
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.delete_messages(int(channel.id), list(chosen))
        assert refused.value.code == code


async def test_a_reply_to_a_missing_message_should_be_refused_unless_that_is_allowed(
    server: DiscordServer, channel: Channel, bot: Bot
) -> None:
    gone = discord.MessageReference(message_id=4711, channel_id=int(channel.id), fail_if_not_exists=True)
    with pytest.raises(discord.HTTPException, match="Unknown message"):
        await bot.place(channel.id).send("x", reference=gone)
    gone.fail_if_not_exists = False
    await bot.place(channel.id).send("x", reference=gone)
    assert server.said(channel) == ["x"]


async def test_typing_should_be_seen(server: DiscordServer, channel: Channel, bot: Bot) -> None:
    async with bot.place(channel.id).typing():
        assert server.typing == [channel]


async def test_a_rate_limit_should_be_obeyed_for_one_channel_only(
    server: DiscordServer, guild: Guild, channel: Channel, bot: Bot
) -> None:
    server.limits(most=2, per_s=0.3)
    beside = server.add_channel(guild, "beside")
    started = asyncio.get_running_loop().time()
    for text in "abc":
        await bot.place(channel.id).send(text)
    assert asyncio.get_running_loop().time() - started >= 0.25
    assert server.said(channel) == ["a", "b", "c"]
    await bot.place(beside.id).send("d")
    assert {call.status for call in server.called(SENDS)} == {200}, "by its headers alone, without a 429"


async def test_who_ignores_the_headers_should_get_a_429(server: DiscordServer, channel: Channel) -> None:
    server.limits(most=1, per_s=30)
    url, key = f"{server.api_base}/channels/{channel.id}/messages", {"Authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(headers=key) as session:
        async with session.post(url, json={"content": "a"}) as first:
            assert (first.status, first.headers["X-RateLimit-Remaining"]) == (200, "0")
        async with session.post(url, json={"content": "b"}) as second:
            told = await second.json()
            assert (second.status, second.headers["Via"], told["global"]) == (429, "1.1 google", False)
            assert 29 < told["retry_after"] <= 30 == int(second.headers["Retry-After"])
    assert server.said(channel) == ["a"]


async def test_a_429_should_say_for_how_long(server: DiscordServer, channel: Channel, bot: Bot) -> None:
    server.too_many(retry_after_s=0.05)
    await bot.place(channel.id).send("a")
    server.too_many(retry_after_s=0.05, everywhere=True)
    await bot.place(channel.id).send("b")
    assert [call.status for call in server.called(SENDS)] == [429, 200, 429, 200]
    bot.http.max_ratelimit_timeout = 30
    server.too_many(retry_after_s=31)
    with pytest.raises(discord.RateLimited) as limited:
        await bot.place(channel.id).send("c")
    assert limited.value.retry_after == 31
    server.bans()
    with pytest.raises(discord.HTTPException) as banned:
        await bot.place(channel.id).send("c")
    assert banned.value.status == 429
    assert server.said(channel) == ["a", "b"]


async def test_trouble_should_come_when_asked_for(server: DiscordServer, channel: Channel, bot: Bot) -> None:
    place = bot.place(channel.id)
    server.breaks_down(status=503)
    with pytest.raises(discord.DiscordServerError):
        await place.send("a")
    server.hangs_up(after=False)
    with pytest.raises((aiohttp.ClientError, OSError)):
        await place.send("b")
    assert server.said(channel) == []
    server.hangs_up()
    with pytest.raises((aiohttp.ClientError, OSError)):
        await place.send("c", nonce="c")
    assert server.said(channel) == ["c"], "accepted, then the connection died"
    await place.send("c", nonce="c")
    assert server.said(channel) == ["c"]


async def test_a_call_should_wait_at_the_door_while_it_is_held(
    server: DiscordServer, channel: Channel, bot: Bot
) -> None:
    async with server.held() as waiting:
        sending = asyncio.create_task(bot.place(channel.id).send("late"))
        await until(lambda: waiting() == 1)
        assert server.said(channel) == []
    await sending
    assert server.said(channel) == ["late"]
