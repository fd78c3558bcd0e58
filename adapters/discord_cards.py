"""Screens on Discord: text and buttons in the owner's DM, forms, and ephemeral answers to whoever pressed or typed.

Knows no command and no draft; the desk decides what is shown. A button's id is the desk's token itself, read raw, so
that a card shown by an earlier process still works.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import discord
import structlog

from adapters.owner_port import Button, Screen, Shown

LONGEST = 2_000
"""Characters of one message."""
_IN_TIME_S = 1.5
"""Discord wants a first answer within 3 s; whatever takes longer is deferred."""
_FORM_TITLE, _FORM_LABEL = "In your own words", "Your text"
_TOO_LATE = "That took a moment too long for a form: once more, please."
_AGAIN = "That did not work just now. Please try again."
_log = structlog.get_logger()

AnyInteraction = discord.Interaction[discord.Client]


def shortened(text: str) -> str:
    """At most one message: a longer text loses its middle, for its head says what it is and its end what to do."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2 - 4
    return f"{text[:half]}\n[…]\n{text[-half:]}"


def pages(text: str) -> list[str]:
    """The whole text in messages, cut at line ends where there are any."""
    cut: list[str] = []
    while len(text) > LONGEST:
        end = text.rfind("\n", LONGEST // 2, LONGEST + 1)
        end = end if end > 0 else LONGEST
        cut.append(text[:end])
        text = text[end:].lstrip("\n")
    return [*cut, text]


def buttons_of(screen: Screen) -> discord.ui.View | None:
    """The rows of buttons; None when there are none. Not kept by discord.py: presses are read by their raw id."""
    if not screen.rows:
        return None
    view = discord.ui.View(timeout=None)
    for row, buttons in enumerate(screen.rows[:5]):
        for place, button in enumerate(buttons[:5]):
            view.add_item(_button(button, row, first=row == 0 and place == 0))
    view.stop()  # a view that is finished is sent, and not remembered
    return view


def _button(button: Button, row: int, first: bool) -> discord.ui.Button[discord.ui.View]:
    style = discord.ButtonStyle.success if first else discord.ButtonStyle.secondary
    return discord.ui.Button(style=style, label=button.label[:80], custom_id=button.token, row=row)


def form_of(token: str, prefill: str) -> discord.ui.Modal:
    """A form with one text, that comes back under `token`."""
    form = discord.ui.Modal(title=_FORM_TITLE, custom_id=token, timeout=None)
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        style=discord.TextStyle.paragraph,
        custom_id="text",
        default=prefill[:LONGEST] or None,
        max_length=LONGEST,
    )
    form.add_item(discord.ui.Label(text=_FORM_LABEL, component=field))
    form.stop()
    return form


def typed(data: Any) -> str:
    """What was typed into a form (the interaction's raw data; the text lies in a row or in a label)."""
    return next((str(found["value"]) for found in _parts(data) if found.get("custom_id") == "text"), "")


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for below in (part.get("components") or [], [part.get("component")]):
            for one in below:
                yield from _parts(one)


async def respond(interaction: AnyInteraction, asking: Coroutine[Any, Any, Shown | None], otherwise: str) -> None:
    """Answer in place, seen only by who pressed or typed; in time, whatever the desk takes.

    `otherwise` is said where the desk shows nothing; empty: nothing is said.
    """
    asked = asyncio.ensure_future(asking)
    late = False
    try:
        await asyncio.wait({asked}, timeout=_IN_TIME_S)
        if late := not asked.done():
            await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            shown = await asked
        except Exception as error:
            _log.error("discord.desk", kind=type(error).__name__)
            shown, otherwise = None, _AGAIN
        await _say(interaction, shown or Shown(), late, otherwise)
    except discord.DiscordException as error:  # an interaction lives 3 s, its answer 15 minutes
        _log.warning("discord.interaction_lost", kind=type(error).__name__)
    finally:
        asked.cancel()


async def _say(interaction: AnyInteraction, shown: Shown, late: bool, otherwise: str) -> None:
    if shown.ask_token is not None:
        if not late:
            await interaction.response.send_modal(form_of(shown.ask_token, shown.ask_prefill))
            return
        shown = Shown(toast=_TOO_LATE)
    text = shown.screen.text if shown.screen is not None else shown.toast or otherwise
    if not text:
        await (interaction.delete_original_response() if late else interaction.response.defer())
        return
    view = (buttons_of(shown.screen) if shown.screen is not None else None) or discord.utils.MISSING
    first, *rest = pages(text)
    if late:
        await interaction.followup.send(first, ephemeral=True, suppress_embeds=True, view=view)
    else:
        await interaction.response.send_message(first, ephemeral=True, suppress_embeds=True, view=view)
    for page in rest:
        await interaction.followup.send(page, ephemeral=True, suppress_embeds=True)
