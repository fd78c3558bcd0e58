"""Bubbles to Discord: sent once, refused, to be repeated, or hidden; and the webhook voice, which has no nonce."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest

from adapters.base import ChatRef, OutboundMessage, OutcomeHidden, Refused, RetryLater
from adapters.discord_adapter import DiscordAdapter
from tests.adapters.discord_stage import Stage, quicken
from tests.discord_server import rules
from tests.discord_server.server import SENDS, running_discord
from tests.discord_server.state import Channel
from tests.waiting import until

HOOKS = "POST /webhooks/*/*"


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    quicken(monkeypatch)
    async with running_discord() as server:
        yield Stage(server)


@pytest.fixture
def channel(stage: Stage) -> Channel:
    guild = stage.server.add_guild(bot_may=rules.ORDINARY | rules.MANAGE_WEBHOOKS | rules.MENTION_EVERYONE)
    return stage.server.add_channel(guild)


def bubble(channel: Channel, text: str = "hello", bubble_id: str = "b1") -> OutboundMessage:
    return OutboundMessage(ChatRef("discord", channel.id), bubble_id, text)


async def test_a_bubble_sent_twice_should_appear_once(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        first = await adapter.send(bubble(channel))
        assert await adapter.send(bubble(channel)) == first
        assert await adapter.send(bubble(channel, bubble_id="b2")) != first
        assert adapter.resend_safe_ms(ChatRef("discord", channel.id)) == 120_000
    assert stage.server.said(channel) == ["hello", "hello"]
    body = stage.server.called(SENDS)[0].body
    assert isinstance(body, dict)
    assert body["enforce_nonce"] is True
    assert len(body["nonce"]) <= 25


async def test_a_bubble_should_mention_nobody_and_show_no_preview(stage: Stage, channel: Channel) -> None:
    assert channel.guild is not None
    robin = stage.server.add_user("Robin", channel.guild)
    async with stage.running() as adapter:
        await adapter.send(bubble(channel, f"@everyone {stage.server.mention(robin)} https://example.org"))
    assert stage.server.pings() == []
    assert stage.server.shown(channel)[0].embeds == []


async def test_what_discord_will_never_take_should_be_refused(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        calls = len(stage.server.called(SENDS))
        with pytest.raises(Refused):
            await adapter.send(bubble(channel, "x" * 2_001))
        assert len(stage.server.called(SENDS)) == calls
        with pytest.raises(Refused):
            await adapter.send(bubble(channel, " "))
        stage.server.deny(channel, rules.SEND)
        with pytest.raises(Refused):
            await adapter.send(bubble(channel))
        with pytest.raises(Refused):
            await adapter.send(OutboundMessage(ChatRef("discord", "42"), "b", "hello"))


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_rate_limit_should_be_told_at_once_with_its_time(
    stage: Stage, channel: Channel, everywhere: bool
) -> None:
    async with stage.running() as adapter:
        stage.server.too_many(retry_after_s=8.5, everywhere=everywhere)
        with pytest.raises(RetryLater) as later:
            await asyncio.wait_for(adapter.send(bubble(channel)), 2)
        assert later.value.after_s == 8.5
        await asyncio.wait_for(adapter.send(bubble(channel)), 2)
    assert stage.server.said(channel) == ["hello"]


async def test_a_ban_at_the_edge_should_wait_as_long_as_it_says(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        stage.server.bans(SENDS)
        with pytest.raises(RetryLater) as later:
            await adapter.send(bubble(channel))
        assert later.value.after_s == 3600


async def test_a_limit_told_beforehand_should_be_kept_without_a_refusal(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        stage.server.limits(most=2, per_s=0.1)
        for n in range(5):
            await asyncio.wait_for(adapter.send(bubble(channel, f"line {n}", f"b{n}")), 2)
    assert stage.server.said(channel) == [f"line {n}" for n in range(5)]
    assert {call.status for call in stage.server.called(SENDS)} == {200}


async def test_a_global_limit_met_by_somebody_else_should_lock_nobody_out(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        stage.server.too_many("GET /channels/*", retry_after_s=600, everywhere=True)
        assert adapter._client is not None
        with pytest.raises(discord.RateLimited):
            await asyncio.wait_for(adapter._client.fetch_channel(int(channel.id)), 2)
        await asyncio.wait_for(adapter.send(bubble(channel)), 2)


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("done", [True, False])
async def test_a_broken_server_should_hide_the_outcome_after_one_try(
    stage: Stage, channel: Channel, status: int, done: bool
) -> None:
    async with stage.running() as adapter:
        stage.server.breaks_down(status=status, after=done)
        with pytest.raises(OutcomeHidden):
            await asyncio.wait_for(adapter.send(bubble(channel)), 2)
        assert len(stage.server.called(SENDS)) == 1
        await adapter.send(bubble(channel))
    assert stage.server.said(channel) == ["hello"]


async def test_a_connection_that_dies_should_hide_the_outcome(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        stage.server.hangs_up()
        with pytest.raises(OutcomeHidden):
            await adapter.send(bubble(channel))
        await adapter.send(bubble(channel))
    assert stage.server.said(channel) == ["hello"]


async def test_a_token_that_was_taken_back_should_lose_no_bubble(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        stage.server.refuses(SENDS, 401, 0, "401: Unauthorized")
        with pytest.raises(RetryLater):
            await adapter.send(bubble(channel))


async def test_without_a_connection_a_bubble_should_wait(stage: Stage, channel: Channel) -> None:
    adapter = DiscordAdapter(stage.settings, stage.desk, stage.memory)
    with pytest.raises(RetryLater):
        await adapter.send(bubble(channel))
    await adapter.show_typing(ChatRef("discord", channel.id))


async def test_a_send_given_up_should_not_wedge_the_next(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        async with stage.server.held() as waiting:
            task = asyncio.create_task(adapter.send(bubble(channel)))
            await until(lambda: waiting() == 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(adapter.send(bubble(channel, bubble_id="b2")), 2)


async def test_typing_should_be_shown_and_its_troubles_be_nobodys(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        await adapter.show_typing(ChatRef("discord", channel.id))
        assert stage.server.typing == [channel]
        stage.server.too_many("POST /channels/*/typing", retry_after_s=30)
        await asyncio.wait_for(adapter.show_typing(ChatRef("discord", channel.id)), 2)
        await adapter.show_typing(ChatRef("discord", "42"))


async def test_a_bubble_should_be_taken_back_and_twice_do_no_harm(stage: Stage, channel: Channel) -> None:
    async with stage.running() as adapter:
        sent = await adapter.send(bubble(channel))
        await adapter.unsend(ChatRef("discord", channel.id), (sent.message_id,))
        await adapter.unsend(ChatRef("discord", channel.id), (sent.message_id,))
    assert stage.server.said(channel) == []


# -- the webhook voice


def with_voice(stage: Stage, channel: Channel) -> None:
    stage.configure(webhook_channels=frozenset({int(channel.id)}), avatar_url="https://example.org/alex.png")


async def test_in_a_chosen_channel_it_should_speak_as_the_owner(stage: Stage, channel: Channel) -> None:
    with_voice(stage, channel)
    async with stage.running() as adapter:
        await adapter.send(bubble(channel, "@everyone https://example.org"))
        assert adapter.resend_safe_ms(ChatRef("discord", channel.id)) == 0
        await adapter.show_typing(ChatRef("discord", channel.id))
    shown = stage.server.shown(channel)[0]
    assert (shown.name, shown.avatar_url) == ("Alex Rivera", "https://example.org/alex.png")
    assert shown.webhook is not None
    assert stage.server.pings() == []
    assert shown.embeds == []
    assert stage.server.typing == []
    async with stage.running() as adapter:
        await adapter.send(bubble(channel, "again"))
    assert len(stage.server.world.webhooks) == 1, "the same webhook after a restart"
    assert shown.webhook.token not in "".join(stage.memory.facts.values()), "its token is a secret"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_voice_should_never_speak_twice_where_the_outcome_is_hidden(
    stage: Stage, channel: Channel, status: int
) -> None:
    with_voice(stage, channel)
    async with stage.running() as adapter:
        await adapter.send(bubble(channel, "first"))
        stage.server.breaks_down(HOOKS, status=status, after=True)
        with pytest.raises(OutcomeHidden):
            await asyncio.wait_for(adapter.send(bubble(channel, "second", "b2")), 2)
        stage.server.hangs_up(HOOKS)
        with pytest.raises(OutcomeHidden):
            await adapter.send(bubble(channel, "third", "b3"))
        stage.server.too_many(HOOKS, retry_after_s=9)
        with pytest.raises(RetryLater):
            await asyncio.wait_for(adapter.send(bubble(channel, "fourth", "b4")), 2)
    assert stage.server.said(channel) == ["first", "second", "third"]


async def test_a_deleted_webhook_should_be_made_anew(stage: Stage, channel: Channel) -> None:
    with_voice(stage, channel)
    async with stage.running() as adapter:
        await adapter.send(bubble(channel, "first"))
        stage.server.world.webhooks.clear()
        with pytest.raises(RetryLater):
            await adapter.send(bubble(channel, "second", "b2"))
        await adapter.send(bubble(channel, "second", "b2"))
    assert len(stage.server.world.webhooks) == 1


async def test_without_a_webhook_it_should_speak_as_the_bot(stage: Stage, channel: Channel) -> None:
    with_voice(stage, channel)
    for n in range(15):
        stage.server.webhook_writes(channel, f"Feed {n}", "news")
    async with stage.running() as adapter:
        await adapter.show_typing(ChatRef("discord", channel.id))
        assert stage.server.typing == [], "not known yet: it would be the bot that types"
        await adapter.send(bubble(channel, "hello"))
        assert adapter.resend_safe_ms(ChatRef("discord", channel.id)) == 120_000
        await adapter.send(bubble(channel, "hello"))
        await adapter.show_typing(ChatRef("discord", channel.id))
    assert stage.server.said(channel) == ["hello"]
    assert stage.server.typing == [channel]
    assert stage.server.shown(channel)[-1].webhook is None
    assert channel.guild is not None
    other = stage.server.add_channel(channel.guild, "other")
    stage.server.deny(other, rules.MANAGE_WEBHOOKS)
    with_voice(stage, other)
    async with stage.running() as adapter:
        await adapter.send(bubble(other, "hello", "b9"))
    assert stage.server.shown(other)[-1].author is stage.server.bot


async def test_a_voice_should_be_answered_and_taken_back(stage: Stage, channel: Channel) -> None:
    with_voice(stage, channel)
    stage.configure(channels=frozenset({int(channel.id)}))
    stage.server.switch_intents(rules.MESSAGE_CONTENT)
    assert channel.guild is not None
    robin = stage.server.add_user("Robin", channel.guild)
    async with stage.running() as adapter:
        sent = await adapter.send(bubble(channel, "as Alex"))
        spoken = stage.server.shown(channel)[0]
        stage.server.writes(robin, channel, "a reply to you", reply_to=spoken)
        await until(lambda: len(stage.server.shown(channel)) == 2)
        await adapter.unsend(ChatRef("discord", channel.id), (sent.message_id,))
        await adapter.unsend(ChatRef("discord", channel.id), (sent.message_id,))
        await until(lambda: stage.inbox.lines)
    assert stage.server.said(channel) == []
    assert stage.inbox.texts == ["a reply to you"], "our own voice is no line"
