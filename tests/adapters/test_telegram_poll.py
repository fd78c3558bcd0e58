"""Nothing is lost and nothing wedges: offsets, poison, conflicts, refused tokens, full chats, a store that is away."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from tests.adapters.telegram_doubles import SlowInbox
from tests.adapters.telegram_stage import Stage, adapter_of, running, staged
from tests.telegram_server.api_error import conflict
from tests.telegram_server.mail import Webhook
from tests.telegram_server.recorded import BROKEN, SOUND, recorded
from tests.telegram_server.server import TelegramServer
from tests.waiting import until


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses are for the network's sake; here they are only time."""
    for name in ("poll._FIRST_PAUSE_S", "poll._CONFLICT_PAUSE_S", "poll._TOKEN_PAUSE_S"):
        monkeypatch.setattr(f"adapters.telegram_{name}", 0.01)
    for name in ("intake._FIRST_PAUSE_S", "intake._FULL_PAUSE_S"):
        monkeypatch.setattr(f"adapters.telegram_{name}", 0.01)


async def test_the_offset_should_move_only_after_the_lines_are_durable() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        stage.inbox = inbox = SlowInbox()
        await server.contact_writes(stage.jonas, "keep me")
        async with running_slowly(stage):
            await until(lambda: inbox.offered)
            assert len(server.mail.pending_ids) == 1
        # killed before it was durable: Telegram still has it
        assert (inbox.taken, len(server.mail.pending_ids)) == ([], 1)
        stage.adapter = adapter_of(server, stage.desk, stage.memory)
        inbox.released.set()
        async with running(stage):
            await stage.settled()
        assert inbox.texts == ["keep me"]


@contextlib.asynccontextmanager
async def running_slowly(stage: Stage) -> AsyncIterator[None]:
    """Like `running`, for an adapter that never gets to its next poll."""
    task = asyncio.create_task(stage.adapter.run(stage.inbox))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("name", [*BROKEN, "odd_no_chat", "unknown_kind"])
async def test_one_unreadable_update_should_not_hold_the_others(name: str) -> None:
    async with TelegramServer() as server, staged(server) as stage:
        await server.contact_writes(stage.jonas, "before")
        await server.push({key: value for key, value in recorded(name).items() if key != "update_id"})
        await server.contact_writes(stage.jonas, "after")
        with capture_logs() as logs:
            async with running(stage):
                await stage.settled()
        assert stage.inbox.texts == ["before", "after"]
        errors = [entry for entry in logs if entry["log_level"] == "error"]
        assert len(errors) == (name != "unknown_kind")
        assert all(entry["update"] for entry in errors)


async def test_every_recorded_update_should_be_handled_without_a_flaw() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        for name in SOUND:
            if name != "odd_no_chat":
                await server.push({key: value for key, value in recorded(name).items() if key != "update_id"})
        with capture_logs() as logs:
            async with running(stage):
                await stage.settled()
        assert [entry for entry in logs if entry["log_level"] == "error"] == []


async def test_a_chat_should_keep_its_order_and_chats_should_not_wait_for_each_other() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        eve = server.person("Eve")
        stage.inbox.full.add(f"telegram:{eve.id}")
        for number in range(5):
            await server.contact_writes(eve, f"flood {number}")
            await server.contact_writes(stage.jonas, str(number))
        with capture_logs() as logs:
            async with running(stage):
                await until(lambda: len(stage.inbox.lines) == 5)
                await stage.settled()
        assert stage.inbox.texts == ["0", "1", "2", "3", "4"]
        passed = [entry for entry in logs if entry["event"] == "telegram.line_passed"]
        assert [entry["chat"] for entry in passed] == [f"telegram:{eve.id}"] * 5
        # the first line is offered for a while, the others of the flood once
        assert stage.inbox.offered == 5 + 4 + 4


async def test_duplicated_and_reordered_updates_should_be_taken_once_each() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        server.mail.copies = 2
        with server.mail.reordered():
            await server.contact_writes(stage.jonas, "one")
            await server.contact_writes(stage.jonas, "two")
        async with running(stage):
            await stage.settled()
        assert sorted(stage.inbox.texts) == ["one", "two"]


async def test_a_store_that_is_away_should_be_waited_for() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        stage.desk.trouble = [ConnectionError("redis is gone"), ConnectionError("still")]
        await server.contact_writes(stage.jonas, "keep me")
        async with running(stage):
            await stage.settled()
        assert stage.inbox.texts == ["keep me"]


async def test_a_webhook_that_was_set_should_be_taken_away_and_nothing_dropped() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        await server.contact_writes(stage.jonas, "waiting")
        await server.mail.set_webhook(Webhook("http://127.0.0.1:9/nowhere", retry_s=10))
        task = asyncio.create_task(stage.adapter.run(stage.inbox))
        await until(lambda: stage.inbox.texts == ["waiting"])
        task.cancel()
        assert server.mail.webhook is None
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_only_what_we_look_at_should_be_asked_for() -> None:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        asked = server.calls_of("getUpdates")[0].params
        assert set(asked["allowed_updates"]) == {
            *("message", "edited_message", "callback_query", "business_connection"),
            *("business_message", "edited_business_message", "deleted_business_messages"),
        }
        assert all(not call.params.get("drop_pending_updates") for call in server.calls)


async def test_another_program_with_the_token_should_be_told_of_and_waited_out() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        with capture_logs() as logs:
            async with running(stage):
                server.mail.end_poll(conflict("terminated by other getUpdates request"))
                await until(lambda: any(entry["event"] == "telegram.conflict" for entry in logs))
                await server.contact_writes(stage.jonas, "still there")
                await until(lambda: stage.inbox.texts == ["still there"])
        [told] = [entry for entry in logs if entry["event"] == "telegram.conflict"]
        assert (told["log_level"], "other program" in told["next_step"]) == ("error", True)


@pytest.mark.parametrize("when", ["at the start", "later"])
async def test_a_refused_token_should_be_told_without_being_shown(when: str) -> None:
    async with TelegramServer() as server, staged(server) as stage:
        right = server.token
        wrong = right[:-4] + "0000"
        with capture_logs() as logs:
            if when == "at the start":
                server.token = wrong
            task = asyncio.create_task(stage.adapter.run(stage.inbox))
            if when == "later":
                await until(lambda: server.mail.polled)
                server.token = wrong
                server.mail.end_poll(None)
            await until(lambda: any(entry["event"] == "telegram.token_refused" for entry in logs))
            server.token = right  # mended: it goes on by itself
            await server.contact_writes(stage.jonas, "hello")
            await until(lambda: stage.inbox.texts == ["hello"])
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert right.partition(":")[2] not in json.dumps(logs, default=repr)
        assert "hello" not in json.dumps(logs, default=repr)


async def test_a_network_that_fails_should_be_waited_out() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        server.break_down("getMe", times=2)
        server.cut_before("getUpdates", times=2)
        server.flood_next("deleteWebhook", 0)
        await server.contact_writes(stage.jonas, "hello")
        with capture_logs() as logs:
            async with running(stage):
                await stage.settled()
        assert stage.inbox.texts == ["hello"]
        assert {entry["log_level"] for entry in logs} == {"info", "warning"}


async def test_it_should_stop_at_once() -> None:
    async with TelegramServer() as server, staged(server) as stage, asyncio.timeout(3), running(stage):
        pass


async def test_many_chats_at_once_should_never_meet_a_limit_of_telegram() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        server.limits_on()
        people = [server.person(f"P{number}") for number in range(45)]
        async with running(stage):
            for person in people:
                await server.contact_writes(person, "hi")
            await stage.settled()
            await asyncio.gather(*(stage.send(f"telegram:{person.id}", "hello") for person in people))
        assert {call.status for call in server.calls_of("sendMessage")} == {200}
        assert all(server.sent(server.private(person)) == ["hello"] for person in people)


@pytest.mark.parametrize("number", ["7", None, 7.5, []])
async def test_an_update_without_a_number_should_be_passed_and_not_end_the_adapter(number: object) -> None:
    async with TelegramServer() as server, staged(server) as stage:
        await server.push({"update_id": number, "poll": {}})
        async with running_slowly(stage):
            await until(lambda: len(server.calls_of("getUpdates")) > 2)  # it comes again, and nothing ends
            await server.contact_writes(stage.jonas, "hello")
            await stage.settled()
        assert stage.inbox.texts == ["hello"]
