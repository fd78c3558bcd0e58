"""What people say on Discord, and what of it reaches the inbox: through the real discord.py."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.base import ChatRef, OutboundMessage
from adapters.discord_lanes import Lanes
from tests.adapters.discord_stage import Stage, quicken
from tests.discord_server import rules, wire
from tests.discord_server.server import running_discord
from tests.waiting import until


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    quicken(monkeypatch)
    async with running_discord() as server:
        yield Stage(server)


async def test_a_private_message_should_become_a_line(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    async with stage.running():
        sent = server.writes(robin, server.dm(robin), "are you there?")
        await until(lambda: stage.inbox.lines)
    line = stage.inbox.lines[0]
    assert line.chat == ChatRef("discord", server.dm(robin).id)
    assert (line.message_id, line.text, line.sender_id, line.sender_name) == (
        sent.id,
        "are you there?",
        robin.id,
        "Robin",
    )
    assert not line.from_owner
    assert abs(line.at_ms - server.clock.now_ms()) < 10_000


async def test_in_a_server_only_what_is_said_to_us_should_be_heard(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    robin = server.add_user("Robin", guild)
    jo = server.add_user("Jo", guild)
    async with stage.running() as adapter:
        server.writes(robin, channel, "not for you")
        server.writes(robin, channel, f"ask {server.mention(jo)} too", mentions=(server.bot,))
        await until(lambda: stage.inbox.lines)
        await adapter.send(OutboundMessage(ChatRef("discord", channel.id), "b1", "hello all"))
        ours = server.shown(channel)[-1]
        server.writes(jo, channel, "a reply", reply_to=ours)
        server.writes(
            jo, channel, "a reply that does not notify, so that we are not shown it", reply_to=ours, ping=False
        )
        server.writes(jo, channel, "again not for you")
        server.webhook_writes(channel, "News", f"{server.mention(server.bot)} news")
        server.system_line(jo, channel)
        server.writes(robin, channel, "last", mentions=(server.bot,))
        await until(lambda: "last" in stage.inbox.texts)
    assert stage.inbox.texts == ["ask @Jo too", "a reply", "last"]


async def test_a_chosen_channel_should_be_heard_whole_with_its_threads(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel, other = server.add_channel(guild), server.add_channel(guild, "other")
    robin = server.add_user("Robin", guild)
    stage.configure(channels=frozenset({int(channel.id)}))
    server.switch_intents(rules.MESSAGE_CONTENT)
    async with stage.running():
        thread = server.add_channel(guild, "a thread", parent=channel)
        server.writes(robin, other, "elsewhere")
        server.writes(robin, channel, "to everybody")
        server.writes(robin, thread, "in the thread")
        await until(lambda: len(stage.inbox.lines) == 2)
    assert sorted(stage.inbox.texts) == ["in the thread", "to everybody"]
    assert {line.chat.chat_id for line in stage.inbox.lines} == {channel.id, thread.id}


async def test_roles_should_suggest_the_contact_type(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    friends = server.add_role(guild, "Close friends")
    robin, stranger = server.add_user("Robin", guild, roles=(friends,)), server.add_user("Sam", guild)
    stage.configure(roles=(("Close friends", "friend"),))
    async with stage.running():
        server.writes(robin, channel, "hi", mentions=(server.bot,))
        server.writes(stranger, channel, "hello", mentions=(server.bot,))
        await until(lambda: len(stage.inbox.lines) == 2)
    assert [line.suggested_type for line in stage.inbox.lines] == ["friend", None]


async def test_the_owners_line_where_we_are_active_should_be_a_takeover(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel, quiet = server.add_channel(guild), server.add_channel(guild, "quiet")
    robin, alex = server.add_user("Robin", guild), server.add_user("Alex", guild)
    stage.desk.owner = alex.id
    async with stage.running():
        server.writes(alex, quiet, "nothing of yours")
        server.writes(robin, channel, "hi", mentions=(server.bot,))
        await until(lambda: stage.inbox.lines)
        server.writes(alex, channel, "I am here myself")
        await until(lambda: len(stage.inbox.lines) == 2)
    assert [(line.text, line.from_owner) for line in stage.inbox.lines] == [("hi", False), ("", True)], (
        "words that we are not shown are not made up"
    )
    assert stage.desk.words == []


async def test_bots_should_be_ignored_and_allowed_ones_guarded(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    robin = server.add_user("Robin", guild)
    loud, friendly = server.add_user("Loud", guild, bot=True), server.add_user("Friendly", guild, bot=True)
    stage.configure(allowed_bots=frozenset({int(friendly.id)}), bot_lines=2)
    async with stage.running():
        server.writes(loud, channel, "loud", mentions=(server.bot,))
        for n in range(4):
            server.writes(friendly, channel, f"bot {n}", mentions=(server.bot,))
        server.writes(robin, channel, "a person, to nobody")
        server.writes(friendly, channel, "bot again", mentions=(server.bot,))
        await until(lambda: "bot again" in stage.inbox.texts)
    assert stage.inbox.texts == ["bot 0", "bot 1", "bot again"]


async def test_edits_and_deletions_should_be_told(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        lines = [server.writes(robin, dm, f"line {n}") for n in range(4)]
        await until(lambda: len(stage.inbox.lines) == 4)
        server.previews(lines[0])
        server.edits(lines[0], "better words")
        server.deletes(lines[1])
        server.deletes(lines[2], lines[3])
        await until(lambda: len(stage.inbox.deletions) == 2)
    assert [(edit.message_id, edit.text) for edit in stage.inbox.edits] == [(lines[0].id, "better words")]
    assert stage.inbox.deletions == [(lines[1].id,), (lines[2].id, lines[3].id)]


async def test_a_line_that_takes_its_mention_back_should_be_taken_back(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    robin = server.add_user("Robin", guild)
    async with stage.running():
        line = server.writes(robin, channel, "hi", mentions=(server.bot,))
        await until(lambda: stage.inbox.lines)
        line.mentions = []
        server.edits(line, "hi nobody")
        await until(lambda: stage.inbox.deletions)
    assert stage.inbox.deletions == [(line.id,)]
    assert stage.inbox.edits == []


async def test_a_full_mailbox_should_be_offered_again_and_the_line_kept_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_inbound._FULL_PAUSES_S", (0.001, 0.001))
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        stage.inbox.answers = ["full", "full", "taken", "full", "full", "full"]
        server.writes(robin, dm, "patience")
        await until(lambda: stage.inbox.lines)
        mark = stage.memory.facts[f"seen:{dm.id}"]
        server.writes(robin, dm, "too much")
        await until(lambda: not stage.inbox.answers)
        assert stage.memory.facts[f"seen:{dm.id}"] == mark
    assert stage.inbox.texts == ["patience"]


async def test_lines_of_a_channel_should_stay_in_order_while_the_inbox_fails(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lanes.__init__, "__defaults__", ((0.001,) * 5,))
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    async with stage.running():
        stage.inbox.answers = [OSError(), OSError(), "taken"]
        for n in range(3):
            server.writes(robin, server.dm(robin), f"line {n}")
        await until(lambda: len(stage.inbox.lines) == 3)
    assert stage.inbox.texts == ["line 0", "line 1", "line 2"]


async def test_what_is_not_text_should_be_named(stage: Stage) -> None:
    """Through discord.py's own classes, from an event as Discord sends it."""
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    attachment = {"id": "1", "size": 9, "url": "https://cdn.example.org/x", "proxy_url": "https://cdn.example.org/x"}
    async with stage.running():
        event: dict[str, Any] = {
            "id": server.clock.snowflake(),
            "channel_id": dm.id,
            "type": 0,
            "content": "look <:wave:123456789012345678> at <#5> and <@77>",
            "timestamp": "2026-11-22T10:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "pinned": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "embeds": [],
            "author": {
                "id": robin.id,
                "username": "robin",
                "discriminator": "0",
                "avatar": None,
                "global_name": "Robin",
            },
            "attachments": [
                attachment | {"filename": "cat.png", "content_type": "image/png"},
                attachment | {"filename": "plan.pdf", "content_type": "application/pdf"},
                attachment
                | {
                    "filename": "v.ogg",
                    "content_type": "audio/ogg",
                    "flags": 0,
                    "duration_secs": 3,
                    "waveform": "AAAA",
                },
            ],
            "sticker_items": [{"id": "9", "name": "Party", "format_type": 1}],
        }
        server.plays("MESSAGE_CREATE", event)
        forwarded = event | {"id": server.clock.snowflake(), "content": "", "attachments": [], "sticker_items": []}
        inner = {
            name: event[name] for name in ("type", "content", "timestamp", "embeds", "attachments", "edited_timestamp")
        }
        forwarded |= {
            "message_reference": {"type": 1, "message_id": "1", "channel_id": "2"},
            "message_snapshots": [{"message": inner | {"content": "/panic", "attachments": []}}],
        }
        server.plays("MESSAGE_CREATE", forwarded)
        await until(lambda: len(stage.inbox.lines) == 2)
    assert stage.inbox.texts == [
        "look :wave: at #channel and @somebody\n[image]\n[file: plan.pdf]\n[voice message]\n[sticker: Party]",
        "[forwarded] /panic",
    ]


async def test_who_only_looks_like_the_owner_should_have_no_authority(stage: Stage) -> None:
    """By his id and nothing else: not by name, nickname, webhook, bot, forward, or a word said in public."""
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    alex, twin = server.add_user("Alex", guild), server.add_user("Alex", guild)
    machine = server.add_user("Alex", guild, bot=True)
    stage.desk.owner = alex.id
    stage.configure(allowed_bots=frozenset({int(machine.id)}))
    async with stage.running():
        hook = server.webhook_writes(channel, "Alex", f"{server.mention(server.bot)} /panic")
        forged = wire.event_json(hook, server.bot, content_intent=True)
        forged["author"] |= {"id": alex.id, "bot": False}
        server.plays("MESSAGE_CREATE", forged)
        elsewhere = wire.event_json(server.writes(twin, channel, "/panic"), server.bot, content_intent=True)
        elsewhere |= {"id": server.clock.snowflake(), "guild_id": "999", "channel_id": "998", "member": None}
        elsewhere["author"] |= {"id": alex.id}
        del elsewhere["member"]
        server.plays("MESSAGE_CREATE", elsewhere)  # a server that has not arrived yet is no private chat
        server.writes(machine, channel, "/panic", mentions=(server.bot,))
        server.writes(alex, channel, "/panic", mentions=(server.bot,))
        server.writes(twin, server.dm(twin), "/panic")
        await until(lambda: len(stage.inbox.lines) == 3)
    assert [(line.sender_id, line.from_owner) for line in stage.inbox.lines] == [
        (machine.id, False),
        (alex.id, True),
        (twin.id, False),
    ]
    assert [word.user_id for word in stage.desk.words] == [twin.id], "asked, and refused by the desk"


async def test_what_was_never_for_us_should_not_be_told_when_it_goes(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel = server.add_channel(guild)
    robin = server.add_user("Robin", guild)
    async with stage.running():
        before = server.writes(robin, channel, "to nobody")
        server.edits(before, "to nobody still")
        server.deletes(before)
        server.writes(robin, channel, "hi", mentions=(server.bot,))
        await until(lambda: stage.inbox.lines)
        after = server.writes(robin, channel, "to nobody either")
        server.deletes(after)
        server.writes(robin, channel, "bye", mentions=(server.bot,))
        await until(lambda: len(stage.inbox.lines) == 2)
    assert (stage.inbox.edits, stage.inbox.deletions) == ([], [])
