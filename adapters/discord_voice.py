"""The webhook voice: in chosen channels a bubble appears under the owner's name and picture.

Knows no ledger. A webhook has no nonce, so what is sent through one is sent once: `one_try` and nobody else decides on
another. Only the webhook's id is kept; its token is asked for anew in each run, so no secret is stored.
"""

import asyncio

import discord
import structlog

from adapters.base import Memory, Refused, RetryLater
from adapters.discord_errors import one_try, promptly, verdict
from adapters.discord_settings import DiscordSettings

_NAME = "Selfsame"
_PREFIX = "webhook:"
_LOOKING_S = 3.0
"""Looking for a webhook takes several requests; whoever waits to speak through it gives up a little later."""
_TOO_MANY_WEBHOOKS, _UNKNOWN_WEBHOOK = 30007, 10015
_log = structlog.get_logger()


class Voice:
    """The webhooks of one run. Call `load` once before use."""

    def __init__(self, settings: DiscordSettings, memory: Memory) -> None:
        self._settings = settings
        self._memory = memory
        self._hooks: dict[int, discord.Webhook] = {}
        self._mute: set[int] = set()
        self._ours: set[int] = set()

    async def load(self) -> None:
        """Read which webhooks have spoken for us."""
        for name in await self._memory.names(_PREFIX):
            if (webhook_id := await self._memory.get(name)) is not None:
                self._ours.add(int(webhook_id))

    @property
    def ours(self) -> frozenset[int]:
        """Ids of webhooks that speak, or have spoken, for us: a reply to one is a reply to us."""
        return frozenset(self._ours)

    def speaks_in(self, channel_id: int) -> bool:
        """Whether a channel was chosen for this voice, and not found to have none: there the bot speaks as itself."""
        return channel_id in self._settings.webhook_channels and channel_id not in self._mute

    async def send(self, client: discord.Client, channel_id: int, text: str, asked_s: float) -> str | None:
        """Say it; the message's id. None: no webhook can be had here, so speak as the bot.

        `asked_s` and what it raises: as `promptly` and `PlatformAdapter.send`.
        """
        hook = await self._hook(client, channel_id)
        if hook is None:
            return None
        saying = hook.send(
            text,
            username=self._settings.voice,
            avatar_url=self._settings.avatar_url or discord.utils.MISSING,
            allowed_mentions=discord.AllowedMentions.none(),
            suppress_embeds=True,
            wait=True,
        )
        with one_try():
            try:
                return str((await promptly(saying, asked_s))["id"])
            except discord.HTTPException as error:
                if error.status != 404 or error.code != _UNKNOWN_WEBHOOK:
                    raise
                self._hooks.pop(channel_id, None)  # somebody deleted it: nothing was said, the next try makes a new one
                raise RetryLater(1.0) from None

    async def unsay(self, client: discord.Client, channel_id: int, message_id: int) -> bool:
        """Delete a bubble of this voice; False: it was not said by it. Raises as `PlatformAdapter.send`."""
        hook = await self._hook(client, channel_id)
        if hook is None:
            return False
        with one_try():
            try:
                await hook.delete_message(message_id)
            except discord.NotFound:
                return False
            return True

    async def _hook(self, client: discord.Client, channel_id: int) -> discord.Webhook | None:
        if (known := self._hooks.get(channel_id)) is not None:
            return known
        try:
            async with asyncio.timeout(_LOOKING_S):
                with one_try():
                    hook = await _find_or_make(client, channel_id)
        except Refused:
            raise  # the channel is gone: it will never be had
        except Exception as error:
            raise RetryLater(getattr(error, "after_s", 5.0)) from None  # nothing was said: asking again is safe
        if hook is None:
            self._mute.add(channel_id)
            return None
        self._hooks[channel_id] = hook
        self._ours.add(hook.id)
        await self._memory.put(f"{_PREFIX}{channel_id}", str(hook.id))
        return hook


async def _find_or_make(client: discord.Client, channel_id: int) -> discord.Webhook | None:
    """Our own webhook of a channel, made when there is none. None: not allowed; the log says what to mend."""
    channel = client.get_channel(channel_id) or await client.fetch_channel(channel_id)
    if not isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.StageChannel):
        _log.error("discord.no_webhook", channel=channel_id, next_step="name text channels under webhook_channels")
        return None
    me = client.user.id if client.user is not None else 0
    try:
        for hook in await channel.webhooks():
            if hook.token and hook.user is not None and hook.user.id == me:
                return hook
        return await channel.create_webhook(name=_NAME)
    except discord.Forbidden:
        step = "give the bot the permission Manage Webhooks in this channel; until then it speaks as itself"
    except discord.HTTPException as error:
        if error.code != _TOO_MANY_WEBHOOKS:
            raise verdict(error) from None
        step = "delete one of the channel's fifteen webhooks; until then the bot speaks as itself"
    _log.error("discord.no_webhook", channel=channel_id, next_step=step)
    return None
