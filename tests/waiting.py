"""Wait for a condition, never for a time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], object | Awaitable[object]], within_s: float = 10.0) -> None:
    """Return once `condition()` holds (it may be async); AssertionError when it does not within `within_s` seconds."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return
        assert asyncio.get_running_loop().time() < deadline, (
            f"not within {within_s} s: {inspect.getsource(condition).strip()}"
        )
        await asyncio.sleep(0.01)
