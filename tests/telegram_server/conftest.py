"""A server and the real library's Bot on it."""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from tests.telegram_server.server import TelegramServer


@pytest.fixture(autouse=True)
def _library_as_it_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the library warns whenever it makes a RetryAfter, and warnings are errors here."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as running:
        yield running


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncIterator[Bot]:
    """Not initialised by getMe: a test sees only its own calls."""
    bot = Bot(
        server.token,
        base_url=server.base_url,
        request=HTTPXRequest(connection_pool_size=8),
        get_updates_request=HTTPXRequest(connection_pool_size=4),
    )
    yield bot
    for request in bot._request:
        await request.shutdown()
