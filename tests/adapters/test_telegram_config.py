"""[telegram]: off by default, unknown keys refused, and a token that is found where it is safest."""

from pathlib import Path
from typing import Any

import pytest

from bot.telegram_config import TOKEN_VARIABLE, TelegramConfig, telegram_settings
from model_server.config import read_section
from model_server.errors import ConfigError

TOKEN = "6543210:AAH-test-token-of-nobody_0123456789"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def config(**keys: Any) -> TelegramConfig:
    return read_section({"telegram": {"enabled": True, **keys}}, "telegram", TelegramConfig)


def test_it_should_be_off_by_default() -> None:
    assert telegram_settings(TelegramConfig()) is None


def test_the_defaults_should_poll_telegram_itself() -> None:
    settings = telegram_settings(config(token=TOKEN))
    assert settings is not None
    assert (settings.base_url, settings.webhook, settings.groups) == ("https://api.telegram.org", None, True)


def test_the_environment_should_win_over_the_file_and_the_file_over_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}F\n")
    file.chmod(0o600)
    assert telegram_settings(config(token=TOKEN, token_file=str(file))).token == f"{TOKEN}F"  # type: ignore[union-attr]
    monkeypatch.setenv(TOKEN_VARIABLE, f"{TOKEN}E")
    assert telegram_settings(config(token=TOKEN, token_file=str(file))).token == f"{TOKEN}E"  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_token_file_that_others_can_read_should_be_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(mode)
    with pytest.raises(ConfigError, match=r"read by others.*chmod 600"):
        telegram_settings(config(token_file=str(file)))


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({}, "no bot token"),
        ({"token": "hunter2"}, "not shaped like a bot token"),
        ({"token_file": "/nowhere/token"}, "cannot be read"),
        ({"token": TOKEN, "base_url": "api.telegram.org"}, "base_url"),
        ({"token": TOKEN, "base_url": "http://[::1"}, "base_url"),
        ({"token": TOKEN, "base_url": "https://api.telegram.org:99999"}, "base_url"),
        ({"token": TOKEN, "base_url": "https://api.telegram.org:port"}, "base_url"),
        ({"token": TOKEN, "base_url": "https://"}, "base_url"),
        ({"token": TOKEN, "base_url": " https://api.telegram.org"}, "base_url"),
        ({"token": TOKEN, "base_url": "https://api. telegram.org"}, "base_url"),
        ({"token": TOKEN, "base_url": "https://api.telegram.org\n"}, "base_url"),
        ({"token": TOKEN, "base_url": "https://api.telegram.org?x=1"}, "base_url"),
        ({"token": TOKEN, "base_url": "http://api.telegram.org"}, "in the clear"),
        ({"token": TOKEN, "base_url": "http://127.0.0.1.example.org:81"}, "in the clear"),
        ({"token": TOKEN, "base_url": "http://localhost@example.org"}, "in the clear"),
        ({"token": TOKEN, "webhook_url": "https://[x"}, "webhook_url"),
        ({"token": TOKEN, "webhook_url": "https://b.example:65536"}, "webhook_url"),
        ({"token": TOKEN, "webhook_url": "https://b.example/my bot"}, "webhook_url"),
        ({"token": TOKEN, "webhook_url": "https://b.example/#t"}, "webhook_url"),
        ({"token": TOKEN, "webhook_url": "https://b.example", "webhook_listen": "127.0.0.1 :8443"}, "webhook_listen"),
        ({"token": TOKEN, "webhook_url": "http://bot.example.org"}, "webhook_url"),
        ({"token": TOKEN, "webhook_url": "https://b.example", "webhook_listen": "8443"}, "webhook_listen"),
        ({"token": TOKEN, "webhook_url": "https://b.example", "webhook_listen": "x:99999"}, "webhook_listen"),
        ({"token": TOKEN, "webhook_url": "https://b.example", "webhook_secret": "short"}, "webhook_secret"),
    ],
)
def test_what_cannot_work_should_be_told_with_the_next_step_and_without_the_token(
    keys: dict[str, Any], what: str
) -> None:
    with pytest.raises(ConfigError, match=what) as told:
        telegram_settings(config(**keys))
    assert told.value.hint
    assert "hunter2" not in str(told.value)
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize("keys", [{"tokken": "x"}, {"poll_s": 0}, {"poll_s": 90}, {"groups": "yes"}])
def test_an_unknown_key_or_a_wrong_value_should_be_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        config(**keys)


def test_a_webhook_should_be_read() -> None:
    keys = {"webhook_url": "https://b.example/t", "webhook_listen": "[::1]:8443", "webhook_secret": "a" * 20}
    settings = telegram_settings(config(token=TOKEN, **keys))
    assert settings is not None
    assert settings.webhook is not None
    assert (settings.webhook.host, settings.webhook.port) == ("::1", 8443)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8081", "http://localhost", "http://[::1]:8081/bot"])
def test_a_bot_api_server_of_this_machine_should_be_reached_without_a_certificate(base_url: str) -> None:
    settings = telegram_settings(config(token=TOKEN, base_url=base_url))
    assert settings is not None
    assert settings.base_url == base_url
