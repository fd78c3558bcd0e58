"""The web adapter over real HTTP on a free port: lines in, events out, visitors apart."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters import web_adapter
from adapters.base import ChatRef, OutboundMessage
from adapters.local_contract import AddressUnusable, FacetProgress
from adapters.web_adapter import WebAdapter
from adapters.web_routes import BODY_LIMIT_BYTES
from adapters.web_settings import WebSettings
from tests.adapters.echo_bot import SEATS, EchoBot, outcome, running


@asynccontextmanager
async def served(bot: EchoBot, **settings: Any) -> AsyncIterator[str]:
    merged = {"host": "127.0.0.1", "port": 0, "owner_name": "Tilda Varnholt", "seats": SEATS, "demo": True, **settings}
    adapter = WebAdapter(WebSettings(**merged), bot.history)
    url = adapter.bind()
    async with running(adapter, bot):
        yield url


@asynccontextmanager
async def visitor(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=10) as client:
        assert (await client.get("/")).status_code == 200
        yield client


async def post(client: httpx.AsyncClient, text: str = "hello", seat: str = "friend", **more: object) -> httpx.Response:
    return await client.post("/api/lines", json={"as": seat, "text": text, "line_id": str(uuid4()), **more})


@asynccontextmanager
async def events(client: httpx.AsyncClient, seat: str = "friend") -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """The raw event stream of a seat, already past its `hello`."""
    async with client.stream("GET", f"/api/events?as={seat}") as response:
        assert response.headers["content-type"].startswith("text/event-stream")

        async def parsed() -> AsyncGenerator[tuple[str, Any], None]:
            name = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, json.loads(value)

        stream = parsed()
        assert await next_of(stream) == ("hello", {})
        yield stream
        await stream.aclose()


async def next_of(stream: AsyncIterator[tuple[str, Any]]) -> tuple[str, Any]:
    async with asyncio.timeout(5):
        return await anext(stream)


async def test_should_say_taken_only_after_the_inbox_has_the_line() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client:
        response = await post(client, "are you there?")
        assert (response.status_code, response.json()["accepted"]) == (202, "taken")
        (line,) = bot.taken
        assert (line.text, line.sender_name, line.declared_type) == ("are you there?", "Noor", "friend")
        assert line.chat.key.startswith("web:")
        assert line.chat.key.endswith("-friend")
        assert line.sender_id == line.chat.chat_id


async def test_should_take_a_reposted_line_once() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client:
        line_id = str(uuid4())
        first, second = [await post(client, "hi", line_id=line_id) for _ in range(2)]
        assert (first.json()["accepted"], second.json()["accepted"]) == ("taken", "duplicate")
        assert first.status_code == second.status_code == 202
        assert len(bot.taken) == 1


async def test_should_answer_429_when_full_and_503_when_the_store_is_away() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client:
        bot.full = True
        assert (await post(client)).status_code == 429
        bot.full, bot.broken = False, True
        assert (await post(client)).status_code == 503
        assert (await client.get("/api/history?as=friend")).status_code == 503
        bot.broken = False
        assert (await post(client)).status_code == 202


async def test_should_keep_two_visitors_and_two_seats_apart() -> None:
    bot = EchoBot(answers=True)
    async with served(bot) as url, visitor(url) as one, visitor(url) as other, events(other) as heard_by_other:
        await post(one, "a secret", "friend")
        await post(one, "for mum", "family")
        await post(other, "mine", "friend")
        assert len({line.chat for line in bot.taken}) == 3
        _, first_heard = await next_of(heard_by_other)
        assert first_heard["text"] == "you said mine"
        texts = [line["text"] for line in (await other.get("/api/history?as=friend")).json()["lines"]]
        assert texts == ["mine", "you said mine"]


async def test_should_show_typing_bubbles_and_the_outcome_live() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client, events(client) as heard:
        await post(client)
        await bot.adapter.show_typing(bot.taken[0].chat)
        await bot.answer(bot.taken[0], "one", "two")
        names = [await next_of(heard) for _ in range(4)]
        assert [name for name, _ in names] == ["typing", "bubble", "bubble", "outcome"]
        assert [data["text"] for name, data in names if name == "bubble"] == ["one", "two"]
        assert names[-1][1]["blend"] == {"core": 0.6, "friend": 0.4}


async def test_should_give_every_tab_of_a_chat_the_bubble() -> None:
    bot = EchoBot(answers=True)
    async with served(bot) as url, visitor(url) as client, events(client) as one, events(client) as other:
        await post(client)
        assert (await next_of(one))[1] == (await next_of(other))[1]


async def test_should_find_missed_bubbles_after_reconnecting() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client:
        async with events(client):
            await post(client)
        await bot.answer(bot.taken[0], "while you were away")
        async with events(client) as heard:
            live = (await next_of(heard))[1]
            stored = (await client.get("/api/history?as=friend")).json()["lines"][-1]
            # both tell it under one id, by which the page shows it once
            assert (live["bubble_id"], live["text"]) == (stored["line_id"], stored["text"])
            assert live["text"] == "while you were away"


async def test_should_serve_again_on_the_same_port_with_missed_bubbles_in_the_history() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client:
        await post(client)
        bot.remember(bot.taken[0].chat, "sent-before-the-crash", "still here")
        cookies = client.cookies
    async with served(bot, port=httpx.URL(url).port) as again:
        assert again == url
        async with httpx.AsyncClient(base_url=url, cookies=cookies) as client:
            lines = (await client.get("/api/history?as=friend")).json()["lines"]
            assert [line["line_id"] for line in lines][-1] == "sent-before-the-crash"


async def test_should_stop_quickly_with_open_event_streams_and_run_again() -> None:
    bot = EchoBot()
    adapter = WebAdapter(WebSettings("127.0.0.1", 0, "Tilda", SEATS, demo=True), bot.history)
    for _ in range(2):
        url = adapter.bind()
        serving = running(adapter, bot)
        await serving.__aenter__()
        async with visitor(url) as client, events(client) as heard:
            assert (await client.get("/livez")).text == "ok"
            async with asyncio.timeout(1.5):
                await serving.__aexit__(None, None, None)
                with pytest.raises(StopAsyncIteration):
                    await anext(heard)


async def test_should_leave_the_signals_to_the_bot() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with served(EchoBot()) as url, visitor(url):
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_should_name_the_port_and_the_key_when_it_is_taken() -> None:
    bot = EchoBot()
    async with served(bot) as url:
        port = httpx.URL(url).port
        assert port is not None
        with pytest.raises(AddressUnusable) as caught:
            WebAdapter(WebSettings("127.0.0.1", port, "Tilda"), bot.history).bind()
        assert f"port {port} on 127.0.0.1 is taken" in caught.value.what
        assert "[web] port" in caught.value.hint
        assert "\n" not in str(caught.value)


async def test_should_not_open_to_other_machines_unless_told_by_which_names() -> None:
    with pytest.raises(AddressUnusable, match="public_hosts"):
        WebAdapter(WebSettings("0.0.0.0", 0, "Tilda"), EchoBot().history).bind()


async def test_should_let_nobody_choose_who_they_are_outside_the_demo() -> None:
    bot = EchoBot(answers=True)
    async with served(bot, demo=False) as url, visitor(url) as client, events(client, "family") as heard:
        me = (await client.get("/api/me")).json()
        assert me["seats"] == []
        await post(client, "hi", "family")
        assert bot.taken[0].declared_type is None
        assert "-" not in bot.taken[0].chat.chat_id
        assert (await next_of(heard))[0] == "bubble"
        # the outcome was observed before this next bubble: it must not have been told
        await bot.adapter.send(OutboundMessage(bot.taken[0].chat, "later", "later"))
        assert (await next_of(heard))[1]["bubble_id"] == "later"


async def test_should_tell_nothing_of_another_platforms_outcome() -> None:
    bot = EchoBot(answers=True)
    async with served(bot) as url, visitor(url) as client, events(client) as heard:
        await post(client)
        line = bot.taken[0]
        await next_of(heard)
        assert (await next_of(heard))[0] == "outcome"
        await bot.adapter.observe(outcome(line, chat=ChatRef("telegram", line.chat.chat_id)))
        await bot.adapter.show_typing(line.chat)
        assert (await next_of(heard))[0] == "typing"


async def test_should_tell_how_facets_train_and_survive_a_broken_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_adapter, "STATUS_EVERY_S", 0.02)
    answers: list[Any] = [RuntimeError("no Redis"), [FacetProgress("core", "training", 0.5)]]

    async def status() -> list[FacetProgress]:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, list)
        return answer

    async with served(EchoBot(), status=status) as url, visitor(url) as client, events(client) as heard:
        assert await next_of(heard) == ("facets", {"facets": [{"name": "core", "state": "training", "progress": 0.5}]})


async def test_should_show_name_and_notice_without_scripts() -> None:
    async with served(EchoBot(), owner_name="Til<da & Co") as url, visitor(url) as client:
        page = (await client.get("/")).text
        assert "Til&lt;da &amp; Co" in page
        assert "A machine answers in Til&lt;da’s name" in page
        assert "Til<da" not in page + (await client.get("/avatar.svg")).text


async def test_should_refuse_a_line_that_is_none() -> None:
    bot = EchoBot()
    refused: list[tuple[dict[str, Any], int]] = [
        ({"text": ""}, 422),
        ({"text": " \n "}, 422),
        ({"text": "x" * 4001}, 422),
        ({"text": "x" * BODY_LIMIT_BYTES}, 413),
        ({"text": 7}, 422),
        ({"line_id": "../../etc"}, 422),
        ({"line_id": "short"}, 422),
        ({"as": "owner"}, 422),
        ({"as": None}, 422),
        ({"from_owner": True}, 422),
    ]
    async with served(bot) as url, visitor(url) as client:
        for change, status in refused:
            assert (await post(client, **change)).status_code == status, change
        assert bot.offered == 0


async def test_should_refuse_half_a_character_and_broken_json() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client:
        for body in (
            b'{"as":"friend","text":"\\ud800 half","line_id":"abcdefgh"}',
            b"{",
            b"\xff",
            b'{"text":"\xff\xfe","line_id":"abcdefgh"}',
        ):
            headers = {"Content-Type": "application/json"}
            assert (await client.post("/api/lines", content=body, headers=headers)).status_code == 422
        assert bot.offered == 0
