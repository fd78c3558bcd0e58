"""The page in a real browser: what a visitor sees and does. Skipped where no Chromium is installed."""

import json
from collections.abc import AsyncIterator

import pytest

from adapters.base import OutboundMessage
from tests.adapters.chromium import EXECUTABLE, Page, chromium
from tests.adapters.echo_bot import EchoBot
from tests.adapters.test_web_adapter import served

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium")


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        yield browser


async def say(page: Page, text: str) -> None:
    await page.until("!document.querySelector('textarea').disabled")
    await page.js("document.querySelector('textarea').focus()")
    await page.press(text)
    await page.enter()


async def bubbles(page: Page) -> list[str]:
    shown = await page.js("JSON.stringify([...document.querySelectorAll('.bubble')].map((one) => one.textContent))")
    return list(json.loads(shown))


async def choose(page: Page, url: str, seat: int) -> None:
    await page.call("Page.navigate", url=url)
    await page.until("document.querySelector('dialog').open && document.querySelectorAll('.seat').length")
    await page.js(f"document.querySelectorAll('.seat')[{seat}].click()")
    await page.until("!document.querySelector('.empty').hidden")


async def test_should_carry_a_chat_from_the_first_question_to_the_reload(page: Page) -> None:
    bot = EchoBot(answers=True)
    async with served(bot) as url:
        await choose(page, url, 1)
        assert await page.js("document.querySelector('.notice').textContent") == "A machine answers in Tilda’s name"
        assert await page.js("document.querySelector('.opener').textContent") == "u around?"
        await say(page, "<img src=x onerror=alert(1)>")
        await page.until("document.querySelector('.facts')")
        shown = ["<img src=x onerror=alert(1)>", "you said <img src=x onerror=alert(1)>"]
        assert await bubbles(page) == shown
        assert await page.js("document.querySelector('.facts').textContent") == "friend · core 0.6 · friend 0.4 · 1.2 s"
        assert await page.js("document.querySelectorAll('.log img').length") == 0

        await page.call("Page.reload")
        await page.until("document.querySelector('.mine')")  # only the history knows what the visitor said
        assert not await page.js("document.querySelector('dialog').open")  # the seat is remembered
        await page.until("document.querySelector('.facts')")  # and only live events know these
        assert await bubbles(page) == shown  # history and live told both; each is shown once
        assert page.console == []


async def test_should_show_what_came_while_the_bot_was_gone_once_and_send_what_waited(page: Page) -> None:
    bot = EchoBot()
    async with served(bot) as url:
        await choose(page, url, 0)
        await say(page, "one\n")
        await page.until("document.querySelector('.mine.taken')")
        chat = bot.taken[0].chat
        await bot.adapter.send(OutboundMessage(chat, "b0", "first"))
        await bot.adapter.send(OutboundMessage(chat, "b0", "first"))
        await page.until("document.querySelectorAll('.theirs').length === 1")
    bot.remember(chat, "b0", "first")
    bot.remember(chat, "b1", "second")
    await say(page, "two")
    await page.until("!document.querySelector('.banner').hidden")
    assert await page.js("document.querySelector('.sending .meta').textContent") == "Sending…"
    async with served(bot, port=int(url.rpartition(":")[2])):
        await page.until("document.querySelector('.banner').hidden")
        await page.until("document.querySelectorAll('.mine.taken').length === 2")
        await page.until("document.querySelectorAll('.theirs').length === 2")
        assert sorted(await bubbles(page)) == ["first", "one", "second", "two"]
        assert [line.text for line in bot.taken] == ["one", "two"]


async def test_should_keep_the_notice_before_the_reply_that_history_dates_earlier(page: Page) -> None:
    bot = EchoBot()
    async with served(bot) as url:
        await choose(page, url, 0)
        await say(page, "one")
        await page.until("document.querySelector('.mine.taken')")
        chat = bot.taken[0].chat
        bot.remember(chat, "r#0", "the reply")
        for bubble_id, text in (("r#notice", "a machine answers here"), ("r#0", "the reply")):
            await bot.adapter.send(OutboundMessage(chat, bubble_id, text))
        for reload in (False, True):
            if reload:
                await page.call("Page.reload")
            await page.until("document.querySelectorAll('.bubble').length === 3")
            assert await bubbles(page) == ["one", "a machine answers here", "the reply"]


async def test_should_leave_nothing_of_one_seat_in_another_and_let_a_refused_line_be_retried(page: Page) -> None:
    bot = EchoBot(answers=True)
    async with served(bot) as url:
        await choose(page, url, 1)
        await say(page, "for a friend")
        await page.until("document.querySelectorAll('.bubble').length === 2")
        await page.js("document.querySelector('.seat-button').click(); document.querySelector('.seat').click()")
        await page.until("!document.querySelector('.empty').hidden")
        assert await bubbles(page) == []
        # 413 is final: the page does not offer such a line again by itself
        await page.js("document.querySelector('textarea').maxLength = 99999")
        await say(page, "x" * 40_000)
        await page.until("document.querySelector('.failed .retry')")
        assert len(bot.taken) == 1
