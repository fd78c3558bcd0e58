"""Who is kept off the web page: foreign names, foreign pages, frames, scripts."""

import httpx
import pytest

from adapters.web_guard import LOOPBACK_HOSTS, refusal
from tests.adapters.echo_bot import EchoBot
from tests.adapters.test_web_adapter import events, post, served, visitor

OURS = {"host": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "why"),
    [
        ("GET", "/", OURS, None),
        ("GET", "/", {"host": "localhost:8080"}, None),
        ("GET", "/", {"host": "LOCALHOST"}, None),
        ("GET", "/", {"host": "[::1]:8080"}, None),
        ("GET", "/", {"host": "evil.example"}, "unknown host"),
        ("GET", "/", {"host": "127.0.0.1.evil.example"}, "unknown host"),
        ("GET", "/", {"host": "evil.example@127.0.0.1"}, None),  # urlsplit's user part; a browser never sends one
        ("GET", "/", {"host": "[broken"}, "unknown host"),
        ("GET", "/", {}, "unknown host"),
        ("GET", "/", {**OURS, "origin": "https://evil.example"}, None),  # a link from elsewhere may lead here
        ("GET", "/api/events", OURS, None),  # browsers send no origin on a GET of their own page
        ("GET", "/api/events", {**OURS, "origin": "http://127.0.0.1:8080"}, None),
        ("GET", "/api/events", {**OURS, "origin": "http://127.0.0.1:9090"}, "foreign origin"),
        ("GET", "/api/events", {**OURS, "origin": "null"}, "foreign origin"),
        ("GET", "/api/events", {**OURS, "sec-fetch-site": "cross-site"}, "foreign site"),
        ("GET", "/api/events", {**OURS, "sec-fetch-site": "same-site"}, "foreign site"),
        ("GET", "/api/events", {**OURS, "sec-fetch-site": "same-origin"}, None),
        ("POST", "/api/lines", OURS, "no origin"),
        ("POST", "/api/lines", {**OURS, "origin": "https://evil.example"}, "foreign origin"),
        ("POST", "/api/lines", {**OURS, "origin": "http://127.0.0.1:8080"}, None),
    ],
)
def test_should_tell_our_page_from_foreign_ones(
    method: str, path: str, headers: dict[str, str], why: str | None
) -> None:
    assert refusal(method, path, headers, LOOPBACK_HOSTS) == why


async def test_should_refuse_a_rebound_name_and_a_foreign_page_over_the_wire() -> None:
    bot = EchoBot()
    async with served(bot) as url, visitor(url) as client:
        assert (await client.get("/", headers={"Host": "evil.example"})).status_code == 403
        assert (await client.get("/api/events?as=friend", headers={"Origin": "http://evil.example"})).status_code == 403
        client.headers["Origin"] = "http://evil.example"
        assert (await post(client)).status_code == 403
        del client.headers["Origin"]
        assert (await post(client)).status_code == 403
        assert bot.offered == 0


async def test_should_answer_to_a_public_name_it_was_given() -> None:
    async with served(EchoBot(), public_hosts=("Tilda.example",)) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/", headers={"Host": "tilda.example"})).status_code == 200
        assert (await client.get("/", headers={"Host": "tilda.example.evil.example"})).status_code == 403


async def test_should_want_the_cookie_that_the_page_sets() -> None:
    bot = EchoBot()
    async with served(bot) as url:
        async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as stranger:
            assert (await post(stranger)).status_code == 401
            assert (await stranger.get("/api/events?as=friend")).status_code == 401
            for forged in ("x", "../../../", "A" * 32, "0" * 31):
                stranger.cookies.set("selfsame_visitor", forged)
                assert (await stranger.get("/api/history?as=friend")).status_code == 401
        async with httpx.AsyncClient(base_url=url) as fresh:
            cookie = (await fresh.get("/")).headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=lax" in cookie
            assert "set-cookie" not in (await fresh.get("/")).headers
        assert bot.offered == 0


async def test_should_fence_every_answer() -> None:
    async with served(EchoBot()) as url, visitor(url) as client:
        for path in ("/", "/static/app.js", "/static/nothing", "/api/me", "/avatar.svg", "/livez"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "http" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "server" not in headers


async def test_should_hold_no_inline_script_or_style_in_the_page() -> None:
    async with served(EchoBot()) as url, visitor(url) as client:
        page = (await client.get("/")).text
        assert " style=" not in page
        assert "<style" not in page
        assert "onclick" not in page
        assert page.count("<script") == 1
        assert "http:" not in page
        assert "https:" not in page


async def test_should_not_serve_files_beside_the_page() -> None:
    async with served(EchoBot()) as url, visitor(url) as client:
        for path in ("/static/../web_routes.py", "/static/%2e%2e/web_routes.py", "/static/", "/docs", "/openapi.json"):
            assert (await client.get(path)).status_code == 404


async def test_should_require_json() -> None:
    async with served(EchoBot()) as url, visitor(url) as client:
        line = '{"as":"friend","text":"hi","line_id":"abcdefgh"}'
        sent = await client.post("/api/lines", content=line, headers={"Content-Type": "text/plain"})
        assert sent.status_code == 415


async def test_should_make_room_for_the_newest_of_many_tabs() -> None:
    bot = EchoBot(answers=True)
    async with served(bot) as url, visitor(url) as client:
        streams = [events(client) for _ in range(9)]
        opened = [await stream.__aenter__() for stream in streams]
        await post(client)
        assert (await anext(opened[8]))[0] == "bubble"
        with pytest.raises(StopAsyncIteration):
            await anext(opened[0])
        for stream in streams:
            await stream.__aexit__(None, None, None)
