"""The terminal over a real unix socket: both ends, and one question."""

import asyncio
import contextlib
import json
import socket
from pathlib import Path

import pytest

from adapters import terminal_client
from adapters.local_contract import AddressUnusable, NoAnswer, NotRunning, printable
from adapters.terminal_adapter import TerminalAdapter
from adapters.terminal_client import connect, once
from adapters.terminal_wire import Accepted, Bubble, Ended, Full, Hello, NotAllowed, Say
from tests.adapters.echo_bot import SEATS, EchoBot, outcome
from tests.adapters.test_terminal_chat import served, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "terminal.sock"


def mode_of(path: Path) -> int | None:
    return path.stat().st_mode & 0o777 if path.is_socket() else None


async def test_should_return_the_reply_of_one_question(path: Path) -> None:
    bot = EchoBot(answers=True)
    async with served(bot, path):
        result = await once(path, "friend", "u around?", timeout_s=5)
        assert (result.reply, result.state, result.contact_type) == ("you said u around?", "answered", "friend")
        assert (result.blend, result.generate_ms, result.total_ms) == ({"core": 0.6, "friend": 0.4}, 1100, 1240)
        (line,) = bot.taken
        assert result.request_id == f"{line.chat.key}:{line.message_id}"
        assert (line.text, line.sender_name, line.declared_type) == ("u around?", "Noor", "friend")


async def test_should_ask_in_a_fresh_chat_unless_a_session_is_named(path: Path) -> None:
    bot = EchoBot(answers=True)
    async with served(bot, path):
        for session in (None, None, "notes", "notes"):
            await once(path, "friend", "hi", timeout_s=5, session=session)
        keys = [line.chat.key for line in bot.taken]
        assert keys[0] != keys[1]
        assert keys[2:] == ["terminal:friend-notes"] * 2
        assert len(bot.lines["terminal:friend-notes"]) == 4


@pytest.mark.parametrize("state", ["held", "skipped", "dead", "unknown"])
async def test_should_tell_the_owner_of_one_question_that_it_failed(path: Path, state: str) -> None:
    bot = EchoBot()
    async with served(bot, path):
        asking = asyncio.create_task(once(path, "friend", "hi", timeout_s=5))
        await until(lambda: bool(bot.taken))
        await bot.adapter.observe(outcome(bot.taken[0], state=state, reason="because"))
        result = await asking
        assert (result.state, result.reason, result.reply) == (state, "because", "")


async def test_should_ignore_the_outcome_of_another_turn(path: Path) -> None:
    bot = EchoBot()
    async with served(bot, path):
        asking = asyncio.create_task(once(path, "friend", "hi", timeout_s=5))
        await until(lambda: bool(bot.taken))
        line = bot.taken[0]
        await bot.adapter.observe(outcome(line, line_ids=("another",), reply="not mine"))
        await bot.adapter.observe(outcome(line, line_ids=("before", line.message_id), reply="mine"))
        assert (await asking).reply == "mine"


async def test_should_offer_a_line_again_until_it_is_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal_client, "_OFFER_AGAIN_S", 0.01)
    bot = EchoBot(answers=True)
    async with served(bot, path):
        bot.full = True
        asking = asyncio.create_task(once(path, "friend", "hi", timeout_s=5))
        await until(lambda: bot.offered > 2)
        bot.full = False
        assert (await asking).reply == "you said hi"
        assert len(bot.taken) == 1


async def test_should_say_what_to_do_when_no_bot_runs(path: Path) -> None:
    with pytest.raises(NotRunning, match=r"no bot listens.*start it"):
        await once(path, "friend", "hi", timeout_s=5)
    left_over = socket.socket(socket.AF_UNIX)
    left_over.bind(str(path))
    left_over.close()
    with pytest.raises(NotRunning, match="no bot listens"):
        await once(path, "friend", "hi", timeout_s=5)


async def test_should_say_so_when_nothing_comes(path: Path) -> None:
    async with served(EchoBot(), path):
        with pytest.raises(NoAnswer, match=r"no reply within 0\.05 s"):
            await once(path, "friend", "hi", timeout_s=0.05)


async def test_should_wait_for_the_next_bot_when_this_one_goes_away(path: Path) -> None:
    """A supervisor starts it again: the line is offered to the new one under the same id, and answered there."""
    first, second = EchoBot(), EchoBot(answers=True)
    async with served(first, path):
        asking = asyncio.create_task(once(path, "friend", "hi", timeout_s=20))
        await until(lambda: len(first.taken) == 1)
    async with served(second, path):
        assert (await asking).reply == "you said hi"
    assert second.taken[0].message_id == first.taken[0].message_id


async def test_should_refuse_unknown_types_sessions_and_lines(path: Path) -> None:
    bot = EchoBot()
    async with served(bot, path):
        with pytest.raises(NoAnswer, match="family, friend"):
            await once(path, "boss", "hi", timeout_s=5)
        with pytest.raises(NoAnswer, match="a session is"):
            await once(path, "friend", "hi", timeout_s=5, session="../home")
        for text in (" ", "x" * 4001):
            with pytest.raises(NoAnswer, match="at most 4000"):
                await once(path, "friend", text, timeout_s=5)
        assert bot.offered == 0


async def test_should_speak_json_lines(path: Path) -> None:
    bot = EchoBot(answers=True)
    async with served(bot, path):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"event": "hello", "as": "friend", "name": "Bram"}\n{"text": "hi", "line_id": "12345678"}\n')
        told = [json.loads(await reader.readline()) for _ in range(4)]
        writer.close()
        by_event = {line["event"]: line for line in told}
        assert set(by_event) == {"welcome", "accepted", "bubble", "outcome"}
        assert by_event["welcome"]["notice"] == "A machine answers in Tilda’s name"
        assert by_event["accepted"] == {"event": "accepted", "line_id": "12345678"}
        assert by_event["bubble"]["text"] == "you said hi"
        assert by_event["outcome"]["line_ids"] == ["12345678"]
        assert bot.taken[0].sender_name == "Bram"
        assert bot.taken[0].chat.key == "terminal:friend"


async def test_should_survive_clients_that_talk_nonsense(path: Path) -> None:
    bot = EchoBot(answers=True)
    async with served(bot, path):
        hello = b'{"event":"hello","as":"friend"}\n'
        for nonsense in (b"", b"\n", b"{}\n", b"\xff\xfe\n", b'{"as":7}\n', b"x" * 2_000_000, hello + b"[]\n"):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(nonsense)
            if len(nonsense) < 1000:
                writer.write_eof()
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionError):  # it may hang up while we still talk
                    await reader.read()
            writer.close()
        assert (await once(path, "friend", "hi", timeout_s=5)).state == "answered"


async def test_should_serve_several_at_once_and_keep_types_apart(path: Path) -> None:
    bot = EchoBot()
    async with served(bot, path):
        friend = Hello("friend")
        async with connect(path, friend) as one, connect(path, friend) as two, connect(path, Hello("family")) as mum:
            one.say(Say("hi", "11111111"))
            await until(lambda: bool(bot.taken))
            await bot.answer(bot.taken[0], "for the friend")
            assert isinstance(await anext(aiter(one)), Accepted)
            assert await anext(aiter(two)) == Bubble("terminal:friend:11111111:0", "for the friend")
            mum.say(Say("hello", "22222222"))
            assert await anext(aiter(mum)) == Accepted("22222222")


async def test_should_welcome_back_with_what_was_said_meanwhile(path: Path) -> None:
    bot = EchoBot()
    async with served(bot, path):
        async with connect(path, Hello("friend")) as first:
            first.say(Say("hi", "11111111"))
            await until(lambda: bool(bot.taken))
        await bot.answer(bot.taken[0], "while you were away")
        async with connect(path, Hello("friend")) as again:
            stored = again.welcome.lines[-1]
            told = aiter(again)
            live = await anext(told)
            assert isinstance(live, Bubble)
            assert (stored.line_id, stored.text) == (live.bubble_id, live.text)
            assert isinstance(await anext(told), Ended)


async def test_should_say_full_when_the_store_is_away_and_hang_up_on_a_hello(path: Path) -> None:
    bot = EchoBot()
    async with served(bot, path):
        async with connect(path, Hello("friend")) as connection:
            bot.broken = True
            connection.say(Say("hi", "11111111"))
            assert await anext(aiter(connection)) == Full("11111111")
        with pytest.raises(NotRunning, match="hung up"):
            await once(path, "friend", "hi", timeout_s=5)
        bot.broken, bot.answers = False, True
        assert (await once(path, "friend", "hi", timeout_s=5)).state == "answered"


async def test_should_be_private_replace_a_stale_socket_and_leave_none_behind(path: Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    bot = EchoBot()
    async with served(bot, path):
        assert mode_of(path) == 0o600
        with pytest.raises(AddressUnusable, match="another bot already listens"):
            TerminalAdapter(path, "Tilda", SEATS, bot.history).bind()
        assert mode_of(path) == 0o600
    assert mode_of(path) is None


def test_should_say_which_path_cannot_be_used(tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 120), tmp_path / "nowhere" / "t.sock"):
        with pytest.raises(AddressUnusable, match="cannot listen on"):
            TerminalAdapter(path, "Tilda", SEATS, EchoBot().history).bind()
    file = tmp_path / "a-file"
    file.write_text("precious")
    with pytest.raises(AddressUnusable):
        TerminalAdapter(file, "Tilda", SEATS, EchoBot().history).bind()
    assert file.read_text() == "precious"


def test_should_keep_lines_and_emoji_but_no_control_characters() -> None:
    assert printable("a\tb\nc 🐦 é") == "a\tb\nc 🐦 é"
    assert printable("\x1b[2J\x00\r\x7f\x9b1m") == "[2J1m"


def test_should_name_the_wire_events_as_documented() -> None:
    kinds = {kind.__struct_config__.tag for kind in (NotAllowed, Accepted, Full, Bubble, Ended)}
    assert kinds == {"not_allowed", "accepted", "full", "bubble", "outcome"}
