"""Groups against the test server: heard only when spoken to, topics apart, taken back when an edit turns away."""

from collections.abc import AsyncIterator

import pytest

from adapters.base import ChatRef, OutboundMessage, Refused
from tests.adapters.telegram_stage import Stage, adapter_of, running, staged
from tests.telegram_server.server import TelegramServer
from tests.waiting import until


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        yield stage


async def test_a_group_should_be_heard_only_when_it_speaks_to_the_bot(stage: Stage) -> None:
    group = stage.server.group("Rowing", forum=True)
    name = f"@{stage.server.world.bot.username}"
    mention = [{"type": "mention", "offset": 0, "length": len(name)}]
    await stage.server.contact_writes(stage.jonas, "talk among us", room=group)
    await stage.server.contact_writes(stage.mara, "the owner, not yet with us", room=group)
    asked = await stage.server.contact_writes(
        stage.jonas, f"{name} when?", room=group, thread=55, entities=mention, is_topic_message=True
    )
    await until(lambda: stage.inbox.lines)
    line = stage.inbox.lines[0]
    assert (line.text, line.chat.chat_id) == ("when?", f"{group.chat_id}_55")
    sent = await stage.send(line.chat.key, "at nine")
    assert group.messages[int(sent.message_id)].thread == 55
    await stage.server.contact_writes(stage.mara, "no, ten", room=group, thread=55, is_topic_message=True)
    await stage.server.reply_to(stage.mara, group, asked, "/autoreply off")
    await stage.settled()
    assert [(line.text, line.from_owner) for line in stage.inbox.lines] == [("when?", False), ("no, ten", True)]
    assert stage.desk.words == []


async def test_a_groups_line_that_stops_speaking_to_the_bot_should_be_taken_back(stage: Stage) -> None:
    group, name = stage.server.group("Rowing"), f"@{stage.server.world.bot.username}"
    mention = [{"type": "mention", "offset": 0, "length": len(name)}]
    id_ = await stage.server.contact_writes(stage.jonas, f"{name} when?", room=group, entities=mention)
    await stage.settled()
    group.messages[id_].fields.pop("entities")
    await stage.server.edit(group, id_, "never mind")
    await until(lambda: stage.inbox.deletions)
    assert stage.inbox.deletions[0].message_ids == (str(id_),)


async def test_groups_should_be_left_alone_when_the_owner_wants_that() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        stage.adapter = adapter_of(server, stage.desk, stage.memory, groups=False)
        async with running(stage):
            group, name = server.group("Rowing"), f"@{server.world.bot.username}"
            mention = [{"type": "mention", "offset": 0, "length": len(name)}]
            await server.contact_writes(stage.jonas, f"{name} when?", room=group, entities=mention)
            await stage.settled()
            assert stage.inbox.taken == []


async def test_a_group_that_became_a_supergroup_should_refuse(stage: Stage) -> None:
    group = stage.server.group("Rowing", basic=True)
    await stage.server.migrate(group, stage.jonas)
    await stage.settled()
    with pytest.raises(Refused):
        await stage.adapter.send(OutboundMessage(ChatRef("telegram", str(group.chat_id)), "b1", "hi"))
    assert stage.inbox.taken == []
