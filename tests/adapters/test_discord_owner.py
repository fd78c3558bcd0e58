"""The owner's desk on Discord: words in his DM, slash commands, cards with buttons and forms."""

import asyncio
import logging
from collections.abc import AsyncIterator

import discord
import pytest
import structlog

from adapters.base import RetryLater
from adapters.discord_adapter import DiscordAdapter
from adapters.owner_port import Button, Screen, Shown
from tests.adapters.discord_stage import Stage, quicken
from tests.discord_server import rules
from tests.discord_server.server import running_discord
from tests.discord_server.state import Channel, User
from tests.waiting import until

CARD = Screen("Robin: are you there?\nProposed: yes", ((Button("Send", "d:send:1:1"), Button("Edit", "d:edit:1:1")),))


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    quicken(monkeypatch)
    async with running_discord() as server:
        yield Stage(server)


@pytest.fixture
def channel(stage: Stage) -> Channel:
    return stage.server.add_channel(stage.server.add_guild())


@pytest.fixture
def alex(stage: Stage, channel: Channel) -> User:
    assert channel.guild is not None
    admins = stage.server.add_role(channel.guild, "Admins", rules.ADMINISTRATOR)
    owner = stage.server.add_user("Alex", channel.guild, roles=(admins,))
    stage.desk.owner = owner.id
    return owner


@pytest.fixture
def robin(stage: Stage, channel: Channel) -> User:
    assert channel.guild is not None
    return stage.server.add_user("Robin", channel.guild)


async def registered(stage: Stage) -> None:
    await until(lambda: stage.server.command_writes)


async def test_the_owners_private_message_should_be_a_word_and_be_answered(stage: Stage, alex: User) -> None:
    stage.desk.on_word = Shown(Screen("All is quiet.\n" + "x" * 2_500))
    dm = stage.server.dm(alex)
    async with stage.running():
        stage.server.writes(alex, dm, "/status")
        await until(lambda: len(stage.server.said(dm)) == 2)
        answer = stage.server.shown(dm)[1]
        stage.server.writes(alex, dm, "about that", reply_to=answer)
        await until(lambda: len(stage.desk.words) == 2)
    first, second = stage.desk.words
    assert (first.user_id, first.user_name, first.text, first.chat.chat_id) == (alex.id, "Alex", "/status", dm.id)
    assert second.answers_message_id == answer.id
    assert stage.inbox.taken == []


async def test_a_wrong_code_should_meet_silence_and_no_persona(stage: Stage, robin: User) -> None:
    dm = stage.server.dm(robin)
    async with stage.running():
        stage.server.writes(robin, dm, "/pair AAAA-AAAA")
        stage.server.writes(robin, dm, "hello then")
        await until(lambda: stage.inbox.lines)
    assert stage.inbox.texts == ["hello then"]
    assert stage.server.said(dm) == []


async def test_a_question_should_be_remembered_by_its_message(stage: Stage, alex: User) -> None:
    stage.desk.on_word = Shown(Screen("Your words to Robin?"), ask_token="d:edit:1:1")
    dm = stage.server.dm(alex)
    async with stage.running():
        stage.server.writes(alex, dm, "/edit 1")
        await until(lambda: stage.desk.questions)
    assert stage.desk.questions == [(stage.server.shown(dm)[1].id, "d:edit:1:1")]
    assert stage.server.said(dm)[0].startswith("Your words to Robin?")


async def test_commands_should_be_registered_once_and_again_only_when_they_changed(stage: Stage) -> None:
    async with stage.running():
        await registered(stage)
        await until(lambda: "commands" in stage.memory.facts)
    async with stage.running():
        await until(lambda: True)
    assert stage.server.command_writes == 1
    offered = {command["name"]: command for command in stage.server.world.commands[None]}
    assert set(offered) == {"status", "pair", "help", "privacy", "human", "forgetme"}
    assert offered["status"]["default_member_permissions"] in (0, "0")
    assert offered["privacy"]["default_member_permissions"] is None
    assert offered["forgetme"]["contexts"] == offered["human"]["contexts"] == [1], "only in private"
    stage.desk.commands += (("panic", "Stop everything"),)
    async with stage.running():
        await until(lambda: stage.server.command_writes == 2)


async def test_an_owners_command_should_be_answered_for_his_eyes_only(
    stage: Stage, channel: Channel, alex: User, robin: User
) -> None:
    stage.desk.on_word = Shown(Screen("auto for family"))
    async with stage.running():
        await registered(stage)
        asked = stage.server.slash(alex, "status", channel, words="of everything")
        await until(lambda: asked.shown)
        denied = stage.server.slash(robin, "status", stage.server.dm(robin))
        await until(lambda: denied.shown)
        wrong = stage.server.slash(robin, "pair", stage.server.dm(robin), words="AAAA-AAAA")
        await until(lambda: wrong.shown)
    assert asked.shown == ["auto for family"]
    assert asked.ephemeral
    assert denied.shown == wrong.shown == ["Only the owner can use this."]
    assert denied.ephemeral
    assert wrong.ephemeral
    assert stage.desk.words[0].text == "/status of everything"
    assert stage.server.shown(channel) == []


async def test_a_slow_desk_should_be_waited_for(
    stage: Stage, channel: Channel, alex: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_cards._IN_TIME_S", 0.01)
    stage.desk.on_word = Shown(Screen("at last\n" * 300))
    async with stage.running():
        await registered(stage)
        stage.desk.busy.clear()
        asked = stage.server.slash(alex, "status", channel)
        await until(lambda: asked.deferred)
        stage.desk.busy.set()
        await until(lambda: len(asked.shown) == 2)
    assert asked.ephemeral
    assert "\n".join(asked.shown) == "at last\n" * 300


async def test_contacts_should_have_their_own_words(stage: Stage, channel: Channel, robin: User) -> None:
    dm = stage.server.dm(robin)
    async with stage.running():
        await registered(stage)
        told = [
            stage.server.slash(robin, "privacy", channel),
            stage.server.slash(robin, "help", dm),
            stage.server.slash(robin, "forgetme", dm, words="yes"),
        ]
        await until(lambda: all(one.shown for one in told))
    assert [one.shown for one in told] == [["about privacy"], ["about help"], ["about forgetme yes"]]
    assert all(one.ephemeral for one in told)
    assert stage.desk.contact_words[2][0].chat_id == dm.id


async def test_a_contacts_word_typed_as_text_should_be_answered_in_his_private_chat(stage: Stage, robin: User) -> None:
    dm = stage.server.dm(robin)
    async with stage.running():
        stage.server.writes(robin, dm, "/privacy")
        stage.server.writes(robin, dm, "/shrug whatever")
        await until(lambda: stage.inbox.lines)
    assert stage.server.said(dm) == ["about privacy"]
    assert stage.inbox.texts == ["/shrug whatever"]


async def test_an_answer_should_outwait_a_rate_limit(stage: Stage, alex: User) -> None:
    stage.desk.on_word = Shown(Screen("first\n" * 300 + "second\n" * 100))
    dm = stage.server.dm(alex)
    async with stage.running():
        stage.server.too_many(retry_after_s=0.01, times=2)
        stage.server.writes(alex, dm, "/status")
        await until(lambda: len(stage.server.said(dm)) == 2)
    assert len(stage.desk.words) == 1, "carried out once"


async def test_one_member_should_not_decide_for_a_whole_channel(stage: Stage, channel: Channel, robin: User) -> None:
    """A client with an old list of commands may still offer them in a server."""
    async with stage.running():
        await registered(stage)
        for command in stage.server.world.commands[None]:
            command["contexts"] = None
        asked = stage.server.slash(robin, "forgetme", channel, words="yes")
        await until(lambda: asked.shown)
    assert asked.shown == ["Please send me this in a private message."]
    assert stage.desk.contact_words == []


async def test_a_card_should_be_shown_changed_and_work_after_a_restart(stage: Stage, alex: User) -> None:
    stage.desk.on_press = Shown(toast="sent")
    dm = stage.server.dm(alex)
    async with stage.running() as adapter:
        message_id = await adapter.show_owner(alex.id, CARD)
        assert await adapter.show_owner(alex.id, CARD) == message_id, "shown once, although it was pushed twice"
    async with stage.running() as adapter:
        pressed = stage.server.press(alex, stage.server.shown(dm)[0], "d:send:1:1")
        await until(lambda: pressed.shown)
        await adapter.change_shown(alex.id, message_id, Screen("sent as proposed 12:03"))
    assert stage.desk.presses[0].token == "d:send:1:1"
    assert stage.desk.presses[0].text is None
    assert pressed.shown == ["sent"]
    assert pressed.ephemeral
    assert [message.text for message in stage.server.shown(dm)] == ["sent as proposed 12:03"]
    assert stage.server.shown(dm)[0].buttons == []


async def test_two_notices_of_the_same_words_should_be_two(stage: Stage, alex: User) -> None:
    async with stage.running() as adapter:
        await adapter.show_owner(alex.id, Screen("Somebody asks for you."))
        await adapter.show_owner(alex.id, Screen("Somebody asks for you."))
    assert len(stage.server.said(stage.server.dm(alex))) == 2


async def test_a_card_that_is_gone_should_be_no_failure(stage: Stage, alex: User) -> None:
    async with stage.running() as adapter:
        await adapter.show_owner(alex.id, CARD)
        await adapter.change_shown(alex.id, "42", CARD)
        stage.server.too_many(retry_after_s=3)
        with pytest.raises(RetryLater):
            await adapter.show_owner(alex.id, Screen("later"))


async def test_edit_should_open_a_form_with_the_proposed_words(stage: Stage, alex: User) -> None:
    stage.desk.on_press = Shown(ask_token="d:edit:1:1", ask_prefill="yes, until four")
    dm = stage.server.dm(alex)
    async with stage.running() as adapter:
        await adapter.show_owner(alex.id, CARD)
        asked = stage.server.press(alex, stage.server.shown(dm)[0], "d:edit:1:1")
        await until(lambda: asked.modal)
        stage.desk.on_press = Shown(toast="sent in your words")
        filled = stage.server.submit(asked, {"text": "yes, until five"})
        await until(lambda: filled.shown)
    assert [(press.token, press.text) for press in stage.desk.presses] == [
        ("d:edit:1:1", None),
        ("d:edit:1:1", "yes, until five"),
    ]
    assert filled.shown == ["sent in your words"]


async def test_somebody_elses_press_should_show_nothing(
    stage: Stage, channel: Channel, alex: User, robin: User
) -> None:
    async with stage.running() as adapter:
        await adapter.show_owner(alex.id, CARD)
        card = stage.server.shown(stage.server.dm(alex))[0]
        pressed = stage.server.press(robin, card, "d:send:1:1")
        await until(lambda: pressed.answer is not None)
    assert pressed.answer == 6, "acknowledged, nothing shown"
    assert stage.server.whispered(robin) == []


async def test_a_desk_that_fails_should_say_nothing_of_it(stage: Stage, channel: Channel, robin: User) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("redis at 10.0.0.1 is gone")

    stage.desk.word = broken  # type: ignore[method-assign, assignment]
    async with stage.running():
        await registered(stage)
        asked = stage.server.slash(robin, "status", stage.server.dm(robin))
        await until(lambda: asked.shown)
    assert asked.shown == ["That did not work just now. Please try again."]


async def test_a_refused_token_should_be_told_without_being_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.discord_adapter._TO_MEND_S", 0.0)
    stage.configure(token="wrong.secret.token")
    adapter = DiscordAdapter(stage.settings, stage.desk, stage.memory)
    with structlog.testing.capture_logs() as logs, pytest.raises(discord.LoginFailure):
        await adapter.run(stage.inbox)
    assert any("Reset Token" in str(entry.get("next_step")) for entry in logs)
    assert "wrong.secret.token" not in repr(logs)


async def test_a_missing_intent_should_be_told_with_its_switch(
    stage: Stage, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord_adapter._TO_MEND_S", 0.0)
    stage.server.switch_intents(0)
    stage.configure(channels=frozenset({int(channel.id)}))
    adapter = DiscordAdapter(stage.settings, stage.desk, stage.memory)
    with structlog.testing.capture_logs() as logs, pytest.raises(discord.PrivilegedIntentsRequired):
        await adapter.run(stage.inbox)
    assert any("Message Content Intent" in str(entry.get("next_step")) for entry in logs)


async def test_a_token_that_may_start_no_session_should_not_try(stage: Stage) -> None:
    """Discord takes a token away that goes on identifying."""
    stage.server.gateway.starts = 3
    adapter = DiscordAdapter(stage.settings, stage.desk, stage.memory)
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(adapter.run(stage.inbox))
        await until(lambda: any(entry["event"] == "discord.refused" for entry in logs))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert stage.server.gateway.identifies == []


async def test_only_what_is_needed_should_be_asked_for(stage: Stage) -> None:
    async with stage.running():
        pass
    asked = discord.Intents._from_value(stage.server.gateway.identifies[0]["intents"])
    assert {name for name, on in asked if on} == {"guilds", "guild_messages", "dm_messages"}


async def test_nothing_that_was_said_and_no_token_should_be_logged(
    stage: Stage, channel: Channel, robin: User, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    guild = channel.guild
    assert guild is not None
    guild.everyone.permissions |= rules.MANAGE_WEBHOOKS
    with structlog.testing.capture_logs() as logs:
        async with stage.running():
            stage.server.writes(robin, stage.server.dm(robin), "my deepest secret")
            await until(lambda: stage.inbox.lines)
            await stage.server.gateway.close_links(1011)
            stage.server.writes(robin, stage.server.dm(robin), "another secret")
            await until(lambda: len(stage.inbox.lines) == 2)
    told = repr(logs) + caplog.text + "".join(capsys.readouterr())
    assert "secret" not in told
    assert stage.server.token not in told
