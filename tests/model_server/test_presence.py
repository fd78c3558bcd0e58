"""A worker should go on saying that it is there, whatever fails in between."""

import asyncio

import pytest
import redis.asyncio
from structlog.testing import capture_logs

from model_server import presence
from model_server.presence import Presence, keep_announcing, present_workers
from tests.waiting import until


async def test_should_go_on_announcing_after_a_fault(
    redis_client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_EVERY_S", 0.01)
    here = Presence("w1", True, "bundled", "cpu", {})
    asked = 0

    def look() -> Presence:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ZeroDivisionError
        return here

    with capture_logs() as logs:
        announcing = asyncio.create_task(keep_announcing(redis_client, look))
        await until(lambda: present_workers(redis_client))
    announcing.cancel()
    assert await present_workers(redis_client) == [here]
    assert [entry["flaw"].split(" ")[0] for entry in logs] == ["ZeroDivisionError"]
