"""Who listens to which chat right now: live events to open pages and terminals, in memory.

Knows no transport and stores nothing for good: what nobody heard is in the history. The newest bubbles of a chat are
told again to whoever joins, so that nothing falls between reading the history and listening; listeners know them by id.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

_KEPT_EVENTS = 32
_KEPT_CHATS = 512
_DEEPEST_BACKLOG = 256
_LISTENERS_OF_A_CHAT = 8


@dataclass(frozen=True, slots=True)
class Event:
    """Something to show: its name and its fields, ready for JSON."""

    name: str
    data: Mapping[str, object] = field(default_factory=dict)


class Listener:
    """One open page or terminal. One that does not keep up is closed: it comes back and reads the history."""

    def __init__(self, told_again: Iterator[Event]) -> None:
        self._events = deque(told_again)
        self._woken = asyncio.Event()
        self._closed = False

    def put(self, event: Event) -> None:
        """Hand over an event without waiting."""
        if len(self._events) >= _DEEPEST_BACKLOG:
            self.close()
        self._events.append(event)
        self._woken.set()

    def close(self) -> None:
        """End `events`; what was not read yet is dropped."""
        self._closed = True
        self._woken.set()

    async def events(self, heartbeat_s: float) -> AsyncIterator[Event | None]:
        """Each event as it comes, None after every `heartbeat_s` of silence; ends when closed."""
        while True:
            self._woken.clear()
            while self._events and not self._closed:
                yield self._events.popleft()
            if self._closed:
                return
            try:
                await asyncio.wait_for(self._woken.wait(), heartbeat_s)
            except TimeoutError:
                yield None


class Audience:
    """All listeners of one adapter, by chat id."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}
        self._recent: OrderedDict[str, deque[Event]] = OrderedDict()
        self._open = True

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    @contextmanager
    def listen(self, chat_id: str) -> Iterator[Listener]:
        """Join a chat. A ninth listener of one chat takes the place of the first."""
        listener = Listener(iter(self._recent.get(chat_id, ())))
        here = self._listeners.setdefault(chat_id, [])
        here.append(listener)
        if len(here) > _LISTENERS_OF_A_CHAT:
            here[0].close()
        if not self._open:
            listener.close()
        try:
            yield listener
        finally:
            here.remove(listener)
            if not here and self._listeners.get(chat_id) is here:
                del self._listeners[chat_id]

    def tell(self, chat_id: str, event: Event, *, keep: bool = False) -> None:
        """Tell everyone in a chat; `keep` tells those who join later too."""
        if keep:
            self._recent.setdefault(chat_id, deque(maxlen=_KEPT_EVENTS)).append(event)
            self._recent.move_to_end(chat_id)
            if len(self._recent) > _KEPT_CHATS:
                self._recent.popitem(last=False)
        for listener in self._listeners.get(chat_id, ()):
            listener.put(event)

    def tell_all(self, event: Event) -> None:
        """Tell everyone in every chat."""
        for here in self._listeners.values():
            for listener in here:
                listener.put(event)

    def open(self) -> None:
        """Let listeners stay (again)."""
        self._open = True

    def close(self) -> None:
        """Send everyone away, and whoever comes until `open`: the adapter is stopping."""
        self._open = False
        for here in self._listeners.values():
            for listener in here:
                listener.close()
