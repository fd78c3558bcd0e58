"""[discord]: what the owner may choose about Discord, and what the adapter is told.

Knows no connection. The token is looked for where it is safest: the environment, a file of the owner's alone, the key.
"""

import os
import stat
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from adapters.discord_settings import OFFICIAL_API, DiscordSettings
from model_server.errors import ConfigError

TOKEN_VARIABLE = "SELFSAME_DISCORD_TOKEN"  # noqa: S105 - the name of the variable, not a token
_FORBIDDEN_IN_NAMES = ("discord", "clyde")
_LONGEST_NAME = 80
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_FROM_PORTAL = (
    "take it from the Developer Portal (your application → Bot → Reset Token); docs/discord.md goes through it"
)

_Id = int | Annotated[str, msgspec.Meta(pattern=r"^\d{15,20}$")]
_Type = Annotated[str, msgspec.Meta(min_length=1)]


class DiscordConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[discord]: off until the owner has made a bot account (docs/discord.md)."""

    enabled: bool = False
    token: str = ""
    """Better in the environment (`SELFSAME_DISCORD_TOKEN`) or in `token_file`."""
    token_file: str = ""
    """A file with the token alone, readable by you alone."""
    channels: tuple[_Id, ...] = ()
    """Server channels in which every line is for the persona; needs the Message Content intent."""
    roles: dict[str, _Type] = {}
    """Role (name or id) to contact type; the first in the order of the file that a member holds."""
    webhook_channels: tuple[_Id, ...] = ()
    """Channels in which it speaks with your name and picture (the bot needs Manage Webhooks there)."""
    voice_name: str = ""
    """The name it speaks under there; empty: [owner] name."""
    avatar_url: str = ""
    allowed_bots: tuple[_Id, ...] = ()
    """Bots that are listened to at all."""
    bot_lines: Annotated[int, msgspec.Meta(ge=1)] = 3
    """So many lines of bots in a row are heard; then it takes a person's."""
    api_base: str = OFFICIAL_API


def discord_settings(config: DiscordConfig, owner_name: str) -> DiscordSettings | None:
    """What the adapter is told; None when Discord is off. Raises ConfigError."""
    if not config.enabled:
        return None
    _check_address(config.api_base)
    if config.avatar_url and not config.avatar_url.startswith("https://"):
        raise ConfigError("[discord] avatar_url is no https address", "give the https:// address of a picture")
    if config.webhook_channels:
        _check_voice(config.voice_name or owner_name)
    return DiscordSettings(
        token=_token(config),
        owner_name=owner_name,
        channels=frozenset(map(int, config.channels)),
        roles=tuple(config.roles.items()),
        webhook_channels=frozenset(map(int, config.webhook_channels)),
        voice_name=config.voice_name,
        avatar_url=config.avatar_url,
        allowed_bots=frozenset(map(int, config.allowed_bots)),
        bot_lines=config.bot_lines,
        api_base=config.api_base.rstrip("/"),
    )


def _check_address(address: str) -> None:
    """The token goes there: encrypted, or not beyond this machine."""
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a bracket left open, a port above 65535
        named = False
    if not named or any(character.isspace() for character in address) or parts.query or parts.fragment:
        raise ConfigError("[discord] api_base is no address", f"remove it, or give one like {OFFICIAL_API}")
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _THIS_MACHINE):
        raise ConfigError("[discord] api_base would send the token in the clear", "remove it, or use an https address")


def _check_voice(name: str) -> None:
    """Discord's own rule for the names of webhooks."""
    wrong = [word for word in _FORBIDDEN_IN_NAMES if word in name.lower()]
    if wrong or not 1 <= len(name) <= _LONGEST_NAME:
        reason = f"may not contain `{wrong[0]}`" if wrong else f"must have 1 to {_LONGEST_NAME} characters"
        raise ConfigError(f"the name of a webhook {reason}", "set [discord] voice_name to another name")


def _token(config: DiscordConfig) -> str:
    """Environment, then file, then key. No message of ours quotes it."""
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token and config.token_file:
        token = _from_file(Path(config.token_file).expanduser())
    token = token or config.token.strip()
    if not token:
        raise ConfigError(
            "[discord] is enabled, but there is no bot token", f"{_FROM_PORTAL}, and set {TOKEN_VARIABLE}"
        )
    if any(character.isspace() for character in token) or token.startswith("Bot "):
        raise ConfigError("the Discord token is not one word", _FROM_PORTAL)
    return token


def _from_file(path: Path) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"[discord] token_file {path} can be read by others", f"chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"[discord] token_file {path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}",
            f"write the token alone into it and chmod 600 it, or set {TOKEN_VARIABLE}",
        ) from None
