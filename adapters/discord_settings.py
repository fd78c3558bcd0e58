"""What the Discord adapter is told: one frozen value.

Knows no file, no environment and no SDK; ids are Discord's numeric ids (snowflakes).
"""

from dataclasses import dataclass, field

OFFICIAL_API = "https://discord.com/api/v10"


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """Everything that can be chosen about Discord. The token is in no `repr`."""

    token: str = field(repr=False)
    owner_name: str
    """Whose voice this is: the name that a webhook speaks under unless `voice_name` says otherwise."""
    channels: frozenset[int] = frozenset()
    """Server channels in which every line is for us (their threads too). Not empty: MESSAGE_CONTENT is requested."""
    roles: tuple[tuple[str, str], ...] = ()
    """(role name or id, contact type); the first that a member holds wins."""
    webhook_channels: frozenset[int] = frozenset()
    """Channels in which we speak through a webhook, with the owner's name and picture."""
    voice_name: str = ""
    avatar_url: str = ""
    allowed_bots: frozenset[int] = frozenset()
    bot_lines: int = 3
    """An allowed bot is heard for so many lines in a row; then it takes a person's line to go on."""
    api_base: str = OFFICIAL_API

    @property
    def voice(self) -> str:
        """The name under which a webhook speaks."""
        return self.voice_name or self.owner_name
