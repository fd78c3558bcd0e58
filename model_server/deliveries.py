"""From the batching thread to the event loop: every event of a request reaches the one who waits for it, or nobody.

Stands in for transformers' `OutputRouter`, which keeps handlers of cancelled requests and queues what nobody reads.
Knows nothing of models. Streams are touched on the event loop only; the thread only ever schedules calls on it.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from transformers.generation.continuous_batching.continuous_api import OutputRouter

from model_server.engine_contract import OnToken

End = Literal["finished", "failed", "cancelled"]


@dataclass(slots=True)
class Stream:
    """What has come of one request so far. `first_token_at` is on `time.perf_counter`'s clock."""

    ended: asyncio.Future[End]
    on_token: OnToken | None
    ids: list[int] = field(default_factory=list)
    first_token_at: float = 0.0
    reused_tokens: int = 0

    def receive(self, ids: Sequence[int]) -> None:
        """Take the whole reply so far."""
        new = ids[len(self.ids) :]
        if new and not self.ids:
            self.first_token_at = time.perf_counter()
        self.ids.extend(new)
        if self.on_token is not None:
            for token in new:
                self.on_token(token)

    def end(self, how: End) -> None:
        """The last event; later ones change nothing."""
        if not self.ended.done():
            self.ended.set_result(how)


class Deliveries(OutputRouter):  # type: ignore[misc]
    """The open streams of one run of the engine."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__()
        self._loop = loop
        self._streams: dict[str, Stream] = {}

    def open(self, request_id: str, on_token: OnToken | None) -> Stream:
        """Begin to listen for a request; `close` it in the end."""
        assert self._loop is not None
        stream = Stream(self._loop.create_future(), on_token)
        self._streams[request_id] = stream
        return stream

    def close(self, request_id: str) -> None:
        """Whatever still comes for this request is dropped."""
        self._streams.pop(request_id, None)

    def open_streams(self) -> int:
        """How many requests are being listened for."""
        return len(self._streams)

    def deliver(self, output: Any) -> None:
        """One event, from the batching thread."""
        self.deliver_batch([output])

    def deliver_batch(self, outputs: Sequence[Any]) -> None:
        """The events of one step, from the batching thread."""
        self._on_loop(self._receive, list(outputs))

    def reused(self, request_id: str, tokens: int) -> None:
        """The beginning of a prompt was cached, from the batching thread."""
        self._on_loop(self._reuse, request_id, tokens)

    def cancelled(self, request_id: str) -> None:
        """A cancelled request has left the batch, from the batching thread."""
        self._on_loop(self._end, request_id, "cancelled")

    def _on_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(call, *arguments)

    def _receive(self, outputs: list[Any]) -> None:
        for output in outputs:
            if (stream := self._streams.get(output.request_id)) is not None:
                stream.receive(output.generated_tokens)
                if output.is_finished():
                    stream.end("failed" if output.error else "finished")

    def _reuse(self, request_id: str, tokens: int) -> None:
        if (stream := self._streams.get(request_id)) is not None:
            stream.reused_tokens = tokens

    def _end(self, request_id: str, how: End) -> None:
        if (stream := self._streams.get(request_id)) is not None:
            stream.end(how)
