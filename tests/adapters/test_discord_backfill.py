"""What was said while we were away: read once after a gap, never at the first start, never twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import discord
import pytest
import structlog

from adapters.base import InboundMessage
from adapters.discord_convert import line_of
from adapters.discord_inbound import Ears
from tests.adapters.discord_stage import Stage, quicken
from tests.discord_server.server import running_discord
from tests.waiting import until


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    quicken(monkeypatch)
    async with running_discord() as server:
        yield Stage(server)


async def test_the_first_start_should_replay_nothing(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    server.writes(robin, server.dm(robin), "long ago")
    async with stage.running():
        server.writes(robin, server.dm(robin), "now")
        await until(lambda: stage.inbox.lines)
    assert stage.inbox.texts == ["now"]


async def test_what_was_said_in_a_gap_should_come_first_and_in_order(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    friends = server.add_role(guild, "Close friends")
    robin = server.add_user("Robin", guild, roles=(friends,))
    stage.configure(roles=(("Close friends", "friend"),))
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        server.writes(robin, channel, "before, in the server", mentions=(server.bot,))
        await until(lambda: len(stage.inbox.lines) == 2)
    for n in range(3):
        server.writes(robin, dm, f"missed {n}")
    server.writes(robin, channel, "to nobody")
    server.writes(robin, channel, "missed in the server", mentions=(server.bot,))
    stage.inbox.taken.clear()
    async with stage.running():
        server.writes(robin, dm, "live")
        await until(lambda: len(stage.inbox.lines) == 5)
    here = [line.text for line in stage.inbox.lines if line.chat.chat_id == dm.id]
    assert here == ["missed 0", "missed 1", "missed 2", "live"]
    there = [line for line in stage.inbox.lines if line.chat.chat_id == channel.id]
    assert [(line.text, line.suggested_type) for line in there] == [("missed in the server", "friend")]
    stage.inbox.taken.clear()
    async with stage.running():
        server.writes(robin, dm, "after")
        await until(lambda: stage.inbox.lines)
    assert stage.inbox.texts == ["after"], "nothing twice"


async def test_of_a_long_silence_the_last_lines_should_be_read_and_the_owner_be_warned(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_backfill._MOST_LINES", 120)
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        await until(lambda: stage.inbox.lines)
    for n in range(130):
        server.writes(robin, dm, f"line {n}")
    with structlog.testing.capture_logs() as logs:
        async with stage.running():
            await until(lambda: "line 129" in stage.inbox.texts)
    assert stage.inbox.texts[1:] == [f"line {n}" for n in range(10, 130)]
    assert [(log["log_level"], log["lines"]) for log in logs if log["event"] == "discord.long_silence"] == [
        ("error", 120)
    ]


async def test_a_question_behind_much_chatter_should_be_found(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel, robin = server.add_channel(guild), server.add_user("Robin", guild)
    async with stage.running():
        server.writes(robin, channel, "before", mentions=(server.bot,))
        await until(lambda: stage.inbox.lines)
    server.writes(robin, channel, "are you there?", mentions=(server.bot,))
    for n in range(101):
        server.writes(robin, channel, f"chatter {n}")
    async with stage.running():
        await until(lambda: "are you there?" in stage.inbox.texts)


async def test_a_line_the_inbox_did_not_take_should_be_read_again_after_a_restart(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        await until(lambda: stage.inbox.lines)
        stage.inbox.open.clear()
        server.writes(robin, dm, "lost?")
        await asyncio.sleep(0)
    stage.inbox.open.set()
    async with stage.running():
        await until(lambda: "lost?" in stage.inbox.texts)
    assert stage.inbox.texts == ["before", "lost?"]


async def test_a_resumed_session_should_replay_by_itself_without_reading_history(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        await until(lambda: stage.inbox.lines)
        reads = len(server.called("GET /channels/*/messages"))
        await server.gateway.close_links(4000)
        server.writes(robin, dm, "meanwhile")
        await until(lambda: "meanwhile" in stage.inbox.texts)
        assert len(server.called("GET /channels/*/messages")) == reads
    assert stage.inbox.texts == ["before", "meanwhile"]


async def test_the_owners_late_words_should_not_be_carried_out_and_he_is_told(stage: Stage) -> None:
    server = stage.server
    alex = server.add_user("Alex", server.add_guild())
    stage.desk.owner = alex.id
    dm = server.dm(alex)
    async with stage.running():
        server.writes(alex, dm, "/status")
        await until(lambda: stage.desk.words)
        await until(lambda: stage.memory.facts.get(f"seen:{dm.id}"))
    server.writes(alex, dm, "/autoreply auto for 1h")
    async with stage.running():
        await until(lambda: server.said(dm))
        server.writes(alex, dm, "/drafts")
        await until(lambda: len(stage.desk.words) == 2)
    assert [word.text for word in stage.desk.words] == ["/status", "/drafts"]
    assert len(server.said(dm)) == 1
    assert "away" in server.said(dm)[0]
    assert stage.inbox.taken == []


async def test_a_deleted_channel_should_be_forgotten(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    robin = server.add_user("Robin", guild)
    async with stage.running():
        server.writes(robin, channel, "hi", mentions=(server.bot,))
        await until(lambda: f"seen:{channel.id}" in stage.memory.facts)
    del server.world.channels[channel.id]
    async with stage.running():
        await until(lambda: f"seen:{channel.id}" not in stage.memory.facts)


async def test_an_event_that_cannot_be_read_should_cost_a_restart_and_nothing_else(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    voice = {"id": "1", "size": 1, "url": "", "proxy_url": "", "filename": "v.ogg", "waveform": "A"}
    broken = {"id": "9", "channel_id": dm.id, "type": 0, "content": "", "attachments": [voice]}
    with suppress(ValueError):  # the supervisor logs it and starts again
        async with stage.running() as adapter:
            server.writes(robin, dm, "before")
            await until(lambda: stage.inbox.lines)
            server.plays("MESSAGE_CREATE", broken)
            server.writes(robin, dm, "meanwhile")
            await until(lambda: adapter._client is None)
    async with stage.running():
        await until(lambda: "meanwhile" in stage.inbox.texts)
    assert stage.inbox.texts == ["before", "meanwhile"]


async def test_a_gap_that_could_not_be_read_should_be_read_before_the_next_line(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_inbound._HISTORY_PAUSES_S", (0.001, 0.001))
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        await until(lambda: stage.inbox.lines)
    server.writes(robin, dm, "missed")
    server.breaks_down("GET /channels/*/messages", times=2)
    async with stage.running():
        await until(lambda: len(server.called("GET /channels/*/messages")) >= 2)
        server.writes(robin, dm, "live")
        await until(lambda: len(stage.inbox.lines) == 3)
    assert stage.inbox.texts == ["before", "missed", "live"]


async def test_a_session_that_cannot_be_resumed_should_be_followed_by_a_look_back(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        await until(lambda: stage.inbox.lines)
        async with server.gateway.gap():
            server.gateway.forget_sessions()
            server.writes(robin, dm, "missed")
        await until(lambda: server.gateway.connected)
        server.writes(robin, dm, "live")
        await until(lambda: len(stage.inbox.lines) == 3)
    assert stage.inbox.texts == ["before", "missed", "live"]


async def test_a_word_said_while_the_gap_is_read_should_be_a_live_one(stage: Stage) -> None:
    server = stage.server
    alex = server.add_user("Alex", server.add_guild())
    stage.desk.owner = alex.id
    dm = server.dm(alex)
    async with stage.running():
        server.writes(alex, dm, "/status")
        await until(lambda: f"seen:{dm.id}" in stage.memory.facts)
    async with server.held("GET /channels/*/messages") as waiting, stage.running() as adapter:
        await until(lambda: waiting() == 1)
        server.writes(alex, dm, "/drafts")
        ears = adapter._client.listener if adapter._client else None
        assert isinstance(ears, Ears)
        await until(lambda: ears._first_live)
        server.front.release()
        await until(lambda: len(stage.desk.words) == 2)
    assert [word.text for word in stage.desk.words] == ["/status", "/drafts"]
    assert server.said(dm) == [], "he is not told that it came too late"


async def test_one_line_that_breaks_us_should_cost_itself_only(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)

    def fragile(message: discord.Message, *rest: object) -> InboundMessage:
        if message.content == "poison":
            raise KeyError
        return line_of(message, 0)

    monkeypatch.setattr("adapters.discord_inbound.line_of", fragile)
    async with stage.running():
        server.writes(robin, dm, "before")
        server.writes(robin, dm, "poison")
        server.writes(robin, dm, "between")
        await until(lambda: len(stage.inbox.lines) == 2)
    server.writes(robin, dm, "poison")
    server.writes(robin, dm, "missed")
    async with stage.running():
        server.writes(robin, dm, "live")
        await until(lambda: len(stage.inbox.lines) == 4)
    assert stage.inbox.texts == ["before", "between", "missed", "live"]
