"""Flood limits: one message a second per chat, twenty a minute per group, thirty a second over all.

Sends and edits count. Telegram publishes these as guidance and tolerates short bursts; we do not, so that whoever keeps
to us keeps to it.
"""

import math
from collections import defaultdict, deque
from dataclasses import dataclass

from tests.telegram_server.api_error import too_many
from tests.telegram_server.state import Room


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """How many messages within how many seconds."""

    chat: tuple[int, float] = (1, 1.0)
    group: tuple[int, float] = (20, 60.0)
    overall: tuple[int, float] = (30, 1.0)


class Flood:
    """Counts accepted messages. Off until `limits` is set."""

    def __init__(self) -> None:
        self.limits: FloodLimits | None = None
        self._sent: dict[object, deque[float]] = defaultdict(deque)

    def check(self, room: Room, now_s: float) -> None:
        """Count this message, or raise 429 and count nothing."""
        if self.limits is None:
            return
        gates: list[tuple[object, tuple[int, float]]] = [(room, self.limits.chat), ("overall", self.limits.overall)]
        if room.peer is None:
            gates.append((("group", room), self.limits.group))
        wait_s = max(_wait_s(self._sent[key], limit, now_s) for key, limit in gates)
        if wait_s > 0:
            raise too_many(max(1, math.ceil(wait_s)))
        for key, _ in gates:
            self._sent[key].append(now_s)


def _wait_s(sent: deque[float], limit: tuple[int, float], now_s: float) -> float:
    most, span_s = limit
    while sent and now_s - sent[0] >= span_s:
        sent.popleft()
    return sent[0] + span_s - now_s if len(sent) >= most else 0.0
