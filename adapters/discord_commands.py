"""Slash commands: every word of the desk as `/name words`, answered ephemerally.

Knows no command's meaning. Whoever types, the desk decides by the numeric id; anybody else's owner command is answered
with one neutral sentence. Discord is told of the commands only when they have changed: its sync is slow and limited.
"""

import hashlib
import json

import discord
import structlog
from discord import app_commands

from adapters.base import Memory
from adapters.discord_cards import AnyInteraction, respond
from adapters.discord_convert import PLATFORM, chat_of
from adapters.owner_port import Desk, Screen, Shown, Word

NOT_FOR_YOU = "Only the owner can use this."
_NOT_NOW = "There is nothing to say about that now."
_IN_PRIVATE = frozenset({"human", "forgetme"})
"""What acts on the whole chat: in a server one member would decide for all."""
_ASK_IN_PRIVATE = "Please send me this in a private message."
_PAIR = {"pair": "Make this account the owner's, with a code from the console"}
"""In no menu of the desk's; on Discord nobody can use a command that is not registered."""
_SYNCED = "commands"
_log = structlog.get_logger()


class CommandTree(app_commands.CommandTree[discord.Client]):
    """The commands of one client."""

    def __init__(self, client: discord.Client, desk: Desk) -> None:
        super().__init__(client)
        self._desk = desk
        owners = _PAIR | dict(desk.owner_commands())
        self._for_owner = set(owners)
        self._for_contacts = {name for name, _ in desk.contact_commands()}
        for name, description in (dict(desk.contact_commands()) | owners).items():
            self.add_command(self._command(name, description))

    async def sync_if_changed(self, memory: Memory) -> None:
        """Tell Discord once of each set of commands. Raises discord's errors; then nothing is noted as told."""
        payload = [command.to_dict(self) for command in self.get_commands()]
        print_of = hashlib.sha256(
            json.dumps([self.client.application_id, payload], sort_keys=True).encode()
        ).hexdigest()
        if await memory.get(_SYNCED) != print_of:
            await self.sync()
            await memory.put(_SYNCED, print_of)
            _log.info("discord.commands_synced", commands=len(payload))

    async def on_error(self, interaction: AnyInteraction, error: app_commands.AppCommandError, /) -> None:
        """A command of an earlier version, or a flaw: its kind, never the words."""
        _log.error("discord.command", kind=type(error).__name__)

    def _command(self, name: str, description: str) -> app_commands.Command[app_commands.Group, ..., None]:
        @app_commands.describe(words="What you would type after the command")
        async def speak(interaction: discord.Interaction[discord.Client], words: str = "") -> None:
            await respond(interaction, self._ask(interaction, name, words), self._otherwise(name))

        command: app_commands.Command[app_commands.Group, ..., None] = app_commands.Command(
            name=name, description=description[:100], callback=speak
        )
        if name not in self._for_contacts:
            command.default_permissions = discord.Permissions.none()  # in a server, only its administrators see it
        if name in _IN_PRIVATE:
            command.allowed_contexts = app_commands.AppCommandContext(guild=False, dm_channel=True)
        return command

    def _otherwise(self, name: str) -> str:
        return _NOT_NOW if name in self._for_contacts else NOT_FOR_YOU

    async def _ask(self, interaction: AnyInteraction, name: str, words: str) -> Shown | None:
        user, chat = interaction.user, chat_of(interaction.channel_id or 0)
        said = f"{name} {words}".strip()
        if name in self._for_owner:
            shown = await self._desk.word(Word(PLATFORM, str(user.id), user.display_name, chat, f"/{said}"))
            if shown is not None:
                return shown
        if name not in self._for_contacts:
            return None
        if interaction.guild_id is not None and name in _IN_PRIVATE:
            return Shown(toast=_ASK_IN_PRIVATE)
        text = await self._desk.contact_word(chat, str(user.id), user.display_name, said)
        return Shown(Screen(text)) if text else None
