"""A send leaves soon after it was asked for, or not at all; and its receipt is had as soon as Discord has answered."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from adapters.base import ChatRef, OutboundMessage, Refused, RetryLater
from adapters.discord_errors import one_try, promptly
from tests.adapters.discord_stage import Stage, quicken
from tests.discord_server import rules
from tests.discord_server.server import SENDS, running_discord
from tests.discord_server.state import Channel
from tests.waiting import until

HOOKS = "POST /webhooks/*/*"
LONG_S = 20.0
"""Longer than the bot waits for any send."""


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    quicken(monkeypatch)
    async with running_discord() as server:
        yield Stage(server)


@pytest.fixture
def channel(stage: Stage) -> Channel:
    return stage.server.add_channel(stage.server.add_guild(bot_may=rules.ORDINARY | rules.MANAGE_WEBHOOKS))


def bubble(channel: Channel, text: str = "hello") -> OutboundMessage:
    return OutboundMessage(ChatRef("discord", channel.id), text, text)


async def test_a_send_that_would_wait_for_its_bucket_should_not_be_made_and_never_arrive_late(
    stage: Stage, channel: Channel
) -> None:
    """What was looked at last (`/panic`!) must still hold when the request leaves."""
    stage.server.limits(most=2, per_s=1.0)
    async with stage.running() as adapter:
        for text in ("one", "two"):
            await asyncio.wait_for(adapter.send(bubble(channel, text)), 0.8)
        begun = time.monotonic()
        with pytest.raises(RetryLater):
            await adapter.send(bubble(channel, "three"))
        assert time.monotonic() - begun < 0.8
        assert stage.server.said(channel) == ["one", "two"]
        for _ in range(9):  # as the courier does
            try:
                await adapter.send(bubble(channel, "four"))
                break
            except RetryLater as later:
                await asyncio.sleep(later.after_s)
    assert stage.server.said(channel) == ["one", "two", "four"]


async def test_answers_in_a_private_chat_should_not_make_a_reply_leave_later(stage: Stage) -> None:
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    server.limits(most=5, per_s=LONG_S)
    async with stage.running() as adapter:
        for _ in range(5):
            server.writes(robin, dm, "/help")
        await until(lambda: len(server.said(dm)) == 5)
        with pytest.raises(RetryLater):
            await asyncio.wait_for(adapter.send(bubble(dm)), 1)
    assert len(server.called(SENDS)) == 5


@pytest.mark.parametrize("as_owner", [False, True])
async def test_the_receipt_should_not_wait_for_the_bucket(stage: Stage, channel: Channel, as_owner: bool) -> None:
    if as_owner:
        stage.configure(webhook_channels=frozenset({int(channel.id)}))
    stage.server.limits(HOOKS if as_owner else SENDS, most=2, per_s=LONG_S)
    async with stage.running() as adapter:
        sent = [await asyncio.wait_for(adapter.send(bubble(channel, text)), 2) for text in ("one", "two")]
        with pytest.raises(RetryLater):
            await asyncio.wait_for(adapter.send(bubble(channel, "three")), 2)
    assert [message.id for message in stage.server.shown(channel)] == [receipt.message_id for receipt in sent]


async def test_a_refusal_should_not_wait_for_the_bucket_either(stage: Stage, channel: Channel) -> None:
    stage.server.limits(most=1, per_s=LONG_S)
    stage.server.deny(channel, rules.SEND)
    async with stage.running() as adapter:
        with pytest.raises(Refused):
            await asyncio.wait_for(adapter.send(bubble(channel)), 2)


async def test_a_request_whose_time_is_over_should_not_leave(stage: Stage, channel: Channel) -> None:
    """The process was stopped between the last look and the request."""
    async with stage.running() as adapter:
        assert adapter._client is not None
        saying = adapter._client.get_partial_messageable(int(channel.id)).send("late")
        with pytest.raises(RetryLater), one_try():
            await promptly(saying, time.monotonic() - 1)
    assert stage.server.called(SENDS) == []


async def test_a_voice_should_not_look_for_its_webhook_for_longer_than_its_bubble_waits(
    stage: Stage, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_voice._LOOKING_S", 0.05)
    stage.configure(webhook_channels=frozenset({int(channel.id)}))
    async with stage.running() as adapter:
        async with stage.server.held("GET /channels/*/webhooks"):
            with pytest.raises(RetryLater):
                await asyncio.wait_for(adapter.send(bubble(channel)), 1)
        await adapter.send(bubble(channel))
    assert stage.server.said(channel) == ["hello"]


async def test_a_voice_in_a_channel_that_is_gone_should_be_refused(stage: Stage) -> None:
    """A bubble that waits for ever would hold everything behind it."""
    stage.configure(webhook_channels=frozenset({42}))
    async with stage.running() as adapter:
        with pytest.raises(Refused):
            await adapter.send(OutboundMessage(ChatRef("discord", "42"), "b1", "hello"))
