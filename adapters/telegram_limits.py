"""Telegram's limits, kept on our side: 30 sends a second, one a second in a chat, 20 a minute in a group.

Never waits: a send that does not fit now is told when to come back, so that no other chat waits with it.
"""

import time

from aiolimiter import AsyncLimiter

from adapters.base import RetryLater

# (capacity, seconds in which it drains): a full bucket and what drains within the window never exceed the limit.
_OVERALL = (10, 0.5)  # 10 + 20 in a second
_CHAT = (1, 1.0)
_GROUP = (5, 20.0)  # 5 + 15 in a minute
_CHATS_KEPT = 2_000
_SLACK_S = 0.05
"""Added to every wait: come back after the drop has fallen, not as it falls."""


class SendLimits:
    """The buckets of one bot. Belongs to one event loop."""

    def __init__(self) -> None:
        self._overall = AsyncLimiter(*_OVERALL)
        self._chats: dict[int, tuple[AsyncLimiter, ...]] = {}
        self._held_until: dict[int, float] = {}

    async def take(self, chat_id: int) -> None:
        """Count one send to this chat, or raise RetryLater. Negative ids are groups."""
        if (held_s := self._held_until.get(chat_id, 0.0) - time.monotonic()) > 0:
            raise RetryLater(held_s)
        self._held_until.pop(chat_id, None)
        buckets = (self._overall, *self._of(chat_id))
        for bucket in buckets:
            if not bucket.has_capacity():
                raise RetryLater(bucket.time_period / bucket.max_rate + _SLACK_S)
        for bucket in buckets:
            await bucket.acquire()  # at once: nothing ran between the question and this

    def hold(self, chat_id: int, seconds: float) -> None:
        """Telegram asked for patience: nothing goes to this chat before."""
        self._held_until[chat_id] = time.monotonic() + seconds

    def _of(self, chat_id: int) -> tuple[AsyncLimiter, ...]:
        if chat_id not in self._chats:
            if len(self._chats) >= _CHATS_KEPT:
                self._chats = {id_: kept for id_, kept in self._chats.items() if not _idle(kept)}
            limits = (_CHAT, _GROUP) if chat_id < 0 else (_CHAT,)
            self._chats[chat_id] = tuple(AsyncLimiter(*limit) for limit in limits)
        return self._chats[chat_id]


def _idle(buckets: tuple[AsyncLimiter, ...]) -> bool:
    return all(bucket.has_capacity(bucket.max_rate) for bucket in buckets)
