"""What the Telegram adapter is told when it is made.

Knows no configuration file and no library; `bot` fills it from [telegram].
"""

from dataclasses import dataclass, field

API_ROOT = "https://api.telegram.org"


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Telegram calls us: where it reaches us, and where we listen behind the proxy that holds the certificate."""

    url: str
    """Public https address without the last part: a random one is added at every start."""
    host: str
    port: int
    """0: any free port (tests)."""
    secret: str = field(default="", repr=False)
    """Comes in the header of every call. Empty: a new random one at every start."""


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """Whose bot it is and how it is reached."""

    token: str = field(repr=False)
    base_url: str = API_ROOT
    """The Bot API server, without `/bot<token>`."""
    groups: bool = True
    """Whether groups are looked at; even then only lines that address the bot."""
    poll_s: int = 25
    """How long Telegram may hold one question for updates open."""
    webhook: WebhookSettings | None = None
    """None: poll."""
