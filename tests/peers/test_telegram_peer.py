"""Our Telegram adapter against a server that others wrote: it proves less than ours, but it is not ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest

from adapters.base import ChatRef, OutboundMessage, RetryLater
from adapters.owner_port import Button, Screen
from adapters.telegram_adapter import TelegramAdapter
from adapters.telegram_settings import TelegramSettings
from tests.adapters.telegram_doubles import DeskDouble, InboxDouble, MemoryDouble
from tests.peers.telegram_peer import TOKEN, TelegramPeer, missing
from tests.waiting import until

JONAS, MARA = 41, 42
T = TypeVar("T")

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")


@pytest.fixture
async def peer() -> AsyncIterator[TelegramPeer]:
    async with TelegramPeer() as running:
        yield running


@pytest.fixture
def desk() -> DeskDouble:
    return DeskDouble(owners={str(MARA)})


@pytest.fixture
def inbox() -> InboxDouble:
    return InboxDouble()


@pytest.fixture
async def adapter(peer: TelegramPeer, desk: DeskDouble, inbox: InboxDouble) -> AsyncIterator[TelegramAdapter]:
    adapter = TelegramAdapter(TelegramSettings(token=TOKEN, base_url=peer.address), desk, MemoryDouble())
    running = asyncio.create_task(adapter.run(inbox))
    yield adapter
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_line_should_come_in_and_a_reply_go_out(
    peer: TelegramPeer, adapter: TelegramAdapter, inbox: InboxDouble
) -> None:
    await peer.contact_writes(JONAS, "are you around?")
    await until(lambda: inbox.texts == ["are you around?"])
    chat = inbox.lines[0].chat
    assert chat == ChatRef("telegram", str(JONAS))
    assert inbox.lines[0].sender_id == f"user{JONAS}"
    receipt = await adapter.send(OutboundMessage(chat, "b1", "in an hour"))
    assert receipt.message_id.isdigit()
    assert await peer.shown(JONAS) == ["in an hour"]


async def test_an_owners_word_should_be_answered_and_go_no_further(
    peer: TelegramPeer, adapter: TelegramAdapter, desk: DeskDouble, inbox: InboxDouble
) -> None:
    await peer.contact_writes(MARA, "/status")

    async def answered() -> bool:
        return await peer.shown(MARA) == ["heard: /status"]

    await until(answered)
    assert [word.text for word in desk.words] == ["/status"]
    assert inbox.texts == []


async def test_a_card_should_be_shown_pressed_and_changed_in_place(
    peer: TelegramPeer, adapter: TelegramAdapter, desk: DeskDouble
) -> None:
    shown = Screen("Jonas: are you around?", ((Button("Send", "d:send:1:1"),),))
    card = await patiently(lambda: adapter.show_owner(str(MARA), shown))
    assert await peer.shown(MARA) == ["Jonas: are you around?"]
    await peer.presses(MARA, int(card), "d:send:1:1")
    await until(lambda: [press.token for press in desk.presses] == ["d:send:1:1"])
    await patiently(lambda: adapter.change_shown(str(MARA), card, Screen("sent as proposed")))
    assert (await peer.shown(MARA))[0] == "sent as proposed"


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """As whoever uses an adapter does: wait as long as it asks for."""
    while True:
        try:
            return await act()
        except RetryLater as later:
            await asyncio.sleep(later.after_s)
