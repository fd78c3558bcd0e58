"""No line is lost and no word carried out twice, whatever fails: the store, the history, room for a line."""

from collections.abc import AsyncIterator

import pytest

from adapters.discord_lanes import Lanes
from adapters.owner_port import Screen, Shown
from tests.adapters.discord_stage import Stage, quicken
from tests.discord_server.server import running_discord
from tests.waiting import until


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    quicken(monkeypatch)
    async with running_discord() as server:
        yield Stage(server)


async def test_a_history_that_cannot_be_read_should_hold_no_live_line_and_be_read_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_inbound._HISTORY_PAUSES_S", (0.001,))
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        await until(lambda: f"seen:{dm.id}" in stage.memory.facts)
    server.writes(robin, dm, "missed")
    mark = stage.memory.facts[f"seen:{dm.id}"]
    server.refuses("GET /channels/*/messages", 400, 50035, "Invalid Form Body", times=1_000)
    async with stage.running():
        live = server.writes(robin, dm, "live")
        await until(lambda: "live" in stage.inbox.texts)
        server.deletes(live)
        await until(lambda: stage.inbox.deletions == [(live.id,)])
        assert stage.memory.facts[f"seen:{dm.id}"] == mark, "the mark is not moved past what was not taken"
    monkeypatch.setattr("adapters.discord_inbound._HISTORY_AGAIN_S", 0.01)
    async with stage.running():
        await until(lambda: len(server.called("GET /channels/*/messages")) > 6)
        server.front.faults.clear()
        await until(lambda: "missed" in stage.inbox.texts)
        await until(lambda: stage.memory.facts[f"seen:{dm.id}"] != mark)
    assert stage.inbox.texts == ["before", "live", "missed"]


async def test_a_store_that_is_away_for_long_should_cost_no_line(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lanes.__init__, "__defaults__", ((0.001,) * 3,))
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        stage.inbox.answers = [ConnectionError() for _ in range(30)]
        server.writes(robin, dm, "one")
        server.writes(robin, dm, "two")
        await until(lambda: len(stage.inbox.lines) == 2)
    assert stage.inbox.texts == ["one", "two"]


async def test_a_line_refused_as_too_much_should_be_offered_again_at_the_next_session(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_inbound._FULL_PAUSES_S", ())
    monkeypatch.setattr("adapters.discord_inbound._HISTORY_AGAIN_S", 0.01)
    server = stage.server
    robin = server.add_user("Robin", server.add_guild())
    dm = server.dm(robin)
    async with stage.running():
        server.writes(robin, dm, "before")
        await until(lambda: stage.inbox.lines)
        stage.inbox.answers = ["full"]
        server.writes(robin, dm, "too much")
        server.writes(robin, dm, "after")
        server.writes(robin, dm, "/help")
        await until(lambda: stage.desk.contact_words)
    stage.inbox.answers = ["full", "full"]
    async with stage.running():
        await until(lambda: "too much" in stage.inbox.texts)
        await until(lambda: int(stage.memory.facts[f"seen:{dm.id}"]) > int(stage.inbox.lines[1].message_id))
    assert stage.inbox.texts == ["before", "after", "too much"]
    assert len(stage.desk.contact_words) == 1, "a word is carried out once"


async def test_a_word_should_be_carried_out_once_whatever_happens_afterwards(stage: Stage) -> None:
    """The store fails after it was carried out; Discord tells it twice; it is read again after a restart."""
    server = stage.server
    alex = server.add_user("Alex", server.add_guild())
    stage.desk.owner, stage.desk.on_word = alex.id, Shown(Screen("undone"))
    dm, kept = server.dm(alex), stage.memory.put
    failures = [ConnectionError()]

    async def fragile(name: str, value: str) -> None:
        if name.startswith("seen:") and failures:
            raise failures.pop()
        await kept(name, value)

    stage.memory.put = fragile  # type: ignore[method-assign]
    async with stage.running():
        word = server.writes(alex, dm, "/undo")
        await until(lambda: stage.memory.facts.get(f"seen:{dm.id}") == word.id)
        server.arrives_again(word)
        server.writes(alex, dm, "/status")
        await until(lambda: len(server.said(dm)) == 2)
    assert [said.text for said in stage.desk.words] == ["/undo", "/status"]


async def test_bots_lines_that_were_refused_should_not_come_back_at_a_restart(stage: Stage) -> None:
    server = stage.server
    guild = server.add_guild()
    channel, other = server.add_channel(guild), server.add_user("Otto", guild, bot=True)
    stage.configure(allowed_bots=frozenset({int(other.id)}), bot_lines=2)
    async with stage.running():
        lines = [server.writes(other, channel, f"beep {n}", mentions=(server.bot,)) for n in range(6)]
        await until(lambda: len(stage.inbox.lines) == 2)
        await until(lambda: stage.memory.facts[f"seen:{channel.id}"] == lines[-1].id)
    robin = server.add_user("Robin", guild)
    async with stage.running():
        server.writes(robin, channel, "hi", mentions=(server.bot,))
        await until(lambda: "hi" in stage.inbox.texts)
    assert stage.inbox.texts == ["beep 0", "beep 1", "hi"]
