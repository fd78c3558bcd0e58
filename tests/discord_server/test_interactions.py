"""What the pretended Discord enforces about interactions and commands, seen by a real discord.py client."""

from typing import Any

import discord
import pytest
from discord import app_commands

from tests.discord_server.bot import Bot
from tests.discord_server.server import DiscordServer
from tests.discord_server.state import Channel, Guild, User
from tests.waiting import until

STATUS = {"name": "status", "description": "What applies here", "options": []}
SEND = {
    "name": "send",
    "description": "Send a draft",
    "options": [{"name": "no", "description": "Its number", "type": 4, "required": True}],
}


@pytest.fixture
async def commands(bot: Bot) -> None:
    await bot.http.bulk_upsert_global_commands(int(bot.application_id or 0), [STATUS, SEND])


async def asked(bot: Bot) -> discord.Interaction[discord.Client]:
    """The newest interaction that the client was told of."""
    await until(lambda: bot.asked)
    return bot.asked.pop()


def button(label: str = "Send", custom_id: str = "d:send:1:1") -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=label, custom_id=custom_id))
    return view


class Edit(discord.ui.Modal, title="Edit the reply"):
    words: discord.ui.TextInput[Any] = discord.ui.TextInput(
        label="Reply", custom_id="words", default="proposed", max_length=40
    )


@pytest.mark.usefixtures("commands")
async def test_an_ephemeral_answer_should_be_seen_by_that_person_only(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    used = server.slash(robin, "send", channel, no=17)
    interaction = await asked(bot)
    assert interaction.data is not None
    assert interaction.data["options"] == [{"name": "no", "type": 4, "value": 17}]  # type: ignore[typeddict-item]
    assert interaction.user.id == int(robin.id)
    await interaction.response.send_message("sent", ephemeral=True)
    await interaction.followup.send("and more", ephemeral=True)
    assert used.shown == ["sent", "and more"]
    assert [message.text for message in server.whispered(robin)] == ["sent", "and more"]
    assert server.shown(channel) == []
    await interaction.delete_original_response()
    assert used.shown == ["and more"]


@pytest.mark.usefixtures("commands")
async def test_an_answer_should_come_within_three_seconds(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    server.slash(robin, "status", channel)
    interaction = await asked(bot)
    server.pass_time(3.1)
    with pytest.raises(discord.NotFound) as late:
        await interaction.response.send_message("too late")
    assert late.value.code == 10062
    assert server.shown(channel) == []


@pytest.mark.usefixtures("commands")
async def test_a_deferred_answer_may_come_within_fifteen_minutes(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    for hidden in (True, False):
        used = server.slash(robin, "status", channel)
        interaction = await asked(bot)
        await interaction.response.defer(ephemeral=hidden, thinking=True)
        assert (used.deferred, used.shown) == (True, [])
        server.pass_time(14 * 60)
        await interaction.edit_original_response(content="done")
        assert (used.deferred, used.shown) == (False, ["done"])
        server.pass_time(61)
        with pytest.raises(discord.HTTPException) as late:
            await interaction.followup.send("too late")
        assert (late.value.status, late.value.code) == (401, 50027)
    assert [len(server.whispered(robin)), len(server.shown(channel))] == [1, 1], "as hidden as it was deferred"


@pytest.mark.usefixtures("commands")
async def test_the_first_follow_up_should_take_the_place_of_thinking(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    used = server.slash(robin, "status", channel)
    interaction = await asked(bot)
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.followup.send("done")  # not asked to be hidden, yet it is: the defer decided that
    assert [message.text for message in server.whispered(robin)] == ["done"]
    assert used.original is not None


@pytest.mark.usefixtures("commands")
async def test_nothing_should_be_answered_twice(server: DiscordServer, channel: Channel, robin: User, bot: Bot) -> None:
    server.slash(robin, "status", channel)
    interaction = await asked(bot)
    with pytest.raises(discord.NotFound) as early:
        await interaction.followup.send("before any answer")
    assert early.value.code == 10015
    await interaction.response.defer(ephemeral=True)
    again = discord.InteractionResponse(interaction)
    for act in (again.send_message("x"), again.send_modal(Edit())):
        with pytest.raises(discord.HTTPException) as refused:
            await act
        assert refused.value.code == 40060, "a form may not follow a defer either"


async def test_a_press_should_change_the_message_it_is_on(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    await bot.place(server.dm(robin).id).send("a draft", view=button())
    card = server.shown(server.dm(robin))[0]
    pressed = server.press(robin, card, "d:send:1:1")
    interaction = await asked(bot)
    assert interaction.message is not None
    assert interaction.message.id == int(card.id)
    assert interaction.data == {"custom_id": "d:send:1:1", "component_type": 2, "id": 2}
    await interaction.response.edit_message(content="sent", view=None)
    assert (card.text, card.buttons, pressed.shown) == ("sent", [], ["sent"])
    with pytest.raises(AssertionError, match="no button"):
        server.press(robin, card, "d:send:1:1")


async def test_a_press_may_be_taken_first_and_the_message_changed_later(
    server: DiscordServer, robin: User, bot: Bot
) -> None:
    await bot.place(server.dm(robin).id).send("a draft", view=button())
    card = server.shown(server.dm(robin))[0]
    server.press(robin, card, "d:send:1:1")
    interaction = await asked(bot)
    await interaction.response.defer()
    server.pass_time(60)
    await interaction.edit_original_response(content="sent")
    await interaction.followup.send("a word for you", ephemeral=True)
    assert card.text == "sent"
    assert [message.text for message in server.whispered(robin)] == ["a word for you"]


async def test_a_form_should_come_back_with_its_words(server: DiscordServer, robin: User, bot: Bot) -> None:
    await bot.place(server.dm(robin).id).send("a draft", view=button())
    card = server.shown(server.dm(robin))[0]
    pressed = server.press(robin, card, "d:send:1:1")
    await (await asked(bot)).response.send_modal(Edit(custom_id="d:edit:1:1"))
    submitted = server.submit(pressed, {"words": "my own words"})
    form = await asked(bot)
    assert form.data is not None
    assert form.data["custom_id"] == "d:edit:1:1"  # type: ignore[typeddict-item]
    assert "my own words" in str(form.data)
    with pytest.raises(discord.HTTPException) as refused:
        await form.response.send_modal(Edit())
    assert refused.value.code == 50035, "no form after a form"
    await form.response.edit_message(content="edited", view=None)
    assert (card.text, submitted.answer) == ("edited", 7)
    kept = server.submit(pressed)
    await until(lambda: bot.asked)
    assert "proposed" in str(kept.data), "what is not changed keeps its prefill"
    with pytest.raises(AssertionError, match="does not take"):
        server.submit(pressed, {"words": "x" * 41})


@pytest.mark.usefixtures("commands")
async def test_a_slash_command_cannot_change_a_message_it_did_not_come_from(
    server: DiscordServer, channel: Channel, robin: User, bot: Bot
) -> None:
    server.slash(robin, "status", channel)
    interaction = await asked(bot)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(
            discord.http.Route("POST", f"/interactions/{interaction.id}/{interaction.token}/callback"),
            json={"type": 7, "data": {"content": "x"}},
        )
    assert refused.value.code == 50035


async def test_components_should_keep_their_limits(server: DiscordServer, channel: Channel, bot: Bot) -> None:
    twice = button()
    twice.add_item(discord.ui.Button(label="Again", custom_id="d:send:1:1"))
    with pytest.raises(discord.HTTPException, match="cannot be duplicated"):
        await bot.place(channel.id).send("x", view=twice)
    for wrong in ({"custom_id": "a" * 101}, {"custom_id": "a", "label": "x" * 81}, {"custom_id": ""}):
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.request(
                discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel.id),
                json={"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 2} | wrong]}]},
            )
        assert refused.value.code == 50035


async def test_a_person_cannot_do_what_he_does_not_see(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    with pytest.raises(AssertionError, match="nobody registered"):
        server.slash(robin, "status", channel)
    await bot.http.bulk_upsert_global_commands(int(bot.application_id or 0), [STATUS | {"contexts": [1]}])
    with pytest.raises(AssertionError, match="nobody registered"):
        server.slash(robin, "status", channel)
    server.slash(robin, "status", server.dm(robin))
    await (await asked(bot)).response.send_message("for you", view=button(), ephemeral=True)
    kim = server.add_user("Kim", guild)
    with pytest.raises(AssertionError, match="does not see"):
        server.press(kim, server.whispered(robin)[0], "d:send:1:1")


async def test_commands_should_be_written_whole_and_counted(
    server: DiscordServer, guild: Guild, channel: Channel, robin: User, bot: Bot
) -> None:
    tree = app_commands.CommandTree(bot)

    @tree.command(name="status", description="What applies here")
    async def status(interaction: discord.Interaction[discord.Client]) -> None: ...

    first = await tree.sync()
    again = await tree.sync()
    assert first[0].id == again[0].id, "a command keeps its id"
    assert [command.name for command in await tree.fetch_commands()] == ["status"]
    assert server.command_writes == 2
    hidden = STATUS | {"default_member_permissions": "0"}
    await bot.http.bulk_upsert_global_commands(int(bot.application_id or 0), [hidden, SEND | {"contexts": [0]}])
    assert server.offered(robin, channel) == ["send"], "without default permissions only administrators see it"
    assert server.offered(guild.owner, channel) == ["status", "send"]
    assert server.offered(robin, server.dm(robin)) == ["status"]
    for wrong in ({"name": "Status"}, {"name": "two words"}, {"description": ""}, {"description": "x" * 101}):
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.bulk_upsert_global_commands(int(bot.application_id or 0), [STATUS | wrong])
        assert refused.value.code == 50035
    assert server.command_writes == 3
