"""The owner's rhythm: how fast one types to whom, as training measured it and the bot plays it. Torch-free.

Knows one file of the home and no corpus. `training.rhythm` writes it, `bot.rhythm_book` reads it.
"""

import msgspec

EVERYBODY = ""
"""The contact type under which the rhythm over all contacts stands."""


class Rhythm(msgspec.Struct, frozen=True):
    """One contact type's rhythm, in milliseconds."""

    think_ms: int
    """Before the first bubble of a reply, besides typing it: the quickest tenth of what was measured."""
    per_character_ms: int
    """Between the bubbles of a burst, for each character of the next one (median)."""
    replies: int
    """How many replies it was measured on."""


class Rhythms(msgspec.Struct, frozen=True):
    """Contact type -> rhythm. A type measured on too few replies is not in it."""

    types: dict[str, Rhythm] = {}

    def of(self, contact_type: str) -> Rhythm | None:
        """This type's rhythm, else everybody's, else None."""
        return self.types.get(contact_type) or self.types.get(EVERYBODY)
