"""A real discord.py client that only remembers what it was told: the ear of the tests."""

from typing import Any

import discord


class Bot(discord.Client):
    """Keeps every event as it was told: there is no cache that changes it. Starts without discord.py's pauses."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        super().__init__(
            intents=intents or quiet_intents(content=True), guild_ready_timeout=0.05, max_messages=None, **options
        )
        self.heard: list[discord.Message] = []
        self.edited: list[discord.RawMessageUpdateEvent] = []
        self.deleted: list[int] = []
        self.bulk_deleted: list[set[int]] = []
        self.asked: list[discord.Interaction[discord.Client]] = []
        self.resumed = 0

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None: ...

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.edited.append(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.deleted.append(payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        self.bulk_deleted.append(payload.message_ids)

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        self.asked.append(interaction)

    async def on_resumed(self) -> None:
        self.resumed += 1

    def place(self, channel_id: str) -> discord.PartialMessageable:
        """A channel to talk to, without asking for it first."""
        return self.get_partial_messageable(int(channel_id))


def quiet_intents(*, content: bool = False, members: bool = False) -> discord.Intents:
    """Guilds, their messages and direct ones; the privileged ones by word only."""
    intents = discord.Intents.none()
    intents.guilds = intents.guild_messages = intents.dm_messages = True
    intents.message_content, intents.members = content, members
    return intents
