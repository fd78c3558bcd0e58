"""The owner's page in a real browser. Skipped where no Chromium is installed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters import web_owner
from adapters.web_adapter import WebAdapter
from adapters.web_settings import WebSettings
from tests.adapters.canned_desk import CODE, OWNER, CannedDesk, card
from tests.adapters.chromium import EXECUTABLE, Page, chromium
from tests.adapters.echo_bot import EchoBot, running
from tests.waiting import until

pytestmark = pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium")


@pytest.fixture(autouse=True)
def _no_long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_owner, "WRONG_PAUSE_S", 0.05)


@asynccontextmanager
async def served(desk: CannedDesk) -> AsyncIterator[str]:
    bot = EchoBot()
    adapter = WebAdapter(WebSettings("127.0.0.1", 0, OWNER), bot.history, desk)
    url = adapter.bind()
    async with running(adapter, bot):
        yield f"{url}/owner"


async def text_of(page: Page, selector: str) -> str:
    return str(await page.js(f"document.querySelector('{selector}').textContent"))


async def enter_code(page: Page, code: str) -> None:
    await page.until("!document.querySelector('.pairing').hidden")
    await page.js("document.querySelector('#code').value = ''; document.querySelector('#code').focus()")
    await page.press(code)
    await page.enter()


async def say(page: Page, text: str) -> None:
    await page.until("!document.querySelector('#text').disabled && !document.querySelector('.composer').hidden")
    await page.js("document.querySelector('#text').focus()")
    await page.press(text)
    await page.enter()


def button(label: str) -> str:
    return f"[...document.querySelectorAll('button')].find((one) => one.textContent === '{label}')"


async def test_should_take_the_owner_from_the_code_to_a_sent_draft() -> None:
    desk = CannedDesk(cards=[card(17, "Noor", "<img src=x onerror=alert(1)>", "sure"), card(18, "Mum", "hi", "hello")])
    async with served(desk) as url, chromium() as page:
        await page.call("Page.navigate", url=url)
        await enter_code(page, "2222-2222")
        await page.until("document.querySelector('.pairing-answer').textContent")
        assert await text_of(page, ".pairing-answer") == "that code is not valid"
        page.console.clear()  # Chromium reports the 401 and the 403
        await enter_code(page, CODE)
        await page.until("document.querySelectorAll('.card').length === 2")
        assert await text_of(page, ".board-title") == "2 drafts wait for you"
        assert await page.js("document.title") == f"(2) Desk · {OWNER}"
        assert await page.js("document.querySelectorAll('.cards img').length") == 0
        await page.until("document.querySelector('.status summary').textContent === 'Draft for everybody since 12:03'")

        await page.js(f"{button('Edit')}.click()")
        await page.until("document.querySelector('.editor textarea')")
        assert await page.js("document.querySelector('.editor textarea').value") == "At 8 works!"
        desk.cards[1] = card(18, "Mum", "hi", "hello again", version=2)  # the board moves on under the open editor
        await page.until("document.querySelectorAll('.card')[1].textContent.includes('hello again')")
        await page.js("document.querySelector('.editor textarea').value = 'at nine'")
        await page.js(f"{button('Send this')}.click()")
        await page.until("document.querySelector('.card.gone')")
        assert await text_of(page, ".card.gone .note") == "Sent in your words"
        assert "Draft 17 for Noor" in await text_of(page, ".card.gone .card-words")  # not the question
        assert await page.js("document.querySelector('.card.gone').inert")
        assert desk.pressed[-1].text == "at nine"
        # it keeps its place for a moment: no other button slides under the finger
        order = "[...document.querySelectorAll('.card')].map((one) => one.textContent.slice(0, 8)).join()"
        assert await page.js(order) == "Draft 17,Draft 18"

        desk.cards.clear()  # stale: nobody pressed anything
        await page.until("document.querySelector('.board-title').textContent === 'No draft waits for you'")
        await page.until("document.querySelectorAll('.card')[1].querySelector('.note')")
        assert (
            await page.js("document.querySelectorAll('.card')[1].querySelector('.note').textContent")
            == "No longer waiting"
        )
        assert page.console == []


async def test_should_not_throw_away_the_owners_words_when_the_draft_goes_stale_under_them() -> None:
    desk = CannedDesk(cards=[card(17, "Noor", "u around?", "sure")])
    async with served(desk) as url, chromium() as page:
        await page.call("Page.navigate", url=url)
        await enter_code(page, CODE)
        await page.until("document.querySelectorAll('.card').length === 1")
        await page.js(f"{button('Edit')}.click()")
        await page.until("document.querySelector('.editor textarea')")
        await page.js("document.querySelector('.editor textarea').value = 'a long answer'")
        desk.cards[0] = card(18, "Noor", "hello?", "yes")
        await page.until("document.querySelector('.card.gone')")
        assert (await text_of(page, ".card.gone .note")).startswith("No longer waiting. Your words stay here")
        assert await page.js("document.querySelector('.editor textarea').value") == "a long answer"
        assert await page.js(f"{button('Send this')}.disabled")
        await page.js(f"{button('Close')}.click()")
        assert await page.js("document.querySelectorAll('.card').length") == 1
        assert [press.text for press in desk.pressed] == [None]


async def test_should_suggest_words_say_them_and_show_what_came_back() -> None:
    desk = CannedDesk()
    async with served(desk) as url, chromium() as page:
        await page.call("Page.navigate", url=url)
        await enter_code(page, CODE)
        await page.until("!document.querySelector('.composer').hidden")
        page.console.clear()
        await page.js("document.querySelector('#text').focus()")
        await page.press("/pa")
        await page.until("document.querySelectorAll('.suggestion').length === 2")
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        await page.call("Input.dispatchKeyEvent", type="rawKeyDown", **key)
        assert await page.js("document.querySelector('#text').value") == "/panic "
        await page.js("document.querySelector('#text').value = ''")
        await say(page, "/autoreply draft for 2h")
        await page.until("document.querySelectorAll('.talk .theirs').length === 1")
        assert await text_of(page, ".talk .theirs .bubble") == "done: /autoreply draft for 2h"
        await say(page, "/edit 17")
        await page.until("document.querySelector('.talk .editor textarea')")
        await page.js("document.querySelector('.panic').click()")
        await page.until("document.querySelectorAll('.talk .mine').length === 3")
        await until(lambda: "/panic" in [word.text for word in desk.words])

        await page.call("Page.reload")
        await page.until("!document.querySelector('.composer').hidden")  # the session is remembered
        desk.owners.clear()
        await page.until("!document.querySelector('.pairing').hidden")  # and ends when it is unpaired


async def test_should_say_that_the_connection_is_lost_and_go_on_when_it_is_back() -> None:
    desk = CannedDesk(cards=[card(17, "Noor", "u around?", "sure")])
    async with served(desk) as url, chromium() as page:
        await page.call("Page.navigate", url=url)
        await enter_code(page, CODE)
        await page.until("document.querySelectorAll('.card').length === 1")
        desk.away = True
        await page.until("!document.querySelector('.banner').hidden")
        await page.js(f"{button('Send')}.click()")
        await page.until("document.querySelector('.toast').textContent")
        assert desk.pressed == []
        assert await page.js(f"{button('Send')}.disabled") is False
        desk.away = False
        await page.until("document.querySelector('.banner').hidden")
        await page.js(f"{button('Send')}.click()")
        await page.until("document.querySelector('.card.gone')")
        assert [press.token for press in desk.pressed] == ["d:send:17:1"]
