"""Faults a test orders for the next calls: refusals, 5xx, and answers that are lost or late.

Knows no method's meaning: the server asks here before and after it does what was asked.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from tests.telegram_server.api_error import ApiError

Kind = Literal["refuse", "page", "page_after", "cut_before", "cut_after", "late"]


@dataclass(slots=True)
class Fault:
    """What goes wrong. `released`: the moment a late answer may leave."""

    kind: Kind
    method: str
    times: int
    chat_id: int | None = None
    error: ApiError | None = None
    status: int = 502
    released: asyncio.Event = field(default_factory=asyncio.Event)
    met: int = 0

    def release(self) -> None:
        """Let late answers go."""
        self.released.set()


class Faults:
    """The ordered faults, first come first met."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> Fault:
        """The next `times` calls of `method` (`*`: any but getUpdates) meet it."""
        self._ordered.append(fault)
        return fault

    def meet(self, method: str, chat_id: object) -> Fault | None:
        """The fault this call meets."""
        for fault in self._ordered:
            named = fault.method.lower() == method or (fault.method == "*" and method != "getupdates")
            if named and fault.met < fault.times and fault.chat_id in (None, chat_id):
                fault.met += 1
                return fault
        return None

    def release_all(self) -> None:
        """Late answers leave."""
        for fault in self._ordered:
            fault.release()

    def clear(self) -> None:
        """All is well again."""
        self.release_all()
        self._ordered.clear()
