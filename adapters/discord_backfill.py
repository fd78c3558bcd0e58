"""Watermarks, and what was said while we were away.

A channel's watermark is the last message that the inbox took; it never moves back. A channel without one has no past
for us: at the first install nothing is replayed. A resumed session needs none of this: Discord replays it.
"""

import discord
import structlog

from adapters.base import Memory
from adapters.discord_lanes import FLAWS

_MOST_LINES = 100
_PREFIX = "seen:"
_log = structlog.get_logger()

TextPlace = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel | discord.DMChannel


class Watermarks:
    """The last message taken, for each channel. Call `load` once before use."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._marks: dict[int, int] = {}

    async def load(self) -> None:
        """Read what earlier runs have kept."""
        for name in await self._memory.names(_PREFIX):
            if (mark := await self._memory.get(name)) is not None:
                self._marks[int(name.removeprefix(_PREFIX))] = int(mark)

    def of(self, channel_id: int) -> int | None:
        """The last message taken from a channel."""
        return self._marks.get(channel_id)

    def known(self) -> tuple[int, ...]:
        """Every channel that has one."""
        return tuple(self._marks)

    async def move(self, channel_id: int, message_id: int) -> None:
        """Forward only."""
        if message_id > self._marks.get(channel_id, -1):
            await self._memory.put(f"{_PREFIX}{channel_id}", str(message_id))
            self._marks[channel_id] = message_id

    async def drop(self, channel_id: int) -> None:
        """The channel is gone."""
        self._marks.pop(channel_id, None)
        await self._memory.drop(f"{_PREFIX}{channel_id}")


async def missed(
    client: discord.Client, marks: Watermarks, channel_id: int, before: int | None
) -> list[discord.Message]:
    """What was said in a channel after its watermark (and before `before`), oldest first.

    Of a long silence the last hundred lines: older ones would not be answered any more. Raises discord.RateLimited and
    the network's errors: ask again later.
    """
    mark = marks.of(channel_id)
    if mark is None:
        return []
    channel, found = client.get_channel(channel_id), list[discord.Message]()
    try:
        channel = channel or await client.fetch_channel(channel_id)
        if not isinstance(channel, TextPlace) or (getattr(channel, "last_message_id", None) or mark + 1) <= mark:
            return []
        upto = discord.Object(before) if before is not None else None
        after = discord.Object(mark)
        async for line in channel.history(limit=_MOST_LINES, after=after, before=upto, oldest_first=False):
            found.append(line)
    except discord.NotFound:
        await marks.drop(channel_id)
        return []
    except discord.Forbidden:
        _log.warning("discord.no_history", channel=channel_id)
        return []
    except FLAWS as error:  # a message that the library cannot read
        _log.error("discord.unreadable_history", channel=channel_id, kind=type(error).__name__)
    if found:
        _log.info("discord.backfill", channel=channel_id, lines=len(found), capped=len(found) == _MOST_LINES)
    return found[::-1]
