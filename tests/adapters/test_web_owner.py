"""The owner's page over HTTP: paired by a code alone, fenced in, and the same words and buttons as everywhere."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from adapters import web_owner
from adapters.audience import Audience
from adapters.owner_port import Press
from adapters.web_routes import Routes
from adapters.web_settings import WebSettings
from tests.adapters.canned_desk import CODE, OWNER, CannedDesk, card
from tests.adapters.echo_bot import EchoBot

URL = "http://127.0.0.1:8080"


def application(desk: CannedDesk | None, owner_name: str = OWNER) -> ASGIApp:
    bot = EchoBot()
    return Routes(WebSettings("127.0.0.1", 8080, owner_name), bot.history, Audience(), bot.inbox, desk).app()


@asynccontextmanager
async def browser(desk: CannedDesk, *, paired: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(desk), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers={"Origin": URL}) as client:
        if paired:
            assert (await client.post("/api/owner/pair", json={"code": CODE})).status_code == 204
        yield client


@pytest.fixture(autouse=True)
def _no_long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_owner, "WRONG_PAUSE_S", 0.05)


GUARDED: list[tuple[str, str, dict[str, object] | None]] = [
    ("GET", "/api/owner/me", None),
    ("GET", "/api/owner/board", None),
    ("POST", "/api/owner/word", {"text": "/status"}),
    ("POST", "/api/owner/press", {"token": "d:send:17:1"}),
]


async def test_should_pair_with_the_code_and_keep_the_session_out_of_reach() -> None:
    desk = CannedDesk()
    async with browser(desk, paired=False) as client:
        answer = await client.post("/api/owner/pair", json={"code": CODE})
        assert (answer.status_code, answer.content) == (204, b"")
        cookie = answer.headers["set-cookie"].lower()
        for word in ("httponly", "samesite=strict", "path=/api/owner", "max-age=2592000"):
            assert word in cookie
        assert "secure" not in cookie
        (session,) = desk.owners
        assert len(session) == 43  # 256 bits
        assert session in answer.headers["set-cookie"]
        assert (await client.get("/api/owner/board")).status_code == 200


async def test_should_make_the_cookie_secure_behind_tls() -> None:
    async with browser(CannedDesk(), paired=False) as client:
        tls = {"Origin": URL.replace("http:", "https:")}
        answer = await client.post("/api/owner/pair", json={"code": CODE}, headers=tls)
        assert "secure" in answer.headers["set-cookie"].lower()


async def test_should_answer_every_wrong_code_alike_after_the_same_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_owner, "WRONG_PAUSE_S", 0.2)
    desk = CannedDesk()
    async with browser(desk, paired=False) as client:
        now = asyncio.get_running_loop().time
        for code in ("2222-2222", "x", f"{CODE}2", "💥"):
            began_s = now()
            answer = await client.post("/api/owner/pair", json={"code": code})
            assert (answer.status_code, answer.json()) == (403, {"error": "that code is not valid"})
            assert "set-cookie" not in answer.headers
            assert now() - began_s >= 0.2
    assert desk.owners == set()
    assert len({word.user_id for word in desk.words}) == 4  # a try leaves nothing that the next could use


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
async def test_should_show_nothing_to_a_browser_that_is_not_paired(
    method: str, path: str, body: dict[str, object] | None
) -> None:
    desk = CannedDesk(cards=[card(17, "Noor", "u around?", "sure")])
    async with browser(desk) as client:
        (session,) = desk.owners
        for forged in ("", "x", session[:-1], f"{session}x", '"', "a" * 5000):
            cookie = {"Cookie": f"selfsame_owner={forged}"}
            async with browser(desk, paired=False) as stranger:
                answer = await stranger.request(method, path, json=body, headers=cookie)
                assert (answer.status_code, "Noor" in answer.text) == (401, False)
        assert (await client.request(method, path, json=body)).status_code == 200
        desk.owners.clear()
        assert (await client.request(method, path, json=body)).status_code == 401
    assert len(desk.pressed) == (1 if path.endswith("press") else 0)


@pytest.mark.parametrize(("method", "path", "body"), [*GUARDED, ("POST", "/api/owner/pair", {"code": CODE})])
async def test_should_refuse_foreign_pages_and_names(method: str, path: str, body: dict[str, object] | None) -> None:
    desk = CannedDesk()
    async with browser(desk) as client:
        told = len(desk.words)
        foreign: dict[str, str]
        for foreign in (
            {"Origin": "http://evil.example"},
            {"Host": "evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "null"},
        ):
            assert (await client.request(method, path, json=body, headers=foreign)).status_code == 403
        if method == "POST":
            del client.headers["Origin"]
            assert (await client.request(method, path, json=body)).status_code == 403
            client.headers["Origin"] = URL
            plain = await client.post(path, content=json.dumps(body), headers={"Content-Type": "text/plain"})
            assert plain.status_code == 415
            assert (await client.get(path)).status_code == 405
        assert len(desk.words) == told
        assert desk.pressed == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("word", {"text": " "}),
        ("word", {"text": "x" * 4001}),
        ("word", {"text": "/status", "user_id": "terminal"}),
        ("press", {"token": ""}),
        ("press", {"token": "x" * 65}),
        ("press", {"token": "d:edit:17:1", "text": ""}),
        ("pair", {"code": ""}),
        ("pair", {"code": "x" * 65}),
        ("pair", []),
    ],
)
async def test_should_refuse_what_is_not_a_word_a_press_or_a_code(path: str, body: Any) -> None:
    desk = CannedDesk()
    async with browser(desk) as client:
        assert (await client.post(f"/api/owner/{path}", json=body)).status_code == 422
        too_long = await client.post(
            f"/api/owner/{path}", content=b"x" * 40_000, headers={"Content-Type": "application/json"}
        )
        assert too_long.status_code == 413
        assert len(desk.words) == 1  # the pairing
        assert desk.pressed == []


async def test_should_hand_words_and_presses_to_the_desk_under_the_session() -> None:
    desk = CannedDesk(cards=[card(17, "Noor", "u around?", "sure")])
    async with browser(desk) as client:
        shown = (await client.post("/api/owner/word", json={"text": "/autoreply draft"})).json()
        assert shown["screen"]["text"] == "done: /autoreply draft"
        assert shown["screen"]["rows"] == [[{"label": "Undo", "token": "u:1:1:1"}]]
        asked = (await client.post("/api/owner/press", json={"token": "d:edit:17:1"})).json()
        assert (asked["ask_token"], asked["ask_prefill"]) == ("d:edit:17:1", "At 8 works!")
        done = (await client.post("/api/owner/press", json={"token": "d:edit:17:1", "text": "at nine"})).json()
        assert done["toast"] == "Sent in your words"
        (session,) = desk.owners
        assert desk.words[-1] == replace(desk.words[-1], platform="web", user_id=session, text="/autoreply draft")
        assert desk.pressed[-1] == Press("web", session, "d:edit:17:1", "at nine")


async def test_should_send_the_board_only_when_it_has_changed() -> None:
    desk = CannedDesk(cards=[card(17, "Noor", "u around?", "sure")])
    async with browser(desk) as client:
        first = await client.get("/api/owner/board")
        (shown,) = first.json()["cards"]
        assert (shown["card_id"], shown["version"]) == ("draft-17", 1)
        again = await client.get("/api/owner/board", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        desk.cards[0] = card(17, "Noor", "u around?", "maybe", version=2)
        changed = await client.get("/api/owner/board", headers={"If-None-Match": first.headers["etag"]})
        assert changed.json()["cards"][0]["version"] == 2


async def test_should_say_come_again_while_the_store_is_away() -> None:
    desk = CannedDesk()
    async with browser(desk) as client:
        desk.away = True
        for method, path, body in [*GUARDED, ("POST", "/api/owner/pair", {"code": CODE})]:
            answer = await client.request(method, path, json=body)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert "away" not in answer.text


async def test_should_serve_a_page_without_secrets_or_inline_code() -> None:
    desk = CannedDesk(cards=[card(17, "Noor", "u around?", "sure")])
    async with browser(desk) as client:
        answer = await client.get("/owner")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert OWNER in answer.text
        for word in (" style=", "<style", "onclick", "http:", "https:", "Noor", "{owner_name}"):
            assert word not in answer.text
        assert answer.text.count("<script") == 1


async def test_should_escape_the_owners_name() -> None:
    app = application(CannedDesk(), "<b>&")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as client:
        page = (await client.get("/owner")).text
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;" in page


async def test_should_not_be_there_without_a_desk() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(None)), base_url=URL) as client:
        assert (await client.get("/owner")).status_code == 404
        assert (await client.get("/api/owner/board")).status_code == 404
