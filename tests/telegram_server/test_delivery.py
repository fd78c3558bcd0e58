"""How the test server hands updates over: the offset, long polls, conflicts, filters, and webhook posts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict

from tests.telegram_server.recorded import recorded
from tests.telegram_server.server import TelegramServer
from tests.telegram_server.serving import Served
from tests.telegram_server.state import JSON, Person
from tests.waiting import until


@pytest.fixture
async def jonas(server: TelegramServer) -> Person:
    return server.person("Jonas")


def texts(updates: tuple[Update, ...]) -> list[str | None]:
    return [update.effective_message.text for update in updates if update.effective_message]


async def test_an_update_should_come_again_until_a_higher_offset_confirms_it(
    server: TelegramServer, bot: Bot, jonas: Person
) -> None:
    for text in ("1", "2", "3"):
        await server.contact_writes(jonas, text)
    first = await bot.get_updates(limit=2)
    assert texts(first) == ["1", "2"]
    assert await bot.get_updates(offset=first[0].update_id, limit=2) == first, "its own id confirms nothing"
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert texts(rest) == ["3"]
    assert list(server.mail.pending_ids) == [rest[0].update_id]
    assert texts(await bot.get_updates()) == ["3"], "a bot that starts anew gets what was never confirmed"
    assert await bot.get_updates(offset=rest[0].update_id + 1) == ()
    assert not server.mail.pending_ids


async def test_a_negative_offset_should_forget_all_but_the_last(
    server: TelegramServer, bot: Bot, jonas: Person
) -> None:
    for text in ("1", "2", "3"):
        await server.contact_writes(jonas, text)
    assert texts(await bot.get_updates(offset=-1)) == ["3"]
    assert texts(await bot.get_updates()) == ["3"]


async def test_a_long_poll_should_end_when_something_happens(server: TelegramServer, bot: Bot, jonas: Person) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await until(lambda: server.mail.polled)
    await server.contact_writes(jonas, "hi")
    assert texts(await poll) == ["hi"]
    assert await bot.get_updates(offset=server.mail.pending_ids[-1] + 1, timeout=0) == ()


async def test_a_second_poll_should_end_the_first_with_409(server: TelegramServer, bot: Bot, jonas: Person) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await until(lambda: server.mail.polled)
    second = asyncio.create_task(bot.get_updates(timeout=30))
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first
    await server.contact_writes(jonas, "hi")
    assert texts(await second) == ["hi"]


async def test_a_poll_that_was_hung_up_should_take_nothing_along(
    server: TelegramServer, bot: Bot, jonas: Person
) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await until(lambda: server.mail.polled)
    poll.cancel()
    await until(lambda: not server.mail.polled)
    await server.contact_writes(jonas, "hi")
    assert texts(await bot.get_updates()) == ["hi"]


async def test_only_wanted_kinds_should_come_and_the_wish_should_not_reach_back(
    server: TelegramServer, bot: Bot, jonas: Person
) -> None:
    line = await server.contact_writes(jonas, "old")
    server.mail.put("message_reaction", recorded("message_reaction")["message_reaction"])
    assert texts(await bot.get_updates(allowed_updates=["edited_message"])) == ["old"]
    await server.contact_writes(jonas, "not wanted")
    await server.edit(server.private(jonas), line, "wanted")
    updates = await bot.get_updates(offset=server.mail.pending_ids[0] + 1)
    assert texts(updates) == ["wanted"]
    await bot.get_updates(allowed_updates=[])
    await server.contact_writes(jonas, "all again")
    assert texts(await bot.get_updates())[-1] == "all again"


async def test_updates_should_be_kept_for_a_day(server: TelegramServer, bot: Bot, jonas: Person) -> None:
    await server.contact_writes(jonas, "old")
    server.advance(24 * 3600 + 1)
    await server.contact_writes(jonas, "new")
    assert texts(await bot.get_updates()) == ["new"]


async def test_duplicates_reordered_and_broken_updates_should_come_on_demand(
    server: TelegramServer, bot: Bot, jonas: Person
) -> None:
    server.mail.copies = 2
    await server.contact_writes(jonas, "twice")
    twice = await bot.get_updates()
    assert texts(twice) == ["twice", "twice"]
    assert twice[0].update_id != twice[1].update_id
    assert twice[0].effective_message == twice[1].effective_message
    server.mail.copies = 1

    room = server.private(jonas)
    with server.mail.reordered():
        line = await server.contact_writes(jonas, "first")
        await server.edit(room, line, "edited")
    backwards = await bot.get_updates(offset=twice[-1].update_id + 1)
    assert [update.edited_message is not None for update in backwards] == [True, False]
    assert texts(backwards) == ["edited", "first"]

    await server.push(recorded("broken/date_is_an_object"))
    with pytest.raises(TypeError):
        await bot.get_updates()


# webhooks


class Hook:
    """The bot's side: answers with `status` (to texts in `refused`: 503), keeps what came."""

    def __init__(self) -> None:
        self.status = 200
        self.refused: set[str] = set()
        self.got: list[tuple[str | None, JSON]] = []

    async def take(self, request: Request) -> Response:
        body = await request.json()
        self.got.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), body))
        return Response(status_code=503 if body["message"]["text"] in self.refused else self.status)

    def texts_of(self, person: Person) -> list[str]:
        messages = [body["message"] for _, body in self.got]
        return [message["text"] for message in messages if message["chat"]["id"] == person.id]


@pytest.fixture
async def hook() -> Hook:
    return Hook()


@pytest.fixture
async def hook_url(hook: Hook) -> AsyncIterator[str]:
    async with Served(Starlette(routes=[Route("/hook", hook.take, methods=["POST"])])) as served:
        yield f"{served.address}/hook"


async def test_a_webhook_should_be_posted_to_with_the_secret_until_it_answers_200(
    server: TelegramServer, bot: Bot, jonas: Person, hook: Hook, hook_url: str
) -> None:
    hook.status = 500
    await bot.set_webhook(hook_url, secret_token="s3cr3t_-x")
    await server.contact_writes(jonas, "hi")
    await until(lambda: len(hook.got) >= 3)
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.last_error_message) == (
        hook_url,
        1,
        "Wrong response from the webhook: 500",
    )
    hook.status = 200
    await until(lambda: server.mail.pending_ids == ())
    assert {secret for secret, _ in hook.got} == {"s3cr3t_-x"}
    assert len({body["update_id"] for _, body in hook.got}) == 1


async def test_posts_of_one_chat_should_keep_their_order_and_other_chats_should_not_wait(
    server: TelegramServer, bot: Bot, hook: Hook, hook_url: str
) -> None:
    jonas, ida = server.person("Jonas"), server.person("Ida")
    for text in ("1", "2", "3"):
        await server.contact_writes(jonas, f"jonas {text}")
        await server.contact_writes(ida, f"ida {text}")
    hook.refused = {"jonas 1"}
    await bot.set_webhook(hook_url, allowed_updates=["message"])
    await until(lambda: hook.texts_of(ida) == ["ida 1", "ida 2", "ida 3"] and len(hook.texts_of(jonas)) > 2)
    assert set(hook.texts_of(jonas)) == {"jonas 1"}
    hook.refused = set()
    await until(lambda: not server.mail.pending_ids)
    assert hook.texts_of(jonas)[-3:] == ["jonas 1", "jonas 2", "jonas 3"]
    assert (await bot.get_webhook_info()).allowed_updates == ("message",)


async def test_polls_and_a_webhook_should_exclude_each_other(server: TelegramServer, bot: Bot, hook_url: str) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await until(lambda: server.mail.polled)
    await bot.set_webhook(hook_url)
    with pytest.raises(Conflict, match="terminated by setWebhook"):
        await poll
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""
    assert await bot.get_updates() == ()


async def test_dropping_pending_updates_should_be_asked_for(server: TelegramServer, bot: Bot, jonas: Person) -> None:
    await server.contact_writes(jonas, "kept")
    await bot.delete_webhook()
    assert texts(await bot.get_updates()) == ["kept"]
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


@pytest.mark.parametrize(
    ("url", "secret", "what"),
    [
        ("http://example.org/hook", None, r"(?i)https url must be provided"),
        ("https://example.org:8444/hook", None, "only on ports"),
        ("https://example.org/hook", "not allowed!", "unallowed characters"),
        ("https://example.org/hook", "x" * 257, "too long"),
    ],
)
async def test_a_webhook_should_have_a_public_address_and_a_plain_secret(
    bot: Bot, url: str, secret: str | None, what: str
) -> None:
    with pytest.raises(BadRequest, match=what):
        await bot.set_webhook(url, secret_token=secret)
