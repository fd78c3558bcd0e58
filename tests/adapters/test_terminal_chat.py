"""The chat in a terminal: a real socket, a keyboard and a screen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from adapters import terminal_chat
from adapters.terminal_adapter import TerminalAdapter
from tests.adapters.echo_bot import SEATS, EchoBot, outcome, running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "terminal.sock"


@asynccontextmanager
async def served(bot: EchoBot, path: Path) -> AsyncIterator[TerminalAdapter]:
    adapter = TerminalAdapter(path, "Tilda Varnholt", SEATS, bot.history)
    adapter.bind()
    async with running(adapter, bot):
        yield adapter


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - the condition belongs to the code under test
            await asyncio.sleep(0.01)


class Screen(DummyOutput):
    """Keeps what was written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, data: str) -> None:
        self.text += data

    write_raw = write


@asynccontextmanager
async def chatting(path: Path) -> AsyncIterator[tuple[PipeInput, Screen, asyncio.Task[None]]]:
    """Somebody at a keyboard, before a screen."""
    screen = Screen()
    with create_pipe_input() as keys, create_app_session(input=keys, output=screen):
        talking = asyncio.create_task(terminal_chat.chat(path, "friend"))
        try:
            await until(lambda: "A machine answers in Tilda’s name" in screen.text)
            yield keys, screen, talking
        finally:
            talking.cancel()
            await asyncio.wait([talking])


async def test_should_chat_on_a_screen_and_outlive_the_bot(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_chat, "_COME_BACK_S", 0.02)
    bot = EchoBot(answers=True)
    async with AsyncExitStack() as stack:
        async with served(bot, path):
            keys, screen, talking = await stack.enter_async_context(chatting(path))
            keys.send_text("hello\r")
            await until(lambda: "you said hello" in screen.text)
            bot.full = True
            keys.send_text("first\rsecond\r")
            await until(lambda: bot.offered >= 3)
            bot.full = False
            await until(lambda: len(bot.taken) == 3)
        keys.send_text("while away\r")
        async with served(bot, path):
            await until(lambda: "you said while away" in screen.text)
            assert [line.text for line in bot.taken] == ["hello", "first", "second", "while away"]
            keys.send_text("\x04")
            async with asyncio.timeout(5):
                await talking


async def test_should_keep_the_order_of_lines_when_the_first_finds_the_mailbox_full(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_chat, "_COME_BACK_S", 0.02)
    bot = EchoBot()
    async with served(bot, path), chatting(path) as (keys, _, _):
        bot.full_once = True
        keys.send_text("first\rsecond\r")
        await until(lambda: len(bot.taken) == 2)
        assert [line.text for line in bot.taken] == ["first", "second"]


async def test_should_show_no_failure_to_who_chats_and_obey_no_control_characters(path: Path) -> None:
    bot = EchoBot()
    async with served(bot, path), chatting(path) as (keys, screen, talking):
        keys.send_text("hello\r")
        await until(lambda: bool(bot.taken))
        await bot.adapter.observe(outcome(bot.taken[0], state="dead", reason="the engine broke"))
        await bot.answer(bot.taken[0], "\x1b]0;owned\x07\x9b2Jfine")
        await until(lambda: "fine" in screen.text)
        keys.send_text("\x04")
        await talking
    assert "engine broke" not in screen.text
    assert "\x1b]0;" not in screen.text
    assert "\x9b" not in screen.text
