"""What a failed call means, what a limit answers, and that no secret leaves."""

import asyncio
import logging
from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from adapters.base import OutcomeHidden, Refused, RetryLater
from adapters.telegram_errors import QuietRequest, sending_failure, silence_libraries, why
from adapters.telegram_limits import SendLimits
from adapters.telegram_poll import trouble_of
from adapters.telegram_settings import TelegramSettings

TOKEN = "6543210:AAH-test-token-of-nobody_0123456789"


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (Forbidden("bot was blocked by the user"), Refused),
        (BadRequest("chat not found"), Refused),
        (ChatMigrated(-1001), Refused),
        (RetryAfter(timedelta(seconds=7)), RetryLater),
        (InvalidToken(), RetryLater),
        (EndPointNotFound("sendMessage"), RetryLater),
        (caused(NetworkError("x"), httpx.ConnectError("x")), RetryLater),
        (caused(TimedOut(), httpx.ConnectTimeout("x")), RetryLater),
        (caused(TimedOut(), httpx.PoolTimeout("x")), RetryLater),
        (caused(TimedOut(), httpx.ReadTimeout("x")), OutcomeHidden),
        (caused(TimedOut(), httpx.WriteTimeout("x")), OutcomeHidden),
        (caused(NetworkError("x"), httpx.RemoteProtocolError("x")), OutcomeHidden),
        (caused(NetworkError("x"), httpx.ReadError("x")), OutcomeHidden),
        (NetworkError("Bad Gateway (502)"), OutcomeHidden),
        (TelegramError("Invalid server response"), OutcomeHidden),
    ],
)
def test_only_what_certainly_did_not_go_out_should_be_sent_again(error: TelegramError, meaning: type) -> None:
    assert type(sending_failure(error)) is meaning


def test_a_flood_should_wait_as_long_as_it_was_told() -> None:
    failure = sending_failure(RetryAfter(timedelta(seconds=7)))
    assert isinstance(failure, RetryLater)
    assert failure.after_s == 7


def test_a_refused_token_should_never_be_quoted() -> None:
    error = InvalidToken(f"The token `{TOKEN}` was rejected by the server.")
    settings = TelegramSettings(TOKEN)
    told = [why(error), str(sending_failure(error)), str(trouble_of(error, 1)), repr(settings), str(settings)]
    assert not any("test-token" in words for words in told)


def test_the_librarys_own_loggers_should_be_silent(caplog: pytest.LogCaptureFixture) -> None:
    silence_libraries()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("httpx").info("POST https://api.telegram.org/bot%s/getMe", TOKEN)
        logging.getLogger("telegram.request.BaseRequest").error("Can not load invalid JSON data: %s", "private words")
        with pytest.raises(TelegramError, match="Invalid server response"):
            QuietRequest.parse_json_payload(b"private words")
    assert caplog.messages == []


async def test_a_second_bubble_should_come_back_after_a_second_and_hold_nobody_else() -> None:
    limits = SendLimits()
    await limits.take(42)
    with pytest.raises(RetryLater) as refused:
        await limits.take(42)
    await limits.take(43)
    assert 1 <= refused.value.after_s < 1.2


async def test_a_429_should_hold_its_chat_only() -> None:
    limits = SendLimits()
    limits.hold(42, 30)
    with pytest.raises(RetryLater) as refused:
        await limits.take(42)
    await limits.take(43)
    assert 29 < refused.value.after_s <= 30


async def test_all_chats_together_should_stay_under_thirty_a_second() -> None:
    limits = SendLimits()
    asked = await asyncio.gather(*(limits.take(chat) for chat in range(1, 100)), return_exceptions=True)
    # at once; with what drains in the same second no more than 30
    assert 5 <= sum(refused is None for refused in asked) <= 15
    assert all(refused is None or isinstance(refused, RetryLater) for refused in asked)


async def test_a_group_should_stay_under_twenty_a_minute() -> None:
    limits = SendLimits()
    for _ in range(5):
        limits._of(-1001)[0]._level = 0.0  # a second later, as far as its own second goes
        await limits.take(-1001)
    limits._of(-1001)[0]._level = 0.0
    with pytest.raises(RetryLater) as refused:
        await limits.take(-1001)
    assert 4 <= refused.value.after_s < 4.2  # five at once, then one every four seconds: 20 in any minute


async def test_chats_that_are_quiet_should_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.telegram_limits._CHATS_KEPT", 3)
    limits = SendLimits()
    for chat in range(1, 8):
        limits._of(chat)
    assert len(limits._chats) <= 4
