"""What an engine is: token ids in, token ids out. Torch-free, so that a scripted engine can stand in for the real one.

Knows no chat, no persona and no facet by name: a generation carries the gains and the salt of its blend as numbers.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

OnToken = Callable[[int], None]
"""Called on the event loop with each new token id, the stop token included."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One request to the engine. Its id must be unique among those running."""

    request_id: str
    prompt_ids: tuple[int, ...]
    max_new_tokens: int
    stop_ids: frozenset[int]
    gains: tuple[float, ...] = ()
    """One weight per slot of the bank; empty: the base model alone."""
    salt: bytes = b""
    """Content of the blend: only generations with equal salts share cached keys and values."""
    temperature: float = 0.7
    top_p: float = 0.9
    greedy: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """The new ids (with the stop token, when `finish` is `stop`), and what they took."""

    ids: tuple[int, ...]
    finish: Literal["stop", "length"]
    first_token_ms: int
    generate_ms: int
    reused_tokens: int
    """Prompt tokens whose keys and values were already cached."""


class Engine(Protocol):
    """Generates for many at once. All methods are called on one event loop, except `pause`."""

    async def generate(self, generation: Generation, on_token: OnToken | None = None) -> Generated:
        """Generate one reply. Cancelling the awaiting task ends it within one step.

        EngineStopped when the engine died or stopped meanwhile: `start` it again. ValueError for a generation it
        cannot hold (too long, wrong number of gains).
        """
        ...

    def start(self) -> None:
        """Begin to generate; safe to repeat, and the way back after EngineStopped."""
        ...

    def stop(self) -> None:
        """End within one step and let the process exit; running generations raise EngineStopped."""
        ...

    def pause(self) -> AbstractContextManager[None]:
        """No step is computed inside; generations go on afterwards. Blocks its thread: not on the event loop."""
        ...
