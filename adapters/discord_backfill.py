"""Watermarks, and what was said while we were away.

A channel's watermark is the last message that the inbox took; it never moves back, nor past a line that was not taken:
there it is held. A channel without one has no past for us: at the first install nothing is replayed. A resumed session
needs none of this: Discord replays it.
"""

import discord
import structlog

from adapters.base import Memory
from adapters.discord_lanes import FLAWS

_MOST_LINES = 1_000
_PREFIX, _WORD = "seen:", "word:"
_log = structlog.get_logger()

TextPlace = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel | discord.DMChannel


class Watermarks:
    """The last message taken, for each channel. Call `load` once before use."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._marks: dict[int, int] = {}
        self._words: dict[int, int] = {}
        self._held: dict[int, int] = {}

    async def load(self) -> None:
        """Read what earlier runs have kept."""
        for prefix, marks in ((_PREFIX, self._marks), (_WORD, self._words)):
            for name in await self._memory.names(prefix):
                if (mark := await self._memory.get(name)) is not None:
                    marks[int(name.removeprefix(prefix))] = int(mark)

    def of(self, channel_id: int) -> int | None:
        """The last message before which none of a channel is missing."""
        return self._marks.get(channel_id)

    def latest(self, channel_id: int) -> int | None:
        """The last message taken from a channel: a later one than its mark while that is held."""
        return self._held.get(channel_id, self._marks.get(channel_id))

    def known(self) -> tuple[int, ...]:
        """Every channel that has one."""
        return tuple(self._marks)

    async def move(self, channel_id: int, message_id: int) -> None:
        """Forward only; while it is held it is only noted."""
        if channel_id in self._held:
            self._held[channel_id] = max(message_id, self._held[channel_id])
        elif message_id > self._marks.get(channel_id, -1):
            await self._memory.put(f"{_PREFIX}{channel_id}", str(message_id))
            self._marks[channel_id] = message_id

    def hold(self, channel_id: int) -> None:
        """A line is missing behind the mark: it stays, also if we end, until `release`."""
        if (mark := self._marks.get(channel_id)) is not None:
            self._held.setdefault(channel_id, mark)

    async def release(self, channel_id: int) -> None:
        """Nothing is missing any more."""
        if (latest := self._held.pop(channel_id, None)) is not None:
            await self.move(channel_id, latest)

    def is_carried_out(self, channel_id: int, message_id: int) -> bool:
        """Whether a word said here had its effect already: it is told twice, or read again."""
        return message_id <= max(self._words.get(channel_id, -1), self._marks.get(channel_id, -1))

    async def carried_out(self, channel_id: int, message_id: int) -> None:
        """Noted at once, and then kept: words are in order within a channel."""
        self._words[channel_id] = max(message_id, self._words.get(channel_id, -1))
        if channel_id in self._held:
            await self._memory.put(f"{_WORD}{channel_id}", str(self._words[channel_id]))
        await self.move(channel_id, message_id)

    async def drop(self, channel_id: int) -> None:
        """The channel is gone."""
        for marks in (self._marks, self._words, self._held):
            marks.pop(channel_id, None)
        for prefix in (_PREFIX, _WORD):
            await self._memory.drop(f"{prefix}{channel_id}")


async def missed(
    client: discord.Client, marks: Watermarks, channel_id: int, before: int | None
) -> list[discord.Message]:
    """What was said in a channel after its watermark (and before `before`), oldest first.

    Of a long silence the last thousand lines, and the log says so. Raises discord.RateLimited and the network's errors:
    ask again later.
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
        async for line in channel.history(limit=_MOST_LINES, before=upto):  # newest first: it ends at the mark
            if line.id <= mark:
                break
            found.append(line)
    except discord.NotFound:
        await marks.drop(channel_id)
        return []
    except discord.Forbidden:
        _log.warning("discord.no_history", channel=channel_id)
        return []
    except FLAWS as error:  # a message that the library cannot read
        _log.error("discord.unreadable_history", channel=channel_id, kind=type(error).__name__)
    if len(found) == _MOST_LINES:
        _log.error("discord.long_silence", channel=channel_id, lines=len(found), next_step="what is older stays unread")
    elif found:
        _log.info("discord.backfill", channel=channel_id, lines=len(found))
    return found[::-1]
