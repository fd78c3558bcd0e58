"""Screens sent to the owner's DM, and changed there.

Knows no command. Raises as `PlatformAdapter.send` does.
"""

import asyncio
import hashlib

import discord

from adapters.base import RetryLater
from adapters.discord_cards import buttons_of, pages, shortened
from adapters.discord_convert import PLATFORM
from adapters.discord_errors import one_try
from adapters.owner_port import Desk, Screen, Shown

_PATIENCE = 3
_QUESTION = "Reply to this message with your text."


class Screens:
    """What the owner is shown by one client."""

    def __init__(self, client: discord.Client, desk: Desk) -> None:
        self._client = client
        self._desk = desk

    async def answer(self, channel_id: int, shown: Shown) -> None:
        """The answer to a word typed in a DM, in as many messages as it takes; or a question."""
        screen = shown.screen or Screen(shown.toast)
        if shown.ask_token is not None:
            told = "\n\n".join(part for part in (screen.text or shown.ask_prefill, _QUESTION) if part)
            message_id = await self._send_patiently(channel_id, shortened(told), screen)
            await self._desk.shown_as(PLATFORM, message_id, shown.ask_token)
        elif screen.text:
            *before, last = pages(screen.text)
            for page in before:
                await self._send_patiently(channel_id, page, Screen(page))
            await self._send_patiently(channel_id, last, screen)

    async def show(self, user_id: str, screen: Screen) -> str:
        """Push a screen; the message's id. A card (it has buttons) that was hidden and is shown again appears once."""
        channel_id = await self._dm(user_id)
        return await self._send(channel_id, shortened(screen.text), screen, _nonce_of(user_id, screen))

    async def change(self, user_id: str, message_id: str, screen: Screen) -> None:
        """Replace it. A message that is gone is no failure."""
        channel_id = await self._dm(user_id)
        message = self._client.get_partial_messageable(channel_id).get_partial_message(int(message_id))
        with one_try():
            try:
                await message.edit(content=shortened(screen.text), view=buttons_of(screen))
            except discord.NotFound:
                return

    async def _dm(self, user_id: str) -> int:
        with one_try():
            return (await self._client.create_dm(discord.Object(int(user_id)))).id

    async def _send_patiently(self, channel_id: int, text: str, screen: Screen) -> str:
        """An answer has no loop behind it that would try again: it waits a few times."""
        for _ in range(_PATIENCE):
            try:
                return await self._send(channel_id, text, screen)
            except RetryLater as later:
                await asyncio.sleep(later.after_s)
        return await self._send(channel_id, text, screen)

    async def _send(self, channel_id: int, text: str, screen: Screen, nonce: str | None = None) -> str:
        place, view = self._client.get_partial_messageable(channel_id), buttons_of(screen)
        with one_try():
            if view is None:
                sent = await place.send(text, suppress_embeds=True)
            elif nonce is None:
                sent = await place.send(text, suppress_embeds=True, view=view)
            else:
                sent = await place.send(text, suppress_embeds=True, view=view, nonce=nonce)
            return str(sent.id)


def _nonce_of(user_id: str, screen: Screen) -> str | None:
    """Cards differ by number and version. Two notices of the same words are two notices: they get none."""
    if not screen.rows:
        return None
    return hashlib.sha256(repr((user_id, screen)).encode()).hexdigest()[:25]
