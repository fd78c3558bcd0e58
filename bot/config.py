"""The sections of the configuration that the bot reads: frozen types whose defaults are safe.

Knows no file and no other section (`model_server.config` reads the document). Times are milliseconds unless named
otherwise. `config.example.toml` is the manual.
"""

from typing import Annotated, Literal

import msgspec

from bot.discord_config import DiscordConfig
from bot.telegram_config import TelegramConfig
from model_server.config import Document, OwnerConfig, RedisConfig, read_section

_NonNegative = Annotated[int, msgspec.Meta(ge=0)]
_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class TurnsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[turns]: whether, when and with what patience a chat is answered."""

    autoreply: Literal["off", "draft", "auto"] = "draft"
    """`auto` sends, `draft` holds every reply for the owner, `off` only keeps the history."""
    autoreply_strangers: Literal["off", "draft", "auto"] = "draft"
    """The same for senders the owner has not sorted: `auto` above does not reach them."""
    quiet_ms: _NonNegative = 2_500
    """A burst is over when nothing has arrived for this long."""
    longest_wait_ms: _NonNegative = 15_000
    """A burst that never ends is answered after this long all the same."""
    takeover_ms: _NonNegative = 900_000
    """After a line of the owner's own we keep out of the chat for this long."""
    expiry_ms: _Positive = 86_400_000
    """A turn whose newest line is older than this is skipped as stale."""
    deadline_ms: _Positive = 600_000
    """A request without a result after this long is dead-lettered."""
    lease_ms: _Positive = 15_000
    """How long a claimed chat is one process's; a dead process's chats come due again after it."""
    mailbox_lines: _Positive = 50
    """Unanswered lines a chat may hold; one more is refused, loudly."""
    history_lines: _Positive = 40
    """Lines of a chat that are kept and given to the persona."""
    disclosure: _Text = "Automatic reply: a machine answers here in {owner}'s name, and {owner} can read everything."
    """Sent before the first reply of every chat. `{owner}` is the owner's name."""
    honest_answer: _Text = "Honestly: yes, a machine is answering in {owner}'s name."
    """Said first whenever somebody asks whether they talk to a machine."""


class PacingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[pacing]: how fast bubbles follow each other: as the owner types, once training has measured it."""

    learned: bool = True
    """Type as fast as the owner does to this contact type; False: always `per_character_ms`."""
    per_character_ms: _NonNegative = 25
    """Where nothing was measured."""
    longest_ms: _NonNegative = 4_000
    """No bubble waits longer than this, however slowly the owner types. 0: none waits at all."""


class SeatConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[[web.seats]]: somebody a visitor of the demo, or of the terminal, can be."""

    type: _Text
    name: str = ""
    note: str = ""
    openers: tuple[str, ...] = ()


ANYBODY = tuple(SeatConfig(contact_type) for contact_type in ("family", "friend", "colleague", "stranger"))


class WebConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[web]: the chat page, on this machine only unless the host says otherwise."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8080
    seats: tuple[SeatConfig, ...] = ANYBODY
    public_hosts: tuple[str, ...] = ()
    """Names under which a proxy makes the page reachable; others are refused (DNS rebinding)."""


class TerminalConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[terminal]: `selfsame chat`, over a socket inside the home."""

    enabled: bool = True


class BotConfig(msgspec.Struct, frozen=True):
    """Everything the bot reads."""

    owner: OwnerConfig = OwnerConfig()
    redis: RedisConfig = RedisConfig()
    turns: TurnsConfig = TurnsConfig()
    pacing: PacingConfig = PacingConfig()
    web: WebConfig = WebConfig()
    terminal: TerminalConfig = TerminalConfig()
    telegram: TelegramConfig = TelegramConfig()
    discord: DiscordConfig = DiscordConfig()


def read_bot_config(document: Document) -> BotConfig:
    """The bot's sections of a parsed document. Raises ConfigError."""
    return BotConfig(
        owner=read_section(document, "owner", OwnerConfig),
        redis=read_section(document, "redis", RedisConfig),
        turns=read_section(document, "turns", TurnsConfig),
        pacing=read_section(document, "pacing", PacingConfig),
        web=read_section(document, "web", WebConfig),
        terminal=read_section(document, "terminal", TerminalConfig),
        telegram=read_section(document, "telegram", TelegramConfig),
        discord=read_section(document, "discord", DiscordConfig),
    )
