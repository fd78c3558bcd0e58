"""Which updates were acted on: an owner's word is carried out once, also when the store blips or Telegram repeats it.

Knows no update's meaning. An update is noted at once and let go only when the note is written: till then Telegram
keeps it.
"""

import asyncio
from collections import OrderedDict

import structlog

from adapters.base import Memory

_FACT = "words_done"
_KEPT = 200

log = structlog.get_logger()


class Done:
    """The newest updates that were acted on, kept over restarts."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._ids: OrderedDict[int, None] = OrderedDict()
        self._unwritten: set[int] = set()
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """What we remember."""
        self._ids = OrderedDict.fromkeys(int(id_) for id_ in (await self._memory.get(_FACT) or "").split())

    def __contains__(self, update_id: int) -> bool:
        return update_id in self._ids

    async def note(self, update_id: int) -> None:
        """From now on this update is not acted on again, also where the store is away just now."""
        self._ids[update_id] = None
        self._unwritten.add(update_id)
        while len(self._ids) > _KEPT:
            self._ids.popitem(last=False)
        try:
            await self.written(update_id)
        except Exception as error:
            log.warning("telegram.note_waits", update=update_id, error=type(error).__name__)

    async def written(self, update_id: int) -> None:
        """Returns when the note of this update, if there is one, is durable. Raises what the memory raises."""
        async with self._writing:
            if update_id not in self._unwritten:
                return
            noted = frozenset(self._unwritten)
            await self._memory.put(_FACT, " ".join(map(str, self._ids)))
            self._unwritten -= noted
