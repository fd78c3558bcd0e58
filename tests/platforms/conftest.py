"""One instance for all of them: starting all processes takes longer than any test of what they do."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from model_server.home import Home
from tests.discord_server.server import DiscordServer
from tests.platforms.instance import Instance
from tests.telegram_server.server import TelegramServer


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def instance(model_home: Home, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    """Running, nobody paired yet."""
    async with TelegramServer() as telegram, DiscordServer() as discord:
        made = Instance(tmp_path_factory.mktemp("platforms"), telegram, discord)
        made.configure(model_home, longest_ms=1_500)
        await made.start()
        yield made
        assert await made.stop() == 0
