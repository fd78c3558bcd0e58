"""Telegram calls us: guarded, bounded, and answered 200 only when the update is durable."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from adapters.local_contract import AddressUnusable
from adapters.telegram_settings import WebhookSettings
from adapters.telegram_webhook import BODY_LIMIT_BYTES, SECRET_HEADER, webhook_app
from tests.adapters.telegram_doubles import SlowInbox
from tests.adapters.telegram_stage import Stage, adapter_of, running, staged
from tests.telegram_server.recorded import BROKEN, recorded
from tests.telegram_server.server import TelegramServer
from tests.waiting import until

PATH, SECRET = "long-random-path", "long-random-secret"


class Taken:
    """Counts what came through the guard."""

    def __init__(self) -> None:
        self.raws: list[dict[str, object]] = []

    async def __call__(self, raws: Sequence[dict[str, object]]) -> None:
        self.raws += raws


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def client(taken: Taken) -> TestClient:
    return TestClient(webhook_app(taken, PATH, SECRET))


@pytest.mark.parametrize("prefix", ["/", "/telegram/", "/a/b/"])
def test_the_right_path_and_secret_should_be_taken_behind_any_prefix(
    client: TestClient, taken: Taken, prefix: str
) -> None:
    answer = client.post(f"{prefix}{PATH}", json={"update_id": 1}, headers={SECRET_HEADER: SECRET})
    assert (answer.status_code, taken.raws) == (200, [{"update_id": 1}])


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (PATH, {}),
        (PATH, {SECRET_HEADER: "wrong"}),
        (PATH, {SECRET_HEADER: SECRET + "x"}),
        (PATH, {SECRET_HEADER: "ünïcode".encode("latin-1")}),
        ("wrong", {SECRET_HEADER: SECRET}),
        ("", {SECRET_HEADER: SECRET}),
        (f"{PATH}/", {SECRET_HEADER: SECRET}),
    ],
)
def test_everybody_else_should_get_403(
    client: TestClient, taken: Taken, path: str, headers: dict[str, str | bytes]
) -> None:
    answer = client.post(f"/{path}", json={"update_id": 1}, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.content, taken.raws) == (403, b"", [])


def test_a_body_without_end_should_not_be_read(client: TestClient, taken: Taken) -> None:
    body = b" " * (BODY_LIMIT_BYTES + 1)
    assert client.post(f"/{PATH}", content=body, headers={SECRET_HEADER: SECRET}).status_code == 413
    assert taken.raws == []


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"\xff"])
def test_what_is_no_update_should_be_told_and_not_asked_for_again(
    client: TestClient, taken: Taken, body: bytes
) -> None:
    with capture_logs() as logs:
        assert client.post(f"/{PATH}", content=body, headers={SECRET_HEADER: SECRET}).status_code == 200
    assert [entry["log_level"] for entry in logs] == ["error"]
    assert taken.raws == []


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with TelegramServer() as server, staged(server) as stage:
        yield stage


async def test_updates_should_come_over_the_webhook_and_be_answered(stage: Stage) -> None:
    async with over_webhook(stage):
        await stage.server.contact_writes(stage.jonas, "hello")
        for name in BROKEN:
            await stage.server.push({key: value for key, value in recorded(name).items() if key != "update_id"})
        await until(lambda: stage.inbox.texts == ["hello"])
        await stage.settled()
        await stage.send(f"telegram:{stage.jonas.id}", "hi")
        webhook = stage.server.mail.webhook
        assert webhook is not None
        assert {status for _, status in webhook.posts} == {200}
        call = stage.server.calls_of("setWebhook")[0].params
        assert len(call["secret_token"]) >= 32
        assert len(call["url"].rpartition("/")[2]) >= 32
        assert not call.get("drop_pending_updates")
        assert "business_message" in call["allowed_updates"]
    assert stage.server.sent(stage.server.private(stage.jonas)) == ["hi"]


async def test_a_line_that_is_not_durable_should_not_be_answered_with_200(stage: Stage) -> None:
    stage.inbox = inbox = SlowInbox()
    async with over_webhook(stage):
        await stage.server.contact_writes(stage.jonas, "hello")
        webhook = stage.server.mail.webhook
        assert webhook is not None
        await until(lambda: inbox.offered)
        assert (webhook.posts, len(stage.server.mail.pending_ids)) == ([], 1)
        inbox.released.set()
        await stage.settled()
        assert [status for _, status in webhook.posts] == [200]


async def test_a_taken_port_should_be_found_out_before_anything_starts(stage: Stage) -> None:
    stage.adapter = adapter_of(stage.server, stage.desk, stage.memory, webhook=_settings(0))
    place = stage.adapter.bind()
    assert place is not None
    second = adapter_of(stage.server, stage.desk, stage.memory, webhook=_settings(int(place.rpartition(":")[2])))
    with pytest.raises(AddressUnusable, match="cannot listen"):
        second.bind()
    assert stage.adapter._socket is not None
    stage.adapter._socket.close()


def _settings(port: int, url: str = "https://bot.example.org/telegram") -> WebhookSettings:
    return WebhookSettings(url, "127.0.0.1", port)


def over_webhook(stage: Stage) -> AbstractAsyncContextManager[None]:
    """The stage's adapter behind its webhook. The server posts where it is told; a proxy would hold the certificate."""
    first = adapter_of(stage.server, stage.desk, stage.memory, webhook=_settings(0))
    place = first.bind()
    assert place is not None
    bound = first._socket
    stage.adapter = adapter_of(stage.server, stage.desk, stage.memory, webhook=_settings(0, f"http://{place}/telegram"))
    stage.adapter._socket = bound
    return running(stage)


def test_the_secret_should_not_be_printable() -> None:
    assert SECRET not in repr(WebhookSettings("https://x.example", "127.0.0.1", 1, SECRET))


async def test_a_webhook_that_somebody_took_away_should_be_set_again_and_told_of(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.telegram_webhook._LOOK_EVERY_S", 0.05)
    with capture_logs() as logs:
        async with over_webhook(stage):
            ours = stage.server.mail.webhook
            assert ours is not None
            await until(lambda: stage.server.calls_of("getWebhookInfo"))
            assert len(stage.server.calls_of("setWebhook")) == 1
            await stage.server.mail.set_webhook(None)
            await stage.server.contact_writes(stage.jonas, "hello")
            await until(lambda: stage.inbox.texts == ["hello"])
            again = stage.server.mail.webhook
            assert again is not None
            assert (again.url, again.secret_token) == (ours.url, ours.secret_token)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["telegram.webhook_taken_away"]
