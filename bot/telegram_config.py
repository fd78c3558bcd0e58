"""The section [telegram] of the configuration, and what the adapter is told of it.

Knows no Bot API. The token is looked for where it is safest: the environment, a file of the owner's alone, the key.
"""

import os
import re
import stat
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec

from adapters.telegram_settings import API_ROOT, TelegramSettings, WebhookSettings
from model_server.errors import ConfigError

TOKEN_VARIABLE = "SELFSAME_TELEGRAM_TOKEN"  # noqa: S105  # its name
_TOKEN_FORM = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
_SECRET_FORM = re.compile(r"[A-Za-z0-9_-]{16,256}")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_FROM_BOTFATHER = "take it from @BotFather (/mybots → your bot → API Token); docs/telegram.md goes through it"


class TelegramConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[telegram]: the bot that answers in your own chats, in its own, and in groups."""

    enabled: bool = False
    token: str = ""
    """Better in the environment (`SELFSAME_TELEGRAM_TOKEN`) or in `token_file`."""
    token_file: str = ""
    """A file with the token alone, readable by you alone."""
    base_url: str = API_ROOT
    """The Bot API server; your own, if you run one."""
    groups: bool = True
    """Answer in groups, and there only to mentions, replies and commands with the bot's name."""
    poll_s: Annotated[int, msgspec.Meta(ge=1, le=50)] = 25
    """How long Telegram holds a question for updates open."""
    webhook_url: str = ""
    """Public https address at which a proxy of yours passes Telegram's calls on. Empty: poll."""
    webhook_listen: str = "127.0.0.1:8443"
    """Where we listen for that proxy."""
    webhook_secret: str = ""
    """Empty: a new random one at every start."""


def telegram_settings(config: TelegramConfig) -> TelegramSettings | None:
    """What the adapter is told; None when Telegram is off. Raises ConfigError."""
    if not config.enabled:
        return None
    base = _address(config.base_url)
    if base is None or base.scheme not in ("http", "https"):
        raise ConfigError(
            f"[telegram] base_url {config.base_url!r} is no address", f"remove it, or write one like {API_ROOT}"
        )
    if base.scheme == "http" and base.hostname not in _THIS_MACHINE:
        raise ConfigError(
            "[telegram] base_url would send the token in the clear",
            "remove it, or use an https address; plain http only to this machine",
        )
    return TelegramSettings(
        token=_token(config),
        base_url=config.base_url,
        groups=config.groups,
        poll_s=config.poll_s,
        webhook=_webhook(config) if config.webhook_url else None,
    )


def _token(config: TelegramConfig) -> str:
    """Environment, then file, then key. No message of ours quotes it."""
    where = f"the environment's {TOKEN_VARIABLE}"
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token and config.token_file:
        where, token = f"[telegram] token_file {config.token_file}", _from_file(Path(config.token_file).expanduser())
    if not token:
        where, token = "[telegram] token", config.token.strip()
    if not token:
        raise ConfigError("[telegram] is enabled, but there is no bot token", f"{_FROM_BOTFATHER}, and set {where}")
    if not _TOKEN_FORM.fullmatch(token):
        raise ConfigError(f"{where} is not shaped like a bot token (digits, a colon, letters)", _FROM_BOTFATHER)
    return token


def _from_file(path: Path) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"[telegram] token_file {path} can be read by others", f"chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"[telegram] token_file {path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}",
            f"write the token alone into it and chmod 600 it, or set {TOKEN_VARIABLE}",
        ) from None


def _webhook(config: TelegramConfig) -> WebhookSettings:
    url = _address(config.webhook_url)
    if url is None or url.scheme != "https":
        raise ConfigError(
            f"[telegram] webhook_url {config.webhook_url!r} is no https address",
            "write one like https://bot.example.org/telegram, or remove it to poll",
        )
    host, colon, port = config.webhook_listen.rpartition(":")
    if not colon or not host or not _is_one_word(host) or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(
            f"[telegram] webhook_listen {config.webhook_listen!r} is no host and port", "write one like 127.0.0.1:8443"
        )
    if config.webhook_secret and not _SECRET_FORM.fullmatch(config.webhook_secret):
        raise ConfigError(
            "[telegram] webhook_secret has a character Telegram does not take, or is not 16 to 256 long",
            "remove it (then one is made at every start), or use letters, digits, _ and -",
        )
    return WebhookSettings(config.webhook_url, host.strip("[]"), int(port), config.webhook_secret)


def _address(address: str) -> SplitResult | None:
    """Its parts; None for what is no plain address: no host, a blank, a bracket left open, a port above 65535."""
    try:
        parts = urlsplit(address)
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if named and _is_one_word(address) and not parts.query and not parts.fragment else None


def _is_one_word(text: str) -> bool:
    return text.isprintable() and not any(character.isspace() for character in text)
