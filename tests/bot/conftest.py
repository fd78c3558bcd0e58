"""A desk of one bot on an empty Redis."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from tests.bot.desk import Desk, Recorder, config

MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(redis_client: redis.asyncio.Redis, tmp_path: Path) -> MakeDesk:
    """`make_desk(resend_safe=<ms>, **turns)`."""

    def make(*, resend_safe: int = 0, **turns: Any) -> Desk:
        recorder = Recorder(resend_safe=resend_safe)
        return Desk(redis_client, config(**turns), tmp_path / "contacts.json", recorder)

    return make


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk()
