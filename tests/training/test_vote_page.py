"""The page of the vote: nothing tells which reply is whose, no link shows more than its own, and it needs no script."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn

from model_server.home import Home
from tests.adapters.chromium import EXECUTABLE, chromium
from training.contacts import Contact, write_contacts
from training.votes.ballots import Ballot, Shown
from training.votes.invites import digest_token, invite
from training.votes.serving import HOST, link, vote_app
from training.votes.store import VoteBook, change_votes, read_votes, votes_dir

from .test_likeness_look import _FAINT

BRAM = Contact("Bram", "friend", ("telegram:user1",))
NOOR = Contact("Noor", "friend", ("telegram:user2",))
OWNERS = "the-owners-own-token"
SHOWN = (Shown("owner", "did you get home all right?"), Shown("contact", "<b>yes</b> & you?\nstill raining"))


def ballot(name: str, contact: Contact, replies: tuple[str, str]) -> Ballot:
    return Ballot(name, "r", "friend", contact.ids, contact.name, SHOWN, replies, 1, True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home").create()
    write_contacts(home, [BRAM, NOOR])
    mine = [
        ballot("b1", BRAM, ("just in\nsoaked", "Home! <script>alert(1)</script>")),
        ballot("b2", BRAM, ("ja", "ok")),
    ]
    change_votes(home, lambda _: VoteBook(ballots=(*mine, ballot("n1", NOOR, ("for noor alone", "said to noor")))))
    return home


@pytest.fixture
async def page(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(vote_app(home, "Tilda", digest_token(OWNERS), ["votes.example.org"]), False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_a_guest_should_see_his_own_lines_and_nobody_elses(home: Home, page: httpx.AsyncClient) -> None:
    path = f"/v/{invite(home, BRAM, 1)}"
    seen = ""
    for done in range(3):
        shown = await page.get(path)
        assert shown.status_code == 200
        seen += shown.text
        found = re.search(r'name="ballot" value="(\w+)"', shown.text)
        assert (found is None) == (done == 2)
        if found:
            answer = await page.post(path, data={"ballot": found[1], "choice": "second"})
            assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "noor" not in seen.casefold()
    assert "That was all" in seen
    assert "<script" not in seen
    assert "Home! <script>alert(1)</script>" in unescape(seen)
    assert [one.picked for one in read_votes(home).votes] == ["ours", "ours"]
    await page.post(path, data={"ballot": "n1", "choice": "first"})
    assert len(read_votes(home).votes) == 2, "no vote on what he may not see"


async def test_the_page_should_not_tell_which_is_whose(home: Home, page: httpx.AsyncClient) -> None:
    """The same replies with the sides changed give the same page but for their places."""
    here = (await page.get(f"/v/{OWNERS}")).text
    change_votes(
        home,
        lambda book: msgspec.structs.replace(
            book, ballots=tuple(msgspec.structs.replace(one, ours=0, round_id="other") for one in book.ballots)
        ),
    )
    assert (await page.get(f"/v/{OWNERS}")).text == here


async def test_the_owner_should_see_every_ballot(home: Home, page: httpx.AsyncClient) -> None:
    assert "0 of 3 done" in (await page.get(f"/v/{OWNERS}")).text


@pytest.mark.parametrize("path", ["/", "/v/", "/v/unknown", f"/v/{OWNERS}/more", "/v/%ff", "/static/page.css"])
async def test_whoever_has_no_link_should_learn_nothing(page: httpx.AsyncClient, path: str) -> None:
    refused = await page.get(path)
    assert refused.status_code == 404
    assert "This link does not work" in refused.text
    assert "Bram" not in refused.text


async def test_a_foreign_name_should_not_reach_the_page(page: httpx.AsyncClient) -> None:
    """Else a page that lets its name point to this machine could read it (DNS rebinding)."""
    for host, status in (("evil.example", 404), ("votes.example.org", 200), ("127.0.0.1:8090", 200), ("[", 404)):
        assert (await page.get(f"/v/{OWNERS}", headers={"host": host})).status_code == status, host


async def test_the_page_should_be_fenced_in(page: httpx.AsyncClient) -> None:
    for path in (f"/v/{OWNERS}", "/v/unknown"):
        headers = (await page.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"ballot=b1&choice=ours", 303), (b"\xff\xfe=%zz", 303), (b"", 303), (b"a" * 5000, 413)],
)
async def test_what_is_no_vote_should_count_nothing(
    home: Home, page: httpx.AsyncClient, body: bytes, status: int
) -> None:
    assert (await page.post(f"/v/{OWNERS}", content=body)).status_code == status
    assert read_votes(home).votes == ()


async def test_no_error_of_ours_should_reach_a_guest(home: Home, page: httpx.AsyncClient) -> None:
    path = f"/v/{invite(home, BRAM, 1)}"
    (votes_dir(home) / "votes.json").write_text("{")
    failed = await page.get(path)
    assert failed.status_code == 500
    assert "That did not work" in failed.text
    assert not re.search("selfsame vote|votes.json|Error|Traceback", failed.text)


@pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium")
async def test_the_page_should_work_without_script_and_fit_by_day_and_by_night(home: Home) -> None:
    config = uvicorn.Config(vote_app(home, "Tilda", digest_token(OWNERS)), lifespan="off", ws="none", log_config=None)
    server, listening = uvicorn.Server(config), socket.create_server((HOST, 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    try:
        async with chromium() as page:
            await page.call("Emulation.setScriptExecutionDisabled", value=True)
            await page.call("Page.navigate", url=link(address, invite(home, BRAM, 1)))
            await page.until("document.querySelector('footer')")
            for width in (1280, 390):
                size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
                await page.call("Emulation.setDeviceMetricsOverride", **size)
                for scheme in ("light", "dark"):
                    media = [{"name": "prefers-color-scheme", "value": scheme}]
                    await page.call("Emulation.setEmulatedMedia", features=media)
                    assert await page.js("document.documentElement.scrollWidth <= innerWidth"), (width, scheme)
                    assert await page.js(_FAINT) == [], (width, scheme)
            small = await page.js("[...document.querySelectorAll('button')].map(one => one.offsetHeight)")
            assert min(small) >= 44
            for left in (1, 0):
                before = await page.js("document.querySelector('[name=ballot]').value")
                place = await page.js(
                    "(() => { const box = document.querySelector('button[value=first]').getBoundingClientRect();"
                    " return [box.x + 20, box.y + 20] })()"
                )
                at = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
                await page.call("Input.dispatchMouseEvent", type="mousePressed", **at)
                await page.call("Input.dispatchMouseEvent", type="mouseReleased", **at)
                await page.until(f"document.querySelector('[name=ballot]')?.value !== '{before}'")
                await page.until("document.querySelector('footer')")
                assert await page.js("document.querySelectorAll('form').length") == left
            assert page.console == []
    finally:
        server.should_exit = True
        await serving
    assert [one.picked for one in read_votes(home).votes] == ["rival", "rival"]
